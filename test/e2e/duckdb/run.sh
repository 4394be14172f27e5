#!/bin/sh
# run.sh OUT: the DuckDB walk-through; last line "N passed, N failed, 0 skipped".
set -eu
export PYTHONDONTWRITEBYTECODE=1
exec "$INSTALLED/venv/bin/python" -W ignore "$(dirname "$0")/checks.py"
