from dataclasses import replace

import pytest

from benchmarks.runs import first_day, quiet
from tests.benchmarks.tiny import TINY


def test_three_weeks_of_a_quiet_device_are_measured_for_both_recordings() -> None:
    section = quiet(replace(TINY, rounds=1))
    assert [row[:2] for row in section.table.rows] == [("as a scenario records", "1"), ("hourly", "1")]
    assert len(section.bars) == 1


@pytest.mark.parametrize(("slower_s", "met"), [(30.0, True), (30.5, False)])
def test_the_first_day_is_judged_by_the_slower_of_one_worker_and_two(slower_s: float, met: bool) -> None:
    section = first_day(TINY, run=lambda workers: slower_s if workers == 1 else 2.0)
    assert [row[0] for row in section.table.rows] == ["1", "2"]
    assert section.bars[0].met is met
