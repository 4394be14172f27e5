#!/bin/sh
# smoke.sh OUT: our own PyIceberg walk-through; last line "N passed, N failed, 0 skipped".
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
exec "$INSTALLED/venv/bin/python" -W ignore smoke.py
