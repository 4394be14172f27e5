"""PyIceberg walk-through of a REST catalog: each step is one check; prints "ok NAME" or "FAILED NAME: why"."""
import concurrent.futures
import logging
import sys
import time
import uuid

import pyarrow as pa
import target
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import (CommitFailedException, NamespaceNotEmptyError, NoSuchNamespaceError, NoSuchTableError,
                                  TableAlreadyExistsError)
from pyiceberg.expressions import EqualTo, GreaterThan
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, DayTransform, IdentityTransform
from pyiceberg.types import DoubleType, LongType, NestedField, StringType, TimestampType

tag = uuid.uuid4().hex[:8]
ns, ns2 = f"smoke_{tag}", f"smoke2_{tag}"
results = []
logging.getLogger("pyiceberg").setLevel(logging.ERROR)
cat = load_catalog("rest", type="rest", **target.properties())


def check(fn):
    t = time.time()
    try:
        fn()
        results.append(True)
        print(f"ok      {fn.__name__} ({(time.time() - t) * 1000:.0f} ms)")
    except Exception as e:  # noqa: BLE001
        results.append(False)
        print(f"FAILED  {fn.__name__}: {type(e).__name__}: {str(e)[:300]}")


def raises(kind, fn, *args, **kw):
    try:
        fn(*args, **kw)
    except kind:
        return
    raise AssertionError(f"{kind.__name__} expected")


schema = Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "ts", TimestampType()),
                NestedField(3, "cat", StringType()), NestedField(4, "v", DoubleType()), identifier_field_ids=[1])
arrow = pa.schema([pa.field("id", pa.int64(), nullable=False), ("ts", pa.timestamp("us")), ("cat", pa.string()), ("v", pa.float64())])


def rows(a, b):
    return pa.table({"id": list(range(a, b)), "ts": [i * 86_400_000_000 for i in range(a, b)], "cat": [f"c{i % 3}" for i in range(a, b)],
                     "v": [i / 2 for i in range(a, b)]}, schema=arrow)


@check
def namespaces():
    cat.create_namespace(ns, {"owner": "x", "drop": "me"})
    cat.create_namespace(ns2)
    assert (ns,) in cat.list_namespaces() and cat.namespace_exists(ns)
    cat.update_namespace_properties(ns, removals={"drop"}, updates={"owner": "y"})
    assert cat.load_namespace_properties(ns)["owner"] == "y"
    raises(NoSuchNamespaceError, cat.load_namespace_properties, ns + "_no")


@check
def nested_namespace():
    cat.create_namespace((ns, "child"))
    assert (ns, "child") in cat.list_namespaces(ns)
    cat.create_table((ns, "child", "t"), schema)
    assert cat.load_table((ns, "child", "t")).name() == (ns, "child", "t")
    cat.drop_table((ns, "child", "t"))
    cat.drop_namespace((ns, "child"))


@check
def create_table():
    spec = PartitionSpec(PartitionField(2, 1000, DayTransform(), "ts_day"))
    t = cat.create_table((ns, "t"), schema, partition_spec=spec, properties={"a": "1"})
    assert t.format_version == 2 and t.properties["a"] == "1" and cat.table_exists((ns, "t"))
    raises(TableAlreadyExistsError, cat.create_table, (ns, "t"), schema)
    raises(NoSuchTableError, cat.load_table, (ns, "missing"))
    raises(NamespaceNotEmptyError, cat.drop_namespace, ns)


@check
def append_overwrite_delete_upsert():
    t = cat.load_table((ns, "t"))
    t.append(rows(0, 10))
    t.append(rows(10, 20))
    assert t.scan().to_arrow().num_rows == 20
    t.overwrite(rows(0, 5), overwrite_filter=EqualTo("cat", "c0"))
    assert t.scan().to_arrow().num_rows == 13 + 5
    t.delete(GreaterThan("id", 15))
    assert max(t.scan().to_arrow()["id"].to_pylist()) <= 15
    n = t.upsert(rows(100, 103))
    assert n.rows_inserted == 3


@check
def schema_evolution():
    t = cat.load_table((ns, "t"))
    with t.update_schema() as u:
        u.add_column("extra", StringType(), doc="new")
        u.rename_column("v", "value")
    assert "extra" in cat.load_table((ns, "t")).schema().column_names
    with t.update_schema() as u:
        u.delete_column("extra")
    with t.transaction() as tx:
        with tx.update_schema() as u:
            u.add_column("in_tx", LongType())
        tx.set_properties(b="2")
    t = cat.load_table((ns, "t"))
    assert "in_tx" in t.schema().column_names and t.properties["b"] == "2" and len(t.schemas()) >= 4


@check
def partition_evolution():
    t = cat.load_table((ns, "t"))
    with t.update_spec() as u:
        u.add_field("cat", IdentityTransform(), "cat")
        u.add_field("id", BucketTransform(4), "id_b")
    with t.update_spec() as u:
        u.remove_field("ts_day")
    assert {f.name for f in cat.load_table((ns, "t")).spec().fields} >= {"cat", "id_b"}


@check
def sort_order():
    t = cat.load_table((ns, "t"))
    with t.update_sort_order() as u:
        from pyiceberg.transforms import IdentityTransform as I
        u.asc("id", I())
    assert cat.load_table((ns, "t")).sort_order().fields


