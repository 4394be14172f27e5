#!/bin/sh
# install.sh DIR: DuckDB with the extensions for Iceberg (about 300 MB).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check -r "$here/requirements.txt"
