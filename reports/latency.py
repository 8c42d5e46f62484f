"""Quantiles of latency from the logarithmic buckets of the servers' table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reports.folder import RunFolder
from scenarios.latency import WHOLE, quantiles_us

LATENCY_COLUMNS: Final = ("latency_bucket", "latency_count")
ANSWERS_MAX: Final = 2**32
"""Answers of one bucket in one row; a table with more was not written by us, and its sums might not fit."""


@dataclass(frozen=True, slots=True)
class Latencies:
    """Answers counted by bucket of latency; any quantile is at most 2 % off."""

    counts: Mapping[int, int]

    @property
    def answers(self) -> int:
        """How many answers were counted."""
        return sum(self.counts.values())

    def quantile_us(self, permille: int) -> int | None:
        """The latency that `permille` of the answers do not exceed, in µs, as expectations have it.

        None where there was no answer.
        """
        bucket, count = (np.array(list(part), np.int64) for part in (self.counts.keys(), self.counts.values()))
        _, found = quantiles_us(np.zeros(len(bucket), np.int64), bucket, count, permille * WHOLE // 1000)
        return int(found[0]) if len(found) else None


def by_bucket(folder: RunFolder, keys: Sequence[str], part: pa.Table) -> pa.Table:
    """A row with `keys`, `bucket` and `answers` for each bucket of each row of a part of the servers table.

    Rows and buckets that cannot be right are left out, and told to `folder`.
    """
    buckets, counts = (part.column(name).combine_chunks() for name in LATENCY_COLUMNS)
    same = pc.equal(pc.list_value_length(buckets), pc.list_value_length(counts))
    if not pc.all(same).as_py():
        folder.note("servers: a row has more latency buckets than counts, or fewer; it is left out")
        part = part.filter(same)
        buckets, counts = buckets.filter(same), counts.filter(same)
    rows = pc.list_parent_indices(buckets)
    columns = {name: part.column(name).take(rows) for name in keys}
    table = pa.table({**columns, "bucket": pc.list_flatten(buckets), "answers": pc.list_flatten(counts)})
    sound = table.filter((pc.field("bucket") >= 0) & (pc.field("answers") >= 0) & (pc.field("answers") <= ANSWERS_MAX))
    if sound.num_rows < table.num_rows:
        folder.note("servers: a latency bucket has no number, or one that cannot be right; it is left out")
    return sound
