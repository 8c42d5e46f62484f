"""Servers under test: what answers each port, fakes where nothing else is given, asked one package at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from conformance.judging import Unobservable
from emulator.adapter import AdapterError, PerPackage, package_size_bytes
from emulator.chance import name_hash
from emulator.events import EVENT_TYPES
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Policy
from emulator.ports import (
    Ack,
    Credential,
    Device,
    Event,
    Outcome,
    Package,
    Port,
    Refused,
    Reply,
    RunInfo,
    Synchronisations,
    Transmissions,
    Unreachable,
)
from fakes.administration import AdministrationServer
from fakes.administration.server import PLUGINS
from fakes.central_node import CentralNode
from fakes.faults import FaultSchedule
from fakes.telemetry import LATENCY_US
from scenarios.backends import FAKE, Chosen

ADDRESS: Final = "server.seatrial.example:443"
NODE: Final = "server"
START: Final = "2026-03-02T09:00:00+00:00"
DEVICES: Final = 8
"""Devices that checks may enrol."""
UNKNOWN_DEVICE: Final = 401
ADMINISTRATION: Final = "administration"
STORED, RESTART, REVISIONS, LIMIT = "observe.stored", "restart", "revisions", "limit.package-events"
FAKE_CLAIMS: Final[Mapping[str, Any]] = {  # plain values, as backends claim them
    "telemetry": "1.0",
    "kics": "1.0",
    ADMINISTRATION: "1.0",
    "time": "simulated",
    STORED: True,
    REVISIONS: True,
}
"""What the fakes claim."""
_EVENT_TYPE: Final = EVENT_TYPES[0].name


class FakeNode:
    """A fake of the telemetry port in single packages, as a backend of a user is one (docs/own-server.md)."""

    claims: Mapping[str, Any] = FAKE_CLAIMS

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._node = _node()

    def open(self, run: RunInfo) -> None:
        """There is nothing to open."""

    def enrol(self, device: Device) -> Credential:
        """Makes a device known."""
        self._known.setdefault(device.name, len(self._known))
        return Credential(device.name)

    def send(self, packages: Sequence[Package]) -> list[Reply]:
        """Answers each package as the fake does; a device that was never enrolled is refused."""
        return [self._one(package) for package in packages]

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        """What is held of a device."""
        return self._node.stored(self._known[device]) if device in self._known else ()

    def reset(self) -> None:
        """Empties it."""
        self._known.clear()
        self._node = _node()

    def close(self) -> None:
        """There is nothing to close."""

    def _one(self, package: Package) -> Reply:
        if package.device not in self._known:
            return Refused(UNKNOWN_DEVICE, "the device is not enrolled")
        one = {name: np.array([value], np.int64) for name, value in _columns(package).items()}
        device = np.array([self._known[package.device]], np.int64)
        answers = self._node.transmit(
            Transmissions(server=ADDRESS, device=device, expand=lambda *_: package.events, **one)
        )
        outcome = Outcome(int(answers.outcome[0]))
        if outcome is Outcome.OK:
            return Ack(int(answers.latency_us[0]) // 1000)
        return Refused(int(answers.status[0])) if outcome is Outcome.REFUSED else Unreachable()


def _columns(package: Package) -> dict[str, int]:
    return {
        "first": package.first,
        "upto": package.first + package.count,
        "package_events": package.count,
        "largest_bytes": package.size_bytes,
        "bytes": package.size_bytes,
        "at_ms": package.at_ms,
        "timeout_ms": 10_000,
    }


def _node() -> CentralNode:
    return CentralNode({ADDRESS: NODE}, keys=_keys(), faults=FaultSchedule(), latency_us=LATENCY_US)


def _keys() -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([device(index).key for index in range(DEVICES)], np.uint64)


def device(index: int) -> Device:
    """A device that checks enrol."""
    name = f"conformance-{index + 1:05}"
    return Device(name, name_hash(name), name, "windows", "quiet", "Managed devices")


class Telemetry:
    """A server of the telemetry port as checks ask it: packages of devices that are known by their number.

    Raises AdapterError where a backend fails, Unobservable where it does not offer what is asked for.
    """

    def __init__(self, port: Port, backend: Any, claims: Mapping[str, Any]) -> None:  # plain YAML scalars
        self.port = port
        self.claims = claims
        self._backend = backend
        self._adapter = PerPackage(backend, identify=device)
        self._at_ms = 0
        self._adapter.open(RunInfo("conformance", 1, START, DEVICES))

    def enrol(self, *numbers: int) -> None:
        """Enrols devices. Raises AdapterError where one is not let in: nothing could be told then."""
        for number in numbers:
            answer = self._adapter.enrol(number)
            if answer is not None:
                raise AdapterError(f"{self.port}: a device could not be enrolled: {answer!r}")

    def send(self, *packages: tuple[int, int, int]) -> list[Reply]:
        """The replies to packages (device, first, upto) that are sent in one call."""
        self._at_ms += 30_000
        return self._adapter.send([self._package(*package) for package in packages])

    def stored(self, number: int) -> list[tuple[int, int]]:
        """The intervals that the server tells of a device, as it tells them."""
        if not self._adapter.observes_stored:
            raise Unobservable(f"the backend of {self.port} has no `stored`: nobody can look at what it holds")
        return list(self._adapter.stored(number))

    def ordinals(self, number: int) -> list[int]:
        """The ordinals that the server tells of a device."""
        return [ordinal for first, upto in self.stored(number) for ordinal in range(first, upto)]

    def reset(self) -> None:
        """Empties the server; devices are to be enrolled anew."""
        self._adapter.reset()

    @property
    def restarts(self) -> bool:
        """Whether the backend offers to be restarted."""
        return callable(getattr(self._backend, "restart", None))

    def restart(self) -> None:
        """Restarts the server, where it offers that."""
        self._backend.restart()

    def close(self) -> None:
        """Closes the backend."""
        self._adapter.close()

    def _package(self, number: int, first: int, upto: int) -> Package:
        events = tuple(
            Event(ordinal, self._at_ms, _EVENT_TYPE, None, "C:\\Windows\\notepad.exe", "", "", "a check")
            for ordinal in range(first, upto)
        )
        size_bytes = package_size_bytes(events)
        name = device(number).name
        return Package(name, ADDRESS, first, upto - first, self._at_ms, size_bytes, lambda: events)


@dataclass(frozen=True, slots=True)
class ServerUnderTest:
    """The servers that checks ask: a user's backend for some ports, the fakes for the rest."""

    backends: Mapping[Port, Chosen]

    @property
    def name(self) -> str:
        """The backends as they were named, `fake` where there are none."""
        return ", ".join(f"{port}={chosen.spec}" for port, chosen in self.backends.items()) or FAKE

    @property
    def claims(self) -> frozenset[str]:
        """What all ports together claim."""
        return frozenset(name for port in Port for name, value in self._claims(port).items() if value)

    def telemetry(self) -> list[Telemetry]:
        """A fresh server of each port that takes telemetry, open and empty; whoever asks for them closes them."""
        return [self._telemetry(port) for port in (Port.TELEMETRY, Port.KICS)]

    def central_node(self) -> CentralNode:
        """A fresh Central Node that synchronises; its tasks and settings are not part of a user's telemetry backend."""
        return _node()

    def administration(
        self,
        *policies: Policy,
        groups: Sequence[str] = ("Managed devices",),
        plugins: Mapping[str, tuple[int, ...]] = PLUGINS,
    ) -> AdministrationServer:
        """A fresh Administration Server with policies and management plug-ins, and a device in each of the groups, in
        their order."""
        return AdministrationServer(
            GroupTree(groups),
            policies,
            keys=_keys()[: len(groups)],
            group_names=groups,
            group=np.arange(len(groups), dtype=np.int64),
            faults=FaultSchedule(),
            plugins=plugins,
        )

    def _claims(self, port: Port) -> Mapping[str, Any]:
        return self.backends[port].claims if port in self.backends else FAKE_CLAIMS

    def _telemetry(self, port: Port) -> Telemetry:
        backend = self.backends[port].make() if port in self.backends else FakeNode()
        return Telemetry(port, backend, self._claims(port))


def synchronised(
    server: CentralNode | AdministrationServer, address: str, revisions: Sequence[int], *, at_ms: int
) -> list[int]:
    """The revisions that a server answers to devices 0, 1, … that hold `revisions`."""
    count = len(revisions)
    answers = server.synchronise(
        Synchronisations(
            address,
            np.arange(count, dtype=np.int64),
            np.array(revisions, np.int64),
            np.full(count, at_ms, np.int64),
            np.full(count, 10_000, np.int64),
        )
    )
    return [int(revision) for revision in answers.acked]
