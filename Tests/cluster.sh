#!/usr/bin/env bash
# Screens on Spark and Ray: cluster.sh LIBRARY COMMAND [pytest options]. PySpark and Ray come from PyPI, at the first call, into
# .build/cluster. What is missing is said in a line, and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
BONAFIDE_LIBRARY=$(realpath "$1")
BONAFIDE_COMMAND=$(realpath "$2")
export BONAFIDE_LIBRARY BONAFIDE_COMMAND
shift 2
python=.build/cluster/bin/python

command -v java >/dev/null || { echo 'test-cluster: left out, for there is no java'; exit 0; }
if ! [ -e .build/cluster/complete ]; then
  rm -rf .build/cluster
  "${PYTHON:-python3}" -m venv .build/cluster || { echo 'test-cluster: left out, for there is no python3-venv'; exit 0; }
  if ! $python -m pip install -q --disable-pip-version-check -r Tests/cluster.txt; then
    echo 'test-cluster: left out, for PySpark and Ray could not be installed'
    exit 0
  fi
  touch .build/cluster/complete
fi
cd Bindings/python
exec "../../$python" -m pytest -q tests/test_parquet.py tests/test_spark.py tests/test_ray.py "$@"