@check
def refs():
    t = cat.load_table((ns, "t"))
    s = t.current_snapshot().snapshot_id
    t.manage_snapshots().create_tag(s, "v1").create_branch(s, "dev").commit()
    t = cat.load_table((ns, "t"))
    assert {"v1", "dev", "main"} <= set(t.refs())
    before = t.scan().to_arrow().num_rows
    t.append(rows(999, 1000).drop(["v"]), branch="dev")
    assert t.scan().use_ref("dev").to_arrow().num_rows == before + 1 and t.scan().to_arrow().num_rows == before
    t.manage_snapshots().remove_tag("v1").remove_branch("dev").commit()
    assert set(cat.load_table((ns, "t")).refs()) == {"main"}


@check
def snapshot_modes_and_expire():
    props = {**target.properties(), "snapshot-loading-mode": "refs"}
    full = len(cat.load_table((ns, "t")).snapshots())
    refs_only = len(load_catalog("r2", type="rest", **props).load_table((ns, "t")).snapshots())
    assert refs_only <= full, (refs_only, full)
    t = cat.load_table((ns, "t"))
    first = t.snapshots()[0].snapshot_id
    t.maintenance.expire_snapshots().by_id(first).commit()
    assert first not in [s.snapshot_id for s in cat.load_table((ns, "t")).snapshots()]


@check
def statistics_free_inspection():
    t = cat.load_table((ns, "t"))
    assert t.inspect.snapshots().num_rows and t.inspect.files().num_rows and t.inspect.history().num_rows


@check
def rename_and_drop():
    cat.create_table((ns, "r"), schema)
    t = cat.rename_table((ns, "r"), (ns2, "r2"))
    assert t.name() == (ns2, "r2") and not cat.table_exists((ns, "r"))
    cat.drop_table((ns2, "r2"))
    raises(NoSuchTableError, cat.drop_table, (ns2, "r2"))


@check
def register():
    t = cat.create_table((ns, "reg"), schema)
    t.append(rows(0, 3))
    loc, uid = t.metadata_location, t.metadata.table_uuid
    cat.drop_table((ns, "reg"))
    t = cat.register_table((ns, "reg"), loc)
    assert t.metadata.table_uuid == uid and t.scan().to_arrow().num_rows == 3
    raises(TableAlreadyExistsError, cat.register_table, (ns, "reg"), loc)


@check
def create_table_transaction_ctas():
    with cat.create_table_transaction((ns, "ctas"), schema) as tx:
        tx.append(rows(0, 7))
    assert cat.load_table((ns, "ctas")).scan().to_arrow().num_rows == 7


@check
def format_v3():
    t = cat.create_table((ns, "v3"), schema, properties={"format-version": "3"})
    assert cat.load_table((ns, "v3")).format_version == 3


@check
def views():
    from pyiceberg.view.metadata import SQLViewRepresentation, ViewVersion
    v = ViewVersion(version_id=1, schema_id=0, timestamp_ms=int(time.time() * 1000), summary={}, default_namespace=[ns],
                    representations=[SQLViewRepresentation(type="sql", sql=f"SELECT 1 AS id", dialect="spark")])
    cat.create_view((ns, "vw"), Schema(NestedField(1, "id", LongType())), v)
    assert (ns, "vw") in cat.list_views(ns) and cat.view_exists((ns, "vw"))
    assert "SELECT 1 AS id" in cat.load_view((ns, "vw")).current_version().model_dump_json()
    cat.drop_view((ns, "vw"))
    assert not cat.view_exists((ns, "vw"))


@check
def commit_conflict_two_threads():
    cat.create_table((ns, "race"), schema)
    a, b = (load_catalog(x, type="rest", **target.properties()).load_table((ns, "race")) for x in "ab")

    def add(t, name):
        try:
            with t.update_schema() as u:
                u.add_column(name, LongType())
            return "ok"
        except CommitFailedException:
            return "conflict"

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        out = list(pool.map(lambda p: add(*p), [(a, "x"), (b, "y")]))
    assert sorted(out) == ["conflict", "ok"], out


@check
def concurrent_appends_8x5():
    cat.create_table((ns, "app"), schema, properties={"commit.retry.num-retries": "20", "commit.retry.min-wait-ms": "20", "commit.retry.max-wait-ms": "400"})

    def work(i):
        t = load_catalog(f"w{i}", type="rest", **target.properties()).load_table((ns, "app"))
        ok = 0
        for j in range(5):
            for _ in range(40):
                try:
                    t.append(rows(i * 100 + j, i * 100 + j + 1))
                    ok += 1
                    break
                except CommitFailedException:
                    t.refresh()
        return ok

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ok = sum(pool.map(work, range(8)))
    t = cat.load_table((ns, "app"))
    assert ok == 40 and t.scan().to_arrow().num_rows == 40 and len(t.snapshots()) == 40, (ok, len(t.snapshots()))


@check
def purge_and_cleanup():
    for v in cat.list_views(ns):
        cat.drop_view(v)
    for n in (ns, ns2):
        for i in cat.list_tables(n):
            cat.purge_table(i)
        cat.drop_namespace(n)
    assert not cat.namespace_exists(ns)


print(f"{sum(results)} passed, {len(results) - sum(results)} failed, 0 skipped")
sys.exit(not all(results))
