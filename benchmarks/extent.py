"""How much is measured: which sizes, over which spans, in how many rounds."""

from dataclasses import dataclass, replace
from typing import Final

from benchmarks.fleets import MIDNIGHT
from emulator.clock import DAY_MS, HOUR_MS

LARGE: Final = 100_000
"""From this many devices on, a day of every fleet is dear."""


@dataclass(frozen=True, slots=True)
class Span:
    """A fleet starts at a time of day and warms up; then each round takes it further by `round_ms`."""

    warm_up_ms: int
    round_ms: int
    time: str = MIDNIGHT

    def duration_ms(self, rounds: int) -> int:
        """How long the fleet lives."""
        return self.warm_up_ms + rounds * self.round_ms

    def told(self, rounds: int) -> str:
        """The span in words."""
        return f"{rounds} × {_hours(self.round_ms)} after {_hours(self.warm_up_ms)} from {self.time}"


@dataclass(frozen=True, slots=True)
class Extent:
    """What one call of the benchmarks measures.

    `span` is the one of the definition, `large_span` that of large fleets without a bar. `connected` and `cut_off` are
    two sizes each, between which the growth of memory is taken.
    """

    name: str
    rounds: int
    sizes: tuple[int, ...]
    span: Span
    large_span: Span
    bare_wakes_min: int
    connected: tuple[int, int]
    connected_ms: int
    cut_off: tuple[int, int]
    outage_ms: int
    stage_windows: int
    administration_days: int

    def span_of(self, devices: int, *, barred: bool) -> Span:
        """The span of a fleet; `barred` where its ratio is held against a bar."""
        return self.large_span if devices >= LARGE and not barred else self.span


_BLOCK: Final = 8_192
_SIZES: Final = (1, 100, 5_000, 10_000, LARGE)
_DEFINED: Final = Span(DAY_MS, DAY_MS // 3)
_WORKING_HOURS: Final = Span(2 * HOUR_MS, 2 * HOUR_MS, "07:00")
_MINUTES: Final = Span(HOUR_MS // 6, HOUR_MS // 3, "08:30")

STANDARD: Final = Extent(
    name="standard",
    rounds=3,
    sizes=_SIZES,
    span=_DEFINED,
    large_span=_WORKING_HOURS,
    bare_wakes_min=200_000,
    connected=(_BLOCK, 8 * _BLOCK),
    connected_ms=12 * HOUR_MS,
    cut_off=(_BLOCK, 3 * _BLOCK),
    outage_ms=DAY_MS,
    stage_windows=240,
    administration_days=365,
)
FULL: Final = replace(STANDARD, name="full", large_span=_DEFINED)
QUICK: Final = Extent(
    name="quick",
    rounds=1,
    sizes=_SIZES,
    span=_MINUTES,
    large_span=_MINUTES,
    bare_wakes_min=50_000,
    connected=(_BLOCK, 2 * _BLOCK),
    connected_ms=HOUR_MS,
    cut_off=(_BLOCK, 2 * _BLOCK),
    outage_ms=HOUR_MS,
    stage_windows=40,
    administration_days=12,
)


def _hours(span_ms: int) -> str:
    return f"{span_ms // HOUR_MS} h" if span_ms % HOUR_MS == 0 else f"{span_ms // 60_000} min"
