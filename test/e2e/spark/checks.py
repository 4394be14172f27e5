"""Spark SQL against an Iceberg REST catalog: one check per step; last line "N passed, N failed, 0 skipped"."""
import glob
import os
import sys
import time
import uuid

from pyspark.sql import SparkSession

installed, out = os.environ["INSTALLED"], sys.argv[1]
b = (SparkSession.builder.master("local[2]").appName("rest-catalog-check")
     .config("spark.jars", ",".join(glob.glob(f"{installed}/jars/*.jar")))
     .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
     .config("spark.sql.catalog.c", "org.apache.iceberg.spark.SparkCatalog").config("spark.sql.catalog.c.type", "rest")
     .config("spark.sql.catalog.c.cache-enabled", "false").config("spark.sql.shuffle.partitions", "2")
     .config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false").config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
     .config("spark.sql.defaultCatalog", "c").config("spark.sql.warehouse.dir", f"{out}/spark-warehouse")
     .config("spark.driver.extraJavaOptions", f"-Dderby.system.home={out}"))
for key, value in os.environ.items():  # CATALOG_URI, CATALOG_WAREHOUSE, CATALOG_TOKEN, ... as in the other harnesses
    if key.startswith("CATALOG_") and value:
        b = b.config("spark.sql.catalog.c." + key[len("CATALOG_"):].replace("__", "-").replace("_", ".").lower(), value)
spark = b.getOrCreate()
spark.sparkContext.setLogLevel("OFF")
ns = "sp_" + uuid.uuid4().hex[:8]
passed = failed = 0


def q(sql):
    return [tuple(r) for r in spark.sql(sql.replace("$ns", f"c.{ns}").replace("$n", ns)).collect()]


def step(name, *sqls, want=None, error=None):
    """Runs the statements; `want` is compared with the rows of the last one, `error` must be part of the failure's text."""
    global passed, failed
    t = time.time()
    try:
        out = None
        for s in sqls:
            out = q(s)
        if error is not None:
            raise AssertionError(f"error expected: {error}")
        if want is not None and (want(out) is not True if callable(want) else out != want):
            raise AssertionError(f"got {out}"[:300])
    except Exception as e:  # noqa: BLE001
        if error is None or error.lower() not in str(e).lower():
            failed += 1
            print(f"FAILED  {name}: {type(e).__name__} {' '.join(str(e).split())[:400]}", flush=True)
            return None
        out = None
    passed += 1
    print(f"ok      {name} ({(time.time() - t) * 1000:.0f} ms)", flush=True)
    return out


step("create namespace", "CREATE NAMESPACE $ns COMMENT 'hello'", "SHOW NAMESPACES IN c", want=lambda r: (ns,) in r)
step("namespace properties", "ALTER NAMESPACE $ns SET PROPERTIES ('k'='v')", "DESCRIBE NAMESPACE EXTENDED $ns", want=lambda r: "k,v" in str(r))
step("create table", "CREATE TABLE $ns.t (id BIGINT NOT NULL, ts TIMESTAMP, cat STRING, v DOUBLE) USING iceberg PARTITIONED BY (days(ts), cat) TBLPROPERTIES ('a'='1')",
     "SHOW TABLES IN $ns", want=lambda r: r[0][1] == "t")
step("create existing", "CREATE TABLE $ns.t (id BIGINT) USING iceberg", error="already exists")
step("insert", "INSERT INTO $ns.t SELECT id, timestamp_seconds(id * 40000), concat('c', id % 3), id / 2 FROM range(100)", "SELECT count(*), sum(id) FROM $ns.t", want=[(100, 4950)])
step("insert overwrite", "INSERT OVERWRITE $ns.t SELECT * FROM $ns.t WHERE cat <> 'c2'", "SELECT count(*) FROM $ns.t", want=lambda r: r[0][0] in (67, 100))
step("delete", "DELETE FROM $ns.t WHERE id >= 90", "SELECT max(id) FROM $ns.t", want=lambda r: r[0][0] < 90)
step("update", "UPDATE $ns.t SET v = -1 WHERE id = 3", "SELECT v FROM $ns.t WHERE id = 3", want=[(-1.0,)])
step("merge copy-on-write", "MERGE INTO $ns.t t USING (SELECT * FROM VALUES (1L, 10.5D), (1000L, 11.5D) AS s(id, v)) s ON t.id = s.id "
     "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, ts, cat, v) VALUES (s.id, timestamp_seconds(0), 'new', s.v)",
     "SELECT id, v FROM $ns.t WHERE id IN (1, 1000) ORDER BY id", want=[(1, 10.5), (1000, 11.5)])
