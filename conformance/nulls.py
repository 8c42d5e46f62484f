"""Null implementations: agents and servers that do next to nothing; a check which they pass is known to be hollow.

The Administration Server is the fake's beside every null server: its null would be a policy model without policies.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np

from conformance.agents import COLUMNS, SHIPPED, AgentUnderTest
from conformance.registry import Judge
from conformance.servers import ServerUnderTest
from conformance.session import Subject
from emulator.journal import Journal
from emulator.plain.simulation import TERMS
from emulator.ports import (
    Ack,
    Credential,
    Device,
    Package,
    Port,
    Refused,
    Reply,
    RunInfo,
    Synchronisations,
    Target,
    TelemetryColumns,
    TimedOut,
    Transmissions,
    Unreachable,
)
from emulator.world import Figures, World
from scenarios.backends import Chosen

HOUR_MS: Final = 3_600_000


class Idle:
    """An agent that asks nobody and tells nothing."""

    def __init__(self, world: World, servers: Mapping[Target, TelemetryColumns], **_: Any) -> None:
        self.world = world
        self.servers = servers
        self.journal = Journal()

    def run(self) -> Figures:
        """Does nothing."""
        return self._figures("generated", 0)

    def _figures(self, term: str, count: int) -> Figures:
        columns = {name: np.zeros(len(self.world), np.int64) for name in TERMS}
        columns[term] += count
        return Figures(dict.fromkeys(self.servers, columns))


class Boaster(Idle):
    """An agent that sends nothing, and says that everything was excluded, throttled and acknowledged."""

    def run(self) -> Figures:
        """Figures without anything behind them."""
        columns = {name: np.full(len(self.world), 1_000, np.int64) for name in TERMS}
        return Figures(dict.fromkeys(self.servers, columns))


class Knocker(Idle):
    """An agent that knows every server, and does nothing but synchronise with all of them every minute."""

    def run(self) -> Figures:
        """Asks, and does nothing with the answers."""
        devices = np.arange(len(self.world), dtype=np.int64)
        settings = self.world.settings[0].kata_integration
        for at_ms in range(0, self.world.duration_ms, 60_000):
            for server in settings.servers:
                moment, wait = np.full(len(devices), at_ms), np.full(len(devices), 10_000)
                batch = Synchronisations(str(server), devices, np.zeros_like(devices), moment, wait)
                self.servers[Target.CENTRAL_NODE].synchronise(batch)
        return self._figures("generated", 0)


class Babbler(Knocker):
    """An agent that sends one package of a device in each period, with events of its own making."""

    def run(self) -> Figures:
        """Sends packages that nobody asked for."""
        for target, server in self.servers.items():
            kata, kics = self.world.settings[0].kata_integration, self.world.settings[0].kics_integration
            addresses = kata.servers if target is Target.CENTRAL_NODE else kics.servers
            for number, at_ms in enumerate(range(0, self.world.duration_ms, 30_000)):
                if addresses:
                    server.transmit(self._batch(str(addresses[0]), number, at_ms))
        return self._figures("acknowledged", 1)

    def _batch(self, server: str, number: int, at_ms: int) -> Transmissions:
        def column(value: int) -> Any:
            return np.array([value], np.int64)

        return Transmissions(
            server,
            column(0),
            column(number),
            column(number + 1),
            column(1),
            column(100),
            column(100),
            column(at_ms),
            column(10_000),
            lambda *_: (),
        )


class Mute:
    """A server that lets everybody in, and answers as its kind does."""

    claims: Mapping[str, Any] = {  # plain values, as backends claim them
        "telemetry": "1.0",
        "kics": "1.0",
        "time": "simulated",
        "observe.stored": True,
        "restart": True,
        "limit.package-events": 100,
    }
    reply: ClassVar[Reply] = TimedOut()

    def open(self, run: RunInfo) -> None:
        """Nothing to do."""

    def enrol(self, device: Device) -> Credential:
        """Everybody."""
        return Credential(device.name)

    def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        """The same answer to everything."""
        return [self.reply for _ in packages]

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        """Nothing."""
        return ()

    def restart(self) -> None:
        """Nothing to do."""

    def reset(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""


class Agreeable(Mute):
    """Acknowledges everything and keeps nothing."""

    reply = Ack()


class Refusing(Mute):
    """Refuses everything, without a reason."""

    reply = Refused(400)


class Unauthorised(Mute):
    """Refuses everything as not authenticated."""

    reply = Refused(401)


class Failing(Mute):
    """Has an error of its own for everything."""

    reply = Refused(500)


class Gone(Mute):
    """Is not there."""

    reply = Unreachable("gone")


class Late(Mute):
    """Acknowledges an hour later, and keeps nothing."""

    reply = Ack(HOUR_MS)


class Hoarder(Mute):
    """Acknowledges everything, and says that it holds a million events of everybody."""

    reply = Ack()

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        """The same of every device."""
        return [(0, 100_000)]


def _agent(name: str, implementation: type[Idle]) -> Callable[[], Subject]:
    return lambda: AgentUnderTest(name, implementation, SHIPPED[COLUMNS])


def _server(name: str, backend: type[Mute]) -> Callable[[], Subject]:
    def chosen(port: Port) -> Chosen:
        return Chosen(port, name, backend, backend.claims, {}, lambda text: text)

    return lambda: ServerUnderTest({port: chosen(port) for port in (Port.TELEMETRY, Port.KICS)})


_AGENTS: Final = {"idle": Idle, "boaster": Boaster, "knocker": Knocker, "babbler": Babbler}
_SERVERS: Final = {
    "time-out": Mute,
    "success": Agreeable,
    "refusal": Refusing,
    "unauthorised": Unauthorised,
    "error": Failing,
    "gone": Gone,
    "late": Late,
    "hoarder": Hoarder,
}
NULLS: Final[tuple[tuple[str, Judge, Callable[[], Subject]], ...]] = (
    *((name, Judge.AGENT, _agent(name, kind)) for name, kind in _AGENTS.items()),
    *((name, Judge.SERVER, _server(name, kind)) for name, kind in _SERVERS.items()),
)
"""Name, judge and maker of each."""
