"""What a step over a block passes on: the moment of each row, what holds there, and the runs of rows that are alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64
from emulator.events import EVENT_TYPES
from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Withheld
from emulator.ports import I64, Target
from emulator.telemetry.profiles import Profile, Route

T = TypeVar("T")
Mask = NDArray[np.bool_]
BLOCK_ROWS: Final = 8_192
"""Rows of a block: few enough for the cache, many enough to hide the cost of calls."""
_WIDE: Final = np.empty((len(EVENT_TYPES), BLOCK_ROWS), np.int64)


@dataclass(frozen=True, slots=True)
class Run:
    """Rows [first, end) of one image, administration group (together: `cell`), site and profile."""

    first: int
    end: int
    image: int
    cell: int
    site: int
    index: int
    profile: Profile

    @property
    def rows(self) -> slice:
        """The rows as a slice."""
        return slice(self.first, self.end)


@dataclass(frozen=True, slots=True)
class Injected:
    """Events of a scenario that fall into a tick: `rows` of the block, each with `count` events of one class at
    `at_ms`."""

    rows: I64
    event_class: int
    at_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick of a block. `at` is each row's own moment; masks are None where they hold for no row.

    `down`: Endpoint Agent does not run; `crashed`: it went down in this tick through a crash; `unlinked`: no link.
    `unlicensed`: Endpoint Agent has no valid licence. `due`: rows that transmit in this tick; None where all do.
    """

    number: int
    slot: int
    at: I64
    from_ms: int
    until_ms: int
    down: Mask | None = None
    crashed: Mask | None = None
    unlinked: Mask | None = None
    unlicensed: Mask | None = None
    due: Mask | None = None
    injected: tuple[Injected, ...] = ()

    @property
    def plain(self) -> bool:
        """True where no row is in a condition that the session has to know."""
        return self.down is None and self.unlinked is None


class Rows(Protocol):
    """The rows of a block as its streams see them.

    `types` uint8 (types, rows) and `classes` uint8 (classes, rows) are the ambient events of the tick; rows whose
    agent is down or has no licence have none there. `edges` are the first rows of the
    cells, `cells` their indices.
    """

    device: I64
    key: U64
    runs: Sequence[Run]
    edges: I64
    cells: I64
    types: NDArray[np.uint8]
    classes: NDArray[np.uint8]

    def deliver(self, target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
        """Tells the control plane of devices that took news with a synchronisation: revisions before and after."""

    def tell_server(self, target: Target, devices: I64, at_ms: I64) -> None:
        """Has the control plane tell a server what devices have to tell it with a synchronisation."""

    def image_of(self, row: int) -> int:
        """The index of a row's image."""

    def routes(self, target: Target) -> Sequence[tuple[int, int, Route]]:
        """(first row, end, route) of neighbouring rows that reach the target's servers alike; only integrated ones."""

    def thinned(self, run: Run, target: Target) -> tuple[tuple[int, Answer, bool], ...]:
        """(class, excluded, optimised) of the classes that the run's rules touch on the stream to `target`."""

    def withheld(self, run: Run) -> Withheld:
        """What the run's rules say of its image's classes and the scenario's."""

    def excludes(self, run: Run, event_class: int) -> Mask:
        """Which devices of the run exclude a class (index in the image's classes, the scenario's after them)."""


def cell_sums(counts: NDArray[np.integer], edges: I64) -> I64:
    """(cells, types) sums of (types, rows) counts over the runs of rows that begin at `edges`."""
    if len(edges) == 1:
        sums: I64 = counts.sum(axis=1, dtype=np.int64)[None, :]
        return sums
    # Let numpy widen them itself, and it takes fresh pages from the system for it at every call: five times slower.
    wide = _WIDE[: counts.shape[0], : counts.shape[1]]
    np.copyto(wide, counts)
    return np.add.reduceat(wide, edges, axis=1).T


def sums_by_cell(rows: I64, counts: NDArray[np.integer], edges: I64, cells: I64, into: I64) -> None:
    """Adds (len(rows), types) counts of ascending `rows` to the (cells, types) sums `into`."""
    if not len(rows):
        return
    owner = np.searchsorted(edges, rows, side="right") - 1
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    into[cells[owner[first]]] += np.add.reduceat(counts, first, axis=0, dtype=np.int64)


def neighbours(spans: Iterable[tuple[int, int, T]]) -> list[tuple[int, int, T]]:
    """Joins neighbouring (first, end, value) spans with equal values."""
    result: list[tuple[int, int, T]] = []
    for first, end, value in spans:
        if result and result[-1][1] == first and result[-1][2] == value:
            result[-1] = (result[-1][0], end, value)
        else:
            result.append((first, end, value))
    return result
