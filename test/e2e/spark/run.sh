#!/bin/sh
# run.sh OUT: the Spark SQL walk-through; last line "N passed, N failed, 0 skipped".
set -eu
mkdir -p "$1"
export SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS="$1/local" PYSPARK_PYTHON="$INSTALLED/venv/bin/python"
exec "$INSTALLED/venv/bin/python" "$(dirname "$0")/checks.py" "$1" 2>"$1/stderr.txt"
