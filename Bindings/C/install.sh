#!/bin/sh
# Installs what link.sh made, the header, and what pkg-config and CMake look for.
#
#   Bindings/C/install.sh FOLDER VERSION DESTDIR PREFIX
set -eu

folder=$1
version=$2
root=$3$4
here=$(dirname "$0")

install -d "$root/include" "$root/lib/pkgconfig" "$root/lib/cmake/Bonafide"
install -m 644 "$here/../../Sources/CBonafide/include/bonafide.h" "$root/include"
install -m 644 "$folder/libbonafide.a" "$root/lib"
install -s -m 755 "$folder/libbonafide.so.$version" "$root/lib"
cp -P "$folder/libbonafide.so" "$folder/libbonafide.so.${version%%.*}" "$root/lib"
sed -e "s|@PREFIX@|$4|" -e "s|@VERSION@|$version|" "$here/bonafide.pc.in" >"$root/lib/pkgconfig/bonafide.pc"
install -m 644 "$here/BonafideConfig.cmake" "$root/lib/cmake/Bonafide"
sed "s|@VERSION@|$version|" "$here/BonafideConfigVersion.cmake.in" >"$root/lib/cmake/Bonafide/BonafideConfigVersion.cmake"
