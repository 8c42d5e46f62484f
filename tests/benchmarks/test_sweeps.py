"""The benchmark of sweeps: what it measures, when it judges, and that it says so where there is nothing to read."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sweeps import DEVICES, sweep, sweeps
from scenarios.library import INDICATORS
from tests.benchmarks.tiny import TINY

WHOLE = replace(TINY, administration_days=365)


@pytest.mark.parametrize(("judge_s", "met"), [(50.0, True), (61.0, False)])
def test_reading_and_judging_together_are_held_against_the_bar(judge_s: float, met: bool) -> None:
    section = sweeps(WHOLE, INDICATORS, lambda _, devices: (0.5, judge_s, 5, devices // 100))
    (bar,) = section.bars
    assert bar.met is met
    assert f"{DEVICES:,}" in bar.promise


def test_a_smaller_fleet_is_measured_and_not_judged() -> None:
    section = sweeps(TINY, INDICATORS, lambda *_: (0.5, 1.0, 5, 10))
    assert not section.bars
    assert len(section.table.rows) == 2


def test_without_the_files_it_says_so() -> None:
    section = sweeps(WHOLE, Path("nowhere"))
    assert not section.bars
    assert "Not measured" in section.table.about


def test_devices_that_hold_what_is_looked_for_are_found() -> None:
    read_s, judge_s, files, matched = sweep(INDICATORS, 200)
    assert read_s >= 0
    assert judge_s > 0
    assert files == len(list(INDICATORS.iterdir()))
    assert matched == 2
