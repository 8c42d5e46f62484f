"""Tracing: one device of a scenario once more, with the plain agent: what became of each event, and each answer."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.asking import destination
from emulator.events import EVENT_TYPES
from emulator.plain import Observation, PlainSimulation, Stage
from emulator.policy.effective import Effective
from emulator.ports import I64, Answers, Outcome, Synchronisations, Target, TelemetryColumns, Transmissions
from emulator.sites import Site
from emulator.tasks.ioc_scan import Response
from emulator.telemetry.context import ADMINISTRATION_NAME
from scenarios.actions import (
    Attempt,
    ByCentralNode,
    DetectThreat,
    EndIsolation,
    IsolateOnDemand,
    Sweep,
    TaskProperties,
)
from scenarios.model import Scenario
from scenarios.staging import Stage as Staged

WAITING: Final = "waiting"
"""What is queued or unanswered at the end: the plain agent's events do not tell the two apart."""
_DECIDED_THERE: Final = (Attempt, ByCentralNode, DetectThreat, EndIsolation, IsolateOnDemand)
"""What changes a device, and only the device knows how."""
_AT_ONCE: Final = (Stage.NOT_COLLECTED, Stage.EXCLUDED, Stage.OPTIMISED, Stage.REPEATED, Stage.COLLECTED)
_ENDS: Final = tuple(
    stage for stage in Stage if stage not in (Stage.SUPPRESSED, Stage.COLLECTED, Stage.QUEUED, Stage.SENT)
)


def _is_decided_there(action: object) -> bool:
    """Whether only the device knows what an action, or a task of the start, does to it."""
    if isinstance(action, TaskProperties):
        return Response.ISOLATE in (action.responses or ())
    return isinstance(action, _DECIDED_THERE) and not isinstance(action, Sweep)


