#!/bin/sh
# install.sh DIR: Sail, an engine in Rust that speaks Spark's protocol, and Spark's thin client for it (about 700 MB).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check -r "$here/requirements.txt"
