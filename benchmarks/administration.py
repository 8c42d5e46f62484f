"""A year of administration: the time and memory of the library's scenario, and of fleets at rest."""

import gc
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import fleets
from benchmarks.extent import Extent
from benchmarks.memory import resident_bytes
from benchmarks.results import Bar, Section, Table, at_most, figure
from emulator.clock import DAY_MS
from scenarios.loader import load
from scenarios.staging import Stage

YEAR: Final = "enterprise-year"
DEVICES: Final = 2_000
YEAR_S: Final = 300
YEAR_TIMEOUT_S: Final = 1_800
GROWTH_PER_CENT: Final = 110
YEAR_D: Final = 365
SETTLED_D: Final = 10
REST_S: Final = 20
CHANGES: Final = 36
CHANGES_S: Final = 40
MB: Final = 1_048_576


def administration(
    extent: Extent,
    run: Callable[[], float] | None = None,
    weigher: Callable[[int], Mapping[int, int]] | None = None,
    rest: Callable[[int, int], float] | None = None,
) -> Section:
    """The time and the memory of a year of administration, and the time of one in which little or nothing happens.

    `run` is one run of the scenario, `weigher` weighs it up to a day, `rest` takes a fleet at rest through some changes
    in so many days.
    """
    days, rest = extent.administration_days, rest or resting
    wall_s = [(run or _run)() for _ in range(extent.rounds)] if days >= YEAR_D else []
    weighed = (weigher or weigh_apart)(days)
    rests = {changes: [rest(changes, days) for _ in range(extent.rounds)] for changes in (0, CHANGES)}
    rows = [
        *((f"at rest, {changes} policy changes: CPU", *_spread(times)) for changes, times in rests.items()),
        *((f"resident after {day} days", "1", *(f"{figure(size / MB)} MB",) * 3) for day, size in weighed.items()),
    ]
    bars: list[Bar] = []
    if wall_s:
        rows.insert(0, (f"seatrial run {YEAR}", *_spread(wall_s)))
        first, last = weighed[min(weighed)], weighed[max(weighed)]
        bars = [
            at_most(f"{YEAR}, {DEVICES:,} devices, {days} days", median(wall_s), YEAR_S, " s"),
            at_most(f"memory after {days} days, of that after {SETTLED_D}", 100 * last / first, GROWTH_PER_CENT, " %"),
            at_most(f"{days} days at rest, telemetry off", median(rests[0]), REST_S, " s"),
            at_most(f"the same with {CHANGES} policy changes", median(rests[CHANGES]), CHANGES_S, " s"),
        ]
    return Section(
        Table(
            "A year of administration",
            f"{DEVICES:,} devices, {days} days, telemetry off. The run is wall time from start-up to report, and made "
            "for the whole year only. Memory is the resident set of a process that simulates the same scenario and "
            "writes no tables.",
            ("what", "rounds", "median", "lowest", "highest"),
            tuple(rows),
        ),
        tuple(bars),
    )


def resting(changes: int, days: int) -> float:
    """CPU seconds of a fleet without telemetry, in which a policy changes so many times and nothing else happens."""
    stage = Stage(fleets.resting(DEVICES, days, changes))
    began = time.process_time()
    for day in range(1, days + 1):
        stage.simulation.advance(day * DAY_MS)
        stage.simulation.take_ledgers()
        stage.journal.drain(day * DAY_MS)
    return time.process_time() - began


def weigh(days: int) -> dict[int, int]:
    """The resident set (bytes) after some days of the library's scenario, whose tables are not written."""
    stage = Stage(load(YEAR))
    found = {}
    for day in range(1, days + 1):
        until_ms = min(day * DAY_MS, stage.scenario.duration_ms)
        stage.simulation.advance(until_ms)
        stage.simulation.take_ledgers()
        stage.journal.drain(until_ms)
        if day in (SETTLED_D, days):
            gc.collect()
            found[day] = resident_bytes()
    return found


def weigh_apart(days: int) -> Mapping[int, int]:
    """The same in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(weigh, days).result()


def _spread(times: Sequence[float]) -> tuple[str, ...]:
    return (str(len(times)), *(f"{figure(of(times))} s" for of in (median, min, max)))


def _run() -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "seatrial", "run", YEAR, "--out", str(Path(folder) / "run")]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, timeout=YEAR_TIMEOUT_S)
        return time.perf_counter() - began
