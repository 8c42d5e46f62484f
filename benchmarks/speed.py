"""Speed: device-hours per CPU second, as a ratio to bare SimPy of the same round."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final, Protocol

from benchmarks import fleets
from benchmarks.bare import WINDOWS_MIN, bare
from benchmarks.extent import LARGE, Extent, Span
from benchmarks.results import Bar, Section, Table, at_least, figure
from emulator import life
from emulator.clock import DAY_MS, HOUR_MS, SLOT_MS
from scenarios import recording
from scenarios.folder import RunFolder
from scenarios.model import Scenario
from scenarios.shard import LocalShard, Part


class Make(Protocol):
    """Makes the scenario of a kind of fleet."""

    def __call__(self, devices: int, duration_ms: int, *, time: str) -> Scenario:
        """So many devices that live so long, from a time of day on."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of fleet; `bars` are the least ratios by number of devices, `devices_min` the smallest fleet."""

    name: str
    make: Make
    bars: Mapping[int, float] = field(default_factory=dict)
    devices_min: int = 1


def having(make: Callable[..., Scenario], **options: Any) -> Make:  # options of the maker
    """The same kind of fleet with some options set."""

    def made(devices: int, duration_ms: int, *, time: str) -> Scenario:
        return make(devices, duration_ms, time=time, **options)

    return made


ONE_IMAGE: Final = {10_000: 5.0, LARGE: 12.0}
ALL_IMAGES: Final = {10_000: 3.0, LARGE: 8.0}
CASES: Final = (
    Case("one image, default policy", fleets.office, ONE_IMAGE),
    Case("one image, TTL", having(fleets.office, ttl=True)),
    Case("one image, two targets", having(fleets.office, two_targets=True)),
    Case("one image, TTL, two targets", having(fleets.office, ttl=True, two_targets=True)),
    Case("all images, default policy", fleets.images, ALL_IMAGES),
    Case("all images, 20 settings, TTL, two targets", fleets.mixed, {LARGE: 8.0}),
    Case("the same, each setting on all images", having(fleets.mixed, crossed=True), devices_min=10_000),
)


class Fleet:
    """A fleet that runs as a user's does: its servers answer, and its tables go into a run folder."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._shard = LocalShard(scenario)
        self._folder = RunFolder(folder, {})
        self._cells = recording.cells_of(scenario)
        self._names = {
            address: node
            for server in scenario.servers.values()
            for address, node in zip(server.addresses, server.nodes, strict=True)
        }
        self._now_ms = 0

    def warm_up(self, until_ms: int) -> None:
        """Lives until then; nothing is written."""
        for _ in self._parts(until_ms):
            pass

    def run(self, until_ms: int) -> None:
        """Lives until then, and writes what happened, hour by hour."""
        for part in self._parts(until_ms):
            ledgers = recording.merged([part.ledgers])
            self._folder.write("telemetry", recording.telemetry_table(ledgers, self._cells))
            self._folder.write("servers", recording.servers_table(ledgers, self._names))
            self._folder.write("facts", recording.facts_table(part.facts, self._scenario.fleet))

    def end(self) -> None:
        """Does what a run does at its end: balances the books, and writes the table of the devices."""
        columns = self._shard.finish().columns
        self._folder.write("devices", recording.devices_table([columns], self._scenario.fleet, self._names))

    def _parts(self, until_ms: int) -> Iterator[Part]:
        while self._now_ms < until_ms:
            self._now_ms = min(self._now_ms + HOUR_MS, until_ms)
            self._shard.begin(self._now_ms, ())
            yield self._shard.part()

    def close(self) -> None:
        """Lets go of the servers."""
        self._shard.close()


@dataclass(frozen=True, slots=True)
class Measured:
    """Device-hours per CPU second of one case at one size, and of bare SimPy, in each round."""

    case: Case
    devices: int
    span: Span
    ours: tuple[float, ...]
    floor: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours to bare, round by round."""
        return tuple(own / bare for own, bare in zip(self.ours, self.floor, strict=True))


