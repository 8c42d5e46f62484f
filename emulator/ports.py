"""Ports: what an emulated agent asks of a server, as plain messages and protocols.

A *port* is what an agent asks, a *backend* is what answers. The engine asks in columns (`Transmissions`,
`Synchronisations`: a row a device), so that a hundred thousand agents are one call. A backend of a user answers
single packages (`Telemetry.send`); `PerPackage` in `emulator.adapter` stands between the two.

A backend answers with values. `Refused`, `TimedOut` and `Unreachable` are behaviour of the server under test; any
exception that it raises is a fault of the adapter.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]


class Target(StrEnum):
    """A receiver of telemetry; each has rules, a queue and books of its own."""

    CENTRAL_NODE = "central-node"
    KICS = "kics"


class Port(StrEnum):
    """The ports that exist; their names are those of `--backend PORT=SPEC` and of `servers:` in a scenario."""

    ADMINISTRATION = "administration"
    TELEMETRY = "telemetry"
    KICS = "kics"


PORT_OF_TARGET: Mapping[Target, Port] = {Target.CENTRAL_NODE: Port.TELEMETRY, Target.KICS: Port.KICS}


# --- single messages: what a user's backend sees ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Device:
    """Identity of a device as a server may know it. `key` is the device's key: stable over runs with one seed."""

    name: str
    key: int
    host: str
    os: str
    image: str
    group: str


@dataclass(frozen=True, slots=True)
class Credential:
    """What a device shows to a server from its enrolment on."""

    token: str


@dataclass(frozen=True, slots=True)
class Event:
    """One telemetry event. `ordinal` counts a device's events to one target from 0, without gaps."""

    ordinal: int
    at_ms: int
    type: str
    code: int | None
    process_path: str
    command_line: str
    sha256: str
    subject: str
    remote_address: str = ""
    remote_port: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """A package of events: the ordinals `first` to `first + count - 1` of one device.

    `server` is the address in the agent's server list that it is sent to. `at_ms` is the moment of sending.
    `events` makes the single events, on demand.
    """

    device: str
    server: str
    first: int
    count: int
    at_ms: int
    size_bytes: int
    expand: Callable[[], Sequence[Event]] = field(compare=False, repr=False)

    @property
    def events(self) -> Sequence[Event]:
        """The events, in order of their ordinals; always `count` of them."""
        return self.expand()


@dataclass(frozen=True, slots=True)
class Ack:
    """The server has stored the package; `latency_ms` after it was sent (simulated time)."""

    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The server answered with a refusal: an HTTP-like status (401, 413, 429, 503, …). Nothing was stored."""

    status: int
    reason: str = ""
    latency_ms: int = 0


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer within the agent's response time-out; whether the server stored it is not known."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No connection: refused, no route, or a certificate that the agent does not accept."""

    reason: str = ""


Reply = Ack | Refused | TimedOut | Unreachable


# --- columns: what the engine asks and fakes answer ------------------------------------------------------------------


class Outcome(IntEnum):
    """What came of one device's request."""

    OK = 0
    REFUSED = 1
    TIMED_OUT = 2
    UNREACHABLE = 3


class Distrust(IntEnum):
    """Why a connection did not come about though both sides are there: somebody did not accept a certificate."""

    NOT_PINNED = 1
    WRONG = 2
    EXPIRED = 3
    NO_CLIENT_CERTIFICATE = 4
    UNKNOWN_CLIENT_CERTIFICATE = 5

    @property
    def by(self) -> str:
        """Who did not accept it."""
        return "server" if self >= Distrust.NO_CLIENT_CERTIFICATE else "device"

    @property
    def reason(self) -> str:
        """Why, in words."""
        return _DISTRUST[self]


_DISTRUST: Mapping[Distrust, str] = {
    Distrust.NOT_PINNED: "the server shows another certificate than the pinned one",
    Distrust.WRONG: "the server shows a wrong certificate",
    Distrust.EXPIRED: "the certificate of the server has expired",
    Distrust.NO_CLIENT_CERTIFICATE: "the device shows no client certificate",
    Distrust.UNKNOWN_CLIENT_CERTIFICATE: "the server does not know the client certificate",
}


