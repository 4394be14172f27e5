#!/bin/sh
# install.sh DIR: PySpark, the Iceberg runtime for it and the S3 client bundle (about 600 MB).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$1"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check -r "$here/requirements.txt"
mvn -q -B -Dstyle.color=never -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$1/jars"
