"""Schedules against a brute-force clock that is read every minute, for two years, with every change of the hour."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from emulator.clock import DAY_MS, HOUR_MS, Calendar
from emulator.policy.errors import SettingError
from emulator.policy.records import read_record
from emulator.tasks.schedule import MANUAL, MINUTE_MS, TRIGGERED, Frequency, Schedule, Timetable, Weekday
from emulator.tasks.wall import WallClock

YEARS = {
    "Europe/Berlin": 2025,
    "America/New_York": 2025,
    "Australia/Lord_Howe": 2025,  # goes forward by half an hour
    "Asia/Kathmandu": 2025,  # never changes, 5:45 ahead
    "Africa/Casablanca": 2025,  # goes back for a month in spring
    "Antarctica/Troll": 2025,  # goes forward by two hours
    "America/Havana": 2025,  # changes at midnight
    "America/St_Johns": 2010,  # changed a minute after midnight
    "Pacific/Apia": 2011,  # left out a whole day
}
MINUTES = 2 * 365 * 24 * 60
EVE = timedelta(days=40)
"""How far the clocks are read before the start of the run, since schedules may start before it."""
CHAIN = 250
"""Starts that are asked for one after the other."""
BEFORE = EVE // timedelta(minutes=1)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Clocks:
    """What the clocks of a zone show: `high` is, for each minute of time, the latest minute shown so far."""

    start: datetime
    high: NDArray[np.int64]

    def minute(self, shown: datetime) -> int:
        """A wall time in minutes since the start's, which is also what `high` counts."""
        return (shown - self.start.replace(tzinfo=None)) // timedelta(minutes=1)

    def first(self, shown: datetime) -> int:
        """The first minute of time, counted from the start of the run, at which the clock shows `shown` or later."""
        return int(np.searchsorted(self.high, self.minute(shown))) - BEFORE


@cache
def clocks(name: str) -> Clocks:
    start, zone = datetime(YEARS[name], 1, 1, tzinfo=UTC), ZoneInfo(name)

    def ahead(minute: int) -> int:
        offset = (start + timedelta(minutes=minute)).astimezone(zone).utcoffset()
        assert offset is not None
        return offset // timedelta(minutes=1)

    hours = range(-BEFORE, MINUTES + 1, 60)
    by_hour = np.array([ahead(minute) for minute in hours], np.int64)
    minutes = np.repeat(by_hour[:-1], 60)
    for hour in np.flatnonzero(np.diff(by_hour)).tolist():  # a clock changes within it: read it every minute
        minutes[60 * hour : 60 * hour + 60] = [ahead(hours[hour] + minute) for minute in range(60)]
    shown = np.arange(-BEFORE, MINUTES) + minutes
    return Clocks(start, np.maximum.accumulate(shown))


