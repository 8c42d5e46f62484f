"""Watches: when a figure of a device first met a condition, and when it first did not."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emulator.ports import I64
from emulator.world import Watch

OPERATORS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NEVER: Final = -1


@dataclass(frozen=True, slots=True)
class WatchResult:
    """What came of a watch: a row for each of `devices` (ascending); moments in ms, NEVER where there was none."""

    devices: I64
    first_true_ms: I64
    first_false_ms: I64


class Watcher:
    """The watches of one shard."""

    def __init__(self, watches: Sequence[Watch], own: I64) -> None:
        self._watches = tuple(watches)
        self.results = [_empty(np.intersect1d(watch.devices, own)) for watch in watches]

    def active(self, from_ms: int, until_ms: int) -> list[int]:
        """The watches that touch [from_ms, until_ms)."""
        return [
            index for index, watch in enumerate(self._watches) if watch.from_ms < until_ms and from_ms < watch.until_ms
        ]

    def next_ms(self, from_ms: int) -> int | None:
        """The first moment from `from_ms` on at which a watch holds, None where none will."""
        begins = [max(from_ms, watch.from_ms) for watch in self._watches if from_ms < watch.until_ms]
        return min(begins, default=None)

    def look(self, index: int, device: I64, at_ms: I64, value: I64) -> None:
        """Judges a watch on devices, each at its own moment with its own value."""
        watch, result = self._watches[index], self.results[index]
        place = np.searchsorted(result.devices, device)
        place[place == len(result.devices)] = 0
        meant = (watch.from_ms <= at_ms) & (at_ms < watch.until_ms)
        meant &= result.devices[place] == device if len(result.devices) else False
        holds = OPERATORS[watch.operator](value, watch.bound)
        for first, met in ((result.first_true_ms, meant & holds), (result.first_false_ms, meant & ~holds)):
            new = met & (first[place] == NEVER)
            first[place[new]] = at_ms[new]


def _empty(devices: I64) -> WatchResult:
    return WatchResult(devices, np.full(len(devices), NEVER, np.int64), np.full(len(devices), NEVER, np.int64))
