"""Revisions: what each device should hold of a server's tasks, settings or policies, at any moment.

The engine asks for devices at their own moments, which may lie before and after a change within one batch. So a change
is made with its moment, in ascending order, and a question is answered as of the moment of its row.
"""

from bisect import bisect_right
from collections.abc import Callable

import numpy as np

from emulator.ports import I64

Listener = Callable[[I64], None]
"""Is called with the sorted indices of the devices for which a server has news."""


class TimedColumn:
    """A column over the fleet that can be asked for the past."""

    def __init__(self, values: I64) -> None:
        self._now = values.copy()
        self._times: list[int] = []
        self._changes: list[tuple[I64, I64]] = []

    def put(self, devices: I64, values: I64 | int, at_ms: int) -> None:
        """Sets the value of `devices` (sorted, each once) from `at_ms` on.

        Raises ValueError where a change was made for a later moment already.
        """
        if self._times and at_ms < self._times[-1]:
            raise ValueError(f"a change at {at_ms} ms comes after one at {self._times[-1]} ms")
        self._times.append(at_ms)
        self._changes.append((devices, self._now[devices]))
        self._now[devices] = values

    def at(self, device: I64, at_ms: I64) -> I64:
        """The value of each device at its own moment."""
        values: I64 = self._now[device]
        if not self._times or not len(device):
            return values
        later = bisect_right(self._times, int(at_ms.min()))
        for time, (changed, before) in zip(reversed(self._times[later:]), reversed(self._changes[later:]), strict=True):
            if len(changed):
                place = np.minimum(np.searchsorted(changed, device), len(changed) - 1)
                rows = np.flatnonzero((at_ms < time) & (changed[place] == device))
                values[rows] = before[place[rows]]
        return values

    def now(self) -> I64:
        """The values after all changes; a view that must not be written to."""
        view = self._now.view()
        view.flags.writeable = False
        return view


class Revisions:
    """The revision that each device should hold, and who wants to know of news.

    Revisions count the changes from 1; 0 is the revision of a device that no change ever concerned.
    """

    def __init__(self, devices: int) -> None:
        self._column = TimedColumn(np.zeros(devices, np.int64))
        self._listeners: list[Listener] = []
        self.last = 0

    def subscribe(self, listener: Listener) -> None:
        """Has `listener` called after every change that concerns a device."""
        self._listeners.append(listener)

    def change(self, devices: I64, at_ms: int) -> int:
        """Gives `devices` (sorted, each once) a new revision from `at_ms` on, and returns it."""
        self._column.put(devices, self.last + 1, at_ms)
        self.last += 1
        return self.last

    def announce(self, devices: I64) -> None:
        """Tells the listeners of news for `devices`, once what is new can be asked for."""
        if len(devices):
            for listener in self._listeners:
                listener(devices)

    def due(self, device: I64, at_ms: I64) -> I64:
        """The revision that each device should hold at its own moment."""
        return self._column.at(device, at_ms)
