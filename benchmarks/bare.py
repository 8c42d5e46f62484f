"""The floor: one SimPy process a device that wakes every 30 s and does nothing."""

import gc
import time
from collections.abc import Generator
from typing import Final

from simpy.core import Environment
from simpy.events import Timeout

from benchmarks.fleets import SEED
from emulator.chance import below_columns, device_keys, draw_columns
from emulator.clock import HOUR_MS, SLOT_MS

WINDOWS_MIN: Final = 20
"""Windows that are measured, after one that is not; more of them where few devices would be over too soon."""


def bare(devices: int, *, wakes_min: int) -> float:
    """Device-hours per CPU second of bare SimPy, over at least `wakes_min` wake-ups."""
    windows = max(WINDOWS_MIN, -(-wakes_min // devices))
    environment = Environment()
    phases = below_columns(draw_columns(device_keys(SEED, "bare", devices), "phase"), SLOT_MS)
    for phase_ms in phases.tolist():
        environment.process(_device(environment, phase_ms))
    environment.run(until=SLOT_MS)
    began = time.process_time()
    environment.run(until=SLOT_MS * (1 + windows))
    cpu_s = time.process_time() - began
    # A hundred thousand processes would slow whatever is measured next: the collector visits them all.
    del environment
    gc.collect()
    return devices * windows * SLOT_MS / HOUR_MS / cpu_s


def _device(environment: Environment, phase_ms: int) -> Generator[Timeout, object, None]:
    yield environment.timeout(phase_ms)
    while True:
        yield environment.timeout(SLOT_MS)
