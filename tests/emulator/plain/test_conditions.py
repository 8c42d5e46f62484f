"""What a device does without a link, isolated, stopped and crashed."""

import pytest

from emulator.exclusions.network import NetworkRule
from emulator.policy.settings import AgentSettings, DataSubmission
from emulator.world import Condition, Spell
from tests.emulator.plain.support import (
    CONNECTION,
    HOUR_MS,
    KATA,
    MINUTE_MS,
    MODULE,
    WEB,
    Run,
    event_class,
    kata,
    kics,
    run,
    settings,
    spell,
    world,
)

BOTH = settings(kics())
STEADY = [(0, minute * MINUTE_MS + 15_000, 1) for minute in range(10)]


def steady(*spells: Spell, hold: AgentSettings = BOTH, duration_ms: int = 20 * MINUTE_MS) -> Run:
    """One event a minute for ten minutes, within the first half of it."""
    return run(world([MODULE], STEADY, hold=hold, spells=spells, duration_ms=duration_ms))


def test_isolation_stops_events_that_use_the_network_before_they_are_made() -> None:
    events = [(0, MINUTE_MS, 3), (1, MINUTE_MS, 4), (0, 5 * MINUTE_MS, 1)]
    isolated = spell(Condition.ISOLATED, 30_000, 3 * MINUTE_MS)
    result = run(world([CONNECTION, MODULE], events, hold=BOTH, spells=[isolated]))
    for terms in (result.central, result.thinned):
        assert (terms["suppressed"], terms["generated"], terms["acknowledged"]) == (3, 5, 5)


TO_THE_WEB = NetworkRule("web", remote_addresses=("203.0.113.80",))
TO_NOBODY = NetworkRule("nobody", remote_addresses=("192.0.2.1",))


@pytest.mark.parametrize(
    ("spells", "suppressed"),
    [
        ([(TO_THE_WEB,)], 0),
        ([(TO_NOBODY,)], 3),
        ([(TO_NOBODY, TO_THE_WEB)], 0),
        ([(TO_THE_WEB,), (TO_NOBODY,)], 3),
        ([(TO_THE_WEB,), ()], 3),
    ],
)
def test_isolation_spares_what_each_of_its_spells_lets_through(
    spells: list[tuple[NetworkRule, ...]], suppressed: int
) -> None:
    given = [spell(Condition.ISOLATED, 30_000, 3 * MINUTE_MS, lets_through=rules) for rules in spells]
    result = run(world([CONNECTION, MODULE], [(0, MINUTE_MS, 3), (1, MINUTE_MS, 4)], hold=BOTH, spells=given))
    assert (result.central["suppressed"], result.central["generated"]) == (suppressed, 7 - suppressed)


@pytest.mark.parametrize("name", ["klnagent.exe", "KLNAGENT.EXE", "klnagent"])
def test_isolation_always_lets_network_agent_through(name: str) -> None:
    agent = event_class("network-activity", run_by=name, peer=WEB)
    isolated = spell(Condition.ISOLATED, 30_000, 3 * MINUTE_MS)
    result = run(world([agent], [(0, MINUTE_MS, 3)], hold=BOTH, spells=[isolated]))
    assert (result.central["suppressed"], result.central["acknowledged"]) == (0, 3)


def test_an_isolated_device_still_reaches_its_servers() -> None:
    result = steady(spell(Condition.ISOLATED, 0, HOUR_MS))
    assert result.central["acknowledged"] == 10
    assert len(result.node.synchronised) == 4


def test_a_stopped_agent_collects_and_sends_nothing() -> None:
    result = steady(spell(Condition.STOPPED, 2 * MINUTE_MS, 7 * MINUTE_MS))
    assert (result.central["not_collected"], result.central["acknowledged"]) == (5, 5)
    assert not [one for one in result.node.sent if 2 * MINUTE_MS <= one.at_ms < 7 * MINUTE_MS]
    assert not [at_ms for _, at_ms in result.node.synchronised if 2 * MINUTE_MS <= at_ms < 7 * MINUTE_MS]


