#!/usr/bin/env bash
# Every kernel against its definition on random shapes: on this machine under AddressSanitizer and UndefinedBehaviorSanitizer, and where
# qemu-user is here on processors that it is not: x86-64 with AVX2 at most, x86-64 of the first day, and ARM (with Debian's cross compiler).
set -euo pipefail
cd "$(dirname "$0")/../.."
out=.build/kernels
mkdir -p "$out"
flags=(-std=gnu11 -O2 -g -Wall -ISources/CKernels/include)
sources=(Sources/CKernels/*.c Tests/kernels/*.c)

# run NAME COMPILER "FLAGS" COMMAND…
run() {
  local name=$1 compiler=$2 more=$3
  shift 3
  # Words of a command line.
  # shellcheck disable=SC2086
  "$compiler" "${flags[@]}" $more "${sources[@]}" -lm -o "$out/$name"
  echo "kernels: $name"
  "$@" "$out/$name" 1 "${rounds:-100}"
}

run here gcc "-fsanitize=address,undefined -fno-sanitize-recover=all" env ASAN_OPTIONS=detect_leaks=0
if [ "$(uname -m)" = x86_64 ] && command -v qemu-x86_64 >/dev/null; then
  rounds=20 run avx2 gcc "" qemu-x86_64 -cpu Haswell
  rounds=20 run first gcc "" qemu-x86_64 -cpu qemu64
else
  echo 'kernels: other x86-64 processors left out, for qemu-x86_64 (qemu-user) is not here'
fi
if command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null; then
  rounds=20 run arm aarch64-linux-gnu-gcc "-static" qemu-aarch64 -cpu max
else
  echo 'kernels: ARM left out, for aarch64-linux-gnu-gcc (gcc-aarch64-linux-gnu) or qemu-aarch64 (qemu-user) is not here'
fi
