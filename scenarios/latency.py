"""Quantiles of latency from the logarithmic buckets of the servers' table: the one rule of verdicts and reports."""

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64
from scenarios.expectations import PERCENT
from scenarios.tables import LATENCY_BOUNDS_US

WHOLE = 100 * PERCENT
"""The share of everything."""


def quantiles_us(owner: I64, bucket: I64, count: I64, share: int) -> tuple[I64, I64]:
    """The latency that `share` (thousandths of a per cent) of the answers of each owner do not exceed.

    A row has an `owner`, a `bucket` of latency and the `count` of its answers, all int64; rows come in any order.
    Returns the owners that have answers, ascending, and the latency of each in µs: the middle of its bucket, which is
    at most 2 % off. An answer above the last bound counts as that bound. The smallest share is that of one answer.
    """
    some = count > 0
    owner, bucket, count = owner[some], bucket[some], count[some]
    order = np.lexsort((bucket, owner))
    owner, bucket, count = owner[order], bucket[order], count[order]
    owners, start = np.unique(owner, return_index=True)
    if not len(owners):
        return owners, owners
    below = np.cumsum(count)
    before = np.concatenate([[0], below])[start]
    whole = np.add.reduceat(count, start)
    # In two parts, since a product with all of it may not fit.
    rank = whole // WHOLE * share + (whole % WHOLE * share + WHOLE - 1) // WHOLE
    place = np.searchsorted(below, before + np.maximum(1, rank))
    return owners, _middle_us(bucket[place])


def _middle_us(bucket: I64) -> I64:
    last = len(LATENCY_BOUNDS_US) - 1
    high = LATENCY_BOUNDS_US[np.minimum(bucket, last)]
    low = LATENCY_BOUNDS_US[np.clip(bucket - 1, 0, last)]
    middle: NDArray[np.int64] = np.where(bucket > last, high, (low + high) // 2)
    return middle
