"""Telemetry events: their types, and the classes of events that an image lists.

An event *type* is what the product distinguishes (process start, network activity, …); an event *class* is one
recurring source of events on a device: "svchost.exe opens an SMB connection to the file server". Counts are drawn per
class, throttled and queued per type.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CLASSES_MAX: Final = 64
"""Ambient event classes of one image."""
PACKAGE_HEADER_BYTES: Final = 256
"""Length of a package without its events."""
NETWORK_AGENT: Final = frozenset({"klnagent.exe", "klnagent"})
"""The files of Network Agent, on Windows and on Linux."""


class Importance(StrEnum):
    """How the agent judges an event; neither a policy nor a server sets it (KEA-TEL-009)."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event. `code` is the vendor's number where it is known (8 and 102), else None.

    `size_bytes` is the length of one event in a package of our wire protocol: a property of the type, since a queued
    segment keeps counts per type only.
    """

    name: str
    importance: Importance
    size_bytes: int
    code: int | None = None


# The order is the order in a queue: all of high importance first. Which types are of low importance is the emulator's
# table, the vendor's criteria are not public.
EVENT_TYPES: Final = (
    EventType("threat-detection", Importance.HIGH, 720),
    EventType("prevention", Importance.HIGH, 560),
    EventType("process-start", Importance.HIGH, 640),
    EventType("script-run", Importance.HIGH, 600),
    EventType("driver-load", Importance.HIGH, 420),
    EventType("system-event", Importance.HIGH, 480),
    EventType("process-end", Importance.LOW, 200),
    EventType("module-load", Importance.LOW, 300),
    EventType("file-change", Importance.LOW, 360),
    EventType("registry-change", Importance.LOW, 340),
    EventType("network-activity", Importance.LOW, 260, code=8),
    EventType("basic-communications", Importance.LOW, 180, code=102),
)
TYPE_INDEX: Final = {kind.name: index for index, kind in enumerate(EVENT_TYPES)}
HIGH_TYPES: Final = sum(kind.importance is Importance.HIGH for kind in EVENT_TYPES)
PROCESS_START: Final = TYPE_INDEX["process-start"]


@dataclass(frozen=True, slots=True)
class Process:
    """The process that an event is about. Every text is a template: `{user}`, `{host}` and `{site}` are slots.

    `sha256` and `md5` are lower-case hex; they are synthetic.
    """

    path: str
    command_line: str = ""
    parent_path: str = ""
    description: str = ""
    original_name: str = ""
    version: str = ""
    md5: str = ""
    sha256: str = ""

    @property
    def image(self) -> tuple[str, str]:
        """What makes two starts starts of the same process for the TTL: path and hash."""
        return self.path, self.sha256

    @property
    def file_name(self) -> str:
        """The name of its file, in lower case."""
        return self.path.replace("/", "\\").rpartition("\\")[2].lower()


class Direction(StrEnum):
    """Who opened a connection, seen from the device."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of a network communication. `protocol` is the IANA number; addresses may hold slots."""

    direction: Direction
    protocol: int
    local_port: int
    remote_port: int
    remote_address: str
    local_address: str = ""


@dataclass(frozen=True, slots=True)
class EventClass:
    """One recurring source of events.

    `name` is unique for ever: draws are keyed by its hash, so that adding another class changes no draw.
    `type` indexes `EVENT_TYPES`. `rates` holds the mean in thousandths of an event per hour for each of the 168 hours
    of a week (Monday, midnight first), local time. `subject` is what the event is about beside its process (a file, a
    registry key, a module), a template.
    """

    name: str
    type: int
    process: Process
    rates: tuple[int, ...]
    peer: Peer | None = None
    subject: str = ""

    @property
    def can_be_cut_off(self) -> bool:
        """True where the event needs a connection that isolation cuts: those of Network Agent it always lets through
        (public help)."""
        return self.peer is not None and self.process.file_name not in NETWORK_AGENT
