"""The plain simulation: all devices of a world, tick after tick in order of time."""

from collections.abc import Iterator, Mapping
from heapq import merge
from typing import Final

import numpy as np

from emulator.errors import BooksError
from emulator.exclusions.compile import Withheld, compile_rules
from emulator.images.model import Image
from emulator.plain.device import Administration, Device
from emulator.plain.observation import Observation, Observer
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Target, TelemetryColumns
from emulator.world import Figures, World

TERMS: Final = (
    "generated",
    "suppressed",
    "not_collected",
    "excluded",
    "optimised",
    "repeated",
    "throttled",
    "acknowledged",
    "queued",
    "unanswered",
    "crashed",
    "expired",
)
"""The terms of the books, and `suppressed`, which stands outside the balance."""
_ENDS: Final = tuple(term for term in TERMS if term not in ("generated", "suppressed"))


class PlainSimulation:
    """Runs a world event by event; has the figures of each target that `servers` answers for.

    Devices share nothing but the servers, which are asked for one row at a time. So where a server judges each row by
    the row's own moment and keeps what it knows for each device apart, as the fakes do, no order of the devices
    matters. They are woken in order of time (at one moment by key), for servers that have more in common than that.

    `administration` says whether the Administration Server answers a synchronisation at a moment in the time that is
    left for it; without it, it always does, in 20 ms.
    """

    def __init__(
        self,
        world: World,
        servers: Mapping[Target, TelemetryColumns],
        *,
        administration: Administration | None = None,
    ) -> None:
        self._world = world
        self._servers = servers
        self._administration = administration or _at_once
        self._compiled: dict[tuple[AgentSettings, Image], Withheld] = {}

    def run(self) -> Figures:
        """Runs the world to its end; raises BooksError where the books of a device do not balance."""
        devices = [self._device(row) for row in range(len(self._world))]
        wakings = (self._wakings(device, row) for row, device in enumerate(devices))
        for _, _, row, tick in merge(*wakings):
            devices[row].tick(tick)
        return Figures({target: _columns(target, devices) for target in Target if target in self._servers})

    def trace(self, device: int) -> Iterator[Observation]:
        """Runs one device alone; tells what each stage did to each of its events, in the order in which it was done."""
        seen: list[Observation] = []
        alone = self._device(device, seen.append)
        for tick in range(self._world.ticks):
            alone.tick(tick)
            yield from seen
            seen.clear()

    def _device(self, device: int, observe: Observer | None = None) -> Device:
        return Device(
            self._world,
            device,
            servers=self._servers,
            rules=self._rules,
            administration=self._administration,
            observe=observe,
        )

    def _wakings(self, device: Device, row: int) -> Iterator[tuple[int, int, int, int]]:
        """(moment, key, row, tick) of one device, ascending."""
        return ((device.moment(tick), device.key, row, tick) for tick in range(self._world.ticks))

    def _rules(self, settings: AgentSettings, image: int) -> Withheld:
        """The rules of `settings` for the classes of an image, compiled once."""
        model = self._world.images[image]
        if (settings, model) not in self._compiled:
            classes = (*model.classes, *self._world.scenario_classes)
            self._compiled[settings, model] = compile_rules(settings, classes, model.os, winrm=self._world.winrm)
        return self._compiled[settings, model]


def _columns(target: Target, devices: list[Device]) -> Mapping[str, I64]:
    columns = {term: np.zeros(len(devices), np.int64) for term in TERMS}
    for row, device in enumerate(devices):
        books = device.books(target)
        if books["generated"] != sum(books[term] for term in _ENDS):
            raise BooksError(f"device {row}, {target}: the books do not balance: {dict(books)}")
        for term in TERMS:
            columns[term][row] = books[term]
    return columns


def _at_once(_at_ms: int, wait_ms: int) -> bool:
    return wait_ms > 20
