"""Faults of a scenario in front of a server that is not ours: what the network does to requests and answers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from emulator.asking import asked, destination
from emulator.chance import U64
from emulator.ports import I64, Answers, Event, Outcome, Synchronisations, TelemetryColumns, Transmissions
from fakes.certificates import Certificates
from fakes.faults import FaultSchedule, Requests, Verdict
from fakes.telemetry import LATENCY_US

US_PER_MS: Final = 1000


class Interference:
    """Stands between devices and the server `inner`, and lets the faults of a schedule happen to their requests.

    Implements `TelemetryColumns`. `node_of` gives the name under which faults and certificates of an address hold;
    `keys` holds the key of each device of the fleet. A request that a fault or a certificate stops does not reach the
    server; of one whose answer is lost, the server does what was asked. Connections end here; without `certificates`
    they are let through as they are.
    """

    def __init__(
        self,
        inner: TelemetryColumns,
        node_of: Callable[[str], str],
        *,
        keys: U64,
        faults: FaultSchedule,
        certificates: Certificates | None = None,
    ) -> None:
        self.inner = inner
        self._certificates = certificates
        self._node_of = node_of
        self._keys = keys
        self._faults = faults

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """What the server says, where no fault holds and certificates are accepted."""
        node, certificates = self._node(server), self._certificates
        if not self._faults.quiet(node, from_ms, to_ms):
            return None
        if certificates is not None and not certificates.accepted(node, asked(server).trust, from_ms, to_ms):
            return None
        return self.inner.quiet(self._behind(server), from_ms, to_ms)

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where a limit on bodies may hold, here or at the server."""
        if self._faults.weighs(self._node(server), from_ms, to_ms):
            return True
        return self.inner.weighs(self._behind(server), from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """Passes on what nothing stands in the way of."""
        self.inner.settle(self._behind(server), device, first, upto, packages)

    def transmit(self, batch: Transmissions) -> Answers:
        """Passes on what comes through, twice where a fault doubles it."""
        verdict = self._judge(batch, batch.largest_bytes)
        doubled = np.flatnonzero(verdict.effective & verdict.twice)
        server = self._behind(batch.server)
        if len(doubled):
            self.inner.transmit(_some(batch, doubled, server))
        through = np.flatnonzero(verdict.effective)
        return _together(batch, verdict, through, self.inner.transmit(_some(batch, through, server)), batch.first)

    def synchronise(self, batch: Synchronisations) -> Answers:
        """The same for synchronisations."""
        verdict = self._judge(batch, None)
        through = np.flatnonzero(verdict.effective)
        passed = Synchronisations(
            self._behind(batch.server),
            batch.device[through],
            batch.revision[through],
            batch.at_ms[through],
            batch.timeout_ms[through],
        )
        return _together(batch, verdict, through, self.inner.synchronise(passed), batch.revision)

    def _judge(self, batch: Transmissions | Synchronisations, largest_bytes: I64 | None) -> Verdict:
        node, distrust = self._node(batch.server), None
        if self._certificates is not None:
            distrust = self._certificates.judge(node, asked(batch.server).trust, batch.at_ms)
        requests = Requests(batch.at_ms, batch.timeout_ms, self._keys[batch.device], largest_bytes, distrust)
        return self._faults.judge(node, requests, LATENCY_US)

    def _behind(self, server: str) -> str:
        """How the server behind is asked for."""
        return server if self._certificates is None else destination(server)

    def _node(self, server: str) -> str:
        return self._node_of(destination(server))


def _some(batch: Transmissions, rows: I64, server: str) -> Transmissions:
    """Some rows of a batch, for the server under the name that it is asked for by."""

    def expand(row: int, first: int, upto: int) -> Sequence[Event]:
        return batch.expand(int(rows[row]), first, upto)

    names = ("device", "first", "upto", "package_events", "largest_bytes", "bytes", "at_ms", "timeout_ms")
    return replace(batch, server=server, expand=expand, **{name: getattr(batch, name)[rows] for name in names})


def _together(
    batch: Transmissions | Synchronisations, verdict: Verdict, through: I64, inner: Answers, held: I64
) -> Answers:
    """The answers of a batch: the fault's where there is one, else the server's, which may come too late."""
    outcome, status, acked = verdict.outcome.copy(), verdict.status.copy(), held.copy()
    latency_us = verdict.latency_us.copy()
    heard = verdict.outcome[through] == Outcome.OK
    rows = through[heard]
    latency_us[rows] += inner.latency_us[heard] - LATENCY_US
    outcome[rows], status[rows], acked[rows] = inner.outcome[heard], inner.status[heard], inner.acked[heard]
    late = np.zeros(len(outcome), np.bool_)
    late[rows] = (latency_us[rows] >= batch.timeout_ms[rows] * US_PER_MS) & (inner.outcome[heard] == Outcome.OK)
    outcome[late], status[late], acked[late] = Outcome.TIMED_OUT, 0, held[late]
    latency_us[late] = batch.timeout_ms[late] * US_PER_MS
    return Answers(outcome, acked, status, latency_us)
