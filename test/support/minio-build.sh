#!/bin/sh
# minio-build.sh DIR: builds the MinIO server into DIR, once. A test process only: its licence is AGPL-3.0,
# nothing of it is linked or shipped.
set -eu
dir=$1
version=v0.0.0-20260212201848-7aac2a2c5b7c
mkdir -p "$dir"
exec 9>"$dir/minio.lock"
flock 9
[ ! -x "$dir/minio" ] || exit 0
partial=$(mktemp -d "$dir/minio.XXXXXX")
trap 'rm -rf "$partial"' EXIT
GOBIN="$partial" go install -ldflags '-s -w' "github.com/minio/minio@$version"
mv "$partial/minio" "$dir/minio"
