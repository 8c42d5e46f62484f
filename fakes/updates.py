"""Sources of updates: the vendor's servers, the Administration Server, and those of one's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.clock import HOUR_MS
from emulator.ports import Refused, TimedOut, Unreachable
from emulator.updates import Release, Source, SourceKind, UpdateRequest
from fakes.faults import FaultKind, FaultSchedule
from fakes.services import Roads

VENDOR: Final = "vendor-updates"
"""The name under which faults of the vendor's update servers hold."""
ADMINISTRATION: Final = "administration"
CUSTOM: Final = "custom-updates"
"""The name under which faults of all custom sources hold."""


@dataclass(frozen=True, slots=True)
class Publication:
    """How often databases and modules come out, and how they travel: stand-ins, all of them.

    The Administration Server and custom sources have what the vendor published `lag_ms` before.
    """

    databases_every_ms: int = 2 * HOUR_MS
    modules_every_ms: int = 30 * 24 * HOUR_MS
    lag_ms: int = HOUR_MS
    download_ms: int = 40_000


class UpdateServers:
    """All sources; an update is corrupted while a fault says so of its source.

    `blocked_ms` tells from which moment on a key (serial number) is blocked: databases that are released then say so.
    """

    def __init__(
        self,
        roads: Roads,
        faults: FaultSchedule,
        publication: Publication | None = None,
        *,
        blocked_ms: Mapping[str, int] | None = None,
    ) -> None:
        self._roads = roads
        self._faults = faults
        self._publication = publication or Publication()
        self._blocked_ms = dict(blocked_ms or {})

    def offer(self, request: UpdateRequest) -> Release | Refused | TimedOut | Unreachable:
        """What a source has at the moment of the call."""
        node = node_of(request.source)
        stopped = self._roads.travel(node, request.call, outside=request.source.kind is SourceKind.VENDOR)
        return self._release(node, request) if stopped is None else stopped

    def _release(self, node: str, request: UpdateRequest) -> Release:
        publication, at_ms = self._publication, request.call.at_ms
        lag_ms = 0 if request.source.kind is SourceKind.VENDOR else publication.lag_ms
        # Releases are numbered from 1, the one that was out when time began.
        number = max(0, at_ms - lag_ms) // publication.databases_every_ms
        released_ms = number * publication.databases_every_ms
        return Release(
            databases=1 + number,
            released_ms=released_ms,
            modules=1 + max(0, at_ms - lag_ms) // publication.modules_every_ms,
            download_ms=publication.download_ms,
            corrupted=any(
                fault.kind is FaultKind.CORRUPTED_UPDATE for fault in self._faults.touching(node, at_ms, at_ms + 1)
            ),
            blocked_keys=tuple(serial for serial, from_ms in self._blocked_ms.items() if from_ms <= released_ms),
        )


def node_of(source: Source) -> str:
    """The name under which faults of a source hold."""
    return {SourceKind.VENDOR: VENDOR, SourceKind.ADMINISTRATION_SERVER: ADMINISTRATION}.get(source.kind, CUSTOM)
