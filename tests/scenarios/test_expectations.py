"""The forms of an expectation as a user writes them: each example loads, and so do the files of new users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from scenarios.bounds import Grid, Moments
from scenarios.conditions import parse_limit, parse_relative, parse_slope
from scenarios.entries import ENTRIES, QUALIFIERS
from scenarios.facts import FACTS, RUN_FACTS
from scenarios.problems import LocatedError
from scenarios.source import parse, read_file
from scenarios.timeline import Timeline
from scenarios.verdicts import _JUDGES, evaluate
from tests.scenarios.made import loaded, mistakes

EXAMPLES = Path(__file__).parents[3] / "shared" / "examples"
SELECT = {"infected": {"pick": 2}, "patient_zero": {"pick": 1}, "spread": {"pick": 5}, "absent": {"pick": 1}}
TIMELINE = [
    {"name": "warm", "at": "0s"},
    {"name": "down", "at": "1h", "fault": {"server": "telemetry", "kind": "outage", "for": "28min"}},
    {"name": "up", "after": "down.end"},
    {"name": "calm", "after": "up", "delay": "30min"},
    {"name": "start", "at": "40min", "do": "start-process", "target": "patient_zero", "process": "synthetic/dropper"},
]


def expected(entry: Mapping[str, Any], **sections: Any) -> Any:
    scenario = loaded(**{"select": SELECT, "timeline": TIMELINE, "expect": [dict(entry)], **sections})
    return scenario.expectations[0]


@pytest.mark.parametrize("model", ENTRIES.values(), ids=ENTRIES)
def test_the_example_of_a_form_loads_and_says_what_it_expects(model: Any) -> None:
    entry = parse(model.example.encode(), "example").data
    judged = expected(entry)
    assert judged.name == entry["name"]
    assert judged.expected
    assert not judged.cannot_fail()
    assert type(judged) in _JUDGES


@pytest.mark.parametrize("model", ENTRIES.values(), ids=ENTRIES)
def test_a_run_without_tables_passes_nothing(model: Any) -> None:
    entry = parse(model.example.encode(), "example").data
    scenario = loaded(select=SELECT, timeline=TIMELINE, expect=[entry])
    verdict = evaluate(scenario.expectations[0], {}, scenario.fleet)
    assert verdict.verdict == "fail"


@pytest.mark.parametrize("file", ["containment.yaml", "hello.yaml", "outage.yaml", "storm-live.yaml"])
def test_what_a_new_user_expected_can_be_said(file: str) -> None:
    """Adapted in names, and without what follows with detection and in real time."""
    path = EXAMPLES / file
    if not path.exists():
        pytest.skip(f"there is no {path}")
    renamed = {"10s": "30s", "detection": "ioc-match"}
    renamed |= {"connect:first": "connect:cn-1", "connect:second": "connect:cn-2"}
    for entry in parse(read_file(path, file), file).data["expect"]:
        if "lateness" in entry:
            continue
        entry = _renamed(entry, renamed)
        if file == "hello.yaml":
            assert expected(entry).name == entry["name"]
            continue
        servers = {"telemetry": {"nodes": ["cn-1", "cn-2"]}}
        assert expected(entry, servers=servers).name == entry["name"]


def _renamed(data: Any, names: Mapping[str, str]) -> Any:
    if isinstance(data, dict):
        return {key: _renamed(value, names) for key, value in data.items()}
    if isinstance(data, list):
        return [_renamed(value, names) for value in data]
    return names.get(data, data) if isinstance(data, str) else data


def test_what_tells_facts_apart_belongs_to_facts_of_devices() -> None:
    assert set(QUALIFIERS) <= set(FACTS) - set(RUN_FACTS)


def test_what_is_expected_names_the_part_of_the_run() -> None:
    base = {"name": "check", "server": "telemetry", "ratio": "refused / requests", "is": "< 5 %"}
    assert expected(base).expected == "refused / requests of telemetry: < 5 %"
    told = expected({**base, "between": ["up", "end"], "outside": "faults"}).expected
    assert told == "refused / requests of telemetry: < 5 %, between up and end, outside faults"
    order = {"name": "check", "each": "spread", "facts": ["isolated", "connect:telemetry"], "strictly": True}
    assert expected(order).expected == "exactly isolated, connect:telemetry, for 100 % of spread"


def test_a_mistake_in_the_timeline_is_not_told_again_for_what_refers_to_it() -> None:
    entry = {"name": "check", "total": "servers.requests", "is": 0, "between": ["up", "end"]}
    (told,) = mistakes(timeline=[{"name": "up", "at": "30m"}], expect=[entry])
    assert "'m' is not a unit" in told


@pytest.mark.parametrize(
    ("span", "intervals"),
    [
        ((0, 60), (0, 2)),
        ((0, 59), (0, 1)),
        ((1, 60), (1, 2)),
        ((31, 59), (2, 2)),
        ((0, 100), (0, 4)),  # the last interval ends with the run
        ((90, 100), (3, 4)),
        ((0, 99), (0, 3)),
    ],
)
def test_only_intervals_that_lie_wholly_inside_count(span: tuple[int, int], intervals: tuple[int, int]) -> None:
    assert Grid(30_000, 100_000).inside(span[0] * 1000, span[1] * 1000) == intervals


def test_a_time_is_a_moment_unless_a_step_is_called_like_it() -> None:
    grid = Grid(30_000, 600_000)
    moments = Moments(grid, {"5min": 7, "end": 9}, {}, frozenset())
    assert [moments.read(text).at_ms for text in ("5min", "6min", "end")] == [7, 360_000, 9]
    assert Moments.of(Timeline(), grid).read("end").at_ms == 600_000
    with pytest.raises(LocatedError, match="11min is after the end of the run"):
        moments.read("11min")


@pytest.mark.parametrize(
    ("text", "told", "holds", "fails"),
    [
        ("< 2s", "< 2s", 1_999_999, 2_000_000),
        ("<= 2s", "<= 2s", 2_000_000, 2_000_001),
        ("> 5ms", "> 5ms", 5_001, 5_000),
        ("200 ms", "200ms", 200_000, 200_001),
        ("1s..2s", "1s..2s", 2_000_000, 2_000_001),
    ],
)
def test_a_limit_of_time_is_exact(text: str, told: str, holds: int, fails: int) -> None:
    limit = parse_limit(text)
    assert str(limit) == told
    assert limit.holds_ratio(holds, 1)
    assert limit.holds_ratio(holds * 3, 3)
    assert not limit.holds_ratio(fails, 1)


@pytest.mark.parametrize("text", ["2", "< ", "< 2", "2s..1s", "<< 2s", 5, None, "< -1s", "x" * 100])
def test_what_is_no_limit_of_time_is_refused(text: object) -> None:
    with pytest.raises(LocatedError):
        parse_limit(text)


def test_a_relative_condition_has_a_factor_and_two_moments() -> None:
    relative = parse_relative("<= 2.5 x mean( down.end .. calm )")
    assert relative is not None
    assert (relative.first, relative.last, str(relative)) == ("down.end", "calm", "<= 2.5 x mean(down.end..calm)")
    assert relative.holds(25, 1, 10, 1)
    assert not relative.holds(26, 1, 10, 1)
    assert relative.holds(5, 2, 1, 1)
    assert parse_relative("<= 5") is None


def test_a_slope_may_fall() -> None:
    assert str(parse_slope("> -5 %/h")) == "> -5 %/h"
    with pytest.raises(LocatedError):
        parse_slope("< 5 %/week")
