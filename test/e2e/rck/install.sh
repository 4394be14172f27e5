#!/bin/sh
# install.sh DIR: compiles the kit's subclasses and fetches its jars into DIR (Maven and Java 17; about 200 MB).
set -eu
mvn -q -B -Dstyle.color=never -f "$(dirname "$0")/pom.xml" -Dbuild.folder="$1" \
  test-compile dependency:copy-dependencies -DoutputDirectory="$1/lib"