def by_brute_force(schedule: Schedule, name: str) -> NDArray[np.int64]:
    """The minutes of a run of two years in which a task starts, by looking at the clock in each of them."""
    assert schedule.start is not None
    seen = clocks(name)
    # Every minute of the wall, and whether a start is due at it.
    minute = np.arange(seen.high[0], seen.high[-1] + 1)
    start = seen.minute(schedule.start)
    due = minute == start
    if schedule.frequency is Frequency.EVERY_DAY:
        due = (minute >= start) & ((minute - start) % (schedule.interval * 1_440) == 0)
    elif schedule.frequency is Frequency.EVERY_WEEK:
        weekday = (minute // 1_440 + seen.start.weekday()) % 7
        chosen = [list(Weekday).index(day) for day in schedule.weekdays]
        due = (minute >= start) & ((minute - start) % 1_440 == 0) & np.isin(weekday, chosen)
    # A minute of time reaches all minutes of the wall that the clock has not shown before.
    reached = np.cumsum(due)[seen.high - seen.high[0]]
    found = np.flatnonzero(np.diff(reached, prepend=reached[0])) - BEFORE
    if schedule.frequency is Frequency.EVERY_HOUR:
        found = np.arange(seen.first(schedule.start), MINUTES, 60 * schedule.interval)
    if schedule.cancel_from is not None:
        found = found[found < seen.first(datetime.combine(schedule.cancel_from, datetime.min.time()))]
    return found[found >= 0]


ODD = {
    "America/St_Johns": (wall("2010-11-07T00:00"), wall("2010-11-06T23:30"), wall("2010-03-14T00:01")),
    "Pacific/Apia": (wall("2011-12-29T23:59"), wall("2011-12-30T08:00"), wall("2011-12-30T00:00")),
}
"""Starts at the changes of clocks that are the strangest."""


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, Schedule]:
    name = draw(st.sampled_from(tuple(YEARS)))
    frequency = draw(st.sampled_from([frequency for frequency in Frequency if frequency not in TRIGGERED]))
    year = YEARS[name]
    nights = st.datetimes(wall(f"{year}-03-01T00:00"), wall(f"{year}-04-10T00:00"))  # when clocks change
    start = draw(
        st.one_of(
            st.datetimes(wall(f"{year - 1}-11-25T00:00"), wall(f"{year + 1}-12-20T00:00")),
            nights.map(lambda at: at.replace(hour=at.hour % 4)),
            st.sampled_from(ODD.get(name, (wall(f"{year}-01-01T00:00"),))),
        )
    ).replace(second=0, microsecond=0)
    weekly = frequency is Frequency.EVERY_WEEK
    cancel = st.none() | st.dates(date(year, 3, 1), date(year + 1, 12, 31))
    return name, Schedule(
        frequency=frequency,
        start=start,
        interval=draw(st.integers(1, 30)) if frequency in (Frequency.EVERY_HOUR, Frequency.EVERY_DAY) else 1,
        weekdays=tuple(draw(st.sets(st.sampled_from(Weekday), min_size=1))) if weekly else (),
        cancel_from=draw(cancel),
    )


def timetable(schedule: Schedule, name: str) -> Timetable:
    return Timetable(schedule, WallClock(Calendar(clocks(name).start), ZoneInfo(name)))


WEEKLY = Schedule(
    frequency=Frequency.EVERY_WEEK, start=wall("2025-01-03T02:15"), weekdays=(Weekday.FRIDAY, Weekday.SUNDAY)
)


@settings(deadline=None, max_examples=25)
@given(plans(), st.integers(0, MINUTES - 1), st.integers(0, MINUTES - 1))
@example(("Europe/Berlin", Schedule(frequency=Frequency.EVERY_DAY, start=wall("2025-01-01T02:30"))), 0, 600_000)
@example(("America/Havana", Schedule(frequency=Frequency.EVERY_DAY, start=wall("2025-01-01T00:30"))), 0, 600_000)
@example(("Europe/Berlin", Schedule(frequency=Frequency.EVERY_HOUR, start=wall("2025-03-29T01:00"), interval=7)), 0, 9)
@example(("Australia/Lord_Howe", WEEKLY), 0, 900_000)
@example(("Pacific/Apia", Schedule(frequency=Frequency.EVERY_DAY, start=wall("2011-01-01T08:00"))), 0, 900_000)
def test_starts_are_those_that_a_look_at_the_clock_in_every_minute_finds(
    plan: tuple[str, Schedule], one: int, other: int
) -> None:
    name, schedule = plan
    table = timetable(schedule, name)
    starts = by_brute_force(schedule, name).tolist()

    chain: list[int] = []
    at_ms = table.next_start(-1)
    while at_ms is not None and at_ms < MINUTES * MINUTE_MS and len(chain) < CHAIN:
        chain.append(at_ms)
        at_ms = table.next_start(at_ms)
    assert chain == [minute * MINUTE_MS for minute in starts[: len(chain)]]
    assert len(chain) == min(CHAIN, len(starts))

    low, high = sorted((one, other))
    following = next((minute for minute in starts if minute > low), None)
    found = table.next_start(low * MINUTE_MS)
    assert (None if found is None or found >= MINUTES * MINUTE_MS else found) == (
        None if following is None else following * MINUTE_MS
    )
    before = [minute for minute in starts if minute <= high]
    last = table.last_start(high * MINUTE_MS)
    assert (last if last is not None and last >= 0 else None) == (before[-1] * MINUTE_MS if before else None)
    if name != "Pacific/Apia":  # where one of two starts may fall into the day that never was
        assert table.starts_within(low * MINUTE_MS, high * MINUTE_MS) == sum(low < m <= high for m in starts)


