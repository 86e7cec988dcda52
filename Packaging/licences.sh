#!/usr/bin/env bash
# Puts the licences of what a package has inside into a folder, for those who get it without Debian: LICENSE.third-party, of what is linked,
# LICENSE.PACKAGE, as Debian has it, of each library, and the texts that these name.
#
#   Packaging/licences.sh FOLDER LIBRARY...
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$1
shift
install -Dm 644 Packaging/debian/copyright "$folder/LICENSE.third-party"
for library in "$@"; do
  file=$(realpath "$library")
  # Debian 12 knows some by the folder that is a link now.
  owner=$(dpkg -S "$file" 2>/dev/null || dpkg -S "${file#/usr}") || { echo "licences: $file is of no package" >&2; exit 1; }
  install -m 644 "/usr/share/doc/${owner%%:*}/copyright" "$folder/LICENSE.${owner%%:*}"
done
grep -ohE '/usr/share/common-licenses/[A-Za-z]+(-[0-9.]*[0-9])?' "$folder"/LICENSE.* | sort -u | while read -r text; do
  install -m 644 "$text" "$folder/LICENSE.text-${text##*/}"
done
