"""A scene: a world, its servers and their faults; and what an implementation of the agents makes of it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from hypothesis.vendor.pretty import RepresentationPrinter

from emulator.policy.effective import LocalSettings, effective
from emulator.policy.policies import Governing
from emulator.policy.settings import DEFAULTS, AgentSettings, key_of
from emulator.ports import I64, Answers, Synchronisations, Target, TelemetryColumns, Transmissions
from emulator.world import Agents, Governed, World
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultSchedule
from fakes.kics import KicsForNetworks
from fakes.telemetry import TelemetryNodes

KATA = {"kata-1.example.com:443": "node-1", "kata-2.example.com:443": "node-2", "kata-3.example.com:443": "node-3"}
KICS = {"kics-1.example.com:8443": "kics-1", "kics-2.example.com:8443": "kics-2"}
NOWHERE = "nowhere.example.com:443"
"""An address that leads to no server."""

Build = Callable[[World, Mapping[Target, TelemetryColumns]], Agents]
Heard = tuple[int, int, str, str, int, int, int, int, int, str]


class Ear:
    """Stands before a server and hears every transmission: when, what, how long, and which events in which order.

    Nothing is settled by arithmetic while it listens: every request is asked.
    """

    def __init__(self, server: TelemetryNodes) -> None:
        self._server = server
        self.heard: list[Heard] = []

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return True

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        raise AssertionError("a server that is never quiet cannot be settled with")

    def synchronise(self, batch: Synchronisations) -> Answers:
        answers = self._server.synchronise(batch)
        for row in range(len(batch)):
            self._hear(batch, row, "synchronise", 0, 0, 0, 0, 0, "")
        return answers

    def transmit(self, batch: Transmissions) -> Answers:
        for row in range(len(batch)):
            first, upto = int(batch.first[row]), int(batch.upto[row])
            events = batch.expand(row, first, upto)
            told = hashlib.sha256()
            for event in events:
                told.update(repr((event.ordinal, event.type, event.at_ms, event.process_path, event.subject)).encode())
            sizes = int(batch.bytes[row]), int(batch.largest_bytes[row])
            self._hear(batch, row, "transmit", first, upto, int(batch.package_events[row]), *sizes, told.hexdigest())
        return self._server.transmit(batch)

    def _hear(
        self,
        batch: Transmissions | Synchronisations,
        row: int,
        kind: str,
        first: int,
        upto: int,
        package_events: int,
        size: int,
        largest: int,
        told: str,
    ) -> None:
        at_ms, device = int(batch.at_ms[row]), int(batch.device[row])
        self.heard.append((at_ms, device, batch.server, kind, first, upto, package_events, size, largest, told))


@dataclass(frozen=True)
class Lived:
    """What came of a scene, as plain values: equal scenes are told apart by nothing in it.

    `terms` by target and term, `stored` and `ledgers` (events, duplicates, packages) by node, `heard` by target: all
    requests in order of time, where they were listened to.
    """

    terms: Mapping[str, Mapping[str, list[int]]]
    stored: Mapping[str, list[list[tuple[int, int]]]]
    ledgers: Mapping[str, tuple[int, int, int]]
    heard: Mapping[str, list[Heard]]

    def differences(self, other: "Lived") -> list[str]:
        """Where the two differ, in words; empty where they are equal."""
        found = []
        for target in sorted(self.terms.keys() | other.terms.keys()):
            mine, theirs = self.terms.get(target, {}), other.terms.get(target, {})
            found += [
                f"{target} {term}: {mine.get(term)} and {theirs.get(term)}"
                for term in sorted(mine.keys() | theirs.keys())
                if mine.get(term) != theirs.get(term)
            ]
        for name, mine_by, theirs_by in (
            ("stored", self.stored, other.stored),
            ("ledger", self.ledgers, other.ledgers),
        ):
            found += [
                f"{name} of {node}: {mine_by[node]} and {theirs_by[node]}"
                for node in mine_by
                if mine_by[node] != theirs_by[node]
            ]
        for target in self.heard:
            pairs = zip(self.heard[target], other.heard[target], strict=False)
            first = next((f"{mine} and {theirs}" for mine, theirs in pairs if mine != theirs), "")
            counts = len(self.heard[target]), len(other.heard[target])
            if first or counts[0] != counts[1]:
                found.append(f"requests to {target}: {counts[0]} and {counts[1]}, the first that differ: {first}")
        return found


@dataclass(frozen=True, repr=False)
class Scene:
    """A world with its servers. `listened`: every request is heard, and none is settled by arithmetic."""

    world: World
    faults: tuple[Fault, ...] = ()
    latency_us: int = 20_000
    listened: bool = False
    nodes: Mapping[Target, Mapping[str, str]] = field(
        default_factory=lambda: {Target.CENTRAL_NODE: KATA, Target.KICS: KICS}
    )

    def __repr__(self) -> str:
        """What a reader of a failure needs: no images, and of settings only what is not a default."""
        world = self.world
        lines = [
            f"a scene of {len(world)} devices, {world.duration_ms} ms in ticks of {world.tick_ms} ms",
            f"start {world.calendar.start}, cold {world.cold}, listened {self.listened}",
            f"sites {world.sites}, {world.site.tolist()}",
            f"keys {world.key.tolist()}, images {world.image.tolist()}, groups {world.group.tolist()}",
            *(f"group {group}: {_governed(governed)}" for group, governed in enumerate(world.governed)),
            f"own {_told(effective(None, world.own).settings)}",
            *(f"at {one.at_ms} {one.devices.tolist()}: {_governed(one.item)}" for one in world.news),
            *(f"at {one.at_ms} {one.devices.tolist()}: {one.group} {one.content}" for one in world.edits),
            *(
                f"{one.devices.tolist()} {one.condition} from {one.from_ms} until {one.until_ms}"
                for one in world.spells
            ),
            *(f"{one.devices.tolist()} {one.count} of {one.event_class} at {one.at_ms}" for one in world.injections),
            f"latency {self.latency_us} us",
            *(repr(fault) for fault in self.faults),
        ]
        return "\n  ".join(lines)

    def _repr_pretty_(self, printer: RepresentationPrinter, _cycle: bool) -> None:
        """Hypothesis would print the fields of a dataclass, images and all."""
        printer.text(repr(self))

    def live(self, build: Build) -> Lived:
        """Lets agents live through it, with servers of its own."""
        fakes = self._fakes()
        ears = {target: Ear(fake) for target, fake in fakes.items()} if self.listened else {}
        servers: dict[Target, TelemetryColumns] = {**fakes, **ears}
        figures = build(self.world, servers).run()
        devices = range(len(self.world))
        return Lived(
            terms={
                target: {term: [int(value) for value in column] for term, column in terms.items()}
                for target, terms in figures.terms.items()
                if any(_integrated(target, one) for one in self.world.every_settings)
            },
            stored={
                name: [[(int(first), int(upto)) for first, upto in fake.stored_at(name, device)] for device in devices]
                for fake in fakes.values()
                for name in fake.names
            },
            ledgers={
                name: (fake.ledger(name).events, fake.ledger(name).duplicates, fake.ledger(name).packages)
                for fake in fakes.values()
                for name in fake.names
            },
            heard={target: sorted(ear.heard) for target, ear in ears.items()},
        )

    def _fakes(self) -> dict[Target, TelemetryNodes]:
        schedule = FaultSchedule()
        for fault in self.faults:
            schedule.add(fault)
        return {
            Target.CENTRAL_NODE: CentralNode(
                self.nodes[Target.CENTRAL_NODE], keys=self.world.key, faults=schedule, latency_us=self.latency_us
            ),
            Target.KICS: KicsForNetworks(
                self.nodes[Target.KICS], keys=self.world.key, faults=schedule, latency_us=self.latency_us
            ),
        }


def _integrated(target: Target, settings: AgentSettings) -> bool:
    """An implementation need not keep figures of a target that no settings of the world integrate."""
    return (settings.kata_integration if target is Target.CENTRAL_NODE else settings.kics_integration).enabled


def _governed(item: object) -> str:
    """What governs a device."""
    if not isinstance(item, Governed):
        return repr(item)
    return " outside ".join(
        "nobody" if policy is None else f"{[key_of(lock.values) for lock in policy.locks]} {_told(_only(policy))}"
        for policy in (item.inside, item.outside)
    )


def _only(policy: Governing) -> AgentSettings:
    """What a policy locks, and defaults."""
    return effective(policy, LocalSettings()).settings


def _told(settings: AgentSettings) -> str:
    """The settings that are not defaults."""
    told = []
    for group in fields(settings):
        values, defaults = getattr(settings, group.name), getattr(DEFAULTS, group.name)
        for setting in fields(values):
            value = getattr(values, setting.name)
            if value != getattr(defaults, setting.name):
                shown = [getattr(entry, "name", str(entry)) for entry in value] if isinstance(value, tuple) else value
                told.append(f"{group.name}.{setting.name}={shown}")
    return ", ".join(told)
