from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import DAY_MS, HOUR_MS, HOUR_SLOTS, SLOT_MS, WEEK_HOURS, Calendar, Rank

ZONES = st.integers(-14 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
STARTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001  # bounds are naive


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="an aware datetime"):
        Calendar(datetime(2026, 3, 2, 8))  # noqa: DTZ001  # what is refused


@settings(deadline=None)
@given(STARTS, st.integers(0, 30 * DAY_MS))
def test_hours_are_those_of_the_local_clock(start: datetime, at_ms: int) -> None:
    calendar = Calendar(start)
    moment = start + timedelta(milliseconds=at_ms)
    assert calendar.moment(at_ms) == moment
    assert calendar.hour_of_week(at_ms) == moment.weekday() * 24 + moment.hour
    assert 0 <= calendar.hour_of_week(at_ms) < WEEK_HOURS


@settings(deadline=None)
@given(STARTS, st.integers(0, 30 * DAY_MS))
def test_the_number_of_the_hour_rises_by_one_an_hour(start: datetime, at_ms: int) -> None:
    calendar = Calendar(start)
    assert calendar.hour_number(at_ms + HOUR_MS) == calendar.hour_number(at_ms) + 1
    assert calendar.hour_number(at_ms + 7 * DAY_MS) == calendar.hour_number(at_ms) + WEEK_HOURS


def test_an_hour_number_has_one_hour_of_the_week() -> None:
    starts = [
        datetime(2026, 3, 2, 8, 17, tzinfo=UTC),
        datetime(2031, 7, 9, 23, 59, tzinfo=timezone(timedelta(hours=-5))),
    ]
    found: dict[int, int] = {}
    for start in starts:
        calendar = Calendar(start)
        for at_ms in range(0, 15 * DAY_MS, HOUR_MS // 2):
            number = calendar.hour_number(at_ms) % WEEK_HOURS
            assert found.setdefault(number, calendar.hour_of_week(at_ms)) == calendar.hour_of_week(at_ms)
    assert len(found) == WEEK_HOURS


def test_hours_begin_on_the_full_hour_of_the_start() -> None:
    calendar = Calendar(datetime(2026, 3, 2, 8, 59, 59, tzinfo=UTC))
    assert calendar.hour_of_week(999) == 8
    assert calendar.hour_of_week(1_000) == 9


def test_units_fit_together() -> None:
    assert HOUR_SLOTS * SLOT_MS == HOUR_MS
    assert 24 * HOUR_MS == DAY_MS


def test_ranks_are_in_the_order_in_which_an_instant_happens() -> None:
    assert list(Rank) == sorted(Rank)
    assert [rank.name for rank in Rank] == ["ACTION", "SERVER", "CONTROL", "SYNCHRONISATION", "DATA", "BOOKS"]
    assert min(Rank) > 1  # what SimPy keeps for itself
