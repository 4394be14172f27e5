#!/bin/sh
# fetch.sh DIR: puts the jars of Apache Iceberg's REST test server into DIR (about 120 MB), once, through Maven.
# Safe when several test processes ask at the same time: the folder appears whole or not at all.
set -eu
target=$1
[ ! -d "$target" ] || exit 0
mkdir -p "$(dirname "$target")"
partial=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$partial"' EXIT
mvn -q -B -Dstyle.color=never -f "$(dirname "$0")/pom.xml" \
  org.apache.maven.plugins:maven-dependency-plugin:3.6.0:copy-dependencies -DoutputDirectory="$partial"
mv -T "$partial" "$target" 2>/dev/null || [ -d "$target" ]