step("merge-on-read", "CREATE TABLE $ns.mor USING iceberg TBLPROPERTIES ('write.delete.mode'='merge-on-read','write.update.mode'='merge-on-read','write.merge.mode'='merge-on-read') AS SELECT /*+ COALESCE(1) */ id FROM range(20)",
     "DELETE FROM $ns.mor WHERE id = 4", "UPDATE $ns.mor SET id = -5 WHERE id = 5", "SELECT count(*), min(id), (SELECT count(*) FROM $ns.mor.delete_files) FROM $ns.mor", want=lambda r: r[0][:2] == (19, -5) and r[0][2] >= 1)
step("alter columns", "ALTER TABLE $ns.t ADD COLUMN extra STRING COMMENT 'x'", "ALTER TABLE $ns.t RENAME COLUMN v TO val", "ALTER TABLE $ns.t ADD COLUMN s STRUCT<a: INT, b: INT>",
     "ALTER TABLE $ns.t ALTER COLUMN s.a TYPE BIGINT", "ALTER TABLE $ns.t DROP COLUMN extra", "ALTER TABLE $ns.t ALTER COLUMN id DROP NOT NULL", "DESCRIBE $ns.t", want=lambda r: "struct<a:bigint,b:int>" in str(r) and "extra" not in str(r))
step("partition evolution", "ALTER TABLE $ns.t ADD PARTITION FIELD bucket(4, id)", "ALTER TABLE $ns.t DROP PARTITION FIELD cat", "ALTER TABLE $ns.t REPLACE PARTITION FIELD days(ts) WITH months(ts)",
     "INSERT INTO $ns.t VALUES (2000, timestamp'2026-01-01 00:00:00', 'p', 1, NULL)", "SELECT count(DISTINCT spec_id) FROM $ns.t.files", want=lambda r: r[0][0] >= 2)
step("write order, unset property", "ALTER TABLE $ns.t WRITE ORDERED BY id DESC, cat", "ALTER TABLE $ns.t UNSET TBLPROPERTIES ('a')", "SHOW TBLPROPERTIES $ns.t",
     want=lambda r: any(k == "sort-order" for k, _ in r))
snaps = step("metadata tables", "SELECT * FROM $ns.t.history", "SELECT * FROM $ns.t.manifests", "SELECT * FROM $ns.t.refs", "SELECT * FROM $ns.t.partitions", "SELECT snapshot_id, committed_at FROM $ns.t.snapshots ORDER BY committed_at", want=lambda r: len(r) >= 6) or [(0, None)]
step("time travel by snapshot", f"SELECT count(*) FROM $ns.t VERSION AS OF {snaps[0][0]}", want=[(100,)])
step("time travel by timestamp", f"SELECT count(*) FROM $ns.t TIMESTAMP AS OF '{snaps[0][1]}'", want=[(100,)])
step("branch", "ALTER TABLE $ns.t CREATE BRANCH dev RETAIN 7 DAYS", "INSERT INTO $ns.t.branch_dev VALUES (5000, NULL, 'b', 1, NULL)", "SELECT count(*) FROM $ns.t VERSION AS OF 'dev' WHERE id = 5000", want=[(1,)])
step("fast_forward", "SELECT count(*) FROM $ns.t WHERE id = 5000", "CALL c.system.fast_forward('$n.t', 'main', 'dev')", "SELECT count(*) FROM $ns.t WHERE id = 5000", want=[(1,)])
step("tag", f"ALTER TABLE $ns.t CREATE TAG first AS OF VERSION {snaps[0][0]} RETAIN 30 DAYS", "SELECT count(*) FROM $ns.t VERSION AS OF 'first'", want=[(100,)])
step("drop branch and tag", "ALTER TABLE $ns.t DROP BRANCH dev", "SELECT name FROM $ns.t.refs ORDER BY name", want=[("first",), ("main",)])
step("write-audit-publish branch", "ALTER TABLE $ns.t SET TBLPROPERTIES ('write.wap.enabled'='true')", "SET spark.wap.branch=audit", "INSERT INTO $ns.t VALUES (6000, NULL, 'w', 1, NULL)", "RESET spark.wap.branch", "SELECT count(*) FROM $ns.t.refs WHERE name = 'audit'", want=[(1,)])
step("rollback_to_snapshot", "CREATE TABLE $ns.rb USING iceberg AS SELECT 1 AS x", "INSERT INTO $ns.rb VALUES (2)", want=[])
first = (step("snapshots of rb", "SELECT snapshot_id FROM $ns.rb.snapshots ORDER BY committed_at") or [(0,)])[0][0]
step("CALL rollback_to_snapshot", f"CALL c.system.rollback_to_snapshot('$n.rb', {first})", "SELECT count(*) FROM $ns.rb", want=[(1,)])
step("CALL set_current_snapshot", f"CALL c.system.set_current_snapshot('$n.rb', {first})", "SELECT count(*) FROM $ns.rb", want=[(1,)])
step("CALL expire_snapshots", "CALL c.system.expire_snapshots(table => '$n.t', older_than => timestamp'2100-01-01 00:00:00', retain_last => 1)", "SELECT count(*) FROM $ns.t.snapshots", want=lambda r: r[0][0] <= 3)
step("CALL rewrite_data_files", "INSERT INTO $ns.rb VALUES (3)", "INSERT INTO $ns.rb VALUES (4)", "CALL c.system.rewrite_data_files(table => '$n.rb', options => map('min-input-files','2'))", "SELECT count(*) FROM $ns.rb", want=[(3,)])
step("CALL rewrite_manifests", "CALL c.system.rewrite_manifests('$n.t')", want=lambda r: len(r) == 1)
step("CALL rewrite_position_delete_files", "CALL c.system.rewrite_position_delete_files('$n.t')", want=lambda r: len(r) == 1)
on_s3 = str("CATALOG_S3_ENDPOINT" in os.environ).lower()  # Hadoop, which lists otherwise, does not know the scheme
step("CALL remove_orphan_files", f"CALL c.system.remove_orphan_files(table => '$n.t', dry_run => true, prefix_listing => {on_s3})")
step("CALL compute_table_stats", "CALL c.system.compute_table_stats('$n.rb')", want=lambda r: str(r).endswith(".stats',)]"))
step("CALL ancestors_of, changelog view", "CALL c.system.ancestors_of('$n.rb')", "CALL c.system.create_changelog_view(table => '$n.rb')", want=lambda r: len(r) == 1)
step("rename", "CREATE NAMESPACE $ns_2", "ALTER TABLE $ns.rb RENAME TO $n_2.rb2", "SELECT count(*) FROM $ns_2.rb2", want=[(3,)])
loc = (step("metadata log", "SELECT file FROM $ns_2.rb2.metadata_log_entries ORDER BY timestamp DESC") or [("",)])[0][0]
step("CALL register_table", "DROP TABLE $ns_2.rb2", f"CALL c.system.register_table('$n.reg', '{loc}')", "SELECT count(*) FROM $ns.reg", want=[(3,)])
step("CTAS and RTAS", "CREATE TABLE $ns.ctas USING iceberg PARTITIONED BY (truncate(10, id)) AS SELECT id FROM range(50)", "REPLACE TABLE $ns.ctas USING iceberg AS SELECT id, 'x' AS s FROM range(20)", "CREATE OR REPLACE TABLE $ns.ctas USING iceberg AS SELECT id, 'y' AS s FROM range(10)",
     "SELECT count(*), max(s) FROM $ns.ctas", want=[(10, "y")])
