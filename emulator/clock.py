"""Simulated time: integer milliseconds from the scenario's start, ranks within one instant, the calendar."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum
from typing import Final

SLOT_MS: Final = 30_000
"""Life is drawn per slot of this length, whatever the transmission period."""
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
HOUR_SLOTS: Final = HOUR_MS // SLOT_MS
WEEK_HOURS: Final = 168


class Rank(IntEnum):
    """Order of what happens at one instant; used as SimPy's event priority (0 and 1 are SimPy's own)."""

    ACTION = 10
    SERVER = 20
    CONTROL = 30
    SYNCHRONISATION = 40
    DATA = 50
    BOOKS = 60


@dataclass(frozen=True, slots=True)
class Calendar:
    """Places simulated milliseconds on the calendar of the scenario's start.

    `start` is an aware datetime. Its offset holds for the whole run, unless a call names a zone.
    """

    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise ValueError("the start of a run is an aware datetime")

    def moment(self, at_ms: int, zone: tzinfo | None = None) -> datetime:
        """The datetime of `at_ms`, as a clock in `zone` shows it (summer time and all)."""
        moment = self.start + timedelta(milliseconds=at_ms)
        return moment if zone is None else moment.astimezone(zone)

    def hour_of_week(self, at_ms: int, zone: tzinfo | None = None) -> int:
        """0 (Monday, midnight to one) to 167, local time."""
        moment = self.moment(at_ms, zone)
        return moment.weekday() * 24 + moment.hour

    def hour_number(self, at_ms: int, zone: tzinfo | None = None) -> int:
        """Hours of local time since an arbitrary fixed Monday: the key of what is drawn once an hour."""
        moment = self.moment(at_ms, zone)
        return moment.toordinal() * 24 + moment.hour
