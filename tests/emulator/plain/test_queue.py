"""The queue: ordinals, merging, what was tried, the retention of 21 days."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from emulator.plain.generation import Event
from emulator.plain.segments import Queue
from emulator.ports import Outcome
from tests.emulator.plain.support import (
    DAY_MS,
    DETECTION,
    HOUR_MS,
    MINUTE_MS,
    MODULE,
    OK,
    START,
    Run,
    Script,
    run,
    world,
)

LOW, HIGH = MODULE.type, DETECTION.type


def events(kind: int, tick: int, count: int = 1) -> list[Event]:
    return [Event(0, kind, tick * 30_000 + number, tick, tick) for number in range(count)]


def queue_of(*windows: tuple[int, list[Event]]) -> Queue:
    queue = Queue()
    for tick, window in windows:
        queue.join(window, tick)
    return queue


def in_order(queue: Queue) -> list[tuple[int, int]]:
    return [(event.type, event.tick) for event in queue.between(queue.first, queue.made)]


def test_a_window_without_events_makes_no_segment() -> None:
    assert queue_of((1, [])).segments == []


def test_a_merged_segment_is_in_order_of_type_then_window() -> None:
    queue = queue_of((1, events(HIGH, 1) + events(LOW, 1)), (2, events(LOW, 2)), (3, events(HIGH, 3) + events(LOW, 3)))
    queue.merge(0)
    assert in_order(queue) == [(HIGH, 1), (HIGH, 3), (LOW, 1), (LOW, 2), (LOW, 3)]
    assert [(one.first, one.begin, one.end) for one in queue.segments] == [(0, 1, 3)]


def test_merging_twice_keeps_the_order_of_windows() -> None:
    queue = queue_of(*((tick, events(HIGH, tick) + events(LOW, tick)) for tick in range(1, 5)))
    queue.merge(2)
    queue.merge(0)
    assert in_order(queue) == [(HIGH, tick) for tick in range(1, 5)] + [(LOW, tick) for tick in range(1, 5)]


def test_only_what_was_made_after_the_tick_is_merged() -> None:
    queue = queue_of((10, events(LOW, 10)), (11, events(HIGH, 11)), (12, events(LOW, 12)))
    queue.merge(10)
    assert [(one.begin, one.end) for one in queue.segments] == [(10, 10), (11, 12)]


def test_what_was_tried_keeps_its_ordinals() -> None:
    queue = queue_of(*((tick, events(LOW, tick) + events(HIGH, tick)) for tick in range(1, 4)))
    queue.try_upto(3)
    queue.merge(0)
    assert [(one.first, one.begin) for one in queue.segments] == [(0, 1), (2, 2), (4, 3)]
    assert (queue.unanswered, queue.waiting) == (3, 3)


def test_a_segment_that_is_acknowledged_in_part_is_not_merged() -> None:
    queue = queue_of((1, events(LOW, 1, 4)), (2, events(HIGH, 2)), (3, events(LOW, 3)))
    assert queue.acknowledge(3) == events(LOW, 1, 4)[:3]
    queue.merge(0)
    assert [(one.first, one.begin, one.end) for one in queue.segments] == [(0, 1, 1), (4, 2, 3)]
    assert (queue.first, queue.waiting) == (3, 3)


def test_a_later_answer_for_less_takes_nothing_back() -> None:
    queue = queue_of((1, events(LOW, 1, 4)))
    queue.acknowledge(3)
    assert queue.acknowledge(1) == []
    assert queue.acked == 3


def test_what_expires_is_gone_and_the_next_ordinal_is_that_after_it() -> None:
    queue = queue_of((1, events(LOW, 1, 4)), (9, events(LOW, 9, 2)))
    queue.acknowledge(1)
    queue.try_upto(3)
    assert len(queue.expire(5)) == 3
    assert (queue.first, queue.unanswered, queue.waiting) == (4, 0, 2)
    assert queue.expire(5) == []
    assert len(queue.expire(10)) == 2
    assert (queue.first, queue.made, queue.waiting) == (6, 6, 0)


def test_the_tick_of_the_limit_is_kept() -> None:
    queue = queue_of((1, events(LOW, 1)))
    assert queue.expire(1) == []
    assert len(queue.expire(2)) == 1


class QueueBesideAList(RuleBasedStateMachine):
    """The queue against what it stands for: a list of what was made, and marks."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.tick = 0
        self.made = self.acked = self.expired = 0
        self.fixed: list[Event] = []

    @rule(kinds=st.lists(st.sampled_from([HIGH, START.type, LOW]), max_size=4))
    def transmit(self, kinds: list[int]) -> None:
        self.tick += 1
        self.queue.join([event for kind in sorted(kinds) for event in events(kind, self.tick)], self.tick)
        self.made += len(kinds)

    @precondition(lambda self: self.queue.segments)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        first = self.queue.first
        upto = data.draw(st.integers(first, self.queue.made))
        sent = self.queue.between(first, upto)
        overlap = self.fixed[first:upto]
        assert sent[: len(overlap)] == overlap
        self.fixed[first:upto] = sent
        self.queue.try_upto(upto)
        if data.draw(st.booleans()):
            self.acked += len(self.queue.acknowledge(upto))

    @rule(back=st.integers(1, 12))
    def merge(self, back: int) -> None:
        self.queue.merge(self.tick - back)

    @rule(back=st.integers(3, 12))
    def expire(self, back: int) -> None:
        gone = self.queue.expire(self.tick - back)
        self.expired += len(gone)
        self.fixed += [Event(0, 0, 0, 0, 0)] * (self.queue.first - len(self.fixed))

    @invariant()
    def ordinals_have_no_gaps(self) -> None:
        ends = [segment.upto for segment in self.queue.segments]
        begins = [segment.first for segment in self.queue.segments]
        assert begins[1:] == ends[:-1]
        assert not ends or ends[-1] == self.queue.made == self.made

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.made == self.acked + self.expired + self.queue.unanswered + self.queue.waiting

    @invariant()
    def what_was_sent_keeps_its_ordinal(self) -> None:
        first = self.queue.first
        assert self.queue.between(first, self.queue.tried) == self.fixed[first : self.queue.tried]

    @invariant()
    def each_segment_is_in_order_of_types(self) -> None:
        for segment in self.queue.segments:
            kinds = [event.type for event in segment.events]
            assert kinds == sorted(kinds)


