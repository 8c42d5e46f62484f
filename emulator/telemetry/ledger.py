"""Sums over devices: what became of telemetry per interval and cell, and what servers went through.

A *cell* is a pair of image and administration group. A ledger holds the sums of one shard and one recording interval; a
sum of ledgers is the ledger of the fleet, in any order.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.events import EVENT_TYPES
from emulator.ports import I64, Outcome, Port, Target

TYPES: Final = len(EVENT_TYPES)
SIZES: Final = np.array([kind.size_bytes for kind in EVENT_TYPES], np.int64)
FLOWS: Final = (
    "generated",
    "excluded",
    "optimised",
    "repeated",
    "throttled",
    "not_collected",
    "acknowledged",
    "crashed",
    "expired",
    "suppressed",
)
STOCKS: Final = ("queued", "unanswered")
BALANCED: Final = tuple(term for term in (*FLOWS, *STOCKS) if term not in ("generated", "suppressed"))
"""What `generated` is the sum of."""
LATENCY_GROWTH_PERMILLE: Final = 40
"""Neighbouring latency buckets differ by 4 %, so that a bucket's middle is at most 2 % off."""


def _latency_bounds() -> I64:
    """Upper bounds of the latency buckets in µs, from 50 µs to over an hour."""
    bounds = [0, 50]
    while bounds[-1] < 3_600_000_000:
        bounds.append(max(bounds[-1] + 1, bounds[-1] * (1000 + LATENCY_GROWTH_PERMILLE) // 1000))
    return np.array(bounds, np.int64)


LATENCY_BOUNDS_US: Final = _latency_bounds()
"""Bucket i holds latencies above bound i-1 and up to bound i."""


@dataclass(slots=True)
class Traffic:
    """What one server went through with one kind of request in an interval."""

    requests: int = 0
    connects: int = 0
    refused: int = 0
    timed_out: int = 0
    unreachable: int = 0
    events: int = 0
    bytes_in: int = 0
    bytes_wire: int = 0
    latency: dict[int, int] = field(default_factory=dict)

    def answered(self, latency_us: I64) -> None:
        """Counts answers by their latency."""
        places = np.searchsorted(
            LATENCY_BOUNDS_US[:-1], latency_us
        )  # what is beyond the last bound is in the last bucket
        buckets, counts = np.unique(places, return_counts=True)
        for bucket, count in zip(buckets.tolist(), counts.tolist(), strict=True):
            self.latency[bucket] = self.latency.get(bucket, 0) + count

    def answered_alike(self, latency_us: int, count: int) -> None:
        """Counts `count` answers of one latency."""
        if count:
            bucket = int(np.searchsorted(LATENCY_BOUNDS_US, latency_us))
            self.latency[bucket] = self.latency.get(bucket, 0) + count

    def outcomes(self, outcome: NDArray[np.uint8]) -> None:
        """Counts what failed."""
        self.refused += int(np.count_nonzero(outcome == Outcome.REFUSED))
        self.timed_out += int(np.count_nonzero(outcome == Outcome.TIMED_OUT))
        self.unreachable += int(np.count_nonzero(outcome == Outcome.UNREACHABLE))

    def add(self, other: "Traffic") -> None:
        """Adds what another shard saw."""
        for name in ("requests", "connects", "refused", "timed_out", "unreachable", "events", "bytes_in", "bytes_wire"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for bucket, count in other.latency.items():
            self.latency[bucket] = self.latency.get(bucket, 0) + count


class Ledger:
    """The sums of one interval. `flows[target]` is int64 (terms of FLOWS + "bytes", cells, types)."""

    __slots__ = ("flows", "stocks", "traffic")

    def __init__(self, targets: tuple[Target, ...], cells: int) -> None:
        self.flows = {target: np.zeros((len(FLOWS) + 1, cells, TYPES), np.int64) for target in targets}
        self.stocks = {target: np.zeros((len(STOCKS), cells, TYPES), np.int64) for target in targets}
        self.traffic: dict[tuple[str, Port, str], Traffic] = {}

    def flow(self, target: Target, term: str) -> I64:
        """The (cells, types) sums of one term, to be added to in place."""
        sums: I64 = self.flows[target][FLOWS.index(term)]
        return sums

    def bytes(self, target: Target) -> I64:
        """The (cells, types) bytes of events that left the devices."""
        sums: I64 = self.flows[target][-1]
        return sums

    def of(self, server: str, port: Port, kind: str) -> Traffic:
        """The traffic of one server and kind of request."""
        return self.traffic.setdefault((server, port, kind), Traffic())

    def add(self, other: "Ledger") -> None:
        """Adds the same interval of another shard."""
        for target, sums in other.flows.items():
            self.flows[target] += sums
            self.stocks[target] += other.stocks[target]
        for key, traffic in other.traffic.items():
            self.of(*key).add(traffic)
