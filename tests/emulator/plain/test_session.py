"""Which server a device asks, when, and what it makes of the answer (KEA-CEN-005 to KEA-CEN-010, 027 to 033)."""

import pytest

from emulator.policy.settings import AgentSettings, DataSubmission
from emulator.ports import Outcome
from tests.emulator.plain.support import (
    KATA,
    KICS,
    MINUTE_MS,
    MODULE,
    OK,
    Reply,
    Run,
    Script,
    kata,
    kics,
    run,
    settings,
    world,
)

STEADY = [(0, minute * MINUTE_MS + 15_000, 1) for minute in range(10)]
ALL = settings(kata(servers=KATA))
PHASE = 488
REFUSED: Reply = (Outcome.REFUSED, 0)
TIMED_OUT: Reply = (Outcome.TIMED_OUT, 10_000_000)
UNREACHABLE: Reply = (Outcome.UNREACHABLE, 2_500)


def steady(node: Script, hold: AgentSettings = ALL, duration_ms: int = 12 * MINUTE_MS) -> Run:
    return run(world([MODULE], STEADY, hold=hold, duration_ms=duration_ms), node=node)


def down(*servers: str, until_ms: int = 10**9, reply: Reply = UNREACHABLE) -> Script:
    return Script(lambda server, at_ms: reply if server in servers and at_ms < until_ms else OK)


def asked(script: Script) -> list[tuple[str, int]]:
    return [(server, at_ms - PHASE) for server, at_ms in script.synchronised]


def test_only_the_first_server_is_used_while_it_answers() -> None:
    """KEA-CEN-005, KEA-CEN-008, KEA-CEN-010."""
    result = steady(Script())
    assert {one.server for one in result.node.sent} | {server for server, _ in result.node.synchronised} == {KATA[0]}


def test_synchronisation_is_every_5_minutes_by_default() -> None:
    """KEA-CEN-029."""
    assert [at_ms for _, at_ms in asked(steady(Script()).node)] == [0, 300_000, 600_000]


@pytest.mark.parametrize("minutes", [1, 7, 60])
def test_synchronisation_follows_its_own_interval(minutes: int) -> None:
    """KEA-CEN-030, KEA-CEN-032, KEA-CEN-033."""
    hold = settings(kata(sync_interval_min=minutes), DataSubmission(events_transmission_period_s=45))
    moments = [at_ms for _, at_ms in asked(steady(Script(), hold, 121 * MINUTE_MS).node)]
    assert moments == list(range(0, 121 * MINUTE_MS, minutes * MINUTE_MS))


def test_servers_are_tried_in_the_order_of_the_list() -> None:
    """KEA-CEN-009."""
    result = steady(down(*KATA[:2]))
    assert [server for server, _ in asked(result.node)][:3] == list(KATA)
    assert {one.server for one in result.node.sent} == {KATA[2]}
    assert result.central["acknowledged"] == 10


def test_each_failed_attempt_takes_its_time_in_whole_milliseconds() -> None:
    result = steady(down(*KATA[:2]))
    assert [at_ms for _, at_ms in asked(result.node)][:3] == [0, 2, 4]


def test_a_time_out_takes_the_response_time_out() -> None:
    """KEA-CEN-027, KEA-CEN-028."""
    for timeout_s, hold in ((10, ALL), (3, settings(kata(servers=KATA, response_timeout_s=3)))):
        result = steady(down(KATA[0], reply=TIMED_OUT), hold)
        assert [at_ms for _, at_ms in asked(result.node)][:2] == [0, timeout_s * 1_000]


