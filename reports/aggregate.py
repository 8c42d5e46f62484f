"""Sums over the parts of a table, with one part in memory at a time."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from reports.folder import RunFolder
from scenarios.tables import SCHEMAS


def sums(
    folder: RunFolder,
    table: str,
    *,
    keys: Sequence[str],
    values: Sequence[str],
    derive: Callable[[pa.Table], pa.Table] | None = None,
    columns: Sequence[str] | None = None,
) -> pa.Table:
    """The sums of `values` for each combination of `keys`, in the order of `keys`.

    `derive` makes the rows to sum from `columns` of the table, where they are not columns of it. The result has the
    columns `keys` and `values`; it has no row where the table has none.
    """
    total: pa.Table | None = None
    for part in folder.parts(table, columns or [*keys, *values]):
        rows = derive(part) if derive else part
        if not rows.num_rows:
            continue
        partial = _sums(rows, keys, values)
        total = partial if total is None else _sums(pa.concat_tables([total, partial]), keys, values)
    if total is None:
        known = SCHEMAS[table]
        types = {name: known.field(name).type if name in known.names else pa.int64() for name in (*keys, *values)}
        return pa.schema(list(types.items())).empty_table()
    return total.sort_by([(key, "ascending") for key in keys])


def _sums(rows: pa.Table, keys: Sequence[str], values: Sequence[str]) -> pa.Table:
    # One thread, so that the order of the groups never depends on the machine.
    grouped = rows.group_by(list(keys), use_threads=False).aggregate([(value, "sum") for value in values])
    return grouped.select([*keys, *(f"{value}_sum" for value in values)]).rename_columns([*keys, *values])
