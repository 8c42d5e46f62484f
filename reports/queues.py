"""How long the devices' queues became: their distribution, and the devices that stand out."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa

from reports.folder import RunFolder

OUTLIERS_MAX: Final = 20
EDGES: Final = (
    *range(10),
    *(mantissa * 10**power // 10 for power in range(1, 13) for mantissa in (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)),
)
"""Lower bounds of the classes of queue length: single events to 10, then ten classes a decade."""

LONGEST_FIRST: Final[list[tuple[str, Literal["ascending", "descending"]]]] = [
    ("queued_max", "descending"),
    ("queued_max_at_ms", "ascending"),
    ("device", "ascending"),
]
"""Ties go to the earlier, then to the name."""

_COLUMNS: Final = (
    "device",
    "group",
    "image",
    "state",
    "queued_max",
    "queued_max_at_ms",
    "queued",
    "unanswered",
    "throttled",
    "expired",
)


@dataclass(frozen=True, slots=True)
class Outlier:
    """A device with one of the longest queues, and what its telemetry came to by the end."""

    device: str
    group: str
    image: str
    state: str
    queued_max: int
    queued_max_at_ms: int
    queued: int
    unanswered: int
    throttled: int
    expired: int


@dataclass(frozen=True, slots=True)
class Queues:
    """The longest queue of each device. `counts[i]` devices lie from `EDGES[i]` to below the next edge.

    `median` and `p99` are of the devices' longest queues, in events. `outliers` come longest first.
    """

    devices: int
    counts: tuple[int, ...]
    median: int
    p99: int
    outliers: tuple[Outlier, ...]


def longest_queues(folder: RunFolder) -> Queues | None:
    """Reads the devices table; None where it has no row."""
    lengths, top = [], []
    for part in folder.parts("devices", _COLUMNS):
        lengths.append(part["queued_max"].to_numpy())
        top.append(part.sort_by(LONGEST_FIRST).slice(0, OUTLIERS_MAX))
    everyone = np.sort(np.concatenate(lengths)) if lengths else np.empty(0, dtype=np.int64)
    if not len(everyone):
        return None
    first = pa.concat_tables(top).sort_by(LONGEST_FIRST).slice(0, OUTLIERS_MAX)
    classes = np.searchsorted(EDGES, everyone, side="right") - 1
    return Queues(
        devices=len(everyone),
        counts=tuple(np.bincount(classes.clip(0, len(EDGES) - 2), minlength=len(EDGES)).tolist()),
        median=int(everyone[(len(everyone) - 1) // 2]),
        p99=int(everyone[-(-len(everyone) * 99 // 100) - 1]),
        outliers=tuple(Outlier(**row) for row in first.to_pylist()),
    )
