"""Whole runs: three weeks of a quiet device, and the library's first scenario from start-up to report."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import fleets
from benchmarks.extent import Extent
from benchmarks.results import Section, Table, at_most, figure
from emulator.clock import DAY_MS, HOUR_MS
from scenarios.shard import LocalShard

QUIET_DAYS: Final = 21
QUIET_MS: Final = 50
FIRST_DAY: Final = "first-day"
FIRST_DAY_DEVICES: Final = 5_000
FIRST_DAY_S: Final = 30
RUN_TIMEOUT_S: Final = 600


def quiet(extent: Extent) -> Section:
    """Milliseconds of three weeks of one quiet device."""
    three_weeks(None)  # imports, and tables that every process makes once
    recordings = {"as a scenario records": None, "hourly": HOUR_MS}
    cpu_ms = {
        name: [1000 * three_weeks(interval_ms) for _ in range(extent.rounds)]
        for name, interval_ms in recordings.items()
    }
    promise = f"a check over {QUIET_DAYS} days on one quiet device"
    return Section(
        Table(
            "Three weeks of a quiet device",
            "CPU time from the text of a scenario to balanced books: one device without ambient life, "
            f"{QUIET_DAYS} days; tables are not written. The bar is held against the first row.",
            ("recording", "rounds", "median", "lowest", "highest"),
            tuple(_row(name, times, " ms") for name, times in cpu_ms.items()),
        ),
        (at_most(promise, median(cpu_ms["as a scenario records"]), QUIET_MS, " ms"),),
    )


def three_weeks(recording_ms: int | None) -> float:
    """CPU seconds of one check."""
    began = time.process_time()
    shard = LocalShard(fleets.quiet(QUIET_DAYS * DAY_MS, recording_ms=recording_ms))
    shard.begin(QUIET_DAYS * DAY_MS, ())
    shard.part()
    shard.finish()
    shard.close()
    return time.process_time() - began


def first_day(extent: Extent, run: Callable[[int], float] | None = None) -> Section:
    """Seconds of `seatrial run first-day`, with one worker and with two; `run` does it for a number of workers."""
    run = run or _first_day
    wall_s = {workers: [run(workers) for _ in range(extent.rounds)] for workers in (1, 2)}
    about = f"seatrial run {FIRST_DAY}, {FIRST_DAY_DEVICES:,} devices, a day, from start-up to report"
    return Section(
        Table(
            "First day",
            f"Wall time of `{about}`. The bar is held against the slower of the two.",
            ("workers", "rounds", "median", "lowest", "highest"),
            tuple(_row(str(workers), times, " s") for workers, times in wall_s.items()),
        ),
        (at_most(about, max(median(times) for times in wall_s.values()), FIRST_DAY_S, " s"),),
    )


def _row(name: str, times: Sequence[float], unit: str) -> tuple[str, ...]:
    return (name, str(len(times)), *(f"{figure(of(times))}{unit}" for of in (median, min, max)))


def _first_day(workers: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        command = [sys.executable, "-m", "seatrial", "run", FIRST_DAY, "--workers", str(workers), "--out", out]
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, timeout=RUN_TIMEOUT_S)
        return time.perf_counter() - began
