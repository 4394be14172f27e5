"""DuckDB walk-through of a REST catalog: each statement is one check; prints "ok NAME" or "FAILED NAME: why"."""
import os
import uuid

import duckdb
from duckdb_extensions import import_extension

NS = f"lake.duck_{uuid.uuid4().hex[:8]}"
db = duckdb.connect()
passed = failed = 0


def setting(name):
    return os.environ.get(f"CATALOG_{name}", "")


def check(name, sql, rows=None):
    """`rows` is what the last statement has to give; None takes anything."""
    global passed, failed
    try:
        found = db.execute(sql).fetchall()
        if rows is not None and found != rows:
            raise AssertionError(f"{found} instead of {rows}")
        passed += 1
        print(f"ok      {name}")
    except Exception as error:  # noqa: BLE001
        failed += 1
        print(f"FAILED  {name}: {str(error)[:300]!r}")


for extension in ("httpfs", "avro", "iceberg"):
    import_extension(extension)
    db.execute(f"LOAD {extension}")
if setting("S3_ENDPOINT"):
    db.execute(f"""CREATE SECRET (TYPE s3, KEY_ID '{setting("S3_ACCESS__KEY__ID")}',
        SECRET '{setting("S3_SECRET__ACCESS__KEY")}', REGION '{setting("S3_REGION")}',
        ENDPOINT '{setting("S3_ENDPOINT").removeprefix("http://")}', URL_STYLE 'path', USE_SSL false)""")

check("attach", f"""ATTACH '{setting("WAREHOUSE")}' AS lake
    (TYPE iceberg, ENDPOINT '{setting("URI")}', AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')""")
check("create schema", f"CREATE SCHEMA {NS}; CREATE SCHEMA IF NOT EXISTS {NS}")
check("create table", f"""CREATE TABLE {NS}.t (id BIGINT, name VARCHAR, day DATE, amount DECIMAL(12,3),
    list INTEGER[], row STRUCT(a INTEGER, b VARCHAR), map MAP(VARCHAR, INTEGER))""")
check("insert", f"""INSERT INTO {NS}.t VALUES (1, 'a', '2024-01-01', 2.125, [1, 2], {{'a': 1, 'b': 'x'}}, MAP {{'k': 1}}),
    (2, 'b', '2024-02-01', 3.125, [3], {{'a': 2, 'b': 'y'}}, MAP {{'k': 2}})""")
check("insert more", f"INSERT INTO {NS}.t (id, name) SELECT i, 'n' || i FROM range(3, 1003) r(i)")
check("read", f"SELECT row.b, map['k'], list FROM {NS}.t WHERE id = 2", [("y", 2, [3])])
check("update", f"UPDATE {NS}.t SET name = 'updated' WHERE id < 11")
check("delete", f"DELETE FROM {NS}.t WHERE id > 1000")
check("merge", f"""MERGE INTO {NS}.t USING (SELECT 5 AS id UNION ALL SELECT 5000) u ON t.id = u.id
    WHEN MATCHED THEN UPDATE SET name = 'merged' WHEN NOT MATCHED THEN INSERT (id, name) VALUES (u.id, 'new')""")
check("read what was changed", f"SELECT count(*), count(*) FILTER (name = 'updated') FROM {NS}.t", [(1001, 9)])
check("create table as select", f"CREATE TABLE {NS}.c AS SELECT * FROM {NS}.t WHERE id <= 10; SELECT count(*) FROM {NS}.c", [(10,)])
check("transaction over two tables", f"""BEGIN; INSERT INTO {NS}.c (id) VALUES (77); INSERT INTO {NS}.t (id) VALUES (77777); COMMIT;
    SELECT (SELECT count(*) FROM {NS}.c WHERE id = 77), (SELECT count(*) FROM {NS}.t WHERE id = 77777)""", [(1, 1)])
check("rolled back transaction", f"""BEGIN; INSERT INTO {NS}.c (id) VALUES (78); ROLLBACK;
    SELECT count(*) FROM {NS}.c WHERE id = 78""", [(0,)])
check("create and fill in one transaction", f"""BEGIN; CREATE TABLE {NS}.n (a INTEGER); INSERT INTO {NS}.n VALUES (1); COMMIT;
    SELECT * FROM {NS}.n""", [(1,)])
check("snapshots", f"SELECT count(*) > 4 FROM iceberg_snapshots('{NS}.t')", [(True,)])
check("add a column", f"ALTER TABLE {NS}.c ADD COLUMN extra INTEGER")
check("rename a column", f"ALTER TABLE {NS}.c RENAME COLUMN name TO label")
check("widen a column", f"ALTER TABLE {NS}.n ALTER a TYPE BIGINT")
check("drop a column", f"ALTER TABLE {NS}.c DROP COLUMN amount")
check("read the changed schema", f"SELECT count(label), count(extra) FROM {NS}.c", [(10, 0)])
check("partitioned table", f"CREATE TABLE {NS}.p (id INTEGER, day DATE) PARTITIONED BY (month(day))")
check("rename a table", f"ALTER TABLE {NS}.c RENAME TO c2; SELECT count(*) FROM {NS}.c2", [(11,)])
check("version 3", f"""CREATE TABLE {NS}.v3 (id INTEGER) WITH ('format-version' = '3'); INSERT INTO {NS}.v3 SELECT i FROM range(100) r(i);
    DELETE FROM {NS}.v3 WHERE id % 2 = 0; SELECT count(*) FROM {NS}.v3""", [(50,)])
check("properties", f"CALL set_iceberg_table_properties('{NS}.v3', {{'a': 'b'}})")
check("tables", f"SELECT count(*) FROM duckdb_tables() WHERE schema_name = '{NS[5:]}'", [(5,)])
for table in ("t", "c2", "n", "p", "v3"):
    check(f"drop {table}", f"DROP TABLE {NS}.{table}")
check("drop schema", f"DROP SCHEMA {NS}")
print(f"{passed} passed, {failed} failed, 0 skipped")
