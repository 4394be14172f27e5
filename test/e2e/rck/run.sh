#!/bin/sh
# run.sh OUT [SELECTORS...]: Iceberg's CatalogTests and ViewCatalogTests against the catalog that the CATALOG_* and
# RCK_* variables name (see Rck.java). Last line "N passed, N failed, N skipped"; exit status 0 when nothing failed.
set -eu
out=$1
shift
[ $# -gt 0 ] || set -- -c rck.RckCatalogTests -c rck.RckViewCatalogTests
mkdir -p "$out"
java -Xmx1g --add-opens java.base/java.lang=ALL-UNNAMED -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -cp "$INSTALLED/test-classes:$INSTALLED/lib/*" org.junit.platform.console.ConsoleLauncher execute "$@" \
  --disable-banner --disable-ansi-colors --details=tree --reports-dir "$out" \
  >"$out/report.txt" 2>"$out/stderr.txt" || true
exec python3 "$(dirname "$0")/../junit_summary.py" "$out/TEST-junit-jupiter.xml"
