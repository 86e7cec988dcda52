#!/bin/sh
# Links libbonafide.so and libbonafide.a from the objects that `swift build --product bonafide-c` made. Swift and its runtime
# go in, and only the names of libbonafide.map come out, so that a host needs no Swift and clashes with none.
#
#   Bindings/C/link.sh OBJECTS.a FOLDER VERSION
set -eu

objects=$1
folder=$2
version=$3
here=$(dirname "$0")
# Of the compiler that made the objects; SWIFTC names another than that on PATH.
swiftc=${SWIFTC:-swiftc}
runtime=$(dirname "$(dirname "$(readlink -f "$(command -v "$swiftc")")")")/lib/swift_static/linux
libraries='-lsndfile -lsoxr -lopenblas'
foundation='-lFoundationEssentials -l_FoundationCShims -l_FoundationCollections'

mkdir -p "$folder"
work=$(mktemp -d "$folder/link.XXXXXX")
trap 'rm -rf "$work"' EXIT

# One object: a linker takes of an archive only what something asks for, and nothing asks for the functions of the header.
ld -r -o "$work/bonafide.o" --whole-archive "$objects"

# Not where the package was built without its trait FFTW.
if nm "$work/bonafide.o" | grep -q ' U fftwf_'; then libraries="$libraries -lfftw3f"; fi

soname=libbonafide.so.${version%%.*}
"$swiftc" -use-ld=lld -emit-library -static-stdlib "$work/bonafide.o" $libraries $foundation -o "$work/libbonafide.so" \
  -Xlinker --version-script="$here/libbonafide.map" -Xlinker -soname="$soname" -Xlinker --gc-sections \
  -Xlinker -z -Xlinker defs -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now -Xlinker -z -Xlinker nodelete \
  -Xlinker --strip-all
mv "$work/libbonafide.so" "$folder/libbonafide.so.$version"
ln -sf "libbonafide.so.$version" "$folder/$soname"
ln -sf "$soname" "$folder/libbonafide.so"

ld -r -o "$work/static.o" "$runtime/$(uname -m)/swiftrt.o" "$work/bonafide.o" -L"$runtime" --start-group \
  $foundation -lswiftCore -lswiftGlibc -lswiftSynchronization -lswift_Concurrency \
  -lswift_StringProcessing -lswift_RegexParser -lswiftDispatch -ldispatch -lBlocksRuntime --end-group
sed -n 's/^ *\(bonafide_[a-z0-9_]*\);$/\1/p' "$here/libbonafide.map" >"$work/names"
objcopy --keep-global-symbols="$work/names" --strip-debug "$work/static.o"
rm -f "$work/libbonafide.a"
ar rcs "$work/libbonafide.a" "$work/static.o"
mv "$work/libbonafide.a" "$folder/libbonafide.a"
