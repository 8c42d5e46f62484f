"""Settings of an IOC Scan task (KEA-IOC-024 to KEA-IOC-027)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final

from emulator.clock import DAY_MS
from emulator.ioc.document import IndicatorFile
from emulator.policy.errors import SettingError
from emulator.policy.records import Basis, Record, Setting
from emulator.tasks.scan_scope import EVERYTHING, ScanScope
from emulator.tasks.wall import WallClock, wall_time

RETROSPECTIVE_DEFAULT_MS: Final = DAY_MS
"""How far back a retrospective scan without dates goes: the emulator's reading."""


class Response(StrEnum):
    """What a device does upon a detection (public help of sibling products)."""

    ISOLATE = "isolate-device"
    QUARANTINE = "quarantine-and-delete"
    SCAN_CRITICAL_AREAS = "scan-critical-areas"


@dataclass(frozen=True, slots=True)
class Retrospective(Record):
    """The span of events already collected that is searched besides; without dates, the last 24 hours.

    Dates are those of the clock of each device.
    """

    start: Annotated[
        datetime | None, Setting(wall_time(), "date and time from which events are searched", basis=Basis.RECALLED)
    ] = None
    end: Annotated[
        datetime | None, Setting(wall_time(), "date and time up to which they are", basis=Basis.RECALLED)
    ] = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise SettingError(("end",), "it ends before it starts", "write a later date")

    def span_ms(self, at_ms: int, clock: WallClock) -> tuple[int, int]:
        """The span of a scan at a moment, as [from, until); nothing is there before time begins."""
        until_ms = at_ms if self.end is None else min(at_ms, clock.moment_ms(self.end))
        from_ms = until_ms - RETROSPECTIVE_DEFAULT_MS if self.start is None else clock.moment_ms(self.start)
        return max(0, from_ms), until_ms


@dataclass(frozen=True, slots=True)
class IocScan:
    """A collection of indicator files, and what is done with it.

    `documents` are the kinds of IOC documents that are analysed, None for every kind that a file mentions.
    `retrospective` None searches no past events.
    """

    collection: tuple[IndicatorFile, ...] = ()
    documents: frozenset[str] | None = None
    scope: ScanScope = EVERYTHING
    retrospective: Retrospective | None = None
    responses: tuple[Response, ...] = ()
