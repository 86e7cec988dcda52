#!/bin/sh
# Installs what link.sh made, the header, and what pkg-config and CMake look for.
#
#   Bindings/C/install.sh FOLDER VERSION DESTDIR PREFIX [LIBDIR]      LIBDIR in PREFIX, such as lib/x86_64-linux-gnu
set -eu

folder=$1
version=$2
root=$3$4
libdir=${5:-lib}
libraries=$root/$libdir
cmake=$libraries/cmake/Bonafide
here=$(dirname "$0")
# The archive names no FFTW where it was built without.
if nm "$folder/libbonafide.a" | grep -q ' U fftwf_'; then fftw=; else fftw='s/ -lfftw3f//;s/fftw3f;//'; fi

install -d "$root/include" "$libraries/pkgconfig" "$cmake"
install -m 644 "$here/../../Sources/CBonafide/include/bonafide.h" "$root/include"
install -m 644 "$folder/libbonafide.a" "$libraries"
install -s -m 755 "$folder/libbonafide.so.$version" "$libraries"
cp -P "$folder/libbonafide.so" "$folder/libbonafide.so.${version%%.*}" "$libraries"
sed -e "s|@PREFIX@|$4|" -e "s|@LIBDIR@|$libdir|" -e "s|@VERSION@|$version|" -e "$fftw" "$here/bonafide.pc.in" >"$libraries/pkgconfig/bonafide.pc"
sed -e "s|@PREFIX@|$(realpath -ms --relative-to="/$libdir/cmake/Bonafide" /)|" -e "$fftw" "$here/BonafideConfig.cmake.in" >"$cmake/BonafideConfig.cmake"
sed "s|@VERSION@|$version|" "$here/BonafideConfigVersion.cmake.in" >"$cmake/BonafideConfigVersion.cmake"
