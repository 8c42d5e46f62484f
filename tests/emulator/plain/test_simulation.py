"""The simulation as a whole: order of devices, tracing one device."""

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.exclusions.process import ProcessRule
from emulator.plain import Observation, PlainSimulation, Stage
from emulator.policy.settings import ExcludedProcesses, RequestThrottling
from emulator.ports import Outcome, Target
from emulator.world import Condition
from tests.emulator.plain import support
from tests.emulator.plain.support import (
    CONNECTION,
    KATA,
    MINUTE_MS,
    MODULE,
    OK,
    START,
    Script,
    event_class,
    kata,
    kics,
    spell,
    world,
)

EXCLUDED = event_class("file-change", run_by="excluded.exe")
OTHER = event_class("process-start", run_by="other.exe")
HOLD = support.settings(
    kata(use_ttl=True, ttl_period_min=10, servers=KATA),
    kics(),
    RequestThrottling(max_events_per_hour=20, percentage_of_event_limit_excess=100),
    ExcludedProcesses(rules=(ProcessRule("one", path=EXCLUDED.process.path),), use_exclusions=True),
)
EVENTS = [
    (0, MINUTE_MS, 30),
    (1, 2 * MINUTE_MS, 3),
    (2, 3 * MINUTE_MS, 2),
    (3, 4 * MINUTE_MS, 1),
    (0, 6 * MINUTE_MS, 4),
    (1, 8 * MINUTE_MS, 2),
    (4, 8 * MINUTE_MS, 2),
]
SPELLS = [
    spell(Condition.ISOLATED, 170_000, 4 * MINUTE_MS),
    spell(Condition.CRASHED, 6 * MINUTE_MS - 5_000, 6 * MINUTE_MS + 20_000),
]


def flaky(server: str, at_ms: int) -> tuple[Outcome, int]:
    return (Outcome.TIMED_OUT, 10_000_000) if server == KATA[0] and at_ms > 7 * MINUTE_MS else OK


def traced(devices: int = 1) -> tuple[PlainSimulation, Script]:
    node = Script(flaky)
    given = world([MODULE, START, CONNECTION, EXCLUDED, OTHER], EVENTS, hold=HOLD, spells=SPELLS, devices=devices)
    return PlainSimulation(given, {Target.CENTRAL_NODE: node, Target.KICS: Script()}), node


def test_a_trace_tells_every_stage_of_every_event() -> None:
    observations = [one for one in traced()[0].trace(0) if one.target is Target.CENTRAL_NODE]
    figures = traced()[0].run().terms[Target.CENTRAL_NODE]
    stages = Counter(one.stage for one in observations)
    ends = [stage for stage in Stage if stage not in (Stage.COLLECTED, Stage.QUEUED, Stage.SENT)]
    for stage in ends:
        assert stages[stage] == int(figures[stage][0]), stage
    assert stages[Stage.COLLECTED] == stages[Stage.QUEUED] + stages[Stage.THROTTLED]
    assert stages[Stage.SENT] > stages[Stage.ACKNOWLEDGED] > 0
    assert {one.stage for one in observations} >= {
        Stage.SUPPRESSED,
        Stage.EXCLUDED,
        Stage.REPEATED,
        Stage.CRASHED,
        Stage.THROTTLED,
    }


def test_a_trace_is_in_order_of_time_and_names_ordinals() -> None:
    observations = [one for one in traced()[0].trace(0) if one.target is Target.CENTRAL_NODE]
    assert [one.tick for one in observations] == sorted(one.tick for one in observations)
    acknowledged = [one for one in observations if one.stage is Stage.ACKNOWLEDGED]
    assert [one.ordinal for one in acknowledged] == list(range(len(acknowledged)))
    last_sent: dict[int | None, Observation] = {one.ordinal: one for one in observations if one.stage is Stage.SENT}
    assert all(last_sent[one.ordinal].event == one.event for one in acknowledged)
    assert {one.server for one in observations if one.stage is Stage.SENT} == {KATA[0], KATA[1]}


def test_tracing_one_device_asks_the_servers_for_no_other() -> None:
    simulation, node = traced(devices=3)
    assert {one.device for one in simulation.trace(2)} == {2}
    assert {one.device for one in node.sent} == {2}


def test_devices_are_woken_in_order_of_time() -> None:
    given = world([MODULE], [(0, minute * MINUTE_MS, 1) for minute in range(9)], devices=5, cold=False)
    node = Script()
    PlainSimulation(given, {Target.CENTRAL_NODE: node}).run()
    moments = [one.at_ms for one in node.sent]
    assert moments == sorted(moments)
    assert len({one.device for one in node.sent}) == 5


@settings(max_examples=10)
@given(order=st.permutations(range(4)))
def test_a_device_lives_the_same_wherever_it_stands_in_the_fleet(order: list[int]) -> None:
    given = world([MODULE, START], EVENTS[:2], hold=HOLD, devices=4, cold=False, seed=3)
    servers = {Target.CENTRAL_NODE: Script(flaky), Target.KICS: Script()}
    straight = PlainSimulation(given, servers).run()
    object.__setattr__(given, "key", given.key[np.array(order)])
    servers = {Target.CENTRAL_NODE: Script(flaky), Target.KICS: Script()}
    shuffled = PlainSimulation(given, servers).run()
    for target in Target:
        for term, column in straight.terms[target].items():
            assert shuffled.terms[target][term].tolist() == column[np.array(order)].tolist()
