"""The event log: what devices report to the Administration Server, kept for some days by type of event.

Severities and storage in days by type are known of the console (0 days: the server does not keep it); how many days
are the default, and that a device has a limited number of events here, is the emulator's choice.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.clock import DAY_MS
from emulator.reporting import EventReport
from emulator.told import Severity, Told

STORAGE_DEFAULT_D: Final = 30
STORAGE_MAX_D: Final = 3_650
EVENTS_MAX: Final = 1_000
"""Events of one device that are kept, the newest."""
ALIKE_MAX: Final = 10_000
"""Details of events that are kept once for all events that have the same."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of one device: when it happened there, when the server had it, its type, severity and details."""

    device: int
    at_ms: int
    received_ms: int
    kind: str
    severity: Severity
    values: Mapping[str, str | int | bool]


class EventLog:
    """The events of all devices. `storage_d` gives the days by type; a type that it does not name has the default.

    Events are looked at and received in any order of devices; each is there from its reception on until its days are
    over, whatever happened in between to the events of other devices.
    """

    def __init__(self, storage_d: Mapping[str, int] | None = None) -> None:
        self._storage_d = dict(storage_d or {})
        for kind, days in self._storage_d.items():
            if not 0 <= days <= STORAGE_MAX_D:
                raise ValueError(f"events of the type {kind!r} are kept 0 to {STORAGE_MAX_D} days, not {days}")
        self._events: dict[int, deque[Event]] = {}
        self._alike: dict[tuple[object, ...], Mapping[str, str | int | bool]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._events.values()))

    def storage_d(self, kind: str) -> int:
        """How many days an event of a type is kept."""
        return self._storage_d.get(kind, STORAGE_DEFAULT_D)

    def receive(self, device: int, received_ms: int, report: EventReport) -> None:
        """Takes an event (KEA-ADM-018); what has no severity is none, and a type of 0 days is not kept."""
        told = report.told
        if told.severity is None or self.storage_d(told.kind) == 0:
            return
        kept = self._events.setdefault(device, deque(maxlen=EVENTS_MAX))
        # What lists show lies a little behind what is received: an event goes a day after its time at the earliest.
        while kept and not self._stored(kept[0], received_ms - DAY_MS):
            kept.popleft()
        kept.append(Event(device, report.at_ms, received_ms, told.kind, told.severity, self._shared(told)))

    def _shared(self, told: Told) -> Mapping[str, str | int | bool]:
        """Details like these, kept once: a fleet has the same event thousands of times."""
        if len(self._alike) >= ALIKE_MAX:
            self._alike.clear()
        return self._alike.setdefault((told.kind, *sorted(told.values.items())), told.values)

    def of(self, device: int, now_ms: int) -> tuple[Event, ...]:
        """The events of a device that are stored at a moment, in the order of their reception."""
        return tuple(
            event
            for event in self._events.get(device, ())
            if event.received_ms <= now_ms and self._stored(event, now_ms)
        )

    def purge(self, now_ms: int) -> None:
        """Lets go of all events whose days are over, also of devices that report no more."""
        for device, kept in list(self._events.items()):
            left = [event for event in kept if self._stored(event, now_ms)]
            if not left:
                del self._events[device]
            elif len(left) < len(kept):
                self._events[device] = deque(left, maxlen=EVENTS_MAX)

    def _stored(self, event: Event, now_ms: int) -> bool:
        return now_ms < event.received_ms + self.storage_d(event.kind) * DAY_MS