def speed(extent: Extent, cases: tuple[Case, ...] = CASES) -> Section:
    """The table of ratios, with the bars of the fleets that have one."""
    found = [measured for devices in extent.sizes for measured in measure(devices, extent, cases)]
    return Section(
        Table(
            "Speed",
            "Device-hours per CPU second of one process, medians of the rounds. Ratios are taken in each round, in "
            "brackets the lowest and the highest. *Bare* is one SimPy process a device: an integer time-out of 30 s, a "
            f"random phase, an empty body; at least {WINDOWS_MIN} windows and {extent.bare_wakes_min:,} wake-ups after "
            "one window. *Ours* has the fakes as servers and writes all tables (30 s intervals, a part an hour); what "
            "a run does at its end (books, the table of the devices) counts in proportion to a day.",
            ("devices", "fleet", "measured", "bare", "ours", "ratio", "µs a row-window"),
            tuple(_row(measured, extent.rounds) for measured in found),
            labels=3,
        ),
        tuple(bar for measured in found for bar in _bars(measured)),
    )


def measure(devices: int, extent: Extent, cases: tuple[Case, ...]) -> list[Measured]:
    """Measures all cases at one size, in interleaved rounds: bare, then each case, and again."""
    cases = tuple(case for case in cases if case.devices_min <= devices)
    spans = [extent.span_of(devices, barred=devices in case.bars) for case in cases]
    floor: list[float] = []
    ours: list[list[float]] = [[] for _ in cases]
    with _running(devices, extent.rounds, cases, spans) as running:
        for number in range(extent.rounds):
            floor.append(bare(devices, wakes_min=extent.bare_wakes_min))
            for fleet, span, rates in zip(running, spans, ours, strict=True):
                cpu_s = _round(fleet, span, span.warm_up_ms + (number + 1) * span.round_ms)
                rates.append(devices * span.round_ms / HOUR_MS / cpu_s)
    return [
        Measured(case, devices, span, tuple(rates), tuple(floor))
        for case, span, rates in zip(cases, spans, ours, strict=True)
    ]


def _round(fleet: Fleet, span: Span, until_ms: int) -> float:
    """CPU seconds of one round; a run of a day ends once, so a shorter round bears its share of the end."""
    life.hour_tables.cache_clear()  # else only the first fleet of a round would make its tables
    began = time.process_time()
    fleet.run(until_ms)
    lived = time.process_time()
    fleet.end()
    return lived - began + (time.process_time() - lived) * span.round_ms / DAY_MS


@contextmanager
def _running(devices: int, rounds: int, cases: tuple[Case, ...], spans: list[Span]) -> Iterator[list[Fleet]]:
    """The fleets of all cases, warm."""
    running: list[Fleet] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for case, span in zip(cases, spans, strict=True):
                scenario = case.make(devices, span.duration_ms(rounds), time=span.time)
                running.append(Fleet(scenario, Path(folder) / str(len(running))))
                running[-1].warm_up(span.warm_up_ms)
            yield running
        finally:
            for fleet in running:
                fleet.close()


def _row(measured: Measured, rounds: int) -> tuple[str, ...]:
    ours, ratios = median(measured.ours), measured.ratios
    return (
        f"{measured.devices:,}",
        measured.case.name,
        measured.span.told(rounds),
        figure(median(measured.floor)),
        figure(ours),
        f"{figure(median(ratios))}× ({figure(min(ratios))}-{figure(max(ratios))})",
        figure(1_000_000 * SLOT_MS / HOUR_MS / ours),
    )


def _bars(measured: Measured) -> Iterator[Bar]:
    wanted = measured.case.bars.get(measured.devices)
    if wanted is not None:
        promise = f"{measured.devices:,} devices, {measured.case.name}: device-hours per CPU second to bare"
        yield at_least(promise, median(measured.ratios), wanted, "×")
