#!/bin/sh
# Tests the C library as a host does: from its header, with other compilers, installed, and by what it exports.
#
#   Tests/C/run.sh FOLDER        libbonafide.so and .a, as Bindings/C/link.sh makes them; examples of `make examples` beside
#   STREAMS=1000 Tests/C/run.sh …  as many streams under memcheck, in place of 50: two minutes
#
# CMake, Go and valgrind are used where they are there; a line says what is left out.
set -eu

folder=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
memcheck=
trap '[ -z "$memcheck" ] || kill "$memcheck" 2>/dev/null; rm -rf "$work"' EXIT
version=$(readlink -f "$folder/libbonafide.so" | sed 's/.*\.so\.//')

fail() {
  echo "test-c: $1" >&2
  exit 1
}

present() {
  command -v "$1" >/dev/null || { echo "test-c: left out, for there is no $1: $2"; return 1; }
}

# Exported are the functions of the header.
sed -e 's|/\*.*\*/||' "$root/Sources/CBonafide/include/bonafide.h" | grep -o 'bonafide_[a-z0-9_]*(' | tr -d '(' | sort -u >"$work/header"
nm -D --defined-only "$folder/libbonafide.so" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | sort -u >"$work/shared"
nm -g --defined-only "$folder/libbonafide.a" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort -u >"$work/static"
diff "$work/header" "$work/shared" || fail 'libbonafide.so exports other names than bonafide.h has'
diff "$work/header" "$work/static" || fail 'libbonafide.a exports other names than bonafide.h has'
! ldd "$folder/libbonafide.so" | grep -E 'libswift|libFoundation' || fail 'libbonafide.so needs a Swift runtime'

# Installed, found by pkg-config, shared and static.
prefix=$work/installed
"$root/Bindings/C/install.sh" "$folder" "$version" '' "$prefix"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib"
warnings='-O1 -g -Wall -Wextra -Werror -pedantic -D_DEFAULT_SOURCE'
flags=$(pkg-config --cflags --libs bonafide)
cc -std=c11 $warnings "$root"/Tests/C/*.c -o "$work/test-c11" $flags -lm -lpthread
c++ -std=c++17 $warnings -x c++ "$root"/Tests/C/*.c -o "$work/test-c++17" $flags -lm -lpthread
cc -std=c11 $warnings "$root"/Tests/C/*.c -o "$work/test-static" $(pkg-config --cflags bonafide) \
  "$prefix/lib/libbonafide.a" $(pkg-config --static --libs-only-l bonafide | sed 's/-lbonafide//')
# Under memcheck a second of speech takes seconds: the first four of the recordings in mu-law, and the shorter of both in GSM.
cut_short() {
  printf 'RIFF\062\175\000\000'
  tail -c +9 "$1" | head -c 38
  printf '\000\175\000\000data\000\175\000\000'
  tail -c +59 "$1" | head -c 32000
}
# Minutes of one core: beside all else. OpenBLAS without fused multiply-adds, each of which valgrind works out in software.
if present valgrind 'memcheck'; then
  short=$work/short/samples
  mkdir -p "$short"
  ln -s "$root/Models" "$work/short/Models"
  for name in synthetic-hts genuine-en; do cut_short "$root/samples/$name.ulaw.wav" >"$short/$name.ulaw.wav"; done
  ln -s "$root/samples/synthetic-espeak.gsm.wav" "$short/genuine-es.gsm.wav"
  BONAFIDE_TEST_FAST=1 OPENBLAS_CORETYPE=Sandybridge valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect \
    --show-leak-kinds=definite,indirect --error-exitcode=9 "$work/test-c11" "$short" "${STREAMS:-50}" &
  memcheck=$!
fi
BONAFIDE_TEST_LONG=1 "$work/test-c11" "$root/samples" || fail "the tests of c11 failed"
for test in c++17 static; do
  BONAFIDE_TEST_FAST=1 "$work/test-$test" "$root/samples" 50 || fail "the tests of $test failed"
done

# Found by CMake.
if present cmake 'a host found by CMake'; then
  mkdir "$work/cmake"
  cat >"$work/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(host C CXX)
find_package(Bonafide $version REQUIRED)
foreach(kind bonafide bonafide-static)
  add_executable(packets-\${kind} "$root/examples/packets.c")
  target_link_libraries(packets-\${kind} Bonafide::\${kind} m)
endforeach()
END
  cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/cmake.log" 2>&1 \
    && cmake --build "$work/cmake/build" >>"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; fail 'CMake'; }
  export PATH="$work/cmake/build:$PATH"
fi

present go 'the example in Go' || true

# The examples say what the command says of the same call.
packets() {
  tail -c +59 "$root/samples/$1" | { "$2" || [ $? -eq 1 ]; } | tail -n 1
}
for example in "$folder/../examples"/packets* $(command -v packets-bonafide packets-bonafide-static); do
  packets synthetic-hts.ulaw.wav "$example" >"$work/said"
  grep -q ' synthetic$' "$work/said" || { cat "$work/said"; fail "$example"; }
done

if [ -n "$memcheck" ]; then
  wait "$memcheck" || { memcheck=; fail 'memcheck'; }
  memcheck=
fi
echo 'test-c: passed'
