"""Settings that change while a device runs: when it hears of them, and what they change at once."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from emulator.policy.settings import DataSubmission, RequestThrottling
from emulator.ports import Outcome
from emulator.world import Condition
from tests.emulator.plain.support import (
    HOUR_MS,
    KATA,
    MINUTE_MS,
    MODULE,
    OK,
    Script,
    kata,
    kics,
    run,
    settings,
    spell,
    world,
)

EVERY_10_S = [(0, second * 1_000, 1) for second in range(0, 3_600, 10)]
SLOW = settings(DataSubmission(events_transmission_period_s=120))
PHASE = 488


def gaps_around(result_moments: list[int], at_ms: int) -> tuple[set[int], set[int]]:
    before = {later - earlier for earlier, later in pairwise(result_moments) if later <= at_ms}
    after = {later - earlier for earlier, later in pairwise(result_moments) if earlier >= at_ms}
    return before, after


def test_a_device_hears_of_a_change_at_its_next_synchronisation() -> None:
    given = world([MODULE], EVERY_10_S, changes=[(16 * MINUTE_MS, SLOW)], duration_ms=HOUR_MS)
    moments = [one.at_ms for one in run(given).node.sent]
    assert gaps_around(moments, 30 * MINUTE_MS + PHASE) == ({30_000}, {120_000})


def test_a_change_at_the_very_moment_is_heard() -> None:
    for late_ms, heard_min in ((0, 30), (1, 45)):
        changes = [(30 * MINUTE_MS + PHASE + late_ms, SLOW)]
        moments = [
            one.at_ms for one in run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS)).node.sent
        ]
        assert gaps_around(moments, heard_min * MINUTE_MS + PHASE) == ({30_000}, {120_000})


def test_of_several_changes_the_latest_holds() -> None:
    changes = [(25 * MINUTE_MS, SLOW), (20 * MINUTE_MS, settings(DataSubmission(events_transmission_period_s=60)))]
    moments = [one.at_ms for one in run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS)).node.sent]
    assert gaps_around(moments, 30 * MINUTE_MS + PHASE) == ({30_000}, {120_000})


def test_a_change_concerns_its_group() -> None:
    given = world([MODULE], EVERY_10_S, duration_ms=HOUR_MS)
    [change] = world([MODULE], [], changes=[(0, SLOW)]).news
    told = replace(given, news=(replace(change, devices=np.array([1])),))
    assert len(run(told).node.sent) == len(run(world([MODULE], EVERY_10_S, duration_ms=HOUR_MS)).node.sent)


@pytest.mark.parametrize("condition", [Condition.OFF_LINE, Condition.OFF, Condition.AWAY])
def test_where_the_administration_server_is_not_reached_nothing_is_heard(condition: Condition) -> None:
    given = world(
        [MODULE],
        EVERY_10_S,
        changes=[(16 * MINUTE_MS, SLOW)],
        spells=[spell(condition, 29 * MINUTE_MS, 31 * MINUTE_MS)],
        duration_ms=HOUR_MS,
    )
    moments = [one.at_ms for one in run(given).node.sent if one.at_ms > 36 * MINUTE_MS]
    assert gaps_around(moments, 45 * MINUTE_MS + PHASE) == ({30_000}, {120_000})


@pytest.mark.parametrize("condition", [Condition.ISOLATED, Condition.UNLICENSED])
def test_a_device_that_is_isolated_or_unlicensed_hears_of_changes(condition: Condition) -> None:
    spells = [spell(condition, 14 * MINUTE_MS, 16 * MINUTE_MS)]
    given = world([MODULE], EVERY_10_S, changes=[(0, SLOW)], spells=spells, duration_ms=HOUR_MS)
    moments = [one.at_ms for one in run(given).node.sent if one.at_ms > 17 * MINUTE_MS]
    assert {later - one for one, later in pairwise(moments)} == {120_000}


@pytest.mark.parametrize("condition", [Condition.STOPPED, Condition.CRASHED])
def test_network_agent_hears_for_an_endpoint_agent_that_does_not_run(condition: Condition) -> None:
    given = world(
        [MODULE],
        EVERY_10_S,
        changes=[(16 * MINUTE_MS, SLOW)],
        spells=[spell(condition, 29 * MINUTE_MS, 31 * MINUTE_MS)],
        duration_ms=HOUR_MS,
    )
    moments = [one.at_ms for one in run(given).node.sent if one.at_ms > 31 * MINUTE_MS]
    assert {later - one for one, later in pairwise(moments)} == {120_000}


def test_a_silent_administration_server_tells_nothing() -> None:
    given = world([MODULE], EVERY_10_S, changes=[(16 * MINUTE_MS, SLOW)], duration_ms=HOUR_MS)
    result = run(given, administration=lambda at_ms, _wait_ms: at_ms > 40 * MINUTE_MS)
    moments = [one.at_ms for one in result.node.sent]
    assert gaps_around(moments, 45 * MINUTE_MS + PHASE) == ({30_000}, {120_000})


def test_a_new_period_begins_with_a_transmission() -> None:
    hold = settings(DataSubmission(events_transmission_period_s=600))
    changes = [(20 * MINUTE_MS, settings(DataSubmission(events_transmission_period_s=420)))]
    moments = [
        one.at_ms - PHASE
        for one in run(world([MODULE], EVERY_10_S, hold=hold, changes=changes, duration_ms=HOUR_MS)).node.sent
    ]
    assert [moment // MINUTE_MS for moment in moments] == [0, 10, 20, 30, 37, 44, 51, 58]


def test_new_settings_hold_for_all_events_of_the_tick() -> None:
    at_ms = 15 * MINUTE_MS
    given = world(
        [MODULE],
        [(0, at_ms - 20_000, 1), (0, at_ms - 40_000, 1)],
        hold=settings(kata(enabled=False)),
        changes=[(at_ms, settings())],
        duration_ms=HOUR_MS,
    )
    result = run(given)
    assert (result.central["not_collected"], result.central["acknowledged"]) == (1, 1)


def test_integration_that_is_switched_off_keeps_the_queue_and_asks_nobody() -> None:
    """KEA-CEN-006."""
    node = Script(lambda server, at_ms: (Outcome.REFUSED, 0))
    changes = [(MINUTE_MS, settings(kata(enabled=False)))]
    result = run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS), node=node)
    assert max(one.at_ms for one in result.node.sent) < 15 * MINUTE_MS
    # The tick that hears of it ends at 15:00.488; the events of the last 20 seconds of the run are in no tick.
    assert result.central["queued"] == 15 * 6 - 2
    assert result.central["not_collected"] == 360 - 2 - result.central["queued"]


def test_integration_that_is_switched_on_begins_with_the_first_server() -> None:
    """KEA-CEN-005, KEA-CEN-008."""
    hold = settings(kata(enabled=False, servers=KATA))
    changes = [(MINUTE_MS, settings(kata(servers=KATA)))]
    result = run(world([MODULE], EVERY_10_S, hold=hold, changes=changes, duration_ms=HOUR_MS))
    assert result.node.sent[0].server == KATA[0]
    assert result.node.sent[0].at_ms == 15 * MINUTE_MS + PHASE


def test_a_new_list_is_used_from_its_first_server_on() -> None:
    """KEA-CEN-007, KEA-CEN-008."""
    changes = [(MINUTE_MS, settings(kata(servers=KATA[1:])))]
    result = run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS))
    assert {one.server for one in result.node.sent if one.at_ms >= 15 * MINUTE_MS} == {KATA[1]}


def test_a_device_that_waited_tries_a_new_list_at_once() -> None:
    node = Script(lambda server, at_ms: (Outcome.UNREACHABLE, 0) if server == KATA[0] else OK)
    hold = settings(kata(sync_interval_min=60))
    changes = [(MINUTE_MS, settings(kata(sync_interval_min=60, servers=KATA[1:])))]
    result = run(world([MODULE], EVERY_10_S, hold=hold, changes=changes, duration_ms=HOUR_MS), node=node)
    assert result.node.sent[0].at_ms == 15 * MINUTE_MS + PHASE


def test_another_interval_of_synchronisation_holds_at_once() -> None:
    changes = [(MINUTE_MS, settings(kata(sync_interval_min=7)))]
    given = world([MODULE], [], changes=changes, duration_ms=90 * MINUTE_MS, cold=False)
    key = int(given.key[0])
    heard = given.residue(key, "synchronisation/administration", 30)
    ticks = [(at_ms - given.phase(key)) // 30_000 for _, at_ms in run(given).node.synchronised]
    own = [
        tick
        for tick in range(given.ticks)
        if tick % (interval := 10 if tick < heard else 14)
        == given.residue(key, "synchronisation/central-node", interval)
    ]
    assert ticks == own
    assert len(ticks) > 10


def test_a_smaller_package_holds_for_what_is_queued_already() -> None:
    node = Script(lambda server, at_ms: (Outcome.REFUSED, 0) if at_ms < 20 * MINUTE_MS else OK)
    changes = [(MINUTE_MS, settings(DataSubmission(max_events_per_package=7)))]
    result = run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS), node=node)
    assert {one.package_events for one in result.node.sent if one.at_ms > 20 * MINUTE_MS} == {7}


@pytest.mark.parametrize(("maximum", "passed"), [(5, 0), (100, 100 - 88)])
def test_throttling_that_is_switched_on_counts_the_hour_from_its_beginning(maximum: int, passed: int) -> None:
    throttled = RequestThrottling(max_events_per_hour=maximum, percentage_of_event_limit_excess=100)
    changes = [(MINUTE_MS, settings(throttled))]
    result = run(world([MODULE], EVERY_10_S, changes=changes, duration_ms=HOUR_MS))
    # 15 minutes without it, of which the last tick falls under the new settings already.
    assert result.central["acknowledged"] == 6 * 15 - 2 + passed


def test_kics_is_told_of_from_the_moment_it_is_integrated() -> None:
    result = run(world([MODULE], EVERY_10_S, changes=[(MINUTE_MS, settings(kics()))], duration_ms=HOUR_MS))
    assert result.kics.sent[0].at_ms == 15 * MINUTE_MS + PHASE
    assert result.thinned["not_collected"] == 6 * 15 - 2
