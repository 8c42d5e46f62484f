"""Schedules: when a task starts by itself, reckoned on the clock on the wall of each device."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Annotated, Final

from emulator.chance import below, draw
from emulator.clock import HOUR_MS
from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, duration, flag, many, whole
from emulator.policy.records import Record, Setting
from emulator.tasks.wall import WallClock, day, wall_time

INTERVAL_MAX: Final = 999
"""The longest interval, in hours or days; the emulator's."""
MINUTES_MAX: Final = 43_200
"""30 days: the longest time by which chance puts a start off, and after which a run is stopped; the emulator's."""
MINUTE_MS: Final = 60_000
ANSWERS_MAX: Final = 64
"""Next starts that a timetable remembers: devices of one zone ask for the same ones."""
_WEEK: Final = 7


class Frequency(StrEnum):
    """The six frequencies of a scheduled start (KEA-TAS-015)."""

    AT_SPECIFIED_TIME = "at-specified-time"
    EVERY_HOUR = "every-hour"
    EVERY_DAY = "every-day"
    EVERY_WEEK = "every-week"
    ON_APPLICATION_LAUNCH = "on-application-launch"
    AFTER_DATABASE_UPDATE = "after-database-update"


class Weekday(StrEnum):
    """Days of the week, in their order."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


TRIGGERED: Final = (Frequency.ON_APPLICATION_LAUNCH, Frequency.AFTER_DATABASE_UPDATE)
"""Frequencies that wait for something to happen, not for a time."""
_WITH_INTERVAL: Final = (Frequency.EVERY_HOUR, Frequency.EVERY_DAY)
_DAYS: Final = {weekday: number for number, weekday in enumerate(Weekday)}


@dataclass(frozen=True, slots=True)
class Schedule(Record):
    """When a task starts by itself. All dates and times are those of the clock of each device.

    Raises SettingError for what does not go together: a time that is missing or has no meaning, weekdays without
    `every-week`.
    """

    run_by_schedule: Annotated[
        bool, Setting(flag(), "start by itself; else the task only runs when it is started", clause="KEA-TAS-014")
    ] = True
    frequency: Annotated[
        Frequency, Setting(choice(Frequency), "how often, or upon what, the task starts", clause="KEA-TAS-015")
    ] = Frequency.AT_SPECIFIED_TIME
    start: Annotated[
        datetime | None,
        Setting(wall_time(), "date and time of the only start, or from which the schedule applies", "KEA-TAS-020"),
    ] = None
    interval: Annotated[
        int, Setting(whole(1, INTERVAL_MAX), "hours or days from one start to the next", clause="KEA-TAS-017")
    ] = 1
    weekdays: Annotated[
        tuple[Weekday, ...],
        Setting(many(choice(Weekday), maximum=_WEEK), "days of the week on which the task starts", "KEA-TAS-019"),
    ] = ()
    stop_if_longer_than_min: Annotated[
        int | None,
        Setting(duration("min", 1, MINUTES_MAX), "a run that takes longer is stopped"),
    ] = None
    cancel_from: Annotated[
        date | None,
        Setting(day(), "the day from which the schedule starts nothing any more"),
    ] = None
    run_missed: Annotated[bool, Setting(flag(), "run as soon as possible what could not start in time")] = False
    randomise_within_min: Annotated[
        int,
        Setting(duration("min", 0, MINUTES_MAX), "each device puts its start off by less than this, by chance"),
    ] = 0

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        object.__setattr__(self, "weekdays", tuple(sorted(set(self.weekdays), key=_DAYS.__getitem__)))
        if not self.run_by_schedule:
            return
        at_times = self.frequency not in TRIGGERED
        if at_times and self.start is None:
            raise SettingError((), "'start' is missing", f"write the date and time: {self.frequency} needs it")
        if not at_times and self.start is not None:
            raise SettingError(("start",), f"{self.frequency} has no time to start at", "leave it out")
        if self.interval != 1 and self.frequency not in _WITH_INTERVAL:
            raise SettingError(("interval",), f"{self.frequency} has no interval", "leave it out")
        weekly = self.frequency is Frequency.EVERY_WEEK
        if weekly and not self.weekdays:
            raise SettingError((), "'weekdays' is missing", "name one day or more: every-week needs them")
        if self.weekdays and not weekly:
            raise SettingError(("weekdays",), f"{self.frequency} has no weekdays", "leave them out, or use every-week")

    def put_off_ms(self, key: int, task: str, planned_ms: int) -> int:
        """By how much a device puts off the start of a task that is planned for a moment.

        Drawn from the key of the device, the name of the task and the moment.
        """
        return below(draw(key, f"task-start/{task}", planned_ms), self.randomise_within_min * MINUTE_MS)


MANUAL: Final = Schedule(run_by_schedule=False)
"""No scheduled start (KEA-TAS-013)."""


@dataclass(frozen=True)
class Timetable:
    """A schedule on the clocks of one time zone: its planned starts, by arithmetic.

    Planned starts are numbered from 0. Those of `every-hour` lie equally far apart in time (KEA-TAS-017), those of
    `every-day` and `every-week` at one time of the clock (KEA-TAS-018, KEA-TAS-019), with what daylight saving does to
    it (`WallClock.moment_ms`). What waits for something to happen has none.
    """

    schedule: Schedule
    clock: WallClock

    def next_start(self, after_ms: int) -> int | None:
        """The first planned start after a moment, None where there is none."""
        if after_ms not in self._answers:
            if len(self._answers) >= ANSWERS_MAX:
                self._answers.clear()
            self._answers[after_ms] = self._next(after_ms)
        return self._answers[after_ms]

    def starts_within(self, after_ms: int, until_ms: int) -> int:
        """How many starts are planned in (after_ms, until_ms]."""
        if self.cancel_ms is not None:
            until_ms = min(until_ms, self.cancel_ms - 1)
        return max(0, self._upto(until_ms) - self._upto(after_ms))

    def last_start(self, until_ms: int) -> int | None:
        """The last planned start at or before a moment, None where there is none."""
        if self.cancel_ms is not None:
            until_ms = min(until_ms, self.cancel_ms - 1)
        number = self._upto(until_ms)
        return self._planned(number - 1) if number else None

    def cancelled(self, at_ms: int) -> bool:
        """True from the moment on at which the schedule starts nothing any more."""
        return self.cancel_ms is not None and at_ms >= self.cancel_ms

    @cached_property
    def cancel_ms(self) -> int | None:
        """The first moment of the day from which the schedule is cancelled, None for never."""
        day_from = self.schedule.cancel_from
        return None if day_from is None else self.clock.moment_ms(datetime.combine(day_from, time()))

    @cached_property
    def _start_ms(self) -> int | None:
        """The moment of `start`, None where the schedule plans nothing."""
        schedule = self.schedule
        planned = schedule.run_by_schedule and schedule.frequency not in TRIGGERED
        return self.clock.moment_ms(schedule.start) if planned and schedule.start is not None else None

    @cached_property
    def _answers(self) -> dict[int, int | None]:
        return {}

    def _next(self, after_ms: int) -> int | None:
        number = self._upto(after_ms)
        if self._start_ms is None or number >= self._limit:
            return None
        planned_ms = self._planned(number)
        return None if self.cancelled(planned_ms) else planned_ms

    @cached_property
    def _limit(self) -> int:
        """How many starts are planned at most."""
        return 1 if self.schedule.frequency is Frequency.AT_SPECIFIED_TIME else 2**62

    @cached_property
    def _weekdays(self) -> tuple[int, ...]:
        return tuple(_DAYS[weekday] for weekday in self.schedule.weekdays)

    def _upto(self, at_ms: int) -> int:
        """How many starts are planned at or before a moment."""
        if self._start_ms is None:
            return 0
        if self.schedule.frequency is Frequency.EVERY_HOUR:
            return max(0, (at_ms - self._start_ms) // (self.schedule.interval * HOUR_MS) + 1)
        # The dates give the number but for where a change of the clock carries a start over midnight.
        number = min(self._limit, max(0, self._guess(self.clock.shows(at_ms).date())))
        while number < self._limit and self._planned(number) <= at_ms:
            number += 1
        while number and self._planned(number - 1) > at_ms:
            number -= 1
        return number

    def _guess(self, shown: date) -> int:
        """How many starts are planned before a date of the clock."""
        assert self.schedule.start is not None
        first = self.schedule.start.date()
        if self.schedule.frequency is not Frequency.EVERY_WEEK:
            return -((first - shown).days // self.schedule.interval)
        return self._count_before(shown) - self._count_before(first)

    def _count_before(self, shown: date) -> int:
        """How many of the chosen days of the week lie before a date, since a fixed Monday."""
        weeks, weekday = divmod(shown.toordinal() - 1, _WEEK)
        return weeks * len(self._weekdays) + sum(chosen < weekday for chosen in self._weekdays)

    def _planned(self, number: int) -> int:
        """The moment of a planned start."""
        schedule = self.schedule
        assert schedule.start is not None
        assert self._start_ms is not None
        if schedule.frequency is Frequency.EVERY_HOUR:
            return self._start_ms + number * schedule.interval * HOUR_MS
        if schedule.frequency is Frequency.EVERY_WEEK:
            weeks, place = divmod(self._count_before(schedule.start.date()) + number, len(self._weekdays))
            shown = date.fromordinal(weeks * _WEEK + self._weekdays[place] + 1)
        else:
            shown = schedule.start.date() + timedelta(days=number * schedule.interval)
        return self.clock.moment_ms(datetime.combine(shown, schedule.start.time()))


@lru_cache(maxsize=1_024)
def timetable(schedule: Schedule, clock: WallClock) -> Timetable:
    """The timetable of a schedule on clocks of one zone, one for all devices that share them."""
    return Timetable(schedule, clock)
