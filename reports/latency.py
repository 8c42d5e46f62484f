"""Quantiles of latency from the logarithmic buckets of the servers' table."""

from collections.abc import Mapping
from dataclasses import dataclass

from scenarios.tables import LATENCY_BOUNDS_US


@dataclass(frozen=True, slots=True)
class Latencies:
    """Answers counted by bucket of latency; any quantile is at most 2 % off."""

    counts: Mapping[int, int]

    @property
    def answers(self) -> int:
        """How many answers were counted."""
        return sum(self.counts.values())

    def quantile_us(self, permille: int) -> int | None:
        """The latency that `permille` of the answers do not exceed, in µs: the middle of its bucket.

        None where there was no answer. An answer above the last bound counts as that bound.
        """
        rank = max(1, -(-self.answers * permille // 1000))
        below = 0
        for bucket, answers in sorted(self.counts.items()):
            below += answers
            if below >= rank:
                return _middle_us(bucket)
        return None


def _middle_us(bucket: int) -> int:
    if bucket >= len(LATENCY_BOUNDS_US):
        return int(LATENCY_BOUNDS_US[-1])
    return (int(LATENCY_BOUNDS_US[max(bucket - 1, 0)]) + int(LATENCY_BOUNDS_US[bucket])) // 2
