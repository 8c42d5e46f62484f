"""Reactions: at the fact, within its time, after one another; unit by unit, and in a run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.journal import RUN, Fact
from scenarios.reactions import Reactions
from scenarios.shard import Command
from tests.scenarios.made import loaded
from tests.scenarios.running import facts, manifest, rows, run

MIN = 60_000
LINE = 30_000
HOUR = 60 * MIN


def reactions(*timeline: dict[str, Any], duration: str = "4h") -> Reactions:
    scenario = loaded(timeline=list(timeline), duration=duration)
    return Reactions(scenario.reactions, scenario.duration_ms)


def fact(at_ms: int, kind: str = "isolated", device: int = 0) -> Fact:
    return Fact(at_ms, device, 0, kind, "{}")


def unplug(**fields: Any) -> dict[str, Any]:
    return {"name": "cut", "do": "unplug", "target": "all", "for": "10min", **fields}


def told(commands: list[Command]) -> list[tuple[str, int]]:
    return [(command.name, command.at_ms) for command in commands]


# --- when -------------------------------------------------------------------------------------------------------------


def test_an_action_follows_its_fact_on_the_next_line() -> None:
    state = reactions(unplug(when={"fact": "isolated"}))
    state.saw([fact(LINE - 1, "released"), fact(LINE + 5_000)], 2 * LINE)
    assert told(state.commands(2 * LINE)) == [("cut", 2 * LINE)]


def test_nothing_happens_before_the_fact_and_nothing_twice() -> None:
    state = reactions(unplug(when={"fact": "isolated"}))
    assert state.commands(0) == []
    state.saw([fact(5, "released")], LINE)
    assert state.commands(LINE) == []
    state.saw([fact(LINE + 5), fact(LINE + 6)], 2 * LINE)
    assert len(state.commands(2 * LINE)) == 1
    state.saw([fact(2 * LINE + 5)], 3 * LINE)
    assert state.commands(3 * LINE) == []


@pytest.mark.parametrize(("device", "follows"), [(40, True), (39, False), (RUN, False)])
def test_the_fact_has_to_be_of_a_device_that_is_meant(device: int, follows: bool) -> None:
    state = reactions(unplug(when={"fact": "isolated", "of": {"block": "db"}}))
    state.saw([fact(5, device=device)], LINE)
    assert bool(state.commands(LINE)) is follows


def test_a_command_carries_its_action_and_devices() -> None:
    state = reactions(unplug(when={"fact": "isolated"}, target={"block": "db"}))
    state.saw([fact(5)], LINE)
    (command,) = state.commands(LINE)
    assert command.action is not None
    assert command.action.span_ms == 10 * MIN
    assert np.array_equal(command.devices, np.arange(40, 45))  # type: ignore[arg-type]


def test_what_would_happen_at_the_end_of_the_run_does_not() -> None:
    state = reactions(unplug(when={"fact": "isolated"}), duration="1h")
    state.saw([fact(HOUR - 1)], HOUR)
    assert state.commands(HOUR) == []


# --- within -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at_ms", "verdict"), [(0, "pass"), (10 * MIN, "pass"), (10 * MIN + 1, "fail")])
def test_a_fact_has_to_come_within_its_time(at_ms: int, verdict: str) -> None:
    state = reactions({"name": "seen", "when": {"fact": "isolated"}, "within": "10min"})
    line_ms = (at_ms // LINE + 1) * LINE
    for earlier in range(LINE, line_ms, LINE):
        state.saw([], earlier)
    state.saw([fact(at_ms)], line_ms)
    state.commands(line_ms)
    (judged,) = state.verdicts()
    assert (judged.name, judged.verdict, judged.expected) == ("seen", verdict, "isolated within 10min")
    assert judged.place.startswith("trial.yaml:")


def test_what_came_too_late_has_no_consequences() -> None:
    state = reactions(unplug(when={"fact": "isolated"}, within="10min"))
    for line_ms in range(LINE, 11 * MIN + 1, LINE):
        state.saw([], line_ms)
    state.saw([fact(11 * MIN + 5)], 11 * MIN + LINE)
    assert state.commands(11 * MIN + LINE) == []
    assert [one.verdict for one in state.verdicts()] == ["fail"]


def test_within_counts_from_the_step_before() -> None:
    state = reactions({"name": "calm", "at": "1h"}, {"name": "seen", "when": {"fact": "isolated"}, "within": "10min"})
    state.saw([fact(55 * MIN)], HOUR)
    state.saw([fact(HOUR + 4 * MIN)], HOUR + 5 * MIN)
    (judged,) = state.verdicts()
    assert (judged.verdict, judged.seen) == ("pass", "after 4min")


def test_what_never_comes_fails_at_the_end_and_without_within_nothing_is_judged() -> None:
    state = reactions(
        {"name": "seen", "when": {"fact": "isolated"}, "within": "3h"},
        {"name": "perhaps", "when": {"fact": "released"}},
        {"name": "then", "when": {"fact": "isolated"}, "after": "perhaps", "within": "1h"},
    )
    assert [(one.name, one.verdict, one.seen) for one in state.verdicts()] == [
        ("seen", "fail", "no such fact"),
        ("then", "fail", "the step it counts from did not happen"),
    ]


# --- after ------------------------------------------------------------------------------------------------------------


def chain() -> Reactions:
    return reactions(
        unplug(when={"fact": "isolated"}),
        {"name": "mark", "after": "cut.end"},
        unplug(name="again", after="mark", delay="5min"),
        {"name": "seen", "when": {"fact": "off-line"}, "after": "again", "within": "2min"},
    )


def test_a_chain_goes_on_from_the_moments_at_which_things_were_done() -> None:
    state = chain()
    state.saw([fact(LINE + 7)], 2 * LINE)
    expected = [("cut", 2 * LINE), ("mark", 2 * LINE + 10 * MIN), ("again", 2 * LINE + 15 * MIN)]
    assert told(state.commands(2 * LINE)) == expected
    begins = 2 * LINE + 15 * MIN
    state.saw([fact(begins - 1, "off-line")], begins)
    assert state.verdicts()[0].verdict == "fail"
    state.saw([fact(begins + 2 * MIN, "off-line")], begins + 2 * MIN + LINE)
    assert [(one.name, one.verdict, one.seen) for one in state.verdicts()] == [("seen", "pass", "after 2min")]


def test_a_chain_that_does_not_begin_does_not_go_on() -> None:
    state = chain()
    for line_ms in range(0, 4 * HOUR, LINE):
        assert state.commands(line_ms) == []
        state.saw([], line_ms + LINE)


def test_the_order_of_the_file_does_not_matter_for_a_chain() -> None:
    state = reactions(
        {"name": "root", "when": {"fact": "isolated"}},
        unplug(name="second", after="first", delay="5min"),
        unplug(name="first", after="root"),
    )
    state.saw([fact(5)], LINE)
    assert told(state.commands(LINE)) == [("root", LINE), ("first", LINE)]
    assert told(state.commands(2 * LINE)) == [("second", LINE + 5 * MIN)]


# --- in a run ---------------------------------------------------------------------------------------------------------


def test_a_run_reacts_to_what_happens_in_it(tmp_path: Path) -> None:
    timeline = [
        {"name": "crash", "at": "20min", "do": "crash-agent", "target": {"pick": 2, "from": "all"}, "for": "5min"},
        {"name": "seen", "when": {"fact": "agent-started"}, "within": "10min"}
        | {"do": "isolate", "target": {"block": "db"}, "for": "15min"},
        {"name": "down", "after": "seen", "delay": "1min"}
        | {"fault": {"server": "telemetry", "kind": "outage", "for": "4min"}},
        {"name": "never", "when": {"fact": "ioc-match"}, "within": "30min"},
    ]
    assert run(loaded(timeline=timeline, duration="1h"), tmp_path).verdict == "fail"
    started = 25 * MIN
    assert {at_ms for at_ms, _ in facts(tmp_path, "agent-started")} == {started}
    assert facts(tmp_path, "isolated") == [(started + LINE, f"db-0000{number}") for number in range(1, 6)]
    assert {at_ms for at_ms, _ in facts(tmp_path, "released")} == {started + LINE + 15 * MIN}
    assert facts(tmp_path, "fault-began") == [(started + LINE + MIN, "")]
    assert facts(tmp_path, "fault-ended") == [(started + LINE + 5 * MIN, "")]
    judged = {one["name"]: (one["verdict"], one["seen"]) for one in manifest(tmp_path)["expectations"]}
    assert judged["seen"] == ("pass", "after 5min")
    assert judged["never"] == ("fail", "no such fact")
    steps = [row["detail"] for row in rows(tmp_path, "facts") if row["kind"] == "step"]
    assert steps == ['{"name":"crash"}', '{"name":"seen"}', '{"name":"down"}']
    lost = sum(row["timed_out"] for row in rows(tmp_path, "servers"))
    assert lost > 0


def test_a_fleet_at_rest_feels_the_fault_of_a_reaction(tmp_path: Path) -> None:
    """Devices without a life of their own sleep until something is known to happen: the fault has to wake them."""
    fleet = {"blocks": [{"name": "idle", "image": "quiet", "count": 10, "group": "Managed devices"}]}
    outage = {"server": "telemetry", "kind": "outage", "for": "30min"}
    timeline: list[dict[str, Any]] = [
        {"name": "put", "at": "10min", "do": "place-file", "target": {"pick": 1}, "file": "synthetic/a"},
        {"name": "seen", "when": {"fact": "file-placed"}},
        {"name": "down", "after": "seen", "delay": "1h", "fault": outage},
    ]
    planned = [timeline[0], {"name": "down", "at": "70.5min", "fault": outage}]
    run(loaded(fleet=fleet, timeline=timeline, duration="3h"), tmp_path / "reaction")
    run(loaded(fleet=fleet, timeline=planned, duration="3h"), tmp_path / "planned")
    assert sum(row["timed_out"] for row in rows(tmp_path / "reaction", "servers")) > 0
    assert rows(tmp_path / "reaction", "servers") == rows(tmp_path / "planned", "servers")


SETTINGS = {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 300}}
POLICIES = [
    {"name": "base", "group": "Managed devices/HQ", "settings": SETTINGS},
    {"name": "other", "group": "Managed devices/HQ", "status": "inactive", "settings": SETTINGS},
]


def test_a_reaction_comes_before_a_step_of_a_server_that_is_later(tmp_path: Path) -> None:
    """A server takes operations in the order of their moments only, and so does the Central Node with its tasks."""
    timeline = [
        {"name": "crash", "at": "10min", "do": "crash-agent", "target": {"pick": 1}, "for": "5min"},
        {"name": "seen", "when": {"fact": "agent-crashed"}, "do": "activate-policy", "policy": "other"},
        {"name": "sweep", "after": "seen", "do": "sweep", "target": {"block": "db"}, "indicators": "library"},
        {"name": "late", "at": "1h", "do": "activate-policy", "policy": "base"},
        {"name": "last", "at": "70min", "do": "sweep", "target": "all", "indicators": "library"},
    ]
    run(loaded(timeline=timeline, policies=POLICIES, duration="100min"), tmp_path)
    applied = facts(tmp_path, "policy-applied")
    early = {device for at_ms, device in applied if at_ms < HOUR}
    late = {device for at_ms, device in applied if at_ms >= HOUR}
    assert len(early) == len(late) == 45
    assert all(10 * MIN + LINE <= at_ms <= 10 * MIN + LINE + 15 * MIN for at_ms, _ in applied if at_ms < HOUR)
    swept = facts(tmp_path, "sweep-finished")
    assert sorted(device for _, device in swept if device.startswith("db")) == sorted(
        [f"db-0000{number}" for number in range(1, 6)] * 2
    )
    assert len({device for at_ms, device in swept if at_ms >= 70 * MIN}) == 45


def test_what_is_put_off_for_a_reaction_comes_to_the_same(tmp_path: Path) -> None:
    planned = [
        {"name": "tight", "at": "1210s", "do": "change-policy", "policy": "base"}
        | {"settings": {"request-throttling": {"max-events-per-hour": 100}}},
        {"name": "sweep", "at": "30min", "do": "sweep", "target": "all", "indicators": "library"},
        {"name": "swap", "at": "40min", "do": "activate-policy", "policy": "other"},
    ]
    never = {"name": "never", "when": {"fact": "agent-crashed"}, "do": "deactivate-policy", "policy": "other"}
    digests = []
    for number, timeline in enumerate((planned, [*planned, never])):
        run(loaded(timeline=timeline, policies=POLICIES, duration="1h"), tmp_path / str(number))
        digests.append(manifest(tmp_path / str(number))["digest"])
    assert digests[0] == digests[1]
    assert len(facts(tmp_path / "0", "policy-applied")) > 45
