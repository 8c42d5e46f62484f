"""The proxy server in front of telemetry servers: what it lets through, and what happens to it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from emulator.asking import asked, onward
from emulator.chance import U64
from emulator.ports import I64, Answers, Outcome, Refused, Synchronisations, TelemetryColumns, Transmissions
from emulator.services import Via
from fakes.faults import FaultSchedule
from fakes.interference import Interference
from fakes.services import PROXY, Proxy

ANSWER_US = 1_000
"""How soon the proxy server refuses, and an address is known not to be one; a stand-in."""


class ProxyServer:
    """Stands before the server `inner`: requests whose address leads through the proxy server pass it or do not.

    Implements `TelemetryColumns`. Other requests go past it. It adds nothing to the time of an answer: a stand-in.
    """

    def __init__(self, inner: TelemetryColumns, *, gate: Proxy, keys: U64, faults: FaultSchedule) -> None:
        self._inner = inner
        self._gate = gate
        self._relay = Interference(_Onward(inner), lambda _: PROXY, keys=keys, faults=faults)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """What the server behind it says, where nothing can happen on the way."""
        before = self._before(server)
        return None if before is None else before.quiet(server, from_ms, to_ms)

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where a limit on bodies may hold, here or at the server."""
        before = self._before(server)
        return before is not None and before.weighs(server, from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """Passes on what nothing stands in the way of."""
        self._inner.settle(onward(server), device, first, upto, packages)

    def transmit(self, batch: Transmissions) -> Answers:
        """Passes on what comes through."""
        before = self._before(batch.server)
        return self._refusal(batch, batch.first) if before is None else before.transmit(batch)

    def synchronise(self, batch: Synchronisations) -> Answers:
        """The same for synchronisations."""
        before = self._before(batch.server)
        return self._refusal(batch, batch.revision) if before is None else before.synchronise(batch)

    def tasks_for(self, device: int, above_revision: int, upto_revision: int) -> Sequence[Any]:  # what was published
        """The tasks of a server that has some."""
        ask = getattr(self._inner, "tasks_for", None)
        return () if ask is None else ask(device, above_revision, upto_revision)

    def report(self, device: int, at_ms: int, results: tuple[Any, ...]) -> None:  # what it takes
        """Passes on to a server that has tasks what a device reports of them."""
        take = getattr(self._inner, "report", None)
        if take is not None:
            take(device, at_ms, results)

    def _before(self, server: str) -> TelemetryColumns | None:
        """Who is asked for a server: itself, what relays to it, or nobody, where it refuses all."""
        road = asked(server).road
        if road.via is Via.DIRECT:
            return self._inner
        return None if self._gate.refuses(road) else self._relay

    def _refusal(self, batch: Transmissions | Synchronisations, held: I64) -> Answers:
        refused = self._gate.refuses(asked(batch.server).road)
        count = len(batch)
        status = refused.status if isinstance(refused, Refused) else 0
        outcome = Outcome.REFUSED if isinstance(refused, Refused) else Outcome.UNREACHABLE
        return Answers(
            np.full(count, outcome, np.uint8),
            held.copy(),
            np.full(count, status, np.int16),
            np.minimum(ANSWER_US, batch.timeout_ms * 1_000),
        )


class _Onward:
    """The server behind the proxy server, asked for directly."""

    def __init__(self, inner: TelemetryColumns) -> None:
        self._inner = inner

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return self._inner.quiet(onward(server), from_ms, to_ms)

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return self._inner.weighs(onward(server), from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        self._inner.settle(onward(server), device, first, upto, packages)

    def transmit(self, batch: Transmissions) -> Answers:
        return self._inner.transmit(replace(batch, server=onward(batch.server)))

    def synchronise(self, batch: Synchronisations) -> Answers:
        return self._inner.synchronise(replace(batch, server=onward(batch.server)))
