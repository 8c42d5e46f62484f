"""One trial: a small scenario in virtual time, with someone listening to all that devices ask and are answered.

What a check sees is what servers see: requests, packages, the events in them. The agent's own books and facts are
beside it, for clauses that speak of nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from json import loads
from typing import Any, Final

import numpy as np

from conformance.judging import Unobservable
from emulator.asking import ANYBODY, asked
from emulator.events import EVENT_TYPES, TYPE_INDEX, Importance
from emulator.journal import Fact
from emulator.ports import I64, Answers, Event, Outcome, Synchronisations, Target, TelemetryColumns, Transmissions
from emulator.world import Figures
from fakes.telemetry import TelemetryNodes
from scenarios.problems import Notice

SEND, SYNCHRONISE = "send", "synchronise"


@dataclass(frozen=True, slots=True)
class Request:
    """One request of one device. `first` to `upto` are the ordinals that it carried, 0 for a synchronisation.

    `acked` is what the answer said to be held, for a synchronisation the revision that was answered.
    """

    at_ms: int
    device: int
    target: Target
    kind: str
    server: str
    first: int
    upto: int
    package_events: int
    outcome: Outcome
    acked: int

    @property
    def packages(self) -> tuple[int, ...]:
        """The events of each package."""
        count, rest = divmod(self.upto - self.first, self.package_events) if self.package_events else (0, 0)
        return (self.package_events,) * count + ((rest,) if rest else ())


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event that a server holds: of which device and target, and when it was sent the first time."""

    device: int
    target: Target
    sent_ms: int
    event: Event

    @property
    def low(self) -> bool:
        """True for an event of low importance, as the emulator's table has it."""
        return EVENT_TYPES[TYPE_INDEX[self.event.type]].importance is Importance.LOW


class Listener:
    """Stands before the server of one target, hears all that is asked, and keeps what came of it.

    It is never quiet, so that no request is only counted.
    """

    def __init__(self, target: Target, inner: TelemetryColumns, names: Mapping[str, str]) -> None:
        self.target = target
        self.inner = inner
        self.requests: list[Request] = []
        self._names = names
        self._events: dict[tuple[int, int], tuple[int, Event]] = {}

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """None: every request is to be made."""
        return None

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """What the server says."""
        return self.inner.weighs(server, from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """Is not for a server that is never quiet."""
        raise RuntimeError(f"{server} was never said to be quiet")

    def transmit(self, batch: Transmissions) -> Answers:
        """Passes it on, and keeps the request with its events where they may have arrived."""
        answers = self.inner.transmit(batch)
        self._hear(SEND, batch, answers, batch.first, batch.upto, batch.package_events)
        for row in np.flatnonzero((answers.outcome == Outcome.OK) | (answers.outcome == Outcome.TIMED_OUT)).tolist():
            device, at_ms = int(batch.device[row]), int(batch.at_ms[row])
            for event in batch.expand(row, int(batch.first[row]), int(batch.upto[row])):
                self._events.setdefault((device, event.ordinal), (at_ms, event))
        return answers

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Passes it on, and keeps the request."""
        answers = self.inner.synchronise(batch)
        nothing = np.zeros(len(batch), np.int64)
        self._hear(SYNCHRONISE, batch, answers, nothing, nothing, nothing)
        return answers

    def tasks_for(self, device: int, above_revision: int, upto_revision: int) -> Sequence[Any]:  # what was published
        """The tasks of a server that has some."""
        ask = getattr(self.inner, "tasks_for", None)
        return () if ask is None else ask(device, above_revision, upto_revision)

    def report(self, device: int, at_ms: int, results: tuple[Any, ...]) -> None:  # what it takes
        """Passes on to a server that has tasks what a device reports of them."""
        take = getattr(self.inner, "report", None)
        if take is not None:
            take(device, at_ms, results)

    def arrived(self, nodes: TelemetryColumns) -> Iterator[Arrived]:
        """The events that the nodes behind hold, in order of device and ordinal."""
        assert isinstance(nodes, TelemetryNodes)
        held: dict[int, list[tuple[int, int]]] = {}
        for (device, ordinal), (at_ms, event) in sorted(self._events.items(), key=lambda entry: entry[0]):
            if device not in held:
                held[device] = list(nodes.stored(device))
            if any(first <= ordinal < upto for first, upto in held[device]):
                yield Arrived(device, self.target, at_ms, event)

    def _hear(
        self,
        kind: str,
        batch: Transmissions | Synchronisations,
        answers: Answers,
        first: I64,
        upto: I64,
        package_events: I64,
    ) -> None:
        road = str(replace(asked(batch.server), trust=ANYBODY))
        server = self._names.get(road, road)
        for row in range(len(batch)):
            self.requests.append(
                Request(
                    int(batch.at_ms[row]),
                    int(batch.device[row]),
                    self.target,
                    kind,
                    server,
                    int(first[row]),
                    int(upto[row]),
                    int(package_events[row]),
                    Outcome(int(answers.outcome[row])),
                    int(answers.acked[row]),
                )
            )


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one trial. `facts` is None where the agent tells none; `text` is the scenario, as it can be run.

    `warnings` are what whoever wrote the scenario is told of.
    """

    text: str
    requests: tuple[Request, ...]
    events: tuple[Arrived, ...]
    figures: Figures
    facts: tuple[Fact, ...] | None = field(repr=False)
    warnings: tuple[Notice, ...]

    def arrived(
        self,
        kind: str | None = None,
        *,
        target: Target = Target.CENTRAL_NODE,
        device: int | None = None,
        code: int | None = None,
        process: str | None = None,
        port: int | None = None,
    ) -> tuple[Arrived, ...]:
        """The events that servers of a target hold; of a type, a device, a code, a process (end of its path), a port.

        A port is that of the other end.
        """
        return tuple(
            one
            for one in self.events
            if one.target == target
            and (kind is None or one.event.type == kind)
            and (device is None or one.device == device)
            and (code is None or one.event.code == code)
            and (process is None or one.event.process_path.lower().endswith(process.lower()))
            and (port is None or one.event.remote_port == port)
        )

    def count(self, kind: str | None = None, **which: Any) -> int:  # as `arrived` takes them
        """How many events `arrived` gives."""
        return len(self.arrived(kind, **which))

    def asked(
        self,
        kind: str = SEND,
        *,
        target: Target = Target.CENTRAL_NODE,
        device: int | None = None,
        server: str | None = None,
    ) -> tuple[Request, ...]:
        """The requests of a kind to a target, in order of time; of a device, to a server by name."""
        found = (
            one
            for one in self.requests
            if one.kind == kind
            and one.target == target
            and (device is None or one.device == device)
            and (server is None or one.server == server)
        )
        return tuple(sorted(found, key=lambda one: one.at_ms))

    def booked(self, term: str, *, target: Target = Target.CENTRAL_NODE) -> int:
        """What the agent's own books say, all devices together; 0 for a target that it does not report to."""
        columns = self.figures.terms.get(target)
        return 0 if columns is None else int(columns[term].sum())

    def told(self, kind: str) -> tuple[tuple[int, int, dict[str, Any]], ...]:
        """The facts of a kind as (moment, device, detail). Raises Unobservable where the agent tells no facts."""
        if self.facts is None:
            raise Unobservable("the implementation of Endpoint Agent tells no facts")
        return tuple((one.at_ms, one.device, loads(one.detail)) for one in self.facts if one.kind == kind)


MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
