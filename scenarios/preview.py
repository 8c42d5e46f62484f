"""A preview of a run: what a scenario comes to and what it may cost, found out without simulating anything."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

from emulator.clock import HOUR_MS
from emulator.policy.policies import PolicySet
from emulator.ports import I64
from scenarios.actions import Action, name_of
from scenarios.expectations import Expectation
from scenarios.model import Scenario
from scenarios.selection import Run

DEVICE_HOURS_PER_CPU_S: Final = 60_000
"""Device-hours that one CPU simulates in a second, to the nearest size: rounded from `benchmarks/speed.py`."""
BYTES_PER_DEVICE: Final = 250
"""Bytes that a device takes while a run goes on, with what a backlog needs: rounded from `benchmarks/memory.py`."""
MARK: Final = "mark"
"""What a step does that only marks a moment."""


@dataclass(frozen=True, slots=True)
class BlockPreview:
    """A block of the fleet."""

    name: str
    image: str
    os: str
    group: str
    devices: int


@dataclass(frozen=True, slots=True)
class RampPreview:
    """Devices that enrol while the run goes on: how many are there at the start, and when the last one comes."""

    devices_at_start: int
    devices_at_end: int
    over_ms: int


@dataclass(frozen=True, slots=True)
class ServerPreview:
    """What answers a port."""

    port: str
    backend: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """A policy at the start: the settings groups under it, and how many devices it governs."""

    name: str
    group: str
    status: str
    under_policy: tuple[str, ...]
    devices: int


@dataclass(frozen=True, slots=True)
class StepPreview:
    """A step with a time of its own. One that repeats is told once: `times`, first at `at_ms`, last at `last_ms`.

    `devices` is how many it is on, None where it is on none.
    """

    name: str
    action: str
    at_ms: int
    end_ms: int | None
    times: int
    last_ms: int
    devices: int | None
    place: str


@dataclass(frozen=True, slots=True)
class ReactionPreview:
    """A step whose time only the run tells. `devices` is None where it is on none, or on some that the run tells."""

    name: str
    action: str
    fact: str | None
    after: str | None
    delay_ms: int
    within_ms: int | None
    devices: int | None
    place: str


@dataclass(frozen=True, slots=True)
class ExpectationPreview:
    """What is expected. `devices` is on how many, None where it is not on devices."""

    name: str
    clause: str | None
    expected: str
    otherwise: str
    devices: int | None
    place: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run may cost, to the nearest size: it depends on images, faults and machine."""

    device_hours: int
    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it, for one run. Options of servers are left out: they may hold secrets."""

    scenario: str
    about: str
    file: str
    tags: tuple[str, ...]
    sha256: str
    seed: int
    start: str
    duration_ms: int
    params: Mapping[str, Any]
    devices: int
    blocks: tuple[BlockPreview, ...]
    images: Mapping[str, int]
    groups: Mapping[str, int]
    ramp: RampPreview | None
    servers: tuple[ServerPreview, ...]
    policies: tuple[PolicyPreview, ...]
    steps: tuple[StepPreview, ...]
    reactions: tuple[ReactionPreview, ...]
    expectations: tuple[ExpectationPreview, ...]
    estimate: Estimate
    warnings: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def preview(run: Run) -> Preview:
    """What a run comes to; nothing is simulated, and no backend is opened."""
    scenario = run.scenario
    blocks = scenario.fleet.blocks
    return Preview(
        scenario=scenario.name,
        about=scenario.about,
        file=scenario.label,
        tags=scenario.tags,
        sha256=scenario.sha256,
        seed=scenario.seed,
        start=scenario.start.isoformat(),
        duration_ms=scenario.duration_ms,
        params=dict(scenario.params),
        devices=len(scenario.fleet),
        blocks=tuple(BlockPreview(block.name, block.image, block.os, block.group, block.count) for block in blocks),
        images=_sums((block.image, block.count) for block in blocks),
        groups=_sums((block.group, block.count) for block in blocks),
        ramp=_ramp(scenario),
        servers=tuple(
            ServerPreview(str(port), str(run.backends[port].value) if port in run.backends else server.backend, nodes)
            for port, server in scenario.servers.items()
            for nodes in [server.nodes]
        ),
        policies=tuple(_policies(scenario)),
        steps=tuple(_steps(scenario)),
        reactions=tuple(
            ReactionPreview(
                reaction.name,
                _name(reaction.action),
                reaction.fact,
                None if reaction.after is None else reaction.after + (".end" if reaction.from_end else ""),
                reaction.delay_ms,
                reaction.within_ms,
                _count(reaction.devices),
                reaction.place,
            )
            for reaction in scenario.reactions
        ),
        expectations=tuple(map(_expectation, scenario.expectations)),
        estimate=_estimate(scenario),
        warnings=tuple(map(str, scenario.warnings)),
    )


def _sums(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, count in pairs:
        sums[name] = sums.get(name, 0) + count
    return sums


def _ramp(scenario: Scenario) -> RampPreview | None:
    if not scenario.enrolments:
        return None
    never = sum(len(one.devices) for one in scenario.enrolments if one.at_ms >= scenario.duration_ms)
    coming = [one for one in scenario.enrolments if one.at_ms > 0]
    later = sum(len(one.devices) for one in coming)
    over_ms = max((one.at_ms for one in coming if one.at_ms < scenario.duration_ms), default=0)
    return RampPreview(len(scenario.fleet) - later, len(scenario.fleet) - never, over_ms)


def _policies(scenario: Scenario) -> Iterator[PolicyPreview]:
    at_start = PolicySet(scenario.groups, scenario.policies)
    governed: dict[str, int] = {}
    for block in scenario.fleet.blocks:
        governing = at_start.governing(block.group)
        if governing is not None:
            governed[governing.policy] = governed.get(governing.policy, 0) + block.count
    for policy in scenario.policies:
        under = tuple(sorted(policy.settings.under_policy))
        yield PolicyPreview(policy.name, policy.group, str(policy.status), under, governed.get(policy.name, 0))


def _steps(scenario: Scenario) -> Iterator[StepPreview]:
    """The steps in the order of their first moments; repetitions, wherever they fall, belong to the first."""
    in_order = sorted(scenario.steps, key=lambda step: step.name)
    several = [list(steps) for _, steps in groupby(in_order, key=lambda step: step.name)]
    for steps in sorted(several, key=lambda steps: steps[0].at_ms):
        first = steps[0]
        yield StepPreview(
            first.name,
            _name(first.action),
            first.at_ms,
            first.end_ms,
            len(steps),
            steps[-1].at_ms,
            _count(first.devices),
            first.place,
        )


def _expectation(one: Expectation) -> ExpectationPreview:
    devices = _count(getattr(one, "devices", None))
    return ExpectationPreview(one.name, one.clause, one.expected, str(one.otherwise), devices, one.place)


def _estimate(scenario: Scenario) -> Estimate:
    device_ms = len(scenario.fleet) * scenario.duration_ms
    cpu_s = round(device_ms / HOUR_MS / DEVICE_HOURS_PER_CPU_S, 2)
    return Estimate(-(-device_ms // HOUR_MS), cpu_s, len(scenario.fleet) * BYTES_PER_DEVICE)


def _name(action: Action | None) -> str:
    return MARK if action is None else name_of(action)


def _count(devices: I64 | None) -> int | None:
    return None if devices is None else len(devices)