def test_the_clocks_of_the_oracle_show_what_clocks_show() -> None:
    berlin = clocks("Europe/Berlin")
    assert berlin.first(wall("2025-03-30T02:30")) == berlin.first(wall("2025-03-30T03:00"))
    assert berlin.first(wall("2025-10-26T03:00")) - berlin.first(wall("2025-10-26T02:00")) == 120


START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


def in_utc(schedule: Schedule) -> Timetable:
    return Timetable(schedule, WallClock(Calendar(START)))


def starts(table: Timetable, days: int) -> list[int]:
    found, at_ms = [], table.next_start(-1)
    while at_ms is not None and at_ms < days * DAY_MS:
        found.append(at_ms)
        at_ms = table.next_start(at_ms)
    return found


def test_a_task_at_a_specified_time_starts_once() -> None:
    table = in_utc(Schedule(start=wall("2026-03-02T08:00")))
    assert starts(table, 400) == [8 * HOUR_MS]


def test_hours_and_days_are_counted_from_the_start_by_the_interval() -> None:
    hourly = Schedule(frequency=Frequency.EVERY_HOUR, start=wall("2026-03-02T05:30"), interval=5)
    assert starts(in_utc(hourly), 1) == [5.5 * HOUR_MS, 10.5 * HOUR_MS, 15.5 * HOUR_MS, 20.5 * HOUR_MS]
    daily = Schedule(frequency=Frequency.EVERY_DAY, start=wall("2026-03-03T01:00"), interval=3)
    assert starts(in_utc(daily), 8) == [DAY_MS + HOUR_MS, 4 * DAY_MS + HOUR_MS, 7 * DAY_MS + HOUR_MS]


