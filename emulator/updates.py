"""Updates of databases and application modules: where they come from, and what a device has of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from emulator.clock import DAY_MS
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.services import Call
from emulator.told import Severity, Told

OUT_OF_DATE_MS: Final = 3 * DAY_MS
BADLY_OUT_OF_DATE_MS: Final = 7 * DAY_MS
"""Ages from which databases are out of date, and badly so (public help of a sibling product)."""


class DatabaseState(StrEnum):
    """How old the databases are."""

    UP_TO_DATE = "up-to-date"
    OUT_OF_DATE = "out-of-date"
    BADLY_OUT_OF_DATE = "badly-out-of-date"


class SourceKind(StrEnum):
    """Kinds of update sources (public help of the product)."""

    ADMINISTRATION_SERVER = "administration-server"
    VENDOR = "vendor-servers"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of updates; a custom one has an address: HTTP, FTP or a network folder."""

    kind: SourceKind
    address: str = ""

    @property
    def name(self) -> str:
        """What the source is called in facts."""
        return self.address or self.kind.value


class ModuleUpdates(StrEnum):
    """What is done about newer application modules; the choices are recalled, not found in documentation."""

    NONE = "do-not-check"
    CHECK = "check-only"
    INSTALL = "download-and-install"


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """The settings of an update task: its sources in the order in which they are tried, and module updates."""

    sources: tuple[Source, ...] = (Source(SourceKind.ADMINISTRATION_SERVER), Source(SourceKind.VENDOR))
    modules: ModuleUpdates = ModuleUpdates.NONE


@dataclass(frozen=True, slots=True)
class Release:
    """What a source offers: the number and the moment of its databases, the newest version of the modules.

    `download_ms` is how long it takes to load; `corrupted` ones cannot be applied. `blocked_keys` are the serial
    numbers of keys that the vendor has blocked: that devices learn of them with their databases is the emulator's
    choice.
    """

    databases: int
    released_ms: int
    modules: int
    download_ms: int
    corrupted: bool = False
    blocked_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Databases:
    """What one device has: databases of a release, and modules of a version."""

    release: int = 0
    released_ms: int = 0
    modules: int = 0
    blocked_keys: tuple[str, ...] = ()

    def state(self, at_ms: int) -> DatabaseState:
        """How old the databases are at a moment."""
        age_ms = at_ms - self.released_ms
        if age_ms >= BADLY_OUT_OF_DATE_MS:
            return DatabaseState.BADLY_OUT_OF_DATE
        return DatabaseState.OUT_OF_DATE if age_ms >= OUT_OF_DATE_MS else DatabaseState.UP_TO_DATE

    def applying(self, release: Release, modules: ModuleUpdates) -> "tuple[Databases, tuple[Told, ...]]":
        """What a device has once it has loaded a release, and what is to be told (KEA-UPD-010, KEA-UPD-017).

        A corrupted update changes nothing: the old databases stay.
        """
        if release.corrupted:
            return self, (Told("update-failed", {"reason": "the update is corrupted"}, Severity.FAILURE),)
        told: list[Told] = []
        after = self
        if release.databases > self.release:
            after = replace(
                after,
                release=release.databases,
                released_ms=release.released_ms,
                blocked_keys=release.blocked_keys,
            )
            told.append(Told("databases-updated", {"release": release.databases}, Severity.INFO))
        else:
            told.append(Told("databases-current", {"release": self.release}))
        if release.modules > self.modules and modules is ModuleUpdates.INSTALL:
            after = replace(after, modules=release.modules)
            told.append(Told("modules-updated", {"version": release.modules}, Severity.INFO))
        elif release.modules > self.modules and modules is ModuleUpdates.CHECK:
            told.append(Told("modules-available", {"version": release.modules}, Severity.INFO))
        return after, tuple(told)


@dataclass(frozen=True, slots=True)
class UpdateRequest:
    """A request for what a source has."""

    call: Call
    source: Source


class UpdateServers(Protocol):
    """The updates port: every kind of source."""

    def offer(self, request: UpdateRequest) -> Release | Refused | TimedOut | Unreachable:
        """What a source offers at the moment of the call."""


class Roads(Protocol):
    """How a device reaches a source at a moment."""

    def call(self, source: Source, at_ms: int) -> Call | None:
        """The call of a source, None where the device has no link."""


def choose(
    sources: Sequence[Source], servers: UpdateServers, roads: Roads, at_ms: int
) -> tuple[Release | None, tuple[Told, ...]]:
    """The first source in the list that answers, with its release; None where none does. Each failure is told."""
    told: list[Told] = []
    for source in sources:
        call = roads.call(source, at_ms)
        answer = Unreachable("no link") if call is None else servers.offer(UpdateRequest(call, source))
        if isinstance(answer, Release):
            via = "" if call is None else call.road.via.value
            told.append(Told("update-source", {"source": source.name, "via": via}))
            return answer, tuple(told)
        told.append(Told("update-source-failed", {"source": source.name, "reason": type(answer).__name__}))
    return None, (*told, Told("update-failed", {"reason": "no source answers"}, Severity.FAILURE))
