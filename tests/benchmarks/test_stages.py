import itertools

import pytest

from benchmarks.stages import KINDS, NAMES, OTHER, Stopwatch, spent


@pytest.mark.parametrize("kind", KINDS)
def test_the_stages_of_every_kind_of_fleet_take_time(kind: str) -> None:
    found = spent(KINDS[kind], 20, 2)
    assert tuple(found) == NAMES
    assert all(found[stage] > 0 for stage in ("draw", "throttle", "queue, settle", "tables", OTHER))
    assert (found["TTL"] > 0) is ("TTL" in kind)


def test_time_inside_another_stage_belongs_to_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(step=10)
    monkeypatch.setattr("benchmarks.stages.time.perf_counter_ns", lambda: next(ticks))
    watch = Stopwatch()
    with watch.within("outer"):
        with watch.within("inner"):
            pass
        with watch.within("inner"):
            pass
    assert watch.spent_ns == {"outer": 30, "inner": 20}


def test_methods_are_as_before_once_nobody_watches() -> None:
    from emulator.telemetry.draw import Draw

    before = Draw.fill
    with Stopwatch().watching():
        assert Draw.fill is not before
    assert Draw.fill is before
