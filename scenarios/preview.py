"""A preview of a run: what a scenario comes to and what it may cost, found out without simulating anything."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby, repeat
from typing import Any, Final

from emulator.clock import HOUR_MS
from emulator.policy.policies import PolicySet
from emulator.ports import I64
from emulator.world import RETENTION_MS
from scenarios.actions import (
    Action,
    CertificateFault,
    FullDisk,
    LostAcknowledgement,
    Outage,
    RefusedConnection,
    Status,
    TimeOut,
    Unplug,
    name_of,
)
from scenarios.backends import MASK
from scenarios.expectations import Expectation
from scenarios.model import Scenario
from scenarios.problems import Notice
from scenarios.selection import Run
from scenarios.timeline import Occurrence

DEVICE_HOURS_PER_CPU_S: Final = (57_681, 69_193)
"""Device-hours that one CPU simulates in a second: measured with 10,000 and with 100,000 devices of one image.

This, and what a device takes, stands in `benchmarks/results/2026-11-25.md`, with the machine.
"""
BYTES_PER_DEVICE: Final = 247
"""Bytes that a connected device takes: measured."""
BYTES_PER_DEVICE_HOUR: Final = (3_621 - BYTES_PER_DEVICE) // 24
"""Bytes that an hour without its server adds to a device: measured over an outage of 24 h, 3,621 B at its end."""
QUEUE_H_MAX: Final = RETENTION_MS // HOUR_MS
"""What is older is dropped."""
SILENT: Final = (Outage, RefusedConnection, CertificateFault, TimeOut, Status, FullDisk, LostAcknowledgement)
"""Faults in which events wait on devices."""
MARK: Final = "mark"
"""What a step does that only marks a moment."""


@dataclass(frozen=True, slots=True)
class BlockPreview:
    """A block of the fleet."""

    name: str
    image: str
    os: str
    group: str
    site: str
    devices: int


@dataclass(frozen=True, slots=True)
class SitePreview:
    """A site: `time_zone` is None for the offset of the start, `link_bps` is None where bytes take no time."""

    name: str
    time_zone: str | None
    latency_ms: int
    link_bps: int | None
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
    """What a run may cost: it depends on images, faults and machine.

    `cpu_s_min` and `cpu_s_max` are what was measured, put to its device-hours. `memory_bytes` is for the devices while
    they are connected, `memory_bytes_max` with the longest backlog that faults with a known time and devices off line
    may bring, if all of it came together.
    """

    device_hours: int
    cpu_s_min: float
    cpu_s_max: float
    memory_bytes: int
    memory_bytes_max: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All of it, for one run. Options of servers are left out and parameters of theirs masked: they may be secret."""

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
    sites: tuple[SitePreview, ...]
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
        params={name: MASK if name in scenario.hidden else value for name, value in scenario.params.items()},
        devices=len(scenario.fleet),
        blocks=tuple(
            BlockPreview(block.name, block.image, block.os, block.group, block.site, block.count) for block in blocks
        ),
        sites=tuple(_sites(scenario)),
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
        warnings=tuple(map(str, warnings(scenario))),
    )


def warnings(scenario: Scenario) -> tuple[Notice, ...]:
    """What looks like a slip: the warnings of every run, and of runs that could not pass since nothing is judged."""
    if scenario.expectations or any(reaction.within_ms is not None for reaction in scenario.reactions):
        return scenario.warnings
    cause = "nothing is expected, so that no run of it passes"
    return *scenario.warnings, Notice(scenario.label, cause, "write what has to hold under `expect`")


def _sums(pairs: Iterator[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, count in pairs:
        sums[name] = sums.get(name, 0) + count
    return sums


def _sites(scenario: Scenario) -> Iterator[SitePreview]:
    devices = _sums((block.site, block.count) for block in scenario.fleet.blocks)
    for name, site in scenario.sites.items():
        zone = None if site.zone is None else str(site.zone)
        yield SitePreview(name, zone, site.latency_ms, site.link_bps, devices.get(name, 0))


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
    devices = len(scenario.fleet)
    device_hours = -(-devices * scenario.duration_ms // HOUR_MS)
    slow, fast = DEVICE_HOURS_PER_CPU_S
    connected = devices * BYTES_PER_DEVICE
    waiting = sum(map(_waiting_device_hours, scenario.steps, repeat(scenario)))
    waiting = min(waiting, devices * min(QUEUE_H_MAX, -(-scenario.duration_ms // HOUR_MS)))
    return Estimate(
        device_hours,
        round(device_hours / fast, 2),
        round(device_hours / slow, 2),
        connected,
        connected + waiting * BYTES_PER_DEVICE_HOUR,
    )


def _waiting_device_hours(step: Occurrence, scenario: Scenario) -> int:
    """Hours for which a step keeps events on devices, over all devices that it may concern."""
    if isinstance(step.action, SILENT):
        devices = len(scenario.fleet)
    elif isinstance(step.action, Unplug):
        devices = _count(step.devices) or 0
    else:
        return 0
    end_ms = scenario.duration_ms if step.end_ms is None else min(step.end_ms, scenario.duration_ms)
    return -(-devices * max(0, end_ms - step.at_ms) // HOUR_MS)


def _name(action: Action | None) -> str:
    return MARK if action is None else name_of(action)


def _count(devices: I64 | None) -> int | None:
    return None if devices is None else len(devices)
