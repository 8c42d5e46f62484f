"""Request throttling: what of a window may join the queue towards the Central Node (KEA-TEL-007 to KEA-TEL-018).

Events of high importance always pass and count. Low ones pass, type by type in the order of the queue, while the hour
has room for any event and for one of their type. The hour is a tumbling one with an offset of the device's own.
"""

import numpy as np
from numpy.typing import NDArray

from emulator.events import EVENT_TYPES, HIGH_TYPES

I32 = NDArray[np.int32]
LOW_TYPES = len(EVENT_TYPES) - HIGH_TYPES
UNLIMITED = (1 << 31) - 1
"""The limit of a device with throttling off."""
COUNT_CAP = 1 << 30
"""An hour's count saturates here, so that bursts cannot overflow the column."""


class Throttle:
    """Counters of the current hour for the devices of a block: `passed` int32 (n), `low` int32 (low types, n)."""

    __slots__ = ("low", "passed")

    def __init__(self, size: int) -> None:
        self.passed: I32 = np.zeros(size, np.int32)
        self.low: I32 = np.zeros((LOW_TYPES, size), np.int32)

    def roll(self, rows: NDArray[np.bool_]) -> None:
        """Begins a new hour for `rows`."""
        self.passed[rows] = 0
        self.low[:, rows] = 0

    def permute(self, order: NDArray[np.int64]) -> None:
        """Row i is now what row `order[i]` was."""
        self.passed = self.passed[order]
        self.low = np.ascontiguousarray(self.low[:, order])

    def restrict(self, window: I32, limit: I32 | int, share: I32 | int) -> I32:
        """Takes from `window` (types, n) in place what the hour has no room for; returns how many events, int32 (n).

        `limit` is the hourly maximum, `share` that of one type of low importance: one number for all rows, or a column.
        A row with throttling off has both at `UNLIMITED`.
        """
        room = np.subtract(limit, self.passed, dtype=np.int32)
        room -= window[:HIGH_TYPES].sum(axis=0, dtype=np.int32)
        dropped = np.zeros_like(room)
        allowed, own = np.empty_like(room), np.empty_like(room)
        for index in range(LOW_TYPES):
            wanted = window[HIGH_TYPES + index]
            counted = self.low[index]
            np.maximum(room, 0, out=allowed)
            np.subtract(share, counted, out=own)
            np.maximum(own, 0, out=own)
            np.minimum(allowed, own, out=allowed)
            np.minimum(allowed, wanted, out=allowed)
            dropped += wanted
            dropped -= allowed
            wanted[...] = allowed
            counted += allowed
            room -= allowed
        np.subtract(limit, room, out=self.passed)
        if self.passed.max(initial=0) > COUNT_CAP:
            np.minimum(self.passed, COUNT_CAP, out=self.passed)
            np.minimum(self.low, COUNT_CAP, out=self.low)
        return dropped
