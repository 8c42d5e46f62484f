from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.chance import device_keys
from emulator.clock import HOUR_SLOTS, SLOT_MS
from emulator.policy.settings import AgentSettings, DataSubmission
from emulator.world import World
from tests.emulator.agreement.fleet import QUIET
from tests.emulator.governing import SettingsChange
from tests.emulator.worlds import HOUR_MS, SETTINGS, world

WARM, COLD = world(image=[QUIET]), world(image=[QUIET], cold=True)
KEYS = device_keys(3, "world", 3_000)
INTERVALS = st.integers(1, 7_200)


def every(*periods_s: int) -> tuple[AgentSettings, ...]:
    return tuple(SETTINGS.having(DataSubmission(events_transmission_period_s=period_s)) for period_s in periods_s)


@pytest.mark.parametrize(
    ("periods_s", "tick_ms"),
    [((30,), 30_000), ((60,), 30_000), ((45,), 15_000), ((30, 45, 10), 5_000), ((7,), 1_000), ((3_600, 20), 10_000)],
)
def test_the_tick_divides_a_slot_and_every_period(periods_s: tuple[int, ...], tick_ms: int) -> None:
    made = world(image=[QUIET], hold=every(*periods_s))
    assert made.tick_ms == tick_ms
    assert made.slot_ticks * tick_ms == SLOT_MS


def test_periods_that_may_come_later_count_for_the_tick() -> None:
    changed = world(image=[QUIET], changes=[SettingsChange(5, 0, every(45)[0])])
    assert changed.tick_ms == 15_000
    assert replace(WARM, possible=every(10)).tick_ms == 10_000


@pytest.mark.parametrize(
    ("duration_ms", "ticks"), [(1, 1), (30_000, 1), (30_001, 2), (HOUR_MS, 120), (HOUR_MS + 1, 121)]
)
def test_a_run_has_the_ticks_that_begin_in_it(duration_ms: int, ticks: int) -> None:
    assert world(image=[QUIET], duration_ms=duration_ms).ticks == ticks


@pytest.mark.parametrize("made", [WARM, COLD], ids=["warm", "cold"])
def test_one_device_and_a_column_have_the_same_times(made: World) -> None:
    keys = KEYS[:200].tolist()
    assert made.phases(KEYS[:200]).tolist() == [made.phase(key) for key in keys]
    assert made.hour_offsets(KEYS[:200]).tolist() == [made.hour_offset(key) for key in keys]


@settings(deadline=None)
@given(INTERVALS, st.sampled_from(("period", "synchronisation/kics")), st.booleans())
def test_one_device_and_a_column_have_the_same_residues(interval: int, name: str, cold: bool) -> None:
    made = COLD if cold else WARM
    found = made.residues(KEYS[:50], name, interval)
    assert found.tolist() == [made.residue(key, name, interval) for key in KEYS[:50].tolist()]
    assert all(0 <= residue < interval for residue in found.tolist())
    assert made.residues(KEYS[:50], name, 1).tolist() == [0] * 50


def test_a_warm_fleet_is_spread_evenly_over_slots_hours_and_intervals() -> None:
    for values, bound in (
        (WARM.phases(KEYS), SLOT_MS),
        (WARM.hour_offsets(KEYS), HOUR_SLOTS),
        (WARM.residues(KEYS, "period", 20), 20),
    ):
        assert values.min() >= 0
        assert values.max() < bound
        counts = np.bincount(values * 10 // bound, minlength=10)
        assert np.abs(counts - 300).max() < 90


def test_a_cold_fleet_starts_together() -> None:
    assert COLD.phases(KEYS).max() < 1_000
    assert not COLD.hour_offsets(KEYS).any()
    assert not COLD.residues(KEYS, "period", 20).any()


def test_different_purposes_have_different_residues() -> None:
    one, other = (WARM.residues(KEYS, name, 10) for name in ("synchronisation/central-node", "synchronisation/kics"))
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / len(KEYS) ** 0.5


def test_the_hour_of_a_slot_is_that_of_its_end() -> None:
    made = world(image=[QUIET])  # from Monday nine o'clock
    assert made.hour_of_slot(0) == made.hour_of_slot(-1) == made.hour_of_slot(1)
    assert made.hour_of_slot(119)[0] == 9
    assert made.hour_of_slot(120)[0] == 10
    assert made.hour_of_slot(120)[1] == made.hour_of_slot(0)[1] + 1


def test_every_setting_that_may_hold_is_known() -> None:
    first, second, third = every(30, 60, 90)
    made = replace(world(image=[QUIET], hold=[first], changes=[SettingsChange(1, 0, second)]), possible=(third,))
    assert list(made.every_settings) == [first, second, third]
    assert len(made) == 1
