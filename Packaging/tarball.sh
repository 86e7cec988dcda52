#!/usr/bin/env bash
# Makes bonafide-VERSION-linux-x86_64.tar.xz of what Packaging/deb.sh has built: the command and all libraries but glibc, to be unpacked anywhere.
#
#   Packaging/tarball.sh      patchelf on the PATH
# $ORIGIN is the loader's.
# shellcheck disable=SC2016
set -euo pipefail
cd "$(dirname "$0")/.."

tree=$(Packaging/tree.sh)
folder=${tree%/*}
name=${tree##*/}-linux-$(uname -m)
root=$folder/$name
rm -rf "$root" "$root".tar.xz
make -s -C "$tree" install DESTDIR="$root" PREFIX=/usr
mkdir -p "$root/lib" "$root/share"
mv "$root/usr/bin" "$root/bin"
mv "$root"/usr/share/* "$root/share"
rm -rf "${root:?}/usr"
cp LICENSE NOTICE README.md "$root"
cp -R samples "$root/samples"

# libcurl is loaded when something is posted. glibc stays out: it goes with the kernel and the names of the system.
curl=$(ldconfig -p | sed -n 's|.* \(/.*/libcurl\.so\.4\)$|\1|p' | head -1)
glibc='ld-linux.*|libc|libm|libpthread|libdl|librt|libresolv|libutil|libanl|libnss_.*'
mapfile -t libraries < <({ echo "$curl"; ldd "$root/bin/bonafide" "$curl" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p'; } | sort -u | grep -vE "/($glibc)\.so[.0-9]*$")
Packaging/licences.sh "$root/share/doc/licences" "${libraries[@]}"
for library in "${libraries[@]}"; do
  install -m 644 "$library" "$root/lib/${library##*/}"
  patchelf --set-rpath '$ORIGIN' "$root/lib/${library##*/}"
done
patchelf --set-rpath '$ORIGIN/../lib' "$root/bin/bonafide"
needed=$(objdump -T "$root/bin/bonafide" "$root"/lib/* | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -1)
echo "glibc ${needed#GLIBC_}" >"$root/REQUIRES"
tar -C "$folder" --sort=name --owner=0 --group=0 --numeric-owner -I "xz -1 -T0" -cf "$root.tar.xz" "$name"
echo "$root.tar.xz: $(du -h "$root.tar.xz" | cut -f1), needs $needed"
