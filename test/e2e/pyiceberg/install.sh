#!/bin/sh
# install.sh DIR: a virtual environment with PyIceberg, and the tests of its source distribution pointed at our
# catalog (about 630 MB). Only tests/ is unpacked: the sources beside it would shadow the installed package.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
version=$(sed -n 's/^pyiceberg\[.*\]==//p' "$here/requirements.txt")
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check -r "$here/requirements.txt"
venv/bin/pip download -q --disable-pip-version-check --no-deps --no-binary pyiceberg -d sdist "pyiceberg==$version"
mkdir upstream
tar xzf "sdist/pyiceberg-$version.tar.gz" -C upstream --strip-components=1 \
  "pyiceberg-$version/tests" "pyiceberg-$version/pyproject.toml"
rm -rf sdist
venv/bin/python "$here/patch.py" upstream/tests
