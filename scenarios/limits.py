"""Limits of wall time: how long the runs of a suite may still take."""

import time
from typing import Final

from scenarios.selection import Run

USED_UP: Final = "not run, the suite has used up its `limits.wall`"
"""What is told of a run for which no time is left; it is invalid."""


class WallTime:
    """Wall time of suites; the clock of each begins when its first run asks."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}

    def left_ms(self, run: Run) -> int | None:
        """How long a run that begins now may take, None where nothing limits it; none is left at 0 and below."""
        if run.suite is None:
            return None
        limits = run.suite.limits
        spent_ms = int(1000 * (time.perf_counter() - self._began.setdefault(run.suite.label, time.perf_counter())))
        left = [limits.each_ms, None if limits.wall_ms is None else limits.wall_ms - spent_ms]
        return min((each for each in left if each is not None), default=None)
