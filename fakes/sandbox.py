"""Kaspersky Sandbox: a cluster of servers that examine objects and know which of them are malicious."""

from collections.abc import Collection, Iterable
from typing import Final

from emulator.ports import Refused, TimedOut, Unreachable
from emulator.sandbox import SandboxVerdict, Submission, Ticket, VerdictRequest
from emulator.services import Call
from fakes.services import Roads

NODE: Final = "sandbox.seatrial.example"
"""The server that there is unless others are named; faults hold under the names of servers."""
ANALYSIS_MS: Final = 2 * 60_000
NOT_FOUND: Final = 404


class SandboxCluster:
    """Detects the objects with the given SHA-256 hashes; of any other it says that it is clean.

    An examination takes `analysis_ms`, however many objects there are: what it takes under load is not modelled. What
    one server has taken, all know the verdict of.
    """

    def __init__(self, nodes: Iterable[str], detects: Collection[str], roads: Roads, *, analysis_ms: int) -> None:
        self._nodes = frozenset(nodes)
        self._detects = frozenset(detects)
        self._roads = roads
        self._analysis_ms = analysis_ms
        self._taken: set[tuple[int, str]] = set()

    def submit(self, submission: Submission) -> Ticket | Refused | TimedOut | Unreachable:
        """Takes an object."""
        stopped = self._travel(submission.call)
        if stopped is not None:
            return stopped
        self._taken.add((submission.call.device, submission.object.sha256))
        return Ticket(submission.call.at_ms + self._analysis_ms)

    def verdict(self, request: VerdictRequest) -> SandboxVerdict | Refused | TimedOut | Unreachable:
        """The verdict about an object that was taken."""
        stopped = self._travel(request.call)
        if stopped is not None:
            return stopped
        if (request.call.device, request.sha256) not in self._taken:
            return Refused(NOT_FOUND, "no such object was taken")
        return SandboxVerdict.DETECTED if request.sha256 in self._detects else SandboxVerdict.CLEAN

    def _travel(self, call: Call) -> Refused | TimedOut | Unreachable | None:
        if call.server not in self._nodes:
            return Unreachable("no Sandbox server there")
        return self._roads.travel(call.server, call, outside=False)
