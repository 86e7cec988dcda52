#!/bin/sh
# Prints the folder of the OpenBLAS that goes into packages: without threads, which nothing here uses, and which spin while others would work.
set -eu

for folder in /usr/lib/*/openblas-serial; do
  [ ! -e "$folder/libopenblas.so.0" ] || { echo "$folder"; exit; }
done
echo 'blas: no OpenBLAS without threads is here: apt-get install libopenblas0-serial' >&2
exit 1
