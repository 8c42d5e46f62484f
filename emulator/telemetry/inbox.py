"""Inbox: what the Administration Server holds for the rows of a block, until each has taken it."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64
from emulator.telemetry.rows import Mask
from emulator.world import News


class Inbox:
    """News for the rows of one block, in the order of time and number.

    `due` int32 is the number of the last news for each row, `heard` int32 of the last that it took. `rows_of` gives the
    rows of devices as they stand.
    """

    def __init__(self, size: int, rows_of: Callable[[I64], I64]) -> None:
        self._rows_of = rows_of
        self.due: NDArray[np.int32] = np.zeros(size, np.int32)
        self.heard: NDArray[np.int32] = np.zeros(size, np.int32)
        self._news: list[tuple[int, News]] = []

    def put(self, number: int, news: News) -> None:
        """Takes in news for devices of this block; numbers and moments ascend."""
        if len(news.devices):
            self._news.append((number, news))
            self.due[self._rows_of(news.devices)] = number

    def fresh(self, rows: I64, at: I64) -> bool:
        """True where one of `rows` may have news at its moment."""
        if not self._news or self._news[0][1].at_ms > int(at.max()):
            return False
        return bool((self.due[rows] > self.heard[rows]).any())

    def take(self, reached: Mask, at: I64) -> Iterator[tuple[object, I64]]:
        """What the rows of a mask take at their moments, in order: (item, rows)."""
        latest_ms = int(at.max())
        for number, news in self._news:
            if news.at_ms > latest_ms:
                break
            rows = self._rows_of(news.devices)
            rows = rows[reached[rows] & (news.at_ms <= at[rows]) & (self.heard[rows] < number)]
            if len(rows):
                self.heard[rows] = number
                yield news.item, rows
        self._news = [(number, news) for number, news in self._news if self._waits(number, news)]

    def _waits(self, number: int, news: News) -> bool:
        return bool((self.heard[self._rows_of(news.devices)] < number).any())

    def waiting(self, until_ms: int) -> Mask:
        """The rows that have yet to take news of before `until_ms`."""
        mask = np.zeros(len(self.due), np.bool_)
        for number, news in self._news:
            if news.at_ms >= until_ms:
                break
            rows = self._rows_of(news.devices)
            mask[rows] |= self.heard[rows] < number
        return mask

    def next_ms(self, from_ms: int) -> int | None:
        """The moment of the first news at or after `from_ms`, None where there is none."""
        return next((news.at_ms for _, news in self._news if news.at_ms >= from_ms), None)

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.due, self.heard = self.due[order], self.heard[order]

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        return self.due.nbytes + self.heard.nbytes
