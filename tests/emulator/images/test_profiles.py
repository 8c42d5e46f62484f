import pytest

from emulator import clock
from emulator.images import profiles
from emulator.images.profiles import Shape, rates

WORKING_HOURS = [day * 24 + hour for day in range(5) for hour in range(8, 18)]
SHAPES = ("ADMIN", "BACKUP", "DEVELOPER", "LOGON", "OFFICE", "SERVING", "STEADY")


def shape(name: str) -> Shape:
    found: Shape = getattr(profiles, name)
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_has_a_factor_for_each_hour_of_a_week(name: str) -> None:
    assert len(shape(name)) == clock.WEEK_HOURS
    assert min(shape(name)) >= 0


@pytest.mark.parametrize("name", ["ADMIN", "BACKUP", "SERVING", "STEADY"])
def test_shapes_of_servers_have_their_mean_over_the_week(name: str) -> None:
    assert sum(shape(name)) / clock.WEEK_HOURS == pytest.approx(1_000, rel=0.03)


@pytest.mark.parametrize("name", ["DEVELOPER", "LOGON", "OFFICE"])
def test_shapes_of_people_have_their_mean_over_working_hours(name: str) -> None:
    assert sum(shape(name)[hour] for hour in WORKING_HOURS) / len(WORKING_HOURS) == pytest.approx(1_000, rel=0.01)


def test_the_office_has_a_logon_wave_and_a_dip_at_noon() -> None:
    monday = profiles.OFFICE[:24]
    assert max(monday) == monday[8]
    assert monday[12] < min(monday[11], monday[14])


def test_patch_evening_is_busier_than_other_evenings() -> None:
    assert all(profiles.STEADY[24 + hour] > profiles.STEADY[hour] for hour in (18, 19))
    assert profiles.STEADY[24 + 20] == profiles.STEADY[20]


def test_rates_are_the_shape_times_the_mean_in_integers() -> None:
    made = rates(profiles.OFFICE, 1_500)
    assert made[8] == 3_075
    assert all(isinstance(rate, int) for rate in made)
