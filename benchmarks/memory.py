"""Memory: bytes a device, as columns and as growth of a process, connected and after a day without the Central Node."""

import gc
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks import fleets
from benchmarks.extent import Extent
from benchmarks.results import Bar, Section, Table, at_most, figure
from emulator.clock import DAY_MS, HOUR_MS, SLOT_MS
from scenarios.model import Scenario
from scenarios.staging import Stage

CONNECTED_BYTES: Final = 256
CUT_OFF_BYTES: Final = 4_096
MINUTE_MS: Final = 60_000

_NOT_ENTERED: Final = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes that a fleet takes: the columns of its blocks, those of the fakes, all arrays of the stage, the growth of
    the resident set since the process was ready to load it (0 where the system does not tell)."""

    devices: int
    blocks: int
    servers: int
    stage: int
    resident: int


@dataclass(frozen=True, slots=True)
class Growth:
    """Bytes a device, from a fleet to a larger one."""

    blocks: float
    servers: float
    stage: float
    resident: float

    @classmethod
    def between(cls, small: Footprint, large: Footprint) -> "Growth":
        """What the devices cost that the larger fleet has more; what every process needs once falls out."""

        def each(of: Callable[[Footprint], int]) -> float:
            return (of(large) - of(small)) / (large.devices - small.devices)

        return cls(
            each(lambda taken: taken.blocks),
            each(lambda taken: taken.servers),
            each(lambda taken: taken.stage),
            each(lambda taken: taken.resident),
        )


@dataclass(frozen=True, slots=True)
class Weighing:
    """When a fleet is weighed; the Central Node is down in `outage` (ms), if there is one."""

    at_ms: tuple[int, ...]
    outage: range | None = None

    def scenario(self, devices: int) -> Scenario:
        """The fleet. It records coarsely, since tables are not weighed."""
        return fleets.office(devices, self.at_ms[-1], outage=self.outage, recording_ms=HOUR_MS)


Weigher = Callable[[Weighing, int], list[Footprint]]


def memory(extent: Extent, weigher: Weigher | None = None) -> Section:
    """The table of bytes a device, with the bars; `weigher` weighs one fleet, where it is not to have a process."""
    weigher = weigher or weigh_apart
    down = range(HOUR_MS, HOUR_MS + extent.outage_ms)
    (connected,) = grown(weigher, Weighing((extent.connected_ms,)), extent.connected)
    moments = Weighing((down.stop - MINUTE_MS, down.stop + HOUR_MS), down)
    cut_off, drained = grown(weigher, moments, extent.cut_off)
    hours = extent.outage_ms // HOUR_MS
    return Section(
        Table(
            "Memory",
            "Bytes a device, one image, default policy, one target: from a fleet to a larger one, so that what every "
            "process needs once falls out. *All arrays* also has the keys and places of the devices in the fleet; "
            "*resident* is the resident set, of a fresh process for each fleet; below the size of a block (8,192) it "
            "grows with what a step needs meanwhile, too. Bars are held against both.",
            ("state", "devices", "columns of blocks", "of servers", "all arrays", "resident"),
            (
                _row(f"connected, after {extent.connected_ms // HOUR_MS} h", extent.connected, connected),
                _row(f"in the last minute of an outage of {hours} h", extent.cut_off, cut_off),
                _row("an hour after it", extent.cut_off, drained),
            ),
            labels=2,
        ),
        tuple(_bars(connected, cut_off if extent.outage_ms == DAY_MS else None)),
    )


def grown(weigher: Weigher, weighing: Weighing, sizes: tuple[int, int]) -> list[Growth]:
    """The growth between two sizes at each moment."""
    small, large = (weigher(weighing, devices) for devices in sizes)
    return [Growth.between(*pair) for pair in zip(small, large, strict=True)]


def weigh(weighing: Weighing, devices: int) -> list[Footprint]:
    """Runs a fleet, without writing tables, and weighs it at each moment."""
    before = resident_bytes()
    stage = Stage(weighing.scenario(devices))
    found = []
    for until_ms in sorted({*range(HOUR_MS, weighing.at_ms[-1], HOUR_MS), *weighing.at_ms}):
        stage.simulation.advance(until_ms)
        stage.simulation.take_ledgers()
        stage.journal.drain(until_ms)
        if until_ms in weighing.at_ms:
            gc.collect()
            blocks = sum(block.bytes for block in stage.simulation.blocks)
            grew = max(resident_bytes() - before, 0)
            found.append(Footprint(devices, blocks, array_bytes(stage.servers), array_bytes(stage), grew))
    return found


def weigh_apart(weighing: Weighing, devices: int) -> list[Footprint]:
    """The same in a fresh process: what an earlier fleet left behind would hide what the next one takes."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(weigh, Weighing((SLOT_MS,)), 1).result()  # imports and tables that every process makes once
        return pool.submit(weigh, weighing, devices).result()


def array_bytes(root: object) -> int:
    """Bytes of all numpy arrays that can be reached from an object, each once; classes and functions lead nowhere."""
    seen, left = {id(root)}, [root]
    owners: dict[int, NDArray[Any]] = {}
    while left:
        here = left.pop()
        if isinstance(here, np.ndarray):
            owner = here if here.base is None else here.base
            if isinstance(owner, np.ndarray):
                owners[id(owner)] = owner
        for other in gc.get_referents(here):
            if id(other) not in seen and not isinstance(other, _NOT_ENTERED):
                seen.add(id(other))
                left.append(other)
    return sum(owner.nbytes for owner in owners.values())


def resident_bytes() -> int:
    """The resident set in bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    told = next(line for line in lines if line.startswith("VmRSS:"))
    return int(told.split()[1]) * 1024


def _row(state: str, sizes: tuple[int, int], growth: Growth) -> tuple[str, ...]:
    return (
        state,
        f"{sizes[0]:,} to {sizes[1]:,}",
        figure(growth.blocks),
        figure(growth.servers),
        figure(growth.stage),
        figure(growth.resident),
    )


def _bars(connected: Growth, cut_off: Growth | None) -> Iterator[Bar]:
    """The bars; the one of a day cut off says nothing of a shorter time, nor one of what the system does not tell."""
    states = [("connected, default policy, one target", connected, CONNECTED_BYTES)]
    if cut_off is not None:
        states.append(("after an outage of 24 h", cut_off, CUT_OFF_BYTES))
    for state, growth, ceiling in states:
        yield at_most(f"growth a device, {state}: all arrays", growth.stage, ceiling, " B")
        if growth.resident:
            yield at_most(f"growth a device, {state}: resident", growth.resident, ceiling, " B")
