from collections.abc import Callable

import pytest

from benchmarks import fleets
from benchmarks.bare import bare
from benchmarks.extent import FULL, LARGE, QUICK, STANDARD
from benchmarks.speed import CASES, Case, Measured, measure, speed
from emulator.clock import DAY_MS, HOUR_MS
from emulator.images import IMAGES
from emulator.ports import Target
from scenarios.model import Scenario
from tests.benchmarks.tiny import SPAN, TINY


def test_bare_gives_a_rate() -> None:
    assert bare(3, wakes_min=60) > 0


def test_every_case_is_measured_in_every_round_beside_bare() -> None:
    for case, measured in zip(CASES, measure(3, TINY, CASES), strict=False):
        assert measured.case is case
        assert len(measured.ours) == len(measured.floor) == TINY.rounds
        assert min(measured.ratios) > 0


def test_a_case_is_left_out_where_the_fleet_is_too_small_for_it() -> None:
    assert measure(3, TINY, (Case("large only", fleets.office, devices_min=4),)) == []


def test_a_ratio_is_taken_in_its_own_round() -> None:
    measured = Measured(CASES[0], 3, SPAN, ours=(10.0, 60.0), floor=(5.0, 20.0))
    assert measured.ratios == (2.0, 3.0)


def test_the_table_has_a_row_a_size_and_case_and_no_bar_that_nobody_set() -> None:
    section = speed(TINY, CASES[:1])
    assert [row[:2] for row in section.table.rows] == [("3", CASES[0].name)]
    assert section.bars == ()


@pytest.mark.parametrize(("floor", "met"), [(0.0, True), (1e9, False)])
def test_a_bar_is_held_against_the_median_ratio(floor: float, met: bool) -> None:
    (bar,) = speed(TINY, (Case("barred", fleets.office, {3: floor}),)).bars
    assert bar.met is met


def test_the_bars_stand_at_ten_and_a_hundred_thousand_devices() -> None:
    barred = {case.name: dict(case.bars) for case in CASES if case.bars}
    assert barred["one image, default policy"] == {10_000: 5.0, LARGE: 12.0}
    assert barred["all images, default policy"] == {10_000: 3.0, LARGE: 8.0}


def test_a_span_is_shortened_for_large_fleets_without_a_bar_only() -> None:
    assert STANDARD.span_of(LARGE, barred=True) == STANDARD.span_of(10_000, barred=False) == STANDARD.span
    assert STANDARD.span_of(LARGE, barred=False) == STANDARD.large_span != STANDARD.span
    assert FULL.span_of(LARGE, barred=False) == FULL.span
    assert STANDARD.span.duration_ms(STANDARD.rounds) == 2 * DAY_MS
    assert STANDARD.span.told(3) == "3 × 8 h after 24 h from 00:00"
    assert QUICK.span.told(1) == "1 × 20 min after 10 min from 08:30"


def test_a_mixed_fleet_has_all_lively_images_and_twenty_settings_on_two_targets() -> None:
    scenario = fleets.mixed(100, HOUR_MS)
    assert {block.image for block in scenario.fleet.blocks} == set(IMAGES) - {"quiet"}
    assert len({policy.settings for policy in scenario.policies}) == len(scenario.fleet.blocks) == fleets.SETTINGS
    assert scenario.integrated == set(Target)
    assert len(scenario.fleet) == 100


def test_a_crossed_fleet_has_each_setting_on_each_image() -> None:
    scenario = fleets.mixed(1_000, HOUR_MS, crossed=True)
    pairs = {(block.image, block.group) for block in scenario.fleet.blocks}
    assert len(pairs) == fleets.SETTINGS * len(fleets.LIVELY)


@pytest.mark.parametrize("make", [fleets.office, fleets.images, fleets.mixed])
def test_a_fleet_of_one_device_is_a_fleet(make: Callable[[int, int], Scenario]) -> None:
    assert len(make(1, HOUR_MS).fleet) == 1
    assert make(1, HOUR_MS).warnings == ()
