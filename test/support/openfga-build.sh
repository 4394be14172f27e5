#!/bin/sh
# openfga-build.sh DIR: builds the OpenFGA server (Apache-2.0) into DIR, once: a test process that policy is compared with.
set -eu
dir=$1
version=v1.22.1
mkdir -p "$dir"
exec 9>"$dir/openfga.lock"
flock 9
[ ! -x "$dir/openfga" ] || exit 0
partial=$(mktemp -d "$dir/openfga.XXXXXX")
trap 'rm -rf "$partial"' EXIT
GOBIN="$partial" go install -ldflags '-s -w' "github.com/openfga/openfga/cmd/openfga@$version"
mv "$partial/openfga" "$dir/openfga"