step("format v3, deletion vectors, row lineage", "CREATE TABLE $ns.v3 (id BIGINT) USING iceberg TBLPROPERTIES ('format-version'='3','write.delete.mode'='merge-on-read')", "INSERT INTO $ns.v3 SELECT /*+ COALESCE(1) */ id FROM range(100)", "DELETE FROM $ns.v3 WHERE id % 7 = 0",
     "SELECT count(*), count(DISTINCT _row_id) FROM $ns.v3", want=[(85, 85)])
step("deletion vector file", "SELECT file_format, content FROM $ns.v3.delete_files", want=lambda r: r[0][0] == "PUFFIN")
step("create view", "CREATE VIEW $ns.vw (a COMMENT 'first', b) COMMENT 'v' TBLPROPERTIES ('p'='1') AS SELECT id, s FROM $ns.ctas WHERE id < 5", "SELECT count(*), max(a) FROM $ns.vw", want=[(5, 4)])
step("show, describe view", "SHOW VIEWS IN $ns", "SHOW CREATE TABLE $ns.vw", want=lambda r: "CREATE VIEW" in r[0][0])
step("replace, alter, rename view", "CREATE OR REPLACE VIEW $ns.vw AS SELECT id FROM $ns.ctas WHERE id < 3", "ALTER VIEW $ns.vw SET TBLPROPERTIES ('k'='2')", "ALTER VIEW $ns.vw RENAME TO $n.vw2", "SELECT count(*) FROM $ns.vw2", want=[(3,)])
step("view and table share names", "CREATE VIEW $ns.ctas AS SELECT 1", error="already exists")
step("drop view", "DROP VIEW $ns.vw2", "SHOW VIEWS IN $ns", want=lambda r: all("vw2" not in str(x) for x in r))
step("nested namespace", "CREATE NAMESPACE $ns.child", "CREATE TABLE $ns.child.t (id INT) USING iceberg", "SHOW NAMESPACES IN $ns", want=lambda r: "child" in str(r))
step("drop nested", "DROP TABLE $ns.child.t", "DROP NAMESPACE $ns.child")
step("drop non-empty", "DROP NAMESPACE $ns", error="not empty")
step("drop all", *[f"DROP TABLE $ns.{t} PURGE" for t in ("t", "ctas", "v3", "reg", "mor")], "DROP NAMESPACE $ns_2", "DROP NAMESPACE $ns", "SHOW NAMESPACES IN c", want=lambda r: (ns,) not in r)
print(f"{passed} passed, {failed} failed, 0 skipped", flush=True)
spark.stop()
sys.exit(1 if failed else 0)
