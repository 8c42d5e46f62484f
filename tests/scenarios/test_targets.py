"""Selectors at their moment: states, the names that steps give, ramps."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios import staging, targets
from scenarios.errors import UserError
from scenarios.fleet import RAMP_STEPS_MAX, Fleet, ramp
from scenarios.model import Scenario
from scenarios.selectors import STATES, parse_selector, resolve
from tests.scenarios.made import FLEET, loaded, mistakes, step
from tests.scenarios.running import digest, facts, rows, run

MINUTE = 60_000


def devices(scenario: Scenario, name: str) -> list[list[int]]:
    """The devices of each occurrence of a step."""
    found = [each.devices for each in scenario.steps if each.name == name]
    return [each.tolist() for each in found if each is not None]


# --- states ----------------------------------------------------------------------------------------------------------


def test_a_state_is_that_of_the_moment_of_the_step() -> None:
    away = step(name="away", at="1h", target={"block": "db"}, **{"for": "1h"})
    ask: dict[str, Any] = {"do": "stop-agent", "target": {"state": "off-line"}, "for": "1min"}
    scenario = loaded(timeline=[{"name": "in it", "at": "90min", **ask}, away])
    assert devices(scenario, "in it") == [[40, 41, 42, 43, 44]]
    for at in ("59min", "2h"):
        assert mistakes(timeline=[{"name": "outside", "at": at, **ask}, away])[0].endswith(
            "{state: off-line} matches no device; name devices that are in the fleet"
        )


def test_what_happens_at_the_same_moment_counts_when_it_stands_before() -> None:
    away = step(name="away", at="1h", target="db", **{"for": "1h"})
    ask = step(name="rest", at="1h", target={"not": {"state": "off-line"}})
    assert devices(loaded(timeline=[away, ask]), "rest") == [list(range(40))]
    assert devices(loaded(timeline=[ask, away]), "rest") == [list(range(45))]


def test_each_repetition_finds_its_own_devices() -> None:
    more = step(name="more", every="10min", until="30min", target={"pick": 5, "from": {"not": {"state": "off-line"}}})
    (first, second, third) = devices(loaded(timeline=[more]), "more")
    assert len({*first, *second, *third}) == 15


def test_a_stopped_a_crashed_and_a_later_device_are_stopped() -> None:
    fleet = {**FLEET, "ramp": {"from": 40, "over": "1h"}}
    late = loaded(fleet=fleet).enrolments
    stop = {"do": "stop-agent", "target": {"pick": 1, "from": "db"}, "for": "1h", "at": "1s"}
    crash = {"do": "crash-agent", "target": {"pick": 1, "from": "office"}, "for": "1h", "at": "1s"}
    ask = step(name="ask", at="2s", target={"state": "stopped"})
    scenario = loaded(fleet=fleet, timeline=[stop, crash, ask])
    expected = {index for each in late for index in each.devices.tolist()}
    for each in scenario.steps[:2]:
        assert each.devices is not None
        expected |= set(each.devices.tolist())
    assert set(devices(scenario, "ask")[0]) == expected


def test_an_expectation_asks_for_the_state_at_the_end_of_the_run() -> None:
    expect = [{"name": "a", "each": {"state": "off-line"}, "that": "queued", "is": "> 0"}]
    scenario = loaded(
        timeline=[step(at="1h", target="db"), step(at="1h", target="office", **{"for": "1h"})], expect=expect
    )
    (expectation,) = scenario.expectations
    assert getattr(expectation, "devices").tolist() == [40, 41, 42, 43, 44]  # noqa: B009 - not all forms have them


def test_a_state_agrees_with_the_table_of_the_run(tmp_path: Any) -> None:
    fleet = {"blocks": [{"name": "a", "image": "quiet", "count": 6}], "ramp": {"from": 4, "to": 5, "over": "10min"}}
    timeline = [
        step(at="20min", target={"pick": 1, "from": {"not": {"state": "stopped"}}}, **{"as": "gone"}),
        step(
            at="20min", target={"pick": 1, "from": {"not": {"any": ["gone", {"state": "stopped"}]}}}, **{"for": "5min"}
        ),
    ]
    scenario = loaded(fleet=fleet, duration="1h", timeline=timeline)
    run(scenario, tmp_path)
    seen = {row["device"]: row["state"] for row in rows(tmp_path, "devices")}
    assert sorted(seen.values()) == ["connected", "connected", "connected", "connected", "off-line", "stopped"]
    (gone,) = scenario.selections["gone"].tolist()
    assert seen[scenario.fleet.name(gone)] == "off-line"


def test_every_condition_that_an_action_brings_is_a_state() -> None:
    assert {action: str(spell[0]) for action, spell in staging.SPELLS.items()} == {
        action: {"stopped": "crashed"}.get(state, state) if action.__name__ == "CrashAgent" else state
        for action, state in targets.STATE_OF.items()
    }
    assert set(targets.STATE_OF.values()) == set(STATES)


def test_without_a_moment_a_state_is_refused() -> None:
    fleet = loaded().fleet
    with pytest.raises(Exception, match="a state is that of a moment"):
        resolve(parse_selector({"state": "stopped"}), fleet)


def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "STATE_OF", {})
    with pytest.raises(UserError):
        test_a_state_is_that_of_the_moment_of_the_step()


# --- names of devices ------------------------------------------------------------------------------------------------


def test_a_step_names_its_devices_for_later_selectors() -> None:
    timeline = [
        {"name": "seen", "when": {"fact": "connect"}},
        {"after": "seen", **step(target={"pick": 3, "from": "office"}), "as": "absent"},
        step(name="rest", at="1h", target={"block": "office", "except": "absent"}),
    ]
    expect = [{"name": "exactly", "set": {"fact": "off-line"}, "equals": {"not": "absent"}}]
    scenario = loaded(timeline=timeline, expect=expect)
    assert len(scenario.selections["absent"]) == 3
    (rest,) = devices(scenario, "rest")
    assert sorted([*rest, *scenario.selections["absent"].tolist()]) == list(range(40))
    assert len(getattr(scenario.expectations[0], "devices")) == 42  # noqa: B009 - not all forms have them


def test_a_name_may_hang_on_a_state() -> None:
    timeline = [
        step(at="1h", target="db"),
        step(at="2h", target={"state": "off-line"}, do="stop-agent", **{"as": "gone"}),
        step(name="others", at="3h", target={"not": "gone"}),
    ]
    assert devices(loaded(timeline=timeline), "others") == [list(range(40))]


def test_a_name_is_not_known_before_its_moment() -> None:
    timeline = [
        step(at="1h", target="db"),
        step(at="2h", target={"state": "off-line"}, do="stop-agent", **{"as": "gone"}),
        step(at="90min", target={"not": "gone"}),
    ]
    (told,) = mistakes(timeline=timeline)
    assert "'gone' does not name devices yet" in told


def test_one_mistake_in_a_step_is_not_told_again_where_its_name_is_used() -> None:
    timeline = [step(at="1h", target="nobody", **{"as": "gone"}), step(at="2h", target="gone")]
    expect = [{"name": "a", "each": "gone", "that": "queued", "is": "> 0"}]
    assert len(mistakes(timeline=timeline, expect=expect)) == 1


def test_a_name_of_devices_that_a_step_after_the_end_would_give_is_told() -> None:
    timeline = [step(at="5h", target={"not": {"state": "off-line"}}, **{"as": "gone"})]
    expect = [{"name": "a", "each": "gone", "that": "queued", "is": "> 0"}]
    (told,) = mistakes(timeline=timeline, expect=expect)
    assert "'gone' does not name devices yet" in told


# --- ramps -----------------------------------------------------------------------------------------------------------


@given(
    size=st.integers(1, 2_000), shares=st.tuples(st.integers(0, 100), st.integers(0, 100)), over=st.integers(1, 10**7)
)
@settings(deadline=None, max_examples=60)
def test_a_ramp_grows_evenly_to_its_end(size: int, shares: tuple[int, int], over: int) -> None:
    fleet = Fleet(1, loaded(fleet={"blocks": [{"name": "a", "image": "quiet", "count": size}]}).fleet.blocks)
    first, last = (size * share // 100 for share in sorted(shares))
    enrolments = ramp(fleet, first=first, last=last, over_ms=over, end_ms=10**8)
    assert len(enrolments) <= RAMP_STEPS_MAX + 1
    assert sum(len(each.devices) for each in enrolments) == size - first
    coming = np.concatenate([each.devices for each in enrolments]) if enrolments else np.empty(0, np.int64)
    assert len(np.unique(coming)) == size - first
    step_ms = -(-over // RAMP_STEPS_MAX)
    there = first
    for each in enrolments:
        assert np.array_equal(each.devices, np.sort(each.devices))
        if each.at_ms == 10**8:
            assert len(each.devices) == size - last
            continue
        there += len(each.devices)
        assert 0 < each.at_ms <= over
        assert (last - first) * (each.at_ms - step_ms) <= (there - first) * over <= (last - first) * each.at_ms


def test_a_slower_ramp_enrols_the_same_devices_first() -> None:
    fleet = loaded().fleet
    slow, fast = (ramp(fleet, first=10, last=45, over_ms=over, end_ms=10**9) for over in (35_000_000, 35))
    assert np.concatenate([each.devices for each in slow]).tolist() == [
        index for each in fast for index in each.devices.tolist()
    ]


def test_a_ramp_is_scaled_with_the_blocks() -> None:
    fleet = {**FLEET, "ramp": {"from": 9, "to": 36, "over": "1h"}, "devices": 20}
    enrolments = loaded(fleet=fleet).enrolments
    assert [len(each.devices) for each in enrolments] == [1] * 12 + [4]
    assert (enrolments[0].at_ms, enrolments[-2].at_ms, enrolments[-1].at_ms) == (5 * MINUTE, 60 * MINUTE, 240 * MINUTE)


def test_before_it_enrols_a_device_collects_nothing_and_meets_no_server(tmp_path: Any) -> None:
    fleet = {
        "blocks": [{"name": "a", "image": "windows-office", "count": 8}],
        "ramp": {"from": 2, "to": 6, "over": "40min"},
    }
    scenario = loaded(fleet=fleet, duration="1h", start="2026-03-02T10:00:00Z")
    run(scenario, tmp_path)
    started = {device: at_ms for at_ms, device in facts(tmp_path, "agent-started")}
    assert sorted(started.values()) == [10 * MINUTE, 20 * MINUTE, 30 * MINUTE, 40 * MINUTE]
    seen = {row["device"]: row for row in rows(tmp_path, "devices")}
    never = scenario.fleet.names(scenario.enrolments[-1].devices).to_pylist()
    assert len(never) == 2
    for name, row in seen.items():
        if name in never:
            assert (row["acknowledged"], row["queued"]) == (0, 0)
            assert row["not_collected"] == row["generated"] > 0
        elif name in started:
            assert row["not_collected"] > 0
            assert row["acknowledged"] > 0
        else:
            assert row["not_collected"] == 0


def test_a_ramp_does_not_depend_on_the_number_of_workers(tmp_path: Any) -> None:
    fleet = {"blocks": [{"name": "a", "image": "windows-office", "count": 9}], "ramp": {"from": 2, "over": "20min"}}
    scenario = loaded(fleet=fleet, duration="40min", timeline=[step(at="10min", target={"state": "stopped"})])
    digests = {digest(scenario, tmp_path / str(workers), workers=workers) for workers in (1, 2, 4)}
    assert len(digests) == 1


def test_without_a_ramp_everybody_is_there() -> None:
    assert loaded().enrolments == ()


# --- between ---------------------------------------------------------------------------------------------------------


def times(**fields: Any) -> list[int]:
    marks = [
        {"name": "down", "at": "30min", "fault": {"server": "telemetry", "kind": "outage", "for": "25min"}},
        {"name": "calm", "after": "down.end", "delay": "5min"},
    ]
    scenario = loaded(timeline=[{"name": "often", **step(**fields)}, *marks])
    return [each.at_ms // MINUTE for each in scenario.steps if each.name == "often"]


def test_a_step_repeats_between_steps_and_times() -> None:
    assert times(every="10min", between=["down", "calm"]) == [30, 40, 50, 60]
    assert times(every="10min", between=["down.end", "80min"]) == [55, 65, 75]
    assert times(every="1h", between=["1h", "end"]) == [60, 120, 180]
    assert times(every="10min", between=["down", "down"]) == [30]
