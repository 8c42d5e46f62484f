from dataclasses import replace

import pytest

from benchmarks import fleets
from benchmarks.administration import MB, administration, resting
from tests.benchmarks.tiny import TINY

YEAR = replace(TINY, administration_days=365, rounds=3)


@pytest.mark.parametrize(("wall_s", "grown", "met"), [(200.0, 1.05, True), (301.0, 1.05, False), (200.0, 1.2, False)])
def test_a_year_is_judged_by_its_time_and_by_what_its_memory_has_grown(wall_s: float, grown: float, met: bool) -> None:
    section = administration(
        YEAR,
        run=lambda: wall_s,
        weigher=lambda days: {10: 100 * MB, days: int(100 * grown * MB)},
        rest=lambda changes, days: 1.0,
    )
    assert all(bar.met for bar in section.bars) is met
    assert len(section.table.rows) == 5


def test_a_shorter_time_is_measured_and_not_judged() -> None:
    section = administration(TINY, weigher=lambda days: {days: MB}, rest=lambda changes, days: 1.0)
    assert [row[0] for row in section.table.rows] == [
        "at rest, 0 policy changes: CPU",
        "at rest, 36 policy changes: CPU",
        "resident after 1 days",
    ]
    assert not section.bars


def test_a_fleet_at_rest_hears_of_each_change() -> None:
    assert len(fleets.resting(3, 2, 4).steps) == 4
    assert resting(4, 1) > 0