def test_what_was_collected_before_a_stop_is_sent_after_it() -> None:
    hold = settings(DataSubmission(events_transmission_period_s=120))
    stopped = spell(Condition.STOPPED, 100_000, 6 * MINUTE_MS)
    result = run(world([MODULE], [(0, 40_000, 5)], hold=hold, spells=[stopped]))
    [sent] = result.node.sent
    assert (sent.upto, sent.at_ms // MINUTE_MS) == (5, 6)


def test_a_crash_loses_what_was_collected_since_the_last_transmission() -> None:
    hold = settings(kics(), DataSubmission(events_transmission_period_s=120))
    events = [(0, 30_000, 1), (0, 130_000, 10), (0, 195_000, 100), (0, 5 * MINUTE_MS, 1_000)]
    crashed = spell(Condition.CRASHED, 200_000, 6 * MINUTE_MS)
    result = run(world([MODULE], events, hold=hold, spells=[crashed]))
    for terms in (result.central, result.thinned):
        # The tick in which it crashed is lost as a whole; while it is down nothing is collected.
        assert (terms["crashed"], terms["not_collected"], terms["acknowledged"]) == (110, 1_000, 1)


def test_a_crash_spares_what_is_queued() -> None:
    off = spell(Condition.OFF_LINE, 0, 10 * MINUTE_MS)
    result = steady(off, spell(Condition.CRASHED, 5 * MINUTE_MS + 10_000, 5 * MINUTE_MS + 40_000))
    assert (result.central["crashed"], result.central["acknowledged"]) == (1, 9)


def test_a_stop_loses_nothing_that_was_collected() -> None:
    off = spell(Condition.OFF_LINE, 0, 10 * MINUTE_MS)
    result = steady(off, spell(Condition.STOPPED, 5 * MINUTE_MS + 10_000, 5 * MINUTE_MS + 40_000))
    assert (result.central["crashed"], result.central["not_collected"], result.central["acknowledged"]) == (0, 1, 9)


def test_a_crash_between_two_ticks_loses_nothing() -> None:
    assert steady(spell(Condition.CRASHED, 61_000, 62_000)).central["crashed"] == 0


def test_a_condition_holds_from_its_first_moment_and_not_at_its_last() -> None:
    at_ms = 488  # the phase of the device: its ticks end here
    given = world([MODULE], [(0, 50_000, 1)], spells=[spell(Condition.STOPPED, 60_000 + at_ms, 60_001 + at_ms)])
    assert given.phase(int(given.key[0])) == at_ms
    assert run(given).central["not_collected"] == 1
    for from_ms, until_ms in ((60_001 + at_ms, 70_000), (50_000, 60_000 + at_ms)):
        given = world([MODULE], [(0, 50_000, 1)], spells=[spell(Condition.STOPPED, from_ms, until_ms)])
        assert run(given).central["not_collected"] == 0


def test_a_device_without_a_link_goes_on_collecting_and_sends_later() -> None:
    result = steady(spell(Condition.OFF_LINE, 60_000, 8 * MINUTE_MS))
    assert (result.central["acknowledged"], result.central["not_collected"]) == (10, 0)
    assert not [one for one in result.node.sent if 60_000 <= one.at_ms < 8 * MINUTE_MS]


def test_after_a_failed_attempt_it_waits_for_its_next_synchronisation() -> None:
    result = steady(spell(Condition.OFF_LINE, 60_000, 2 * MINUTE_MS))
    assert [one.at_ms // 1_000 for one in result.node.sent][:3] == [30, 300, 330]


def test_the_servers_see_nothing_of_attempts_without_a_link() -> None:
    result = steady(spell(Condition.OFF_LINE, 0, HOUR_MS), hold=settings(kata(servers=KATA)))
    assert (result.node.sent, result.node.synchronised) == ([], [])
    assert (result.central["queued"], result.central["unanswered"]) == (10, 0)


@pytest.mark.parametrize("condition", list(Condition))
def test_a_condition_concerns_the_devices_that_it_names(condition: Condition) -> None:
    given = world([CONNECTION], [(0, MINUTE_MS, 1)], spells=[spell(condition, 0, HOUR_MS, devices=[1])], devices=2)
    assert run(given).central["acknowledged"] == 1


def test_without_integration_nothing_is_collected_and_no_server_is_asked() -> None:
    """KEA-CEN-006."""
    result = steady(hold=settings(kata(enabled=False), kics()))
    assert (result.central["not_collected"], result.thinned["acknowledged"]) == (10, 10)
    assert (result.node.sent, result.node.synchronised) == ([], [])


def test_a_crash_loses_nothing_for_a_target_that_is_not_integrated() -> None:
    result = steady(spell(Condition.CRASHED, 80_000, 2 * MINUTE_MS), hold=settings())
    assert result.central["crashed"] == 1
    assert (result.thinned["crashed"], result.thinned["not_collected"]) == (0, 10)
