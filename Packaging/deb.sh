#!/usr/bin/env bash
# Builds the Debian source package and the packages of it into .build/package, and asks lintian: Packaging/deb.sh
#
# It takes debhelper, dh-python, dpkg-dev, lintian and patchelf of Debian, and Swift on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -f .build/package/*.deb .build/package/bonafide_* .build/package/*.changes
tree=$(Packaging/source.sh)
# Swift is not Debian's, so that build dependencies are looked at, and Swift is the one on the PATH; what was built before is kept.
# Without cleaning, the source package is made only where it is asked for (-F).
# No packages of symbols, which are larger than all else.
(cd "$tree" && DEB_BUILD_OPTIONS=noautodbgsym dpkg-buildpackage -us -uc -nc -F)
lintian --fail-on error,warning "${tree%/*}"/*.changes