@dataclass(frozen=True, slots=True)
class EventLine:
    """What one stage did with `count` equal events, of which the first has the ordinal `ordinal` (None: no ordinal)."""

    at_ms: int
    target: str
    stage: str
    type: str
    event: str
    event_at_ms: int
    count: int
    ordinal: int | None
    server: str


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request and its answer. `first` and `upto` are the ordinals that it carried, both 0 for a synchronisation."""

    at_ms: int
    target: str
    kind: str
    server: str
    first: int
    upto: int
    outcome: str
    status: int
    latency_us: int


Line = EventLine | RequestLine


class Trace:
    """One device, staged as in the run and alone; `reactions` tells when the steps without a time were carried out.

    `lines` may be asked for once. `terms` are the books so far, by target, with WAITING for what has no end yet.
    """

    def __init__(self, scenario: Scenario, device: int, reactions: Mapping[str, int]) -> None:
        self._device = device
        self._staged = Staged(scenario)
        known = {reaction.name: reaction for reaction in scenario.reactions}
        self._lived = self._staged
        tried = [*(step.action for step in scenario.steps), *(reaction.action for reaction in scenario.reactions)]
        if any(map(_is_decided_there, (*tried, *scenario.tasks))):
            # What attempts come to is decided by the agent at their moments, so the device lives through them first.
            self._lived = Staged(scenario, devices=np.array([device], np.int64))
        for staged in dict.fromkeys((self._lived, self._staged)):
            for name, at_ms in sorted(reactions.items(), key=lambda pair: pair[1]):
                staged.perform(known[name].action, known[name].devices, at_ms, name)
            staged.operate(scenario.duration_ms)
        if self._lived is not self._staged:
            self._lived.simulation.run()
        self._requests: list[RequestLine] = []
        self._site = self._staged.site(device)
        # A target that no device may come to report to has no books in the run either.
        targets = self._staged.simulation.context.targets
        servers = {target: _Heard(self._staged.asked[target], target, self._site, self._requests) for target in targets}
        self._world = self._lived.world
        self._agent = PlainSimulation(self._world, servers, administration=self._is_answered)
        self._counts: dict[Target, Counter[str]] = {target: Counter() for target in targets}

    def settings(self, at_ms: int | None = None) -> Effective:
        """The settings that the Administration Server held for the device at a moment; None: at the start."""
        return self._lived.followed(self._device, at_ms)

    def lines(self) -> Iterator[Line]:
        """What happens, tick by tick of the device."""
        told = (line for observation in self._agent.trace(self._device) for line in self._told(observation))
        last: EventLine | None = None
        for line in told:
            if isinstance(line, EventLine) and last is not None and _is_next(last, line):
                last = _joined(last, line)
                continue
            if last is not None:
                yield last
            last = line if isinstance(line, EventLine) else None
            if last is None:
                yield line
        if last is not None:
            yield last
        yield from self._requests

    @property
    def terms(self) -> Mapping[str, Mapping[str, int]]:
        """The books as the lines so far make them."""
        return {str(target): _terms(counts) for target, counts in self._counts.items()}

    def _told(self, seen: Observation) -> Iterator[Line]:
        counts = self._counts[seen.target]
        counts[seen.stage] += 1
        # What is lost at once in a crash had not been collected before.
        counts["generated"] += seen.stage in _AT_ONCE or (seen.stage is Stage.CRASHED and seen.event.tick == seen.tick)
        ready = [request for request in self._requests if request.at_ms < seen.at_ms]
        yield from ready
        del self._requests[: len(ready)]
        classes = (*self._world.images[int(self._world.image[self._device])].classes, *self._world.scenario_classes)
        yield EventLine(
            seen.at_ms,
            str(seen.target),
            str(seen.stage),
            EVENT_TYPES[seen.event.type].name,
            classes[seen.event.index].name,
            seen.event.at_ms,
            1,
            seen.ordinal,
            destination(seen.server),
        )

    def _is_answered(self, at_ms: int, wait_ms: int) -> bool:
        """Whether the Administration Server answers the device at a moment, within so many milliseconds."""
        one, wait = np.array([self._device], np.int64), np.array([wait_ms], np.int64)
        request = Synchronisations(ADMINISTRATION_NAME, one, np.zeros(1, np.int64), np.array([at_ms], np.int64), wait)
        answers = self._site.delayed(self._staged.administration.synchronise(request), wait)
        self._requests.append(_request("administration", "synchronise", request, answers, 0, 0))
        return bool(answers.outcome[0] == Outcome.OK)


class _Heard:
    """A server with someone who listens to what the device asks and what it is answered, as it comes to its site."""

    def __init__(self, inner: TelemetryColumns, target: Target, site: Site, heard: list[RequestLine]) -> None:
        self._inner = inner
        self._target = str(target)
        self._site = site
        self._heard = heard

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return self._inner.quiet(server, from_ms, to_ms)

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return self._inner.weighs(server, from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        self._inner.settle(server, device, first, upto, packages)

    def transmit(self, batch: Transmissions) -> Answers:
        answers = self._inner.transmit(batch)
        first, upto = int(batch.first[0]), int(batch.upto[0])
        heard = self._site.delayed(answers, batch.timeout_ms, batch.bytes)
        self._heard.append(_request(self._target, "send", batch, heard, first, upto))
        return answers

    def synchronise(self, batch: Synchronisations) -> Answers:
        answers = self._inner.synchronise(batch)
        heard = self._site.delayed(answers, batch.timeout_ms)
        self._heard.append(_request(self._target, "synchronise", batch, heard, 0, 0))
        return answers


def _request(
    target: str, kind: str, batch: Transmissions | Synchronisations, answers: Answers, first: int, upto: int
) -> RequestLine:
    outcome = Outcome(int(answers.outcome[0])).name.lower().replace("_", "-")
    status, latency_us = int(answers.status[0]), int(answers.latency_us[0])
    if answers.outcome[0] == Outcome.UNREACHABLE and status:
        outcome, status = "certificate-refused", 0
    server = destination(batch.server)
    return RequestLine(int(batch.at_ms[0]), target, kind, server, first, upto, outcome, status, latency_us)


def _is_next(last: EventLine, line: EventLine) -> bool:
    """Whether a line says the same of the next of several equal events."""
    if (last.ordinal is None) != (line.ordinal is None):
        return False
    if last.ordinal is not None and line.ordinal != last.ordinal + last.count:
        return False
    return _same(last) == _same(line)


def _same(line: EventLine) -> tuple[int | str, ...]:
    return line.at_ms, line.target, line.stage, line.event, line.event_at_ms, line.server


def _joined(last: EventLine, line: EventLine) -> EventLine:
    return EventLine(
        last.at_ms,
        last.target,
        last.stage,
        last.type,
        last.event,
        last.event_at_ms,
        last.count + line.count,
        last.ordinal,
        last.server,
    )


def _terms(counts: Mapping[str, int]) -> dict[str, int]:
    generated = counts.get("generated", 0)
    ends = {str(stage): counts.get(stage, 0) for stage in _ENDS}
    waiting = generated - sum(ends.values())
    return {"generated": generated, **ends, "suppressed": counts.get(Stage.SUPPRESSED, 0), WAITING: waiting}