TestQueueBesideAList = QueueBesideAList.TestCase


def outage(minutes: int, *, from_minute: int = 0, reply: tuple[Outcome, int] = (Outcome.UNREACHABLE, 0)) -> Script:
    from_ms, until_ms = from_minute * MINUTE_MS, minutes * MINUTE_MS
    return Script(lambda server, at_ms: reply if from_ms <= at_ms < until_ms else OK)


def after_an_outage(minutes: int, events_at: list[tuple[int, int, int]]) -> Run:
    duration_ms = (minutes + 10) * MINUTE_MS
    return run(world([MODULE, DETECTION], events_at, duration_ms=duration_ms), node=outage(minutes))


def test_a_short_outage_is_sent_in_order_of_windows() -> None:
    result = after_an_outage(4, [(0, MINUTE_MS, 1), (1, 2 * MINUTE_MS, 1)])
    assert [event.type for event in result.node.sent[-1].events] == ["module-load", "threat-detection"]


def test_after_5_minutes_importance_comes_first() -> None:
    result = after_an_outage(11, [(0, MINUTE_MS, 1), (1, 2 * MINUTE_MS, 1), (0, 6 * MINUTE_MS, 1)])
    kinds = [event.type for event in result.node.sent[-1].events]
    assert kinds == ["threat-detection", "module-load", "module-load"]


def test_after_an_hour_importance_comes_first_over_the_hour() -> None:
    events_at = [(0, MINUTE_MS, 1), (0, 30 * MINUTE_MS, 1), (1, 50 * MINUTE_MS, 1), (0, 61 * MINUTE_MS, 1)]
    result = after_an_outage(65, events_at)
    kinds = [event.type for event in result.node.sent[-1].events]
    assert kinds == ["threat-detection", "module-load", "module-load", "module-load"]
    assert [event.at_ms for event in result.node.sent[-1].events][-1] == 61 * MINUTE_MS


def test_what_may_have_been_stored_is_sent_again_as_it_was() -> None:
    lost = outage(13, from_minute=1, reply=(Outcome.TIMED_OUT, 10_000_000))
    lost.holds = lambda server, at_ms: True
    events_at = [(0, 2 * MINUTE_MS, 1), (1, 3 * MINUTE_MS, 1)]
    result = run(world([MODULE, DETECTION], events_at, duration_ms=20 * MINUTE_MS), node=lost)
    kinds = [[event.type for event in one.events] for one in result.node.sent]
    assert kinds == [["module-load"], ["module-load", "threat-detection"]]
    assert [one.upto - one.first for one in result.node.sent] == [1, 2]


@pytest.mark.parametrize(("days", "minutes", "sent", "expired"), [(20, 1_435, 1, 0), (21, 10, 0, 1)])
def test_an_event_waits_for_21_days_and_not_longer(days: int, minutes: int, sent: int, expired: int) -> None:
    until = days * 24 * 60 + minutes
    given = world([MODULE], [(0, MINUTE_MS, 1)], duration_ms=until * MINUTE_MS + HOUR_MS)
    result = run(given, node=outage(until))
    # A first attempt fails within the first minutes; from then on only synchronisations knock.
    arrived = [one for one in result.node.sent if one.at_ms >= until * MINUTE_MS]
    assert (len(arrived), result.central["acknowledged"], result.central["expired"]) == (sent, sent, expired)


def test_ordinals_after_expiry_go_on_without_what_expired() -> None:
    until = 21 * 24 * 60 + 60
    given = world([MODULE], [(0, MINUTE_MS, 5), (0, 20 * DAY_MS, 3)], duration_ms=until * MINUTE_MS + HOUR_MS)
    result = run(given, node=outage(until))
    last = result.node.sent[-1]
    assert (last.first, last.upto) == (5, 8)
    assert (result.central["expired"], result.central["acknowledged"]) == (5, 3)
