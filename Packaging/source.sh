#!/usr/bin/env bash
# Makes the archive of the Debian source package beside the folder of its sources, whose path it prints. The same sources give the same bytes.
#
#   Packaging/source.sh [FOLDER]      as Packaging/tree.sh
set -euo pipefail
cd "$(dirname "$0")/.."

tree=$(Packaging/tree.sh "$@")
name=${tree##*/}
tar -C "${tree%/*}" --exclude=.build --exclude="$name/debian" --sort=name --mtime='2026-01-01 UTC' --owner=0 --group=0 --numeric-owner \
  -cf - "$name" | gzip -n1 >"${tree%/*}/${name%-*}_${name##*-}.orig.tar.gz"
echo "$tree"
