"""Sail walk-through of a REST catalog: each statement is one check; prints "ok NAME" or "FAILED NAME: why"."""
import os
import uuid

# Sail reads its catalogs from the environment when it is loaded.
os.environ["SAIL_CATALOG__LIST"] = (
    f'[{{name="lake", type="iceberg-rest", uri="{os.environ["CATALOG_URI"]}", warehouse="{os.environ["CATALOG_WAREHOUSE"]}"}}]'
)
os.environ["SAIL_CATALOG__DEFAULT_CATALOG"] = '"lake"'
from pysail.spark import SparkConnectServer  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402

NS = f"lake.sail_{uuid.uuid4().hex[:8]}"
server = SparkConnectServer()
server.start()
spark = SparkSession.builder.remote("sc://{}:{}".format(*server.listening_address)).getOrCreate()
passed = failed = 0


def check(name, sql, rows=None):
    """`rows` is what the statement has to give; None takes anything."""
    global passed, failed
    try:
        found = [tuple(row) for row in spark.sql(sql).collect()]
        if rows is not None and found != rows:
            raise AssertionError(f"{found} instead of {rows}")
        passed += 1
        print(f"ok      {name}")
    except Exception as error:  # noqa: BLE001
        failed += 1
        print(f"FAILED  {name}: {str(error)[:300]!r}")


check("create database", f"CREATE DATABASE {NS}")
check("create database again", f"CREATE DATABASE IF NOT EXISTS {NS}")
check("databases", "SHOW DATABASES IN lake")
check("create table", f"CREATE TABLE {NS}.t (id BIGINT, name STRING) USING iceberg")
check("insert", f"INSERT INTO {NS}.t VALUES (1, 'a'), (2, 'b')")
check("read", f"SELECT * FROM {NS}.t ORDER BY id", [(1, "a"), (2, "b")])
check("create table as select", f"CREATE TABLE {NS}.c USING iceberg AS SELECT * FROM {NS}.t")
check("delete", f"DELETE FROM {NS}.c WHERE id = 1")
check("read what is left", f"SELECT * FROM {NS}.c", [(2, "b")])
check("create view", f"CREATE VIEW {NS}.v AS SELECT 1 AS a")
check("read view", f"SELECT * FROM {NS}.v", [(1,)])
check("tables", f"SHOW TABLES IN {NS}")
check("drop view", f"DROP VIEW {NS}.v")
check("drop table", f"DROP TABLE {NS}.t")
check("drop second table", f"DROP TABLE {NS}.c")
check("drop database", f"DROP DATABASE {NS}")
print(f"{passed} passed, {failed} failed, 0 skipped", flush=True)
spark.stop()
server.stop()
