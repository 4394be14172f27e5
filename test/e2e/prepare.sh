#!/bin/sh
# prepare.sh DIR INSTALL: fills DIR by running INSTALL with DIR as its argument, once, and again when what INSTALL
# installs from has changed. DIR counts as filled only when INSTALL succeeded; several callers wait for one another.
set -eu
dir=$1
install=$2
stamp=$(find "$(dirname "$install")" -type f \( -name install.sh -o -name requirements.txt -o -name pom.xml \
  -o -name patch.py -o -name '*.java' \) | LC_ALL=C sort | xargs cat | cksum)
mkdir -p "$(dirname "$dir")"
exec 9>"$dir.lock"
flock 9
[ "$(cat "$dir/.ready" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$dir"
mkdir -p "$dir"
"$install" "$dir"
echo "$stamp" >"$dir/.ready"
