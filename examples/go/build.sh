#!/bin/sh
# Builds the example with a library that is not installed.
#
#   examples/go/build.sh FOLDER OUTPUT
set -eu
library=$(cd "$1" && pwd)
output=$(cd "$2" && pwd)
cd "$(dirname "$0")"
mkdir -p "$library/pkgconfig"
cat >"$library/pkgconfig/bonafide.pc" <<END
Name: Bonafide
Description: the library where it was built
Version: 0
Cflags: -I$(cd ../../Sources/CBonafide/include && pwd)
Libs: -L$library -lbonafide -Wl,-rpath,$library
END
PKG_CONFIG_PATH=$library/pkgconfig CGO_LDFLAGS_ALLOW='-Wl,-rpath,.*' go build -o "$output/packets-go" .
