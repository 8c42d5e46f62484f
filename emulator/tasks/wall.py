"""The clock on the wall of a device: local dates and times, and the moments of the run that they mean."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, TypeVar

from emulator.clock import Calendar
from emulator.policy.errors import SettingError
from emulator.policy.kinds import Kind, shown

YEARS: Final = (2000, 2999)
"""Years of a date in a schedule: no clock that is asked near them runs out of its range."""

D = TypeVar("D", bound=date)

_MS: Final = timedelta(milliseconds=1)
_S: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class WallClock:
    """Clocks of devices in one time zone; `zone` None stands for the offset that the start of the run has."""

    calendar: Calendar
    zone: tzinfo | None = None

    def shows(self, at_ms: int) -> datetime:
        """The naive date and time on the wall at a moment."""
        return self.calendar.moment(at_ms, self.zone).replace(tzinfo=None, fold=0)

    def moment_ms(self, wall: datetime) -> int:
        """The first moment at which the clock shows the naive `wall` or a later time.

        So a time that daylight saving skips is the moment at which the clock goes forward, and of a time that comes
        twice it is the first.
        """
        return (self._first(wall) - self.calendar.start) // _MS

    def _first(self, wall: datetime) -> datetime:
        zone = self.zone or self.calendar.start.tzinfo
        moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        after = moment.astimezone(zone)
        if after.replace(tzinfo=None) == wall:
            return moment
        # The clock never shows it: `moment` lies as far behind the change as `wall` lies behind the skipped time.
        before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)

        def changed(seconds: int) -> bool:
            return (before + seconds * _S).astimezone(zone).utcoffset() == after.utcoffset()

        return before + bisect_left(range((moment - before) // _S), True, key=changed) * _S


def wall_time() -> Kind[datetime]:
    """A date and a time without an offset, in whole minutes: as a clock on the wall shows it."""

    def read(data: object) -> datetime:
        remedy = "write a date and a time of the device's own clock, such as 2026-03-02T08:00"
        value = _parsed(data, datetime.fromisoformat)
        if not isinstance(value, datetime) or (isinstance(data, str) and ":" not in data):
            raise SettingError((), f"{shown(data)} is not a date and time", remedy)
        if value.tzinfo is not None:
            raise SettingError((), f"{shown(data)} has an offset from UTC", f"leave it out: {remedy}")
        if value.second or value.microsecond:
            raise SettingError((), f"{shown(data)} has seconds", "write whole minutes")
        return _in_range(value)

    return Kind("date and time", read)


def day() -> Kind[date]:
    """A date."""

    def read(data: object) -> date:
        value = _parsed(data, date.fromisoformat)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise SettingError((), f"{shown(data)} is not a date", "write one such as 2026-03-02")
        return _in_range(value)

    return Kind("date", read)


def _parsed(data: object, parse: Callable[[str], date]) -> object:
    if not isinstance(data, str):
        return data
    try:
        return parse(data)
    except ValueError:
        return None


def _in_range(value: D) -> D:
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise SettingError((), f"the year {value.year} is out of range", f"write one from {YEARS[0]} to {YEARS[1]}")
    return value
