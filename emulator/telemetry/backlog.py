"""What devices of a block still have to send to one target: segments of ordinals with counts per event type.

A device without a backlog has no segment. Order in a device's queue: segment, then event type, so that an ordinal names
one event as long as its segment stays whole (`docs/window.md`).
"""

from mmap import mmap
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.events import EVENT_TYPES
from emulator.ports import I64

TYPES: Final = len(EVENT_TYPES)
_START: Final = 64
_SEGMENT_BYTES: Final = 8 + 3 * 4 + TYPES * 4 + 1
_DEAD_SHARE: Final = 8
"""Dead segments are swept out once they are this part of all."""


class Backlog:
    """The segments of a block for one target, as columns; new ones at the end, a row of -1 is dead.

    `cut` tells those whose first events are acknowledged already: they stay as they are.
    """

    __slots__ = ("_size", "counts", "cut", "dead", "first", "last", "row", "start")

    def __init__(self) -> None:
        self._size = 0
        self.dead = 0
        self._allocate(_START)

    def _allocate(self, capacity: int) -> None:
        """Makes columns in a mapping of their own: pages not yet written cost nothing, freed ones go back at once.

        On the heap a day's backlog of a fleet would stay with the process long after it has drained.
        """
        memory = mmap(-1, capacity * _SEGMENT_BYTES)
        end = 0

        def column(dtype: type[np.generic], width: int = 1) -> NDArray[Any]:
            nonlocal end
            begin, end = end, end + capacity * width * np.dtype(dtype).itemsize
            return np.frombuffer(memory, dtype, capacity * width, begin)

        self.start: I64 = column(np.int64)
        self.row: NDArray[np.int32] = column(np.int32)
        self.first: NDArray[np.int32] = column(np.int32)
        self.last: NDArray[np.int32] = column(np.int32)
        self.counts: NDArray[np.uint32] = column(np.uint32, TYPES).reshape(capacity, TYPES)
        self.cut: NDArray[np.bool_] = column(np.bool_)

    def __len__(self) -> int:
        return self._size - self.dead

    @property
    def bytes(self) -> int:
        """Memory of the columns that was written to."""
        return self._size * _SEGMENT_BYTES

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.row, self.first, self.last, self.start, self.cut, self.counts

    def _reserve(self, more: int) -> None:
        needed = self._size + more
        if needed <= len(self.row):
            return
        old = self._columns()
        self._allocate(max(needed, len(self.row) * 2))
        for new, column in zip(self._columns(), old, strict=True):
            new[: self._size] = column[: self._size]

    def append(self, row: I64, tick: int, start: I64, counts: NDArray[np.int32]) -> None:
        """Adds one segment for each of `row`; `counts` is (types, len(row))."""
        self._append(row, tick, tick, start, counts.T)

    def _append(
        self, row: NDArray[np.integer], first: I64 | int, last: I64 | int, start: I64, counts: NDArray[np.integer]
    ) -> None:
        self._reserve(len(row))
        here = slice(self._size, self._size + len(row))
        self.row[here], self.first[here], self.last[here], self.start[here] = row, first, last, start
        self.cut[here] = False
        self.counts[here] = counts
        self._size += len(row)

    def taken(self, rows: I64, upto: I64, size: int) -> NDArray[np.int64]:
        """Counts per type of the events below `upto`, (len(rows), types), for distinct `rows` of a block of `size`."""
        position = np.full(size, -1, np.int64)
        position[rows] = np.arange(len(rows))
        result = np.zeros((len(rows), TYPES), np.int64)
        row = self.row[: self._size]
        owner = np.where(row >= 0, position[row], -1)
        chosen = np.flatnonzero(owner >= 0)
        chosen = chosen[self.start[chosen] < upto[owner[chosen]]]
        if not len(chosen):
            return result
        owner = owner[chosen]
        part = self._below(chosen, upto[owner])
        order = np.argsort(owner, kind="stable")
        owner = owner[order]
        edges = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        result[owner[edges]] = np.add.reduceat(part[order], edges, axis=0)
        return result

    def _below(self, chosen: I64, upto: I64) -> NDArray[np.int64]:
        """Of the segments `chosen`: counts per type of the events below their `upto`."""
        counts = self.counts[chosen].astype(np.int64)
        before = counts.cumsum(axis=1)
        before -= counts
        part: NDArray[np.int64] = np.clip((upto - self.start[chosen])[:, None] - before, 0, counts)
        return part

    def acknowledge(self, acked: I64) -> None:
        """Drops what lies below `acked`, a column of the whole block."""
        row = self.row[: self._size]
        chosen = np.flatnonzero(row >= 0)
        chosen = chosen[self.start[chosen] < acked[row[chosen]]]
        if not len(chosen):
            return
        limit = acked[row[chosen]]
        left = self.counts[chosen].astype(np.int64) - self._below(chosen, limit)
        self.counts[chosen] = left
        self.start[chosen] = limit
        self.cut[chosen] = True
        self._kill(chosen[left.sum(axis=1, dtype=np.int64) == 0])

    def _kill(self, chosen: I64) -> None:
        self.row[chosen] = -1
        self.dead += len(chosen)
        if self.dead == self._size:
            self._keep(chosen[:0])
        elif self.dead >= _START and self.dead * _DEAD_SHARE > self._size:
            self._keep(np.flatnonzero(self.row[: self._size] >= 0))

    def _keep(self, alive: I64) -> None:
        columns = [column[alive] for column in self._columns()]
        self._size, self.dead = len(alive), 0
        self._allocate(max(_START, len(alive) * 2))
        for new, column in zip(self._columns(), columns, strict=True):
            new[: len(alive)] = column

    def merge(self, after: int, tried: I64) -> None:
        """Makes one segment of a device's segments that were made after tick `after`.

        Only of whole ones at or above the highest ordinal ever sent (`tried`, a column of the block): a server may
        know the events below it by their ordinals.
        """
        row = self.row[: self._size]
        chosen = np.flatnonzero((row >= 0) & (self.first[: self._size] > after) & ~self.cut[: self._size])
        chosen = chosen[self.start[chosen] >= tried[row[chosen]]]
        if len(chosen) < 2:
            return
        chosen = chosen[np.lexsort((self.start[chosen], row[chosen]))]
        owner = row[chosen]
        edges = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        several = np.diff(np.r_[edges, len(chosen)]) > 1
        if not several.any():
            return
        merged = np.repeat(several, np.diff(np.r_[edges, len(chosen)]))
        chosen, owner = chosen[merged], owner[merged]
        edges = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        ends = np.r_[edges[1:], len(chosen)] - 1
        counts = np.add.reduceat(self.counts[chosen], edges, axis=0, dtype=np.int64)
        columns = owner[edges], self.first[chosen[edges]], self.last[chosen[ends]], self.start[chosen[edges]]
        self._append(*columns, counts)
        self._kill(chosen)

    def expire(self, before: int, acked: I64) -> NDArray[np.int64]:
        """Drops segments made before tick `before`; raises `acked` over them, returns their counts (block, types)."""
        result = np.zeros((len(acked), TYPES), np.int64)
        row = self.row[: self._size]
        chosen = np.flatnonzero((row >= 0) & (self.last[: self._size] < before))
        if len(chosen):
            counts = self.counts[chosen].astype(np.int64)
            np.add.at(result, row[chosen], counts)
            np.maximum.at(acked, row[chosen], self.start[chosen] + counts.sum(axis=1))
            self._kill(chosen)
        return result

    def earliest(self, size: int) -> I64:
        """The first tick that each row of a block of `size` has a segment of; beyond all ticks where it has none."""
        result = np.full(size, np.iinfo(np.int64).max)
        alive = np.flatnonzero(self.row[: self._size] >= 0)
        np.minimum.at(result, self.row[alive], self.first[alive])
        return result

    def permute(self, position: I64) -> None:
        """Follows a new order of the block's rows: row i is now row `position[i]`."""
        row = self.row[: self._size]
        alive = row >= 0
        row[alive] = position[row[alive]]

    def spans(self, row: int) -> list[tuple[int, int]]:
        """(first, last) tick of the segments of one device, in order."""
        chosen = np.flatnonzero(self.row[: self._size] == row)
        chosen = chosen[np.argsort(self.start[chosen])]
        return list(zip(self.first[chosen].tolist(), self.last[chosen].tolist(), strict=True))
