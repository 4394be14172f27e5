#!/bin/sh
# upstream.sh OUT: PyIceberg's own integration tests that need only a REST catalog.
# Last line "N passed, N failed, N skipped". Deselected: other kinds of catalog, and the one test that demands
# the namespace separator "." of the server (ours is the specification's default).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$INSTALLED/venv/bin/python
export PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1
mkdir -p "$1"
"$python" -c 'import target; from pyiceberg.catalog import load_catalog
load_catalog("rest", type="rest", **target.properties()).create_namespace_if_not_exists("default")'
other='not [memory_catalog] and not [sqlite_catalog_memory] and not [sqlite_catalog_file] and not [hive_catalog]'
other="$other and not session_catalog_hive and not [rest_catalog] and not custom_namespace_separator"
tests=
for name in catalog rest_catalog rest_schema partition_evolution sort_order_update statistics_operations; do
  tests="$tests tests/integration/test_$name.py"
done
cd "$INSTALLED/upstream"
# shellcheck disable=SC2086
"$python" -m pytest -q -p no:cacheprovider --timeout=120 -m integration -o addopts= \
  --junitxml="$1/report.xml" -k "$other" $tests >"$1/report.txt" 2>&1 || true
exec python3 "$here/../junit_summary.py" "$1/report.xml"
