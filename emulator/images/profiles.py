"""Profiles of a week: how the rate of a source of events goes with hour and weekday, local time.

A shape holds a factor in thousandths for each of the 168 hours of a week; its mean is about 1,000 over the span
that is said beside it. All arithmetic is in integers.
"""

from typing import Final

from emulator import clock

Shape = tuple[int, ...]

# A patch evening falls on one Tuesday in four and raises the level by two: its hours are a third busier in the mean.
_PATCH_HOURS: Final = (24 + 18, 24 + 19)
_PATCH_PERMILLE: Final = 1_300


def rates(shape: Shape, per_hour_milli: int) -> tuple[int, ...]:
    """The rates of an event class: the shape, times a mean in thousandths of an event per hour."""
    return tuple(factor * per_hour_milli // 1_000 for factor in shape)


def week(workday: Shape, weekend: Shape) -> Shape:
    """A shape of five days of one kind and two of another, each of 24 factors, with the patch evening added."""
    hours = [*workday * 5, *weekend * 2]
    for hour in _PATCH_HOURS:
        hours[hour] = hours[hour] * _PATCH_PERMILLE // 1_000
    assert len(hours) == clock.WEEK_HOURS
    return tuple(hours)


_NIGHT: Final = (30,) * 6

STEADY: Final = week((1_000,) * 24, (1_000,) * 24)
"""Around the clock; the mean is that of the week."""

OFFICE: Final = week(
    (*_NIGHT, 60, 300, 2_050, 1_200, 1_050, 950, 600, 750, 1_000, 950, 850, 600, 250, 120, 80, 50, 40, 30),
    (*_NIGHT, 30, 40, 50, 60, 60, 60, 60, 50, 50, 50, 50, 40, 40, 40, 40, 30, 30, 30),
)
"""People at their desks: the logon wave at eight, a dip at noon; the mean is that of a working day from 8 to 18."""

LOGON: Final = week(
    (0,) * 6 + (100, 1_000, 6_400, 1_400, 400, 200, 200, 700, 300, 200, 100, 100) + (50,) * 6,
    (0,) * 6 + (20,) * 12 + (0,) * 6,
)
"""What runs when somebody logs on; the mean is that of a working day from 8 to 18."""

DEVELOPER: Final = week(
    (*_NIGHT, 30, 60, 700, 1_300, 1_350, 1_250, 650, 800, 1_200, 1_250, 950, 550, 350, 250, 200, 150, 100, 50),
    (*_NIGHT, 30, 30, 40, 80, 100, 120, 120, 120, 120, 120, 100, 100, 100, 100, 80, 60, 40, 30),
)
"""People who come late and compile; the mean is that of a working day from 8 to 18."""

SERVING: Final = week(
    (620,) * 6 + (800, 1_100, 2_300, 1_850, 1_750, 1_650, 1_250, 1_400, 1_700, 1_650, 1_500, 1_150) + (880,) * 6,
    (680,) * 24,
)
"""A server that follows its users and is never idle; the mean is that of the week."""

BACKUP: Final = week((6_000, 6_000, 3_500, 1_500) + (100,) * 18 + (2_000, 4_000), (6_000, 6_000) + (400,) * 22)
"""Jobs of the night; the mean is that of the week."""

ADMIN: Final = week(
    (120,) * 7 + (500, 2_900, 3_100, 2_900, 2_500, 1_500, 2_000, 2_800, 2_600, 2_400, 1_600, 1_100, 1_300) + (500,) * 4,
    (200,) * 9 + (600,) * 8 + (250,) * 7,
)
"""Sessions of administrators, some of them in the evening; the mean is that of the week."""
