"""Sweeps for published indicators: every file of a folder against every device of a large fleet."""

import gc
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import fleets
from benchmarks.extent import Extent
from benchmarks.results import Section, Table, at_most, figure
from emulator.ioc import IndicatorFile, parse_file
from emulator.ioc.witness import first_witness
from emulator.tasks.ioc_scan import IocScan
from scenarios import deeds
from scenarios.staging import Stage

PUBLISHED: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "openioc"
"""Published indicator files; they are no part of the project and lie beside it, if at all."""
DEVICES: Final = 100_000
CHANGED_PERMILLE: Final = 10
"""Devices that hold something that a file looks for."""
SWEEP_S: Final = 60


def sweeps(
    extent: Extent,
    folder: Path = PUBLISHED,
    measure: Callable[[Path, int], tuple[float, float, int, int]] | None = None,
) -> Section:
    """CPU time on one core of a sweep of all files of `folder`: reading them, judging images, and every device.

    Without the folder nothing is measured, and the section says so. `measure` takes one round.
    """
    devices = DEVICES if extent.administration_days >= 365 else DEVICES // 100  # a year is the whole
    if not folder.is_dir():
        note = f"Not measured: there is no folder {folder.name} with published indicator files beside the checkout."
        return Section(Table("Sweeps for published indicators", note, ("what", "rounds", "median"), ()), ())
    rounds = [(measure or sweep)(folder, devices) for _ in range(extent.rounds)]
    read_s, judge_s = (median(column) for column in zip(*((one[0], one[1]) for one in rounds), strict=True))
    files, matched = rounds[0][2], rounds[0][3]
    total = f"{devices:,} devices of {len(fleets.LIVELY)} images, {files} files, sweep: CPU"
    return Section(
        Table(
            "Sweeps for published indicators",
            f"All files against {devices:,} devices, {CHANGED_PERMILLE / 10:g} % of which hold "
            f"what one of them looks for; {matched:,} devices match something.",
            ("what", "rounds", "median"),
            (
                ("reading the files: CPU", str(extent.rounds), f"{figure(read_s)} s"),
                ("judging every device: CPU", str(extent.rounds), f"{figure(judge_s)} s"),
            ),
        ),
        (at_most(total, read_s + judge_s, SWEEP_S, " s"),) if devices == DEVICES else (),
    )


def sweep(folder: Path, devices: int) -> tuple[float, float, int, int]:
    """Seconds of CPU for reading and for judging, how many files there are, and how many devices match something."""
    gc.collect()
    began = time.process_time()
    files = tuple(parse_file(path) for path in sorted(folder.rglob("*")) if path.is_file())
    files = tuple(file for file in files if not file.oversized)
    read = time.process_time()
    stage = Stage(fleets.images(devices, 3_600_000))
    control = stage.simulation.control
    _plant(stage, files, devices)
    began_judging = time.process_time()
    matched = 0
    for device in range(devices):
        outcome = control.sweeps.scan(control.agent(device), 1_000, "published", IocScan(files))
        matched += outcome.matches > 0
    return read - began, time.process_time() - began_judging, len(files), matched


def _plant(stage: Stage, files: Sequence[IndicatorFile], devices: int) -> None:
    """Every hundredth device holds what one of the files looks for."""
    own = stage.simulation.world
    for device in range(0, devices, 1_000 // CHANGED_PERMILLE):
        os = own.images[int(own.image[device])].host.os
        shifted = files[device % len(files) :]
        found = first_witness(shifted[:20], "windows" if os == "windows" else "linux")
        if found is not None:
            _, items = found
            placed = deeds.place_items((kind, item) for kind in sorted(items) for item in items[kind])
            stage.simulation.control.agent(device).change_host(0, placed)
