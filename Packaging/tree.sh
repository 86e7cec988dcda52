#!/bin/bash
# Puts the sources that git knows, or would take in, into a folder of their own inside FOLDER, and prints its path. What was built there before
# stays.
#
#   Packaging/tree.sh [FOLDER]      .build/package where none is named
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/.*version = "\(.*\)"/\1/p' Sources/Bonafide/Version.swift)
packaged=$(sed -n '1s/^bonafide (\(.*\)-[0-9]*) .*/\1/p' Packaging/debian/changelog)
[ "$version" = "$packaged" ] || { echo "Packaging/debian/changelog begins with version $packaged, Sources/Bonafide/Version.swift has $version" >&2; exit 1; }

folder=${1:-.build/package}
mkdir -p "$folder"
tree=$(cd "$folder" && pwd)/bonafide-$version
mkdir -p "$tree"
# What was removed, too.
find "$tree" -mindepth 1 -maxdepth 1 ! -name .build -exec rm -rf {} +
git ls-files --cached --others --exclude-standard -z | while IFS= read -r -d '' file; do [ -e "$file" ] && printf '%s\0' "$file"; done \
  | tar --null -T - -cf - | tar -C "$tree" -xf -
cp -R Packaging/debian "$tree/debian"
echo "$tree"