@dataclass(frozen=True, slots=True)
class Transmissions:
    """Telemetry of many devices for one server: each sends its ordinals [first, upto) in packages of its maximum.

    `server` is a text of `emulator.asking.Asked`.

    All columns have one row a device: `device` int64 (index in the fleet), `first`, `upto` int64, `package_events`
    int64 (the agent's maximum of events in one package), `largest_bytes` int64 (size of the largest package),
    `bytes` int64 (of all its packages), `at_ms` int64 (the row's own moment), `timeout_ms` int64 (how long it waits).
    """

    server: str
    device: I64
    first: I64
    upto: I64
    package_events: I64
    largest_bytes: I64
    bytes: I64
    at_ms: I64
    timeout_ms: I64
    expand: Callable[[int, int, int], Sequence[Event]]
    """(row, first, upto) → the events with these ordinals."""

    def __len__(self) -> int:
        return len(self.device)


@dataclass(frozen=True, slots=True)
class Synchronisations:
    """Synchronisation requests of many devices to one server: `device`, `at_ms`, `timeout_ms` int64.

    `revision` is what the device holds of the server's tasks and settings, int64.
    """

    server: str
    device: I64
    revision: I64
    at_ms: I64
    timeout_ms: I64

    def __len__(self) -> int:
        return len(self.device)


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back, a row a request.

    `outcome` uint8 (`Outcome`); `acked` int64: the server holds everything of the device below this ordinal, and says
    so (equals `first` where nothing was acknowledged; for synchronisations: the server's revision); `status` int16:
    the status of a refusal, for an unreachable server its `Distrust` where that is the reason, else 0; `latency_us`
    int64: from sending to answer (to the failure where there is none).
    """

    outcome: NDArray[np.uint8]
    acked: I64
    status: NDArray[np.int16]
    latency_us: I64


@runtime_checkable
class TelemetryColumns(Protocol):
    """A telemetry server that answers in columns: the fakes, and `PerPackage` around a user's backend."""

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """Latency in µs with which `server` surely acknowledges every request in [from_ms, to_ms), or None.

        Where it is given, the engine may report synchronisations without news as counts only.
        """

    def transmit(self, batch: Transmissions) -> Answers:
        """Takes telemetry; stores only what lies above the device's high-water mark."""

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers synchronisation requests with the revision that each device should hold."""

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where a limit on bodies may hold in [from_ms, to_ms); else `largest_bytes` may be above the truth."""

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """`transmit` for a quiet server: every row's [first, upto) is stored and acknowledged, in so many packages."""


# --- what a user's backend is ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a backend learns of the run when it is opened, once per worker."""

    scenario: str
    seed: int
    start: str
    devices: int
    worker: int = 0


class Backend(Protocol):
    """Life of a backend. Every method may also be a coroutine function.

    `claims` says what it is good for: port names with versions, capabilities (`dedupe`, `observe.stored`, …) and
    `time`: `simulated` or `wall`.
    """

    claims: Mapping[str, Any]  # values are plain YAML scalars

    def open(self, run: RunInfo) -> None:
        """Called once per worker before anything else."""

    def enrol(self, device: Device) -> Credential | Refused | TimedOut | Unreachable:
        """Makes a device known and gives it its credential; called before its first request.

        Where the server does not take the device, it answers as it would a request: what the device wanted to send
        comes to the same then, and it is enrolled anew before its next request.
        """

    def reset(self) -> None:
        """Empties the server, between checks."""

    def close(self) -> None:
        """Called once at the end, also after an error."""


class Telemetry(Protocol):
    """The telemetry port, package by package; `send` may be a coroutine function."""

    def send(self, packages: Sequence[Package]) -> Sequence[Reply]:
        """Takes packages of different devices; answers each, in order. One device's packages come one at a time."""


class ObservesStored(Protocol):
    """Optional half of the telemetry port: lets checks look inside."""

    def stored(self, device: str) -> Sequence[tuple[int, int]]:
        """The ordinals that the server holds of a device as disjoint ascending intervals [first, upto)."""
