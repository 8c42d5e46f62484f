"""Cost by stage: what one block of devices spends in each stage of a window."""

import functools
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

from benchmarks import fleets
from benchmarks.extent import Extent
from benchmarks.results import Section, Table, figure
from benchmarks.speed import Fleet, Make, having
from emulator.clock import SLOT_MS
from emulator.simulation import Simulation
from emulator.telemetry.block import Block
from emulator.telemetry.collect import Collector
from emulator.telemetry.dispatch import Dispatch
from emulator.telemetry.draw import Draw
from emulator.telemetry.rows import BLOCK_ROWS
from emulator.telemetry.session import Session
from emulator.telemetry.stream import Stream
from emulator.telemetry.throttle import Throttle
from emulator.telemetry.ttl import Ttl
from fakes.telemetry import TelemetryNodes
from scenarios import recording
from scenarios.folder import RunFolder
from scenarios.model import Scenario

OTHER: Final = "the rest"
STAGES: Final[tuple[tuple[str, object, tuple[str, ...]], ...]] = (
    ("draw", Draw, ("fill", "levels")),
    ("sums by type", Draw, ("_sum",)),
    ("Administration Server", Block, ("_follow",)),
    ("collect, exclusions", Collector, ("collect",)),
    ("TTL", Ttl, ("repeated",)),
    ("throttle", Stream, ("_throttle",)),
    ("throttle", Throttle, ("roll", "restrict")),
    ("queue, settle", Stream, ("_settle", "_tidy")),
    ("queue, settle", Dispatch, ("run",)),
    ("session", Session, ("settle", "synchronise", "send")),
    ("fake servers", TelemetryNodes, ("settle", "transmit", "synchronise", "quiet")),
    ("ledger", Simulation, ("_end_interval",)),
    ("tables", recording, ("merged", "telemetry_table", "servers_table", "facts_table")),
    ("tables", RunFolder, ("write",)),
)
"""(stage, class or module, functions); time inside a function of another stage belongs to that one."""

NAMES: Final = (*dict.fromkeys(stage for stage, _, _ in STAGES), OTHER)
WARM_UP_WINDOWS: Final = 20
START: Final = "09:00"


class Stopwatch:
    """Nanoseconds by stage; `within` stops the clock of the stage that calls."""

    def __init__(self) -> None:
        self.spent_ns: defaultdict[str, int] = defaultdict(int)
        self._inside: list[str] = []
        self._since_ns = 0

    def _turn(self) -> None:
        now_ns = time.perf_counter_ns()
        if self._inside:
            self.spent_ns[self._inside[-1]] += now_ns - self._since_ns
        self._since_ns = now_ns

    @contextmanager
    def within(self, stage: str) -> Iterator[None]:
        """Time in here belongs to the stage."""
        self._turn()
        self._inside.append(stage)
        try:
            yield
        finally:
            self._turn()
            self._inside.pop()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the methods of all stages."""
        with ExitStack() as patches:
            for stage, owner, methods in STAGES:
                for method in methods:
                    watched = self._watched(stage, getattr(owner, method))
                    patches.enter_context(mock.patch.object(owner, method, watched))
            yield

    def _watched(self, stage: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def watched(*args: Any, **options: Any) -> Any:  # whatever the method takes and gives
            with self.within(stage):
                return method(*args, **options)

        return watched


def stages(extent: Extent) -> Section:
    """The table of nanoseconds a row-window, by stage and kind of fleet."""
    found = {name: _least(make, extent) for name, make in KINDS.items()}
    rows = [(stage, *(_told(column[stage]) for column in found.values())) for stage in NAMES]
    totals = ("all", *(_told(sum(column.values())) for column in found.values()))
    return Section(
        Table(
            "Cost by stage",
            f"Nanoseconds of wall time a row-window in one block of {BLOCK_ROWS:,} devices, over "
            f"{extent.stage_windows} windows after {WARM_UP_WINDOWS} from {START} on; the least of {extent.rounds} "
            "rounds. The clocks themselves are in it. Tables do not grow with the devices. *Outage*: one image, the "
            "default policy, and a Central Node that has been down since the middle of the windows before.",
            ("stage", *KINDS),
            (*rows, totals),
        )
    )


def spent(make: Make, devices: int, windows: int) -> dict[str, float]:
    """Nanoseconds a row-window by stage."""
    watch = Stopwatch()
    until_ms = (WARM_UP_WINDOWS + windows) * SLOT_MS
    with tempfile.TemporaryDirectory() as folder:
        fleet = Fleet(make(devices, until_ms, time=START), Path(folder))
        fleet.run(WARM_UP_WINDOWS * SLOT_MS)
        with watch.watching(), watch.within(OTHER):
            fleet.run(until_ms)
        fleet.close()
    return {stage: watch.spent_ns[stage] / (devices * windows) for stage in NAMES}


def _outage(devices: int, duration_ms: int, *, time: str) -> Scenario:
    down = range(WARM_UP_WINDOWS // 2 * SLOT_MS, duration_ms)
    return fleets.office(devices, duration_ms, time=time, outage=down)


KINDS: Final[Mapping[str, Make]] = {
    "one image": fleets.office,
    "TTL": having(fleets.office, ttl=True),
    "two targets": having(fleets.office, two_targets=True),
    "all images": fleets.images,
    "20 settings, TTL, two targets": fleets.mixed,
    "outage": _outage,
}
"""The fleets whose stages are measured; what is not said of one is as in the one before all."""


def _least(make: Make, extent: Extent) -> dict[str, float]:
    # Wall time is only ever lengthened by what else the machine does.
    rounds = [spent(make, BLOCK_ROWS, extent.stage_windows) for _ in range(extent.rounds)]
    return {stage: min(each[stage] for each in rounds) for stage in NAMES}


def _told(nanoseconds: float) -> str:
    return figure(nanoseconds) if nanoseconds else "-"
