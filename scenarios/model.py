"""A scenario as it is run: everything resolved, nothing left to look up in the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.clock import Calendar
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Policy
from emulator.ports import I64, Port, Target
from emulator.sites import Site
from fakes.administration import AccessControl
from scenarios.expectations import Expectation
from scenarios.fleet import Enrolment, Fleet
from scenarios.format import ReadingsEntry, ServicesEntry, TaskEntry
from scenarios.params import Value
from scenarios.problems import Notice
from scenarios.services import KnownKey
from scenarios.timeline import Occurrence, Reaction


@dataclass(frozen=True, slots=True)
class Server:
    """What answers one port: the backend, its options as they stand in the file, and its nodes.

    `addresses` are those of the nodes, `host:port` as agents have them in their lists of servers. A node that is called
    by a full domain name or an IP address has that; others are in a domain of Seatrial's own.
    `options` may hold `${env:NAME}`, which is left for whoever opens the backend, so that no secret is kept here.
    `options_at` tells by key where each of them stands, and under the empty key where all of them do.
    `certificates` are the fingerprints of what the nodes show at the start, `clients` those of the client certificates
    that they let in, empty where they ask for none.
    """

    port: Port
    backend: str
    options: Mapping[str, Any]  # validated by the backend's own model
    options_at: Mapping[str, str]
    nodes: tuple[str, ...]
    addresses: tuple[str, ...]
    place: str
    certificates: tuple[str, ...] = ()
    clients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """One scenario, loaded. `label` is what the user calls its file, `place` of its parts refer to that.

    `params` are the values that hold, `hidden` those of them that are shown nowhere, since they go where secrets are;
    `sites` those that blocks are at or the file describes, `enrolments` those of a ramp, `access` the accounts of
    operators, `keys` the licence keys, `tasks` what there is at the start, `services` what agents ask one device at a
    time, `event_storage_d` how many days events are kept by type, `plugins` the management plug-ins, `integrated` the
    servers that every device was installed with, `selections` the named devices as fleet indices: selectors, and what
    steps name.
    `servers` has every port. `sha256` is over the resolved content, in hex: two files that differ in comments and
    layout only have the same.
    """

    label: str
    name: str
    about: str
    tags: tuple[str, ...]
    seed: int
    start: datetime
    duration_ms: int
    params: Mapping[str, Value]
    hidden: frozenset[str]
    fleet: Fleet
    sites: Mapping[str, Site]
    enrolments: tuple[Enrolment, ...]
    cold: bool
    integrated: frozenset[Target]
    groups: GroupTree
    policies: tuple[Policy, ...]
    access: AccessControl
    plugins: Mapping[str, tuple[int, ...]]
    servers: Mapping[Port, Server]
    keys: Mapping[str, KnownKey]
    tasks: tuple[TaskEntry, ...]
    services: ServicesEntry
    event_storage_d: Mapping[str, int]
    selections: Mapping[str, I64]
    steps: tuple[Occurrence, ...]
    reactions: tuple[Reaction, ...]
    expectations: tuple[Expectation, ...]
    recording_ms: int
    readings: ReadingsEntry
    sha256: str
    warnings: tuple[Notice, ...]

    @property
    def calendar(self) -> Calendar:
        """Places simulated milliseconds on the calendar."""
        return Calendar(self.start)