def test_a_weekly_task_starts_on_exactly_the_chosen_days_from_its_start_on() -> None:
    days = (Weekday.THURSDAY, Weekday.TUESDAY)
    weekly = Schedule(frequency=Frequency.EVERY_WEEK, start=wall("2026-03-04T06:00"), weekdays=days)
    assert [at_ms // DAY_MS for at_ms in starts(in_utc(weekly), 14)] == [3, 8, 10]


def test_nothing_starts_from_the_day_on_at_which_the_schedule_is_cancelled() -> None:
    daily = Schedule(frequency=Frequency.EVERY_DAY, start=wall("2026-03-02T00:00"), cancel_from=date(2026, 3, 4))
    assert starts(in_utc(daily), 30) == [0, DAY_MS]
    assert in_utc(daily).cancelled(2 * DAY_MS)
    assert not in_utc(daily).cancelled(2 * DAY_MS - 1)


@pytest.mark.parametrize("schedule", [MANUAL, *(Schedule(frequency=frequency) for frequency in TRIGGERED)])
def test_what_waits_for_something_else_has_no_planned_start(schedule: Schedule) -> None:
    table = in_utc(schedule)
    assert table.next_start(-1) is None
    assert table.last_start(900 * DAY_MS) is None
    assert table.starts_within(-1, 900 * DAY_MS) == 0


def test_a_time_that_daylight_saving_skips_is_the_first_moment_behind_it() -> None:
    clock = WallClock(Calendar(datetime(2026, 3, 29, tzinfo=UTC)), ZoneInfo("Europe/Berlin"))
    assert clock.moment_ms(wall("2026-03-29T02:30")) == HOUR_MS
    assert clock.shows(HOUR_MS) == wall("2026-03-29T03:00")
    assert clock.shows(HOUR_MS - 1) < wall("2026-03-29T02:00")


def test_a_time_that_comes_twice_is_the_first_of_them() -> None:
    clock = WallClock(Calendar(datetime(2026, 10, 25, tzinfo=UTC)), ZoneInfo("Europe/Berlin"))
    assert clock.moment_ms(wall("2026-10-25T02:30")) == HOUR_MS // 2
    assert clock.shows(HOUR_MS // 2) == clock.shows(HOUR_MS // 2 + HOUR_MS)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40))
def test_a_start_is_put_off_by_less_than_the_setting(key: int, planned_ms: int) -> None:
    schedule = Schedule(frequency=Frequency.ON_APPLICATION_LAUNCH, randomise_within_min=10)
    assert 0 <= schedule.put_off_ms(key, "update", planned_ms) < 10 * MINUTE_MS
    assert MANUAL.put_off_ms(key, "update", planned_ms) == 0


def test_starts_are_spread_over_devices_and_over_their_planned_moments() -> None:
    schedule = Schedule(frequency=Frequency.ON_APPLICATION_LAUNCH, randomise_within_min=10)
    of_devices = sorted(schedule.put_off_ms(key, "update", 0) for key in range(200))
    assert len(set(of_devices)) > 150
    assert of_devices[20] < 2 * MINUTE_MS
    assert of_devices[-20] > 8 * MINUTE_MS
    assert len({schedule.put_off_ms(1, "update", at_ms) for at_ms in range(20)}) > 15
    assert schedule.put_off_ms(1, "update", 5) != schedule.put_off_ms(1, "scan", 5)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "'start' is missing"),
        ({"frequency": "every-weak"}, "did you mean 'every-week'?"),
        ({"start": "2026-03-02"}, "not a date and time"),
        ({"start": "2026-03-02T08:00:30"}, "whole minutes"),
        ({"start": "2026-03-02T08:00:00Z"}, "has an offset"),
        ({"start": "1999-03-02T08:00"}, "out of range"),
        ({"start": 5}, "not a date and time"),
        ({"start": "2026-03-02T08:00", "interval": 2}, "has no interval"),
        ({"start": "2026-03-02T08:00", "weekdays": ["monday"]}, "use every-week"),
        ({"start": "2026-03-02T08:00", "frequency": "every-week"}, "'weekdays' is missing"),
        ({"start": "2026-03-02T08:00", "frequency": "every-day", "interval": 0}, "out of range"),
        ({"start": "2026-03-02T08:00", "frequency": "on-application-launch"}, "no time to start at"),
        ({"start": "2026-03-02T08:00", "cancel-from": "2026-03-02T08:00"}, "not a date"),
        ({"start": "2026-03-02T08:00", "stop-if-longer-than": "30s"}, "whole number of min"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(data: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_record(Schedule, data)
    assert told in str(refused.value)


def test_a_schedule_is_read_as_it_is_written() -> None:
    data = {
        "frequency": "every-week",
        "start": "2026-03-02 08:00",
        "weekdays": ["thursday", "tuesday", "thursday"],
        "stop-if-longer-than": "2h",
        "cancel-from": "2026-09-01",
        "run-missed": True,
        "randomise-within": "10min",
    }
    assert read_record(Schedule, data) == Schedule(
        frequency=Frequency.EVERY_WEEK,
        start=wall("2026-03-02T08:00"),
        weekdays=(Weekday.TUESDAY, Weekday.THURSDAY),
        stop_if_longer_than_min=120,
        cancel_from=date(2026, 9, 1),
        run_missed=True,
        randomise_within_min=10,
    )
