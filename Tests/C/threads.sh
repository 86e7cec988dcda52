#!/bin/sh
# The tests of the C library under ThreadSanitizer, in which all of Swift is built; helgrind does not know Swift's locks.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
swift=${SWIFT:-swift}

"$swift" build --sanitize=thread --scratch-path .build-tsan --product bonafide-c ${SWIFTFLAGS:-}
mkdir "$work/tests"
(cd "$work/tests" && clang -fsanitize=thread -g -O1 -std=c11 -D_DEFAULT_SOURCE -I"$root/Sources/CBonafide/include" -c "$root"/Tests/C/*.c)
ld -r -o "$work/bonafide.o" --whole-archive .build-tsan/debug/libbonafide-c.a
"${SWIFTC:-swiftc}" -sanitize=thread -emit-executable "$work"/tests/*.o "$work/bonafide.o" -o "$work/test" \
  -lsndfile -lsoxr -lfftw3f -lopenblas -lstdc++ -lm
# Without address randomisation, for which the sanitizer of this compiler finds no room in newer kernels.
TSAN_OPTIONS=exitcode=66 setarch -R "$work/test" samples 100
echo 'threads: passed'
