#!/bin/sh
# install.sh DIR: Keycloak, built for a database in memory and without its consoles (Maven and Java 17; about 190 MB).
set -eu
cd "$1"
mvn -q -B -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack \
  -Dartifact=org.keycloak:keycloak-quarkus-dist:26.7.3:zip -DoutputDirectory=.
mv keycloak-26.7.3 server
bash server/bin/kc.sh build --db=dev-mem --health-enabled=true --features-disabled=account,admin
