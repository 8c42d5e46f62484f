"""Sessions with servers whose answers are written down: who is asked when, and what the journal and the sums say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from emulator.journal import Fact
from emulator.policy.settings import AgentSettings, DataSubmission, KataIntegration
from emulator.ports import I64, Answers, Outcome, Port, Synchronisations, Target, Transmissions
from emulator.simulation import Simulation
from emulator.telemetry.ledger import Ledger, Traffic
from emulator.telemetry.session import Lost, Session, visits
from emulator.world import Condition, Injection, Spell
from tests.emulator.agreement.fleet import MODULE, QUIET
from tests.emulator.agreement.scenes import KATA
from tests.emulator.governing import SettingsChange
from tests.emulator.worlds import MINUTE_MS, SETTINGS, addresses, some, world

ONE, TWO, THREE = KATA
TICK_MS = 30_000
OK, REFUSED, SILENT, GONE = (
    (Outcome.OK, 20_000),
    (Outcome.REFUSED, 20_000),
    (Outcome.TIMED_OUT, 0),
    (Outcome.UNREACHABLE, 1_000),
)
Reply = tuple[Outcome, int]
"""What comes back, and after how many microseconds."""
Script = Callable[[str, str, int], Reply]
"""(send or ask, server, moment) → what comes back."""


def kata(*servers: str, response_timeout_s: int = 10) -> AgentSettings:
    integration = KataIntegration(enabled=True, servers=addresses(servers), response_timeout_s=response_timeout_s)
    return SETTINGS.having(integration)


HOLD = kata(ONE, TWO, THREE)


@dataclass
class Scripted:
    """A telemetry server that answers as its script says; `asked` holds (send or ask, server, device, moment)."""

    script: Script
    asked: list[tuple[str, str, int, int]] = field(default_factory=list)
    ordinals: list[tuple[int, int, int]] = field(default_factory=list)
    revision: int = 0

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return False

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        raise AssertionError("a server that is never quiet cannot be settled with")

    def transmit(self, batch: Transmissions) -> Answers:
        self.ordinals += zip(batch.device.tolist(), batch.first.tolist(), batch.upto.tolist(), strict=True)
        return self._answers("send", batch, batch.first, batch.upto)

    def synchronise(self, batch: Synchronisations) -> Answers:
        return self._answers("ask", batch, batch.revision, np.full(len(batch), self.revision))

    def _answers(self, kind: str, batch: Transmissions | Synchronisations, held: I64, due: I64) -> Answers:
        moments = batch.at_ms.tolist()
        self.asked += [(kind, batch.server, row, at) for row, at in zip(batch.device.tolist(), moments, strict=True)]
        replies = [self.script(kind, batch.server, at_ms) for at_ms in moments]
        outcome = np.array([reply[0] for reply in replies], np.uint8)
        status = np.where(outcome == Outcome.REFUSED, 429, 0).astype(np.int16)
        latency = np.array([reply[1] for reply in replies], np.int64)
        return Answers(outcome, np.where(outcome == Outcome.OK, due, held), status, latency)


@dataclass(frozen=True)
class Life:
    """What came of a world: requests, facts, and the simulation as it ended."""

    server: Scripted
    facts: Sequence[Fact]
    simulation: Simulation

    @property
    def phase_ms(self) -> int:
        return int(next(self.simulation.blocks).phase[0])

    def told(self, kind: str, device: int = 0) -> list[tuple[str, int]]:
        """(server, moment, since the device's phase) of its requests of this kind."""
        row = next(self.simulation.blocks).rows_of(np.array([device]))[0]
        phase = int(next(self.simulation.blocks).phase[row])
        return [(name, at - phase) for of, name, who, at in self.server.asked if (of, who) == (kind, device)]

    def journal(self, kind: str) -> list[tuple[int, str]]:
        return [(fact.at_ms - self.phase_ms, fact.detail) for fact in self.facts if fact.kind == kind]

    def all_traffic(self) -> dict[tuple[str, Port, str], Traffic]:
        total = Ledger((), 0)
        for _, ledger in self.simulation.take_ledgers():
            for key, traffic in ledger.traffic.items():
                total.of(*key).add(traffic)
        return total.traffic

    def traffic(self, server: str, kind: str) -> Traffic:
        return self.all_traffic()[server, Port.TELEMETRY, kind]

    def term(self, name: str) -> list[int]:
        found: list[int] = self.simulation.figures().terms[Target.CENTRAL_NODE][name].tolist()
        return found


def lived(
    script: Script,
    events: Sequence[int],
    *,
    hold: AgentSettings = HOLD,
    minutes: int = 12,
    devices: int = 1,
    changes: Sequence[SettingsChange] = (),
    spells: Sequence[Spell] = (),
    injections: Sequence[Injection] = (),
) -> Life:
    """Cold devices with three module loads in each of the ticks `events`; a cold one asks at tick 0, 10, 20, …"""
    everybody = np.arange(devices, dtype=np.int64)
    given_world = world(
        image=[QUIET] * devices,
        hold=[hold],
        minutes=minutes,
        cold=True,
        changes=changes,
        spells=spells,
        injections=[*injections, *(Injection(everybody, MODULE, tick * TICK_MS - 10_000, 3) for tick in events)],
    )
    server = Scripted(script)
    simulation = Simulation(given_world, {Target.CENTRAL_NODE: server})
    simulation.run()
    return Life(server, simulation.journal.drain(), simulation)


def always(reply: Reply) -> Script:
    return lambda kind, server, at_ms: reply


def sends_fail(*servers: str, reply: Reply = SILENT) -> Script:
    """Sending to these servers fails; asking never does."""
    return lambda kind, server, at_ms: reply if kind == "send" and server in servers else OK


def test_the_first_of_the_list_is_used_while_it_answers() -> None:
    life = lived(always(OK), [3, 4, 15])
    assert life.told("send") == [(ONE, 3 * TICK_MS), (ONE, 4 * TICK_MS), (ONE, 15 * TICK_MS)]
    assert life.told("ask") == [(ONE, 0), (ONE, 10 * TICK_MS), (ONE, 20 * TICK_MS)]
    assert life.term("acknowledged") == [9]


def test_silent_servers_cost_the_time_out_each() -> None:
    life = lived(sends_fail(ONE, TWO), [4])
    start = 4 * TICK_MS
    assert life.told("send") == [(ONE, start), (TWO, start + 10_000), (THREE, start + 20_000)]
    assert life.journal("fail-over") == [
        (start + 10_000, f'{{"to":"{TWO}"}}'),
        (start + 20_000, f'{{"to":"{THREE}"}}'),
    ]
    assert life.journal("timeout") == [
        (start + 10_000, f'{{"server":"{ONE}"}}'),
        (start + 20_000, f'{{"server":"{TWO}"}}'),
    ]
    assert [fact.kind for fact in life.facts] == [*["timeout", "fail-over"] * 2, "connect"]
    assert life.term("acknowledged") == [3]


def test_unreachable_servers_cost_what_it_took_to_know() -> None:
    life = lived(sends_fail(ONE, TWO, reply=(Outcome.UNREACHABLE, 2_999)), [4])
    start = 4 * TICK_MS
    assert life.told("send") == [(ONE, start), (TWO, start + 2), (THREE, start + 4)]
    assert life.journal("timeout") == []


def test_a_server_that_was_lost_to_a_time_out_is_told_once() -> None:
    life = lived(lambda kind, server, at_ms: SILENT if at_ms >= 10 * TICK_MS else OK, [4])
    assert [server for server, _ in life.told("ask")] == [ONE, *KATA, *KATA]
    assert life.journal("timeout") == [(10 * TICK_MS + 10_000, f'{{"server":"{ONE}"}}')]


def test_a_first_server_that_is_still_silent_is_no_news_to_who_has_another() -> None:
    life = lived(lambda kind, server, at_ms: SILENT if server == ONE and at_ms >= 10 * TICK_MS else OK, [4])
    assert [server for server, _ in life.told("ask")] == [ONE, ONE, TWO, ONE, TWO]
    assert len(life.journal("timeout")) == 1


def test_the_second_one_stays_in_use_until_the_synchronisation_tries_from_the_top() -> None:
    def script(kind: str, server: str, at_ms: int) -> Reply:
        return SILENT if server == ONE and at_ms < 10 * TICK_MS and kind == "send" else OK

    life = lived(script, [4, 6, 9, 10, 11])
    sent = life.told("send")
    assert sent[:4] == [(ONE, 4 * TICK_MS), (TWO, 4 * TICK_MS + 10_000), (TWO, 6 * TICK_MS), (TWO, 9 * TICK_MS)]
    assert sent[4:] == [(ONE, 10 * TICK_MS), (ONE, 11 * TICK_MS)]
    assert life.told("ask") == [(ONE, 0), (ONE, 10 * TICK_MS), (ONE, 20 * TICK_MS)]
    assert life.journal("connect") == [(10 * TICK_MS, f'{{"server":"{ONE}"}}')]


def test_after_the_last_one_the_device_waits_for_its_synchronisation() -> None:
    def script(kind: str, server: str, at_ms: int) -> Reply:
        return GONE if at_ms < 10 * TICK_MS and kind == "send" else OK

    life = lived(script, [4, 5, 6])
    start = 4 * TICK_MS
    assert life.told("send") == [(ONE, start), (TWO, start + 1), (THREE, start + 2), (ONE, 10 * TICK_MS)]
    assert life.server.ordinals[-1] == (0, 0, 9)
    assert life.journal("no-server") == [(start + 3, "{}")]


def test_a_device_that_nobody_answers_asks_again_at_its_next_synchronisation() -> None:
    life = lived(always(GONE), [4])
    each = [(ONE, 0), (TWO, 1), (THREE, 2)]
    assert life.told("ask") == [(name, turn * 10 * TICK_MS + later) for turn in range(3) for name, later in each]
    assert life.told("send") == []
    assert life.journal("no-server") == [(3, "{}")]
    assert life.term("queued") == [3]


def test_sending_starts_when_the_failed_attempts_of_the_synchronisation_ended() -> None:
    life = lived(lambda kind, server, at_ms: SILENT if server in (ONE, TWO) else OK, [10])
    start = 10 * TICK_MS
    assert life.told("ask")[3:6] == [(ONE, start), (TWO, start + 10_000), (THREE, start + 20_000)]
    assert life.told("send") == [(THREE, start + 20_000)]


def test_a_busy_device_does_not_send() -> None:
    life = lived(sends_fail(ONE), [4, 5, 6], hold=kata(ONE, TWO, response_timeout_s=40))
    # The answer comes after more than 40 s: tick 5 finds the device busy.
    assert life.told("send") == [(ONE, 4 * TICK_MS), (TWO, 4 * TICK_MS + 40_000), (TWO, 6 * TICK_MS)]


@pytest.mark.parametrize(
    ("latency_us", "ticks"), [(29_999_000, [4, 5, 6]), (30_000_000, [4, 5, 6]), (30_001_000, [4, 6])]
)
def test_a_slow_answer_keeps_a_device_busy_that_has_its_first_server(latency_us: int, ticks: list[int]) -> None:
    hold = kata(ONE, response_timeout_s=60)
    life = lived(lambda kind, server, at_ms: (Outcome.OK, latency_us if kind == "send" else 0), [4, 5, 6], hold=hold)
    assert life.told("send") == [(ONE, tick * TICK_MS) for tick in ticks]


def test_a_short_answer_does_not_end_the_waiting_for_a_long_one() -> None:
    hold = kata(ONE, response_timeout_s=60)
    life = lived(lambda kind, server, at_ms: (Outcome.OK, 55_000_000 if kind == "ask" else 0), [10, 11, 12], hold=hold)
    assert life.told("send") == [(ONE, 10 * TICK_MS), (ONE, 12 * TICK_MS)]


def test_a_refusal_keeps_the_server_and_the_queue() -> None:
    def script(kind: str, server: str, at_ms: int) -> Reply:
        return REFUSED if kind == "send" and at_ms < 6 * TICK_MS else OK

    life = lived(script, [4])
    assert life.told("send") == [(ONE, 4 * TICK_MS), (ONE, 5 * TICK_MS), (ONE, 6 * TICK_MS)]
    assert life.server.ordinals == [(0, 0, 3)] * 3
    assert life.term("acknowledged") == [3]
    assert life.term("unanswered") == [0]
    assert life.traffic(ONE, "send").refused == 2


def test_a_server_that_refuses_a_synchronisation_is_in_use() -> None:
    life = lived(lambda kind, server, at_ms: REFUSED if kind == "ask" else OK, [4])
    assert life.told("ask") == [(ONE, 0), (ONE, 10 * TICK_MS), (ONE, 20 * TICK_MS)]
    assert life.told("send") == [(ONE, 4 * TICK_MS)]


def test_what_was_sent_into_a_silence_is_unanswered() -> None:
    life = lived(lambda kind, server, at_ms: SILENT if kind == "send" else OK, [4, 20], minutes=8)
    assert life.term("unanswered") == [3]
    unreachable = lived(lambda kind, server, at_ms: GONE if kind == "send" else OK, [4], minutes=8)
    assert unreachable.term("unanswered") == [0]
    assert unreachable.term("queued") == [3]


def test_a_kept_connection_is_counted_once() -> None:
    life = lived(always(OK), [3, 4, 15])
    assert {key[2]: traffic.connects for key, traffic in life.all_traffic().items() if key[0] == ONE} == {
        "synchronise": 1,
        "send": 0,
    }


def test_every_new_connection_is_counted() -> None:
    found = lived(sends_fail(ONE), [4, 5, 12]).all_traffic()
    assert found[TWO, Port.TELEMETRY, "send"].connects == 2
    assert found[ONE, Port.TELEMETRY, "synchronise"].connects == 3
    assert found[ONE, Port.TELEMETRY, "send"].connects == 0


def test_what_fails_is_counted_where_it_failed() -> None:
    life = lived(lambda kind, server, at_ms: {ONE: SILENT, TWO: GONE}.get(server, OK), [10])
    found = life.all_traffic()
    asked = {name: found[name, Port.TELEMETRY, "synchronise"] for name in KATA}
    assert (asked[ONE].timed_out, asked[ONE].unreachable, asked[ONE].latency) == (3, 0, {})
    assert (asked[TWO].timed_out, asked[TWO].unreachable, asked[TWO].latency) == (0, 3, {})
    assert sum(asked[THREE].latency.values()) == asked[THREE].requests == 3


def test_without_a_link_no_server_is_reached() -> None:
    spell = Spell(Condition.OFF_LINE, some(0), 3 * TICK_MS, 8 * TICK_MS)
    life = lived(always(OK), [4, 5], spells=[spell])
    assert life.told("send") == [(ONE, 10 * TICK_MS)]
    assert life.journal("no-server") == [(4 * TICK_MS, "{}")]
    assert life.traffic(ONE, "synchronise").connects == 2


def test_a_new_list_begins_with_its_first_server() -> None:
    change = SettingsChange(5 * MINUTE_MS, 0, kata(THREE, TWO))
    life = lived(always(OK), [28, 32], minutes=20, changes=[change])  # a cold device hears of it at tick 30
    assert life.told("send") == [(ONE, 28 * TICK_MS), (THREE, 32 * TICK_MS)]
    assert life.told("ask")[-1] == (THREE, 30 * TICK_MS)


def test_a_device_without_a_list_keeps_what_it_made() -> None:
    life = lived(always(OK), [4], hold=SETTINGS.having(KataIntegration(enabled=True)))
    assert life.server.asked == []
    assert life.term("queued") == [3]
    assert life.term("acknowledged") == [0]


def test_a_window_that_was_open_when_the_integration_went_off_stays_queued() -> None:
    hold = kata(ONE).having(DataSubmission(events_transmission_period_s=3_600))
    off = hold.having(KataIntegration())
    life = lived(always(OK), [28], hold=hold, minutes=70, changes=[SettingsChange(5 * MINUTE_MS, 0, off)])
    assert life.told("send") == []
    assert life.term("queued") == [3]
    assert life.term("acknowledged") == [0]


def test_revisions_only_rise() -> None:
    server = Scripted(always(OK), revision=7)
    simulation = Simulation(world(image=[QUIET], cold=True, minutes=12), {Target.CENTRAL_NODE: server})
    simulation.advance(2 * MINUTE_MS)
    server.revision = 5
    simulation.run()
    assert next(simulation.blocks).streams[Target.CENTRAL_NODE].revision.tolist() == [7]


def test_contacts_are_the_first_and_the_last_answer() -> None:
    life = lived(sends_fail(ONE), [4, 12], minutes=8)
    stream = next(life.simulation.blocks).streams[Target.CENTRAL_NODE]
    contacts = {name: (int(one[0]), int(other[0])) for name, (one, other) in stream.session.contacts.items()}
    phase = life.phase_ms
    assert contacts[ONE] == (phase + 20, phase + 10 * TICK_MS + 20)
    assert contacts[TWO] == (phase + 4 * TICK_MS + 10_020, phase + 12 * TICK_MS + 10_020)


def test_devices_fail_over_each_at_its_own_moment() -> None:
    life = lived(lambda kind, server, at_ms: SILENT if (kind, server) == ("send", ONE) else OK, [4], devices=5)
    for device in range(5):
        assert life.told("send", device) == [(ONE, 4 * TICK_MS), (TWO, 4 * TICK_MS + 10_000)]
    assert len({fact.at_ms for fact in life.facts if fact.kind == "fail-over"}) == 5


def chain_at_once(self: object, rows: I64, cost_ms: I64) -> None:
    """What `Lost.add` must not do: failed attempts cost no time."""


def test_a_chain_without_time_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lost, "add", chain_at_once)
    with pytest.raises(AssertionError):
        test_silent_servers_cost_the_time_out_each()


def test_a_session_that_never_goes_back_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "synchronise", lambda self, rows, *rest: rows)
    with pytest.raises(AssertionError):
        test_the_second_one_stays_in_use_until_the_synchronisation_tries_from_the_top()


def test_a_session_that_is_never_busy_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "free", lambda self, rows, at_ms: rows)
    with pytest.raises(AssertionError):
        test_a_busy_device_does_not_send()


def test_visits_are_the_ticks_of_a_residue() -> None:
    residue = np.arange(10, dtype=np.int32)
    for first, end in ((0, 10), (3, 4), (0, 0), (7, 31), (25, 26)):
        found = visits(residue, 10, first, end)
        for own in range(10):
            ticks = [tick for tick in range(first, end) if tick % 10 == own]
            assert found.count[own] == len(ticks)
            if ticks:
                assert (found.first[own], found.last[own]) == (ticks[0], ticks[-1])