def test_at_a_synchronisation_it_goes_back_to_the_top() -> None:
    result = steady(down(KATA[0], until_ms=4 * MINUTE_MS))
    servers = [(one.server, one.at_ms // MINUTE_MS) for one in result.node.sent]
    assert all(server == (KATA[1] if minute < 5 else KATA[0]) for server, minute in servers)


def test_between_synchronisations_it_stays_with_the_next_server() -> None:
    """KEA-CEN-009: from the failure on, until the list is tried from the top again."""
    node = Script(lambda server, at_ms: UNREACHABLE if server == KATA[0] and 60_000 < at_ms < 120_000 else OK)
    servers = [(one.server, one.at_ms // MINUTE_MS) for one in steady(node).node.sent]
    assert servers == [
        (KATA[0], 0),
        (KATA[0], 1),
        (KATA[1], 1),
        (KATA[1], 2),
        (KATA[1], 3),
        (KATA[1], 4),
        *((KATA[0], minute) for minute in range(5, 10)),
    ]


def test_after_the_last_server_it_waits_for_its_synchronisation() -> None:
    result = steady(down(*KATA, until_ms=2 * MINUTE_MS))
    assert result.node.sent[0].at_ms == 300_000 + PHASE
    assert (result.node.sent[0].first, result.node.sent[0].upto) == (0, 5)


def test_a_wait_ends_with_the_synchronisation_that_is_answered() -> None:
    result = steady(down(*KATA, until_ms=8 * MINUTE_MS), duration_ms=9 * MINUTE_MS)
    assert (result.node.sent, result.central["queued"]) == ([], 9)


def test_what_is_sent_after_a_synchronisation_starts_when_its_failures_ended() -> None:
    node = down(KATA[0], reply=TIMED_OUT)
    result = run(world([MODULE], [(0, 5 * MINUTE_MS - 1_000, 1)], hold=ALL), node=node)
    [sent] = result.node.sent
    assert (sent.server, sent.at_ms) == (KATA[1], 310_000 + PHASE)


def test_the_time_of_an_answered_synchronisation_delays_nothing() -> None:
    node = Script(lambda server, at_ms: (Outcome.OK, 400_000))
    result = run(world([MODULE], [(0, 5 * MINUTE_MS - 1_000, 1)], hold=ALL), node=node)
    assert result.node.sent[0].at_ms == 300_000 + PHASE


def test_a_refusal_leaves_everything_queued_and_the_server_in_use() -> None:
    result = steady(down(KATA[0], until_ms=130_000, reply=REFUSED))
    assert {one.server for one in result.node.sent} == {KATA[0]}
    assert [(one.first, one.upto) for one in result.node.sent][:4] == [(0, 1), (0, 1), (0, 2), (0, 2)]
    assert result.central["acknowledged"] == 10


def test_a_refused_transmission_is_queued_and_not_unanswered() -> None:
    result = steady(down(KATA[0], reply=REFUSED), duration_ms=120_000)
    assert (result.central["queued"], result.central["unanswered"]) == (2, 0)


def test_a_refusal_answers_a_synchronisation() -> None:
    result = steady(down(KATA[0], reply=REFUSED))
    assert {server for server, _ in result.node.synchronised} == {KATA[0]}


def test_an_unreachable_server_holds_nothing() -> None:
    result = steady(down(*KATA), duration_ms=120_000)
    assert (result.central["queued"], result.central["unanswered"]) == (2, 0)


def test_a_time_out_leaves_it_open_whether_the_server_holds_it() -> None:
    node = Script(lambda server, at_ms: TIMED_OUT if at_ms > 20_000 else OK)
    result = steady(node, settings(), duration_ms=120_000)
    assert (result.central["queued"], result.central["unanswered"]) == (1, 1)


def test_what_was_not_acknowledged_is_sent_again_with_its_ordinals() -> None:
    node = Script(lambda server, at_ms: TIMED_OUT if server == KATA[0] else OK)
    node.holds = lambda server, at_ms: server == KATA[0]
    result = steady(node)
    assert result.node.marks == {0: 10}
    assert result.central["acknowledged"] == 10


def test_after_a_time_out_the_next_server_is_tried_at_once() -> None:
    node = Script(lambda server, at_ms: TIMED_OUT if server == KATA[0] and at_ms > 20_000 else OK)
    first, second = steady(node, duration_ms=60_000).node.sent[:2]
    assert (first.server, second.server) == KATA[:2]
    assert (first.first, first.upto) == (second.first, second.upto)
    assert second.at_ms - first.at_ms == 10_000


def test_while_an_answer_is_awaited_nothing_is_sent() -> None:
    node = Script(lambda server, at_ms: (Outcome.OK, 70_000_000) if 20_000 < at_ms < 40_000 else OK)
    events = [(0, second * 1_000, 1) for second in range(1, 300, 10)]
    result = run(world([MODULE], events), node=node)
    assert [one.at_ms - PHASE for one in result.node.sent][:3] == [30_000, 120_000, 150_000]


def test_an_answer_at_the_very_moment_is_known() -> None:
    node = Script(lambda server, at_ms: (Outcome.OK, 30_000_000) if 20_000 < at_ms < 40_000 else OK)
    events = [(0, second * 1_000, 1) for second in range(1, 300, 10)]
    result = run(world([MODULE], events), node=node)
    assert [one.at_ms - PHASE for one in result.node.sent][:2] == [30_000, 60_000]


def test_a_device_that_is_busy_with_one_target_serves_the_other() -> None:
    node = Script(lambda server, at_ms: (Outcome.OK, 200_000_000) if at_ms > 20_000 else OK)
    result = run(world([MODULE], STEADY, hold=settings(kics())), node=node)
    assert len(result.kics.sent) == 10
    assert {one.server for one in result.kics.sent} == {KICS[0]}


def test_kics_is_synchronised_with_every_5_minutes() -> None:
    result = run(world([MODULE], [], hold=settings(kata(sync_interval_min=1), kics())))
    assert [at_ms - PHASE for _, at_ms in result.kics.synchronised] == [0, 300_000]


def test_kics_is_waited_for_10_seconds() -> None:
    script = Script(lambda server, at_ms: TIMED_OUT if server == KICS[0] else OK)
    hold = settings(kata(response_timeout_s=2), kics(servers=KICS))
    result = run(world([MODULE], [], hold=hold), kics=script)
    assert [at_ms - PHASE for _, at_ms in result.kics.synchronised][:2] == [0, 10_000]


def test_a_warm_device_begins_with_its_first_server_between_synchronisations() -> None:
    given = world([MODULE], STEADY, hold=ALL, cold=False)
    result = run(given)
    key = int(given.key[0])
    first_ms = given.phase(key) + 30_000 * given.residue(key, "synchronisation/central-node", 10)
    assert result.node.synchronised[0] == (KATA[0], first_ms)
    assert result.node.sent[0].at_ms < first_ms


def test_without_a_server_in_the_list_everything_stays_queued() -> None:
    result = steady(Script(), settings(kata(servers=())))
    assert result.central["queued"] == 10
