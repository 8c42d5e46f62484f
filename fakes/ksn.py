"""Kaspersky Security Network: what it knows of files, and what it was told."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from emulator.ksn import FileSubmission, Reputation, ReputationRequest, Statistics
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from fakes.services import Roads

NAME: Final = "ksn"
"""The name under which faults of the service hold, and its address."""


class KsnService:
    """Answers with the verdicts that it was given, by SHA-256; of anything else it knows nothing.

    `received` counts what arrived, by kind.
    """

    def __init__(self, verdicts: Mapping[str, Reputation], roads: Roads) -> None:
        self._verdicts = dict(verdicts)
        self._roads = roads
        self.received: Counter[str] = Counter()

    def reputation(self, request: ReputationRequest) -> Reputation | Refused | TimedOut | Unreachable:
        """The reputation of a file."""
        stopped = self._take("reputation", request.call)
        return self._verdicts.get(request.sha256.lower(), Reputation.UNKNOWN) if stopped is None else stopped

    def statistics(self, statistics: Statistics) -> Refused | TimedOut | Unreachable | None:
        """Takes statistics."""
        return self._take("statistics", statistics.call)

    def submit(self, submission: FileSubmission) -> Refused | TimedOut | Unreachable | None:
        """Takes a file."""
        return self._take("submission", submission.call)

    def _take(self, kind: str, call: Call) -> Refused | TimedOut | Unreachable | None:
        stopped = self._roads.travel(NAME, call, outside=True)
        if stopped is None:
            self.received[kind] += 1
        return stopped
