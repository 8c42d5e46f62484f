"""Sites: where devices are, with the clock on the wall and the way to the servers."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64, Answers, Outcome

US_PER_MS: Final = 1_000
US_PER_S: Final = 1_000_000
BITS: Final = 8

Bytes = TypeVar("Bytes", int, NDArray[np.int64])


@dataclass(frozen=True, slots=True)
class Site:
    """Where devices are.

    `key` is the key of the shocks that its devices share (`life.site_key`). `zone` is the time zone that their life
    follows, None for the offset of the run's start. `latency_ms` is what its network adds to every answer of every
    server, `link_bps` the rate of each device's own link in bit/s, None where bytes take no time.
    """

    key: int
    zone: tzinfo | None = None
    latency_ms: int = 0
    link_bps: int | None = None

    def delayed(self, answers: Answers, wait_ms: I64, size_bytes: I64 | None = None) -> Answers:
        """The answers of servers, each given in `wait_ms` at most, as devices of the site have them: later.

        `size_bytes` is what each request carried of telemetry; it takes time where an answer came.
        """
        if not self.latency_ms and self.link_bps is None:
            return answers
        failed = answers.outcome == Outcome.UNREACHABLE
        latency_us = np.where(failed, np.minimum(answers.latency_us, wait_ms * US_PER_MS), answers.latency_us)
        latency_us += self.latency_ms * US_PER_MS
        if size_bytes is not None and self.link_bps is not None:
            answered = answers.outcome <= Outcome.REFUSED
            latency_us[answered] += transfer_us(size_bytes[answered], self.link_bps)
        return replace(answers, latency_us=latency_us)


NEAR: Final = Site(0)
"""A site from which every server is reached at once."""


def transfer_us(size_bytes: Bytes, link_bps: int) -> Bytes:
    """How long so many bytes take on a link, in µs, rounded down."""
    return size_bytes * (BITS * US_PER_S) // link_bps
