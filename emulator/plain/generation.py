"""What happens on a device: the events that life draws and those that a scenario adds, tick by tick."""

from collections import defaultdict
from dataclasses import dataclass

from emulator import chance, life
from emulator.chance import GOLDEN
from emulator.clock import SLOT_MS
from emulator.events import EventClass
from emulator.world import World


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `index` is that of its class (the image's first, then the scenario's), `type` indexes `EVENT_TYPES`.

    Events of one class and moment are equal, and a burst is one object many times over.
    """

    index: int
    type: int
    at_ms: int
    tick: int
    slot: int


class Happenings:
    """The events of one device; ask for its ticks in ascending order."""

    def __init__(self, world: World, device: int) -> None:
        self._world = world
        self._key = int(world.key[device])
        self._phase = world.phase(self._key)
        self._base = life.base_level(self._key)
        self._image = world.images[int(world.image[device])]
        self._site = world.sites[int(world.site[device])]
        self.classes: tuple[EventClass, ...] = (*self._image.classes, *world.scenario_classes)
        self._added: dict[int, list[tuple[Event, int]]] = defaultdict(list)
        for injection in world.injections:
            if device in injection.devices:
                event = self._event(len(self._image.classes) + injection.event_class, injection.at_ms)
                self._added[event.tick].append((event, injection.count))
        self._slot = -1
        self._drawn: dict[int, list[tuple[Event, int]]] = {}

    def of_tick(self, tick: int) -> list[Event]:
        """The events of [e(k) - τ, e(k)), in order of class, then of time."""
        slot = self._slot_of(tick)
        if slot != self._slot:
            self._slot = slot
            self._drawn = self._draw(slot)
        counted = self._drawn.get(tick, []) + self._added.get(tick, [])
        counted.sort(key=lambda pair: (pair[0].index, pair[0].at_ms))
        return [event for event, count in counted for _ in range(count)]

    def _slot_of(self, tick: int) -> int:
        return -(-tick // self._world.slot_ticks)

    def _event(self, index: int, at_ms: int) -> Event:
        tick = (at_ms - self._phase) // self._world.tick_ms + 1
        return Event(index, self.classes[index].type, at_ms, tick, self._slot_of(tick))

    def _draw(self, slot: int) -> dict[int, list[tuple[Event, int]]]:
        """What life puts into a slot, by tick. Of slot 0 a device has lived through its last tick only."""
        hour, hour_number = self._world.hour_of_slot(slot, self._site.zone)
        level = life.level(self._key, self._base, hour_number, self._site.key)
        tables = life.hour_tables(self._image, hour)
        row_hash = chance.mix(self._key + slot * GOLDEN)
        begin_ms = self._phase + (slot - 1) * SLOT_MS
        drawn: dict[int, list[tuple[Event, int]]] = defaultdict(list)
        for index, event_class in enumerate(self._image.classes):
            count = life.count_of(self._image, index, tables, level, row_hash)
            for at_ms in life.moments(event_class, row_hash, count, begin_ms):
                event = self._event(index, at_ms)
                drawn[event.tick].append((event, 1))
        return drawn
