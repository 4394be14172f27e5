"""What PyIceberg may do to one table under each of its user's rights; prints one line of JSON."""

import json
import sys

import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import ForbiddenError, NoSuchTableError
from pyiceberg.types import StringType

uri, warehouse, token, name = sys.argv[1:5]
catalog = RestCatalog("lake", uri=uri, warehouse=warehouse, token=token)


def outcome(work):
    try:
        work()
        return "done"
    except ForbiddenError:
        return "forbidden"
    except NoSuchTableError:
        return "missing"


def table():
    return catalog.load_table(("sales", name))


def rows(*ids):
    return pa.table({"id": pa.array(ids, pa.int64())}, schema=pa.schema([pa.field("id", pa.int64(), nullable=False)]))


def evolve():
    with table().update_schema() as update:
        update.add_column("more", StringType())


def properties():
    with table().transaction() as transaction:
        transaction.set_properties({"owner": "me"})


def branch():
    loaded = table()
    loaded.manage_snapshots().create_branch(loaded.current_snapshot().snapshot_id, "audit").commit()


deeds = {
    "load": table,
    "append": lambda: table().append(rows(1)),
    "append again": lambda: table().append(rows(2)),
    "overwrite": lambda: table().overwrite(rows(3)),
    "delete": lambda: table().delete("id = 1"),
    "schema": evolve,
    "properties": properties,
    "branch": branch,
}
print(json.dumps({what: outcome(work) for what, work in deeds.items()}))
