from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.actions import STARTS_MAX, Isolate, Outage, Unplug
from scenarios.timeline import CHAIN_MAX, OCCURRENCES_MAX
from tests.scenarios.made import loaded, mistakes, step

MINUTE = 60_000


def times(steps: Sequence[dict[str, Any]], **sections: Any) -> list[tuple[str, int]]:
    return [(each.name, each.at_ms // MINUTE) for each in loaded(timeline=list(steps), **sections).steps]


def test_a_step_has_its_time_devices_action_and_place() -> None:
    (done,) = loaded(timeline=[step(name="leave", at="90min", target={"block": "db"}, **{"for": "1h"})]).steps
    assert (done.name, done.at_ms, done.end_ms) == ("leave", 90 * MINUTE, 150 * MINUTE)
    assert isinstance(done.action, Unplug)
    assert done.devices is not None
    assert done.devices.tolist() == [40, 41, 42, 43, 44]
    assert done.place == "trial.yaml:16:3: timeline.leave"


def test_a_step_without_for_has_no_end() -> None:
    (done,) = loaded(timeline=[step(at="1h")]).steps
    assert done.end_ms is None


def test_a_fault_has_no_devices() -> None:
    (done,) = loaded(timeline=[{"at": "1h", "fault": {"server": "telemetry", "kind": "outage", "for": "28min"}}]).steps
    assert isinstance(done.action, Outage)
    assert done.devices is None
    assert done.end_ms == 88 * MINUTE


def test_a_step_without_a_name_is_called_by_its_number() -> None:
    assert times([step(at="1h"), step(name="b", at="2h"), step(at="3h")]) == [
        ("step-1", 60),
        ("b", 120),
        ("step-3", 180),
    ]


def test_a_mark_does_nothing() -> None:
    (done,) = loaded(timeline=[{"name": "warm", "at": "0s"}]).steps
    assert (done.name, done.action, done.devices) == ("warm", None, None)


def test_what_follows_a_known_step_is_itself_known() -> None:
    steps: list[dict[str, Any]] = [
        {"name": "calm", "after": "up", "delay": "30min"},
        {"name": "up", "after": "down.end"},
        {"name": "down", "at": "1h", "fault": {"server": "telemetry", "kind": "outage", "for": "28min"}},
    ]
    assert times(steps) == [("down", 60), ("up", 88), ("calm", 118)]


def test_the_end_of_started_processes_is_the_last_of_them() -> None:
    start = {"do": "start-process", "target": "all", "process": "synthetic/a", "count": 3, "over": "10min"}
    assert times([{"name": "run", "at": "1h", **start}, {"name": "done", "after": "run.end"}]) == [
        ("run", 60),
        ("done", 70),
    ]


def test_steps_at_one_time_keep_the_order_of_the_file() -> None:
    steps = [step(name=name, at="1h") for name in "cab"] + [step(name="first", at="0s")]
    assert [name for name, _ in times(steps)] == ["first", "c", "a", "b"]


@given(every=st.integers(1, 90), at=st.none() | st.integers(0, 300), until=st.none() | st.integers(0, 300))
@settings(deadline=None, max_examples=60)
def test_a_step_repeats_from_at_to_until_within_the_run(every: int, at: int | None, until: int | None) -> None:
    fields = {"every": f"{every}min"}
    if at is not None:
        fields["at"] = f"{at}min"
    if until is not None:
        fields["until"] = f"{until}min"
    last = 239 if until is None else min(until, 239)
    first = every if at is None else at
    expected = [minute for minute in range(240) if minute >= first and (minute - first) % every == 0 and minute <= last]
    assert [minute for _, minute in times([step(name="often", **fields)])] == expected


def test_a_step_repeats_a_bounded_number_of_times() -> None:
    assert len(times([step(every="1s", at="0s", until=f"{OCCURRENCES_MAX - 1}s")])) == OCCURRENCES_MAX
    (told,) = mistakes(timeline=[step(every="1s", at="0s", until=f"{OCCURRENCES_MAX}s")])
    assert f"timeline.0.every: the step repeats {OCCURRENCES_MAX + 1} times; let it repeat at most" in told


@pytest.mark.parametrize(
    "fields", [{"at": "4h"}, {"at": "5h"}, {"every": "10min", "at": "4h"}, {"every": "1h", "until": "10min"}]
)
def test_a_step_after_the_end_is_left_out_and_warned_of(fields: dict[str, str]) -> None:
    scenario = loaded(timeline=[step(name="late", **fields)])
    assert not scenario.steps
    (warning,) = scenario.warnings
    assert "the step 'late' would happen at" in warning.cause
    assert warning.remedy == "the run lasts 4h"


def test_a_long_chain_in_the_order_of_the_file_is_fine() -> None:
    steps = [step(name="s0", at="1min")] + [
        step(name=f"s{number}", after=f"s{number - 1}", delay="1s") for number in range(1, 500)
    ]
    assert loaded(timeline=steps).steps[-1].at_ms == MINUTE + 499_000


def test_a_long_chain_against_the_order_of_the_file_is_refused() -> None:
    steps = [step(name=f"s{number}", after=f"s{number + 1}") for number in range(CHAIN_MAX + 1)]
    told = mistakes(timeline=[*steps, step(name=f"s{CHAIN_MAX + 1}", at="1min")])
    assert f"a chain of {CHAIN_MAX} steps; write the steps in their order" in told[0]


# --- reactions -------------------------------------------------------------------------------------------------------

SEEN = {"name": "seen", "when": {"fact": "ioc-match", "of": {"pick": 1}}, "within": "15min"}


def test_what_waits_for_a_fact_counts_from_the_step_before_it() -> None:
    scenario = loaded(timeline=[step(name="a", at="30min"), step(name="b", at="40min"), SEEN])
    (reaction,) = scenario.reactions
    assert (reaction.fact, reaction.after, reaction.since_ms, reaction.within_ms) == (
        "ioc-match",
        None,
        40 * MINUTE,
        15 * MINUTE,
    )
    assert reaction.of is not None
    assert len(reaction.of) == 1
    assert reaction.action is None


def test_the_first_step_counts_from_the_start() -> None:
    (reaction,) = loaded(timeline=[SEEN]).reactions
    assert (reaction.after, reaction.since_ms) == (None, 0)


def test_after_tells_from_when_to_count() -> None:
    steps = [
        step(name="a", at="30min", **{"for": "5min"}),
        step(name="b", at="40min"),
        {**SEEN, "after": "a.end", "delay": "1min"},
    ]
    (reaction,) = loaded(timeline=steps).reactions
    assert (reaction.after, reaction.since_ms, reaction.delay_ms) == (None, 36 * MINUTE, 0)


def test_what_follows_a_fact_is_a_reaction() -> None:
    steps = [
        SEEN,
        {"name": "isolate", "after": "seen", "delay": "1min", "do": "isolate", "target": "office-00001", "for": "2h"},
        {"name": "free", "after": "isolate.end", "delay": "5min"},
    ]
    _, isolate, free = loaded(timeline=steps).reactions
    assert (isolate.fact, isolate.after, isolate.from_end, isolate.delay_ms) == (None, "seen", False, MINUTE)
    assert isinstance(isolate.action, Isolate)
    assert isolate.devices is not None
    assert isolate.devices.tolist() == [0]
    assert (free.after, free.from_end, free.delay_ms) == ("isolate", True, 5 * MINUTE)


def test_a_fact_after_a_reaction_counts_from_it() -> None:
    second = {"name": "then", "when": {"fact": "released"}}
    _, then = loaded(timeline=[SEEN, second]).reactions
    assert (then.after, then.from_end, then.of, then.within_ms) == ("seen", False, None, None)


def test_every_step_is_an_occurrence_or_a_reaction() -> None:
    steps = [step(name="a", at="30min"), SEEN, step(name="b", after="seen"), step(name="c", after="a")]
    scenario = loaded(timeline=steps)
    assert [done.name for done in scenario.steps] == ["a", "c"]
    assert [reaction.name for reaction in scenario.reactions] == ["seen", "b"]


def test_one_mistake_in_a_step_is_not_told_again_for_those_that_follow_it() -> None:
    told = mistakes(timeline=[step(name="a", at="30m"), step(name="b", after="a")])
    assert len(told) == 1
    assert "'m' is not a unit" in told[0]


def test_occurrences_share_the_devices_of_their_step() -> None:
    first, second, *_ = loaded(timeline=[step(every="1h", target={"pick": 3})]).steps
    assert first.devices is not None
    assert second.devices is not None
    assert np.shares_memory(first.devices, second.devices)


def test_a_step_that_waits_for_one_that_waits_for_it_is_a_mistake() -> None:
    when = {"name": "seen", "when": {"fact": "isolated"}}
    (told,) = mistakes(timeline=[{"name": "cut", "after": "seen"}, when])
    assert "timeline.seen.when: it counts from the step before it, 'cut', which waits for it" in told
    assert mistakes(timeline=[when, {"name": "cut", "after": "seen"}]) == []
    known = {"name": "up", "at": "1min"}
    assert mistakes(timeline=[known, {"name": "cut", "after": "seen"}, {**when, "after": "up"}]) == []
    between = {"name": "then", "when": {"fact": "released"}}
    assert len(mistakes(timeline=[{"name": "cut", "after": "seen"}, between, when])) == 2


def test_starts_that_are_spread_have_a_limit_and_a_burst_does_not() -> None:
    start = {"at": "1h", "do": "start-process", "target": "all", "process": "synthetic/a"}
    assert mistakes(timeline=[{**start, "count": STARTS_MAX, "over": "10min"}]) == []
    assert mistakes(timeline=[{**start, "count": STARTS_MAX + 1}]) == []
    (told,) = mistakes(timeline=[{**start, "count": STARTS_MAX + 1, "over": "10min"}])
    assert "timeline.0.count: 100001 starts are spread" in told
