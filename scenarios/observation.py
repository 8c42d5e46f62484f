"""Observation: what servers say that they hold of devices, counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from emulator.ports import I64
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import WatchResult

Intervals = Sequence[tuple[int, int]]
"""Ordinals [first, upto) in any order, one that is held twice in two of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """What the servers of a port hold of devices: int64, a row for each of `devices` (fleet indices)."""

    devices: I64
    events: I64
    duplicate_ids: I64
    missing_ids: I64


Columns = TypeVar("Columns", Stored, TallyResult, WatchResult)


def stored_of(held: Callable[[int], Intervals], devices: I64, settled: I64, acknowledged: I64) -> Stored:
    """Counts what is held of each device.

    `settled` tells below which ordinal each device has nothing left to send, `acknowledged` how many of its events it
    believes to be stored.
    """
    rows = np.zeros((len(devices), 3), np.int64)
    pairs = zip(devices.tolist(), settled.tolist(), acknowledged.tolist(), strict=True)
    for row, (device, end, believed) in enumerate(pairs):
        events, below, twice = counted(held(device), end)
        rows[row] = events, twice, max(0, believed - below)
    return Stored(devices, *rows.T)


def counted(intervals: Intervals, end: int) -> tuple[int, int, int]:
    """How many ordinals lie in any of the intervals, how many of these below `end`, and how many in several."""
    events = below = twice = 0
    once_to = twice_to = 0
    for first, upto in sorted(intervals):
        new = max(0, upto - max(first, once_to))
        events += new
        below += max(0, min(upto, end) - max(first, once_to))
        twice += max(0, min(upto, once_to) - max(first, twice_to))
        twice_to = max(twice_to, min(upto, once_to))
        once_to = max(once_to, upto)
    return events, below, twice


def together(parts: Sequence[Columns]) -> Columns:
    """What several shards found, one after the other: of a dataclass whose fields are columns."""
    first = parts[0]
    return type(first)(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(first)))
