"""Small worlds for the plain agent, and a server whose answers a test writes down."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

import numpy as np

from emulator.chance import device_keys
from emulator.clock import WEEK_HOURS, Calendar
from emulator.events import PACKAGE_HEADER_BYTES, TYPE_INDEX, Direction, EventClass, Peer, Process
from emulator.exclusions.network import NetworkRule
from emulator.images.quiet import IMAGE as QUIET
from emulator.plain import PlainSimulation
from emulator.policy.settings import AgentSettings, KataIntegration, KicsIntegration, RequestThrottling
from emulator.ports import I64, Answers, Event, Outcome, Synchronisations, Target, Transmissions
from emulator.sites import NEAR, Site
from emulator.world import Condition, Injection, Spell, World
from tests.emulator.governing import SettingsChange, governed

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
KATA = ("kata-1.example.com:443", "kata-2.example.com:443", "kata-3.example.com:443")
KICS = ("kics-1.example.com:8443", "kics-2.example.com:8443")
SMB = Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=445, remote_address="10.0.0.20")
WEB = Peer(Direction.OUTBOUND, 6, local_port=0, remote_port=443, remote_address="203.0.113.80")
WINRM = Peer(Direction.INBOUND, 6, local_port=5985, remote_port=0, remote_address="10.0.0.10")
OFF = RequestThrottling(enabled=False)


def process(name: str, version: str = "1") -> Process:
    path = rf"C:\Program Files\{name}"
    return Process(path=path, command_line=f'"{path}"', sha256=f"{hash_of(name + version):064x}")


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode(), "big") % 16**64


def event_class(kind: str, name: str = "", run_by: str = "app.exe", peer: Peer | None = None) -> EventClass:
    return EventClass(f"{name or run_by}/{kind}", TYPE_INDEX[kind], process(run_by), (1,) * WEEK_HOURS, peer)


START = event_class("process-start")
MODULE = event_class("module-load")
FILE = event_class("file-change")
REGISTRY = event_class("registry-change")
END = event_class("process-end")
DETECTION = event_class("threat-detection")
CONNECTION = event_class("network-activity", peer=WEB)


def kata(**changes: Any) -> KataIntegration:
    return replace(KataIntegration(enabled=True, servers=KATA[:1]), **changes)  # type: ignore[arg-type]  # read as text


def kics(**changes: Any) -> KicsIntegration:
    return replace(KicsIntegration(enabled=True, servers=KICS[:1]), **changes)  # type: ignore[arg-type]  # read as text


def settings(*groups: Any, throttled: bool = False) -> AgentSettings:
    """The defaults with integration of a Central Node, without throttling unless asked for, and these groups."""
    base = AgentSettings(kata_integration=kata())
    return (base if throttled else base.having(OFF)).having(*groups)


def injections(events: Iterable[tuple[int, int, int]], devices: Sequence[int] = (0,)) -> tuple[Injection, ...]:
    """(index of a scenario class, moment, count), for the devices."""
    chosen = np.array(devices, np.int64)
    return tuple(Injection(chosen, index, at_ms, count) for index, at_ms, count in events)


def spell(
    condition: Condition,
    from_ms: int,
    until_ms: int,
    devices: Sequence[int] = (0,),
    lets_through: tuple[NetworkRule, ...] = (),
) -> Spell:
    return Spell(condition, np.array(devices, np.int64), from_ms, until_ms, lets_through)


def world(
    classes: Sequence[EventClass],
    events: Iterable[tuple[int, int, int]],
    *,
    hold: AgentSettings | None = None,
    duration_ms: int = 10 * MINUTE_MS,
    devices: int = 1,
    seed: int = 1,
    cold: bool = True,
    changes: Sequence[tuple[int, AgentSettings]] = (),
    spells: Sequence[Spell] = (),
    site: Site = NEAR,
) -> World:
    """Devices on which nothing happens but `events` (on each); cold, so that all their moments are near full ones."""
    group = np.zeros(devices, np.int64)
    return World(
        calendar=Calendar(datetime(2026, 3, 2, 8, tzinfo=UTC)),
        duration_ms=duration_ms,
        cold=cold,
        images=(QUIET,),
        groups=("Managed devices",),
        governed=(governed(hold or settings()),),
        key=device_keys(seed, "office", devices),
        image=np.zeros(devices, np.int64),
        group=group,
        sites=(site,),
        site=np.zeros(devices, np.int64),
        identity=lambda device: {"user": f"a.user{device:02d}", "host": f"OFFICE-{device}", "site": "main"},
        scenario_classes=tuple(classes),
        news=tuple(SettingsChange(at_ms, 0, later).news(group) for at_ms, later in sorted(changes, key=itemgetter(0))),
        spells=tuple(spells),
        injections=injections(events, range(devices)),
    )


@dataclass(frozen=True)
class Sent:
    """One transmission as a server saw it."""

    server: str
    device: int
    at_ms: int
    first: int
    upto: int
    package_events: int
    largest_bytes: int
    bytes: int
    expand: Callable[[], Sequence[Event]]

    @cached_property
    def events(self) -> Sequence[Event]:
        return self.expand()

    @property
    def packages(self) -> int:
        return -(-(self.upto - self.first) // self.package_events)

    def count(self, kind: str) -> int:
        return sum(event.type == kind for event in self.events)


Reply = tuple[Outcome, int]
"""What comes back, and after how many microseconds."""
OK: Reply = (Outcome.OK, 0)


@dataclass
class Script:
    """A telemetry server that answers as `reply(server, moment)` says; stores what it acknowledges or `holds`."""

    reply: Callable[[str, int], Reply] = lambda server, at_ms: OK
    holds: Callable[[str, int], bool] = lambda server, at_ms: False
    sent: list[Sent] = field(default_factory=list)
    synchronised: list[tuple[str, int]] = field(default_factory=list)
    marks: dict[int, int] = field(default_factory=dict)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return True

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        raise AssertionError("the plain agent asks for every answer")

    def transmit(self, batch: Transmissions) -> Answers:
        first, upto, at_ms = (int(column[0]) for column in (batch.first, batch.upto, batch.at_ms))
        device = int(batch.device[0])
        outcome, latency_us = self.reply(batch.server, at_ms)
        self.sent.append(
            Sent(
                batch.server,
                device,
                at_ms,
                first,
                upto,
                int(batch.package_events[0]),
                int(batch.largest_bytes[0]),
                int(batch.bytes[0]),
                partial(batch.expand, 0, first, upto),
            )
        )
        if outcome is Outcome.OK or self.holds(batch.server, at_ms):
            self.marks[device] = max(self.marks.get(device, 0), upto)
        return _answers(outcome, upto if outcome is Outcome.OK else first, latency_us)

    def synchronise(self, batch: Synchronisations) -> Answers:
        at_ms = int(batch.at_ms[0])
        self.synchronised.append((batch.server, at_ms))
        outcome, latency_us = self.reply(batch.server, at_ms)
        return _answers(outcome, int(batch.revision[0]), latency_us)


def _answers(outcome: Outcome, acked: int, latency_us: int) -> Answers:
    return Answers(
        np.array([outcome], np.uint8),
        np.array([acked], np.int64),
        np.array([429 if outcome is Outcome.REFUSED else 0], np.int16),
        np.array([latency_us], np.int64),
    )


@dataclass(frozen=True)
class Run:
    """What came of a world: the terms of each target (of the first device), and what the servers saw."""

    central: Mapping[str, int]
    thinned: Mapping[str, int]
    node: Script
    kics: Script

    def received(self, kind: str) -> int:
        return sum(sent.count(kind) for sent in self.node.sent)

    def received_by_kics(self, kind: str) -> int:
        return sum(sent.count(kind) for sent in self.kics.sent)


def run(
    given: World,
    *,
    node: Script | None = None,
    kics: Script | None = None,
    administration: Callable[[int, int], bool] | None = None,
) -> Run:
    node, kics = node or Script(), kics or Script()
    simulation = PlainSimulation(given, {Target.CENTRAL_NODE: node, Target.KICS: kics}, administration=administration)
    figures = simulation.run()
    central, thinned = (
        {term: int(column[0]) for term, column in figures.terms[target].items()}
        for target in (Target.CENTRAL_NODE, Target.KICS)
    )
    return Run(central, thinned, node, kics)


def package_bytes(sizes: Iterable[int]) -> int:
    return PACKAGE_HEADER_BYTES + sum(sizes)
