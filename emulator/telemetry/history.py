"""What a block's queue is made of, event by event: kept only where somebody wants single events.

A window that joins a queue is remembered as counts per event class; `events` expands the ordinals of a package from it.
The counts are those that the stages let pass, so an event is never made that was withheld.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator import life
from emulator.chance import GOLDEN, MASK64, mix, multiplier
from emulator.clock import SLOT_MS
from emulator.events import EVENT_TYPES, EventClass
from emulator.identity import fill
from emulator.ports import I64, Event
from emulator.telemetry.draw import POSITION_BITS, POSITION_SHIFT
from emulator.telemetry.rows import Mask, Rows
from emulator.world import World

UNIT: Final = 1 << POSITION_BITS


@dataclass(frozen=True, slots=True)
class Happening:
    """`count` events of one class that passed the stages: ambient ones of a tick, or a scenario's at `at_ms`."""

    event_class: int
    count: int
    tick: int
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What joined a device's queue at one transmission: ordinals from `first`, counts per type, and what they are."""

    first: int
    tick: int
    counts: tuple[int, ...]
    happenings: tuple[Happening, ...]


@dataclass(slots=True)
class _Device:
    pending: list[Happening] = field(default_factory=list)
    windows: deque[Window] = field(default_factory=deque)


class History:
    """Windows of the devices of a block for one target, by fleet index; those acknowledged are forgotten."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._devices: dict[int, _Device] = {}

    def happened(self, device: int, happening: Happening) -> None:
        """Remembers events that a device collected."""
        self._devices.setdefault(device, _Device()).pending.append(happening)

    def lose(self, device: int) -> None:
        """What was collected since the last transmission is gone."""
        if device in self._devices:
            self._devices[device].pending.clear()

    def close(
        self, device: I64, due: Mask | None, tick: int, window: NDArray[np.int32], first: I64, passed: NDArray[np.int32]
    ) -> None:
        """Makes a window of what each device that is due collected; `first` are the ordinals before it."""
        for row in np.flatnonzero(passed).tolist():
            of = self._devices[int(device[row])]
            counts = tuple(window[:, row].tolist())
            of.windows.append(Window(int(first[row]), tick, counts, tuple(of.pending)))
        for index in (device if due is None else device[due]).tolist():
            if index in self._devices:
                self._devices[index].pending = []

    def forget(self, device: I64, earliest: I64) -> None:
        """Drops windows made before tick `earliest` of their device, the first one that its backlog still holds."""
        for index, tick in zip(device.tolist(), earliest.tolist(), strict=True):
            windows = self._devices[index].windows if index in self._devices else ()
            while windows and windows[0].tick < tick:
                windows.popleft()

    def events(self, block: Rows, row: int, spans: Sequence[tuple[int, int]], first: int, upto: int) -> Sequence[Event]:
        """The events of a device with the ordinals [first, upto).

        `spans` are the (first, last) ticks of the segments in its backlog: windows that were merged are one sequence.
        """
        device = int(block.device[row])
        made = [
            item
            for windows in self._groups(self._devices[device].windows, spans)
            for item in self._sequence(block, row, windows, first, upto)
        ]
        assert len(made) == upto - first
        return made

    @staticmethod
    def _groups(windows: Sequence[Window], spans: Sequence[tuple[int, int]]) -> Iterator[list[Window]]:
        merged = {(low, high): [w for w in windows if low <= w.tick <= high] for low, high in spans if low < high}
        inside = {window.first for group in merged.values() for window in group}
        groups = [*merged.values(), *([window] for window in windows if window.first not in inside)]
        return iter(sorted((group for group in groups if group), key=lambda group: group[0].first))

    def _sequence(self, block: Rows, row: int, windows: list[Window], first: int, upto: int) -> Iterator[Event]:
        """Events of one segment in order: by type, then by window, then by class and time."""
        start = windows[0].first
        if start >= upto or start + sum(sum(window.counts) for window in windows) <= first:
            return
        image = block.image_of(row)
        classes = (*self._world.images[image].classes, *self._world.scenario_classes)
        slots = self._world.identity(int(block.device[row]))
        ordinal = start
        for kind in range(len(EVENT_TYPES)):
            for window in windows:
                left = window.counts[kind]
                for happening in sorted(
                    (h for h in window.happenings if classes[h.event_class].type == kind),
                    key=lambda h: (h.event_class, h.tick, h.at_ms or 0),
                ):
                    taken = min(left, happening.count)
                    for place in range(taken):
                        if first <= ordinal < upto:
                            at_ms = self._moment(block, row, image, happening, place)
                            yield _event(ordinal, at_ms, classes[happening.event_class], slots)
                        ordinal += 1
                    left -= taken

    def _moment(self, block: Rows, row: int, image: int, happening: Happening, place: int) -> int:
        """When an event happened."""
        if happening.at_ms is not None:
            return happening.at_ms
        ticks = self._world.slot_ticks
        slot = -(-happening.tick // ticks)
        part = happening.tick - (slot - 1) * ticks
        site = self._world.sites[int(self._world.site[int(block.device[row])])]
        hour, number = self._world.hour_of_slot(slot, site.zone)
        key = int(block.key[row])
        row_hash = mix(key + slot * GOLDEN)
        item = self._world.images[image]
        level = life.level(key, life.base_level(key), number, site.key)
        count = life.count_of(item, happening.event_class, life.hour_tables(item, hour), level, row_hash)
        product = row_hash * multiplier(item.classes[happening.event_class].name) & MASK64
        position = product >> POSITION_SHIFT & (UNIT - 1)
        before = max(0, (part - 1) * count * UNIT - position * ticks + UNIT * ticks - 1) // (UNIT * ticks)
        offset_ms = ((before + place) * UNIT + position) * SLOT_MS // (count * UNIT)
        return self._world.phase(key) + (slot - 1) * SLOT_MS + offset_ms


def _event(ordinal: int, at_ms: int, item: EventClass, slots: Mapping[str, str]) -> Event:
    kind = EVENT_TYPES[item.type]
    return Event(
        ordinal=ordinal,
        at_ms=at_ms,
        type=kind.name,
        code=kind.code,
        process_path=fill(item.process.path, slots),
        command_line=fill(item.process.command_line, slots),
        sha256=item.process.sha256,
        subject=fill(item.subject, slots),
        remote_address="" if item.peer is None else fill(item.peer.remote_address, slots),
        remote_port=0 if item.peer is None else item.peer.remote_port,
    )
