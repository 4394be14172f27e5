#!/bin/sh
# run.sh OUT: the Sail walk-through; last line "N passed, N failed, 0 skipped".
set -eu
mkdir -p "$1"
export PYTHONDONTWRITEBYTECODE=1
exec "$INSTALLED/venv/bin/python" -W ignore "$(dirname "$0")/checks.py" 2>"$1/stderr.txt"
