import json
from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import Rank
from emulator.journal import RUN, Fact, Journal, detail

Batch = tuple[str, Rank, tuple[tuple[int, int], ...]]
"""(kind, rank, (moment, device) of each fact)"""
RANKS = st.sampled_from((Rank.CONTROL, Rank.SYNCHRONISATION, Rank.DATA))
BATCHES = st.lists(
    st.tuples(
        st.sampled_from(("connect", "fail-over", "no-server")),
        RANKS,
        st.lists(
            st.tuples(st.integers(0, 5), st.integers(-1, 3)), min_size=1, max_size=5, unique_by=lambda p: p[1]
        ).map(tuple),
    ),
    max_size=8,
)


def filled(batches: Sequence[Batch]) -> Journal:
    journal = Journal()
    for number, (kind, rank, places) in enumerate(batches):
        at_ms, device = (np.array(column, np.int64) for column in zip(*places, strict=True))
        journal.add(kind, rank, at_ms, device, batch=number)
    return journal


def plain(batches: Sequence[Batch]) -> list[Fact]:
    """The facts one by one: sorted by moment, device, rank and the order in which they were added."""
    single = [
        (at_ms, device, rank, number, kind)
        for number, (kind, rank, places) in enumerate(batches)
        for at_ms, device in places
    ]
    facts: list[Fact] = []
    for at_ms, device, _, number, kind in sorted(single):
        same = [fact for fact in facts if (fact.at_ms, fact.device) == (at_ms, device)]
        facts.append(Fact(at_ms, device, len(same), kind, detail(batch=number)))
    return facts


@settings(deadline=None)
@given(BATCHES)
def test_facts_come_in_order_of_moment_device_rank_and_addition(batches: list[Batch]) -> None:
    assert filled(batches).drain() == plain(batches)


@settings(deadline=None)
@given(BATCHES, st.integers(-1, 6))
def test_only_facts_before_a_moment_are_drained_and_the_rest_later(batches: list[Batch], before_ms: int) -> None:
    journal = filled(batches)
    first = journal.drain(before_ms)
    assert first == [fact for fact in plain(batches) if fact.at_ms < before_ms]
    assert bool(journal) == (len(first) < len(plain(batches)))
    assert first + journal.drain() == plain(batches)
    assert not journal
    assert journal.drain() == []


@settings(deadline=None)
@given(BATCHES, st.randoms(use_true_random=False))
def test_batches_of_different_devices_may_come_in_any_order(batches: list[Batch], random: Random) -> None:
    split = [
        (kind, rank, ((at_ms, number * 10 + device + 1),))
        for number, (kind, rank, places) in enumerate(batches)
        for at_ms, device in places
    ]

    def told(some: Sequence[Batch]) -> list[tuple[int, int, int, str]]:
        return [(fact.at_ms, fact.device, fact.sequence, fact.kind) for fact in filled(some).drain()]

    order = sorted(split, key=lambda batch: batch[2][0][1])  # facts of one device stay in their order
    by_device = {batch[2][0][1]: [other for other in split if other[2][0][1] == batch[2][0][1]] for batch in order}
    devices = list(by_device)
    random.shuffle(devices)
    assert told([batch for device in devices for batch in by_device[device]]) == told(split)


def test_the_facts_of_a_device_at_a_moment_are_numbered() -> None:
    journal = Journal()
    journal.add("second", Rank.DATA, 5, 1)
    journal.add("first", Rank.CONTROL, 5, 1)
    journal.add("third", Rank.DATA, 5, 1)
    journal.add("other", Rank.DATA, 5, 2)
    journal.add("later", Rank.DATA, 6, 1)
    assert [(fact.kind, fact.sequence) for fact in journal.drain()] == [
        ("first", 0),
        ("second", 1),
        ("third", 2),
        ("other", 0),
        ("later", 0),
    ]


def test_one_moment_holds_for_all_devices_of_a_batch() -> None:
    journal = Journal()
    journal.add("connect", Rank.DATA, 9, np.array([4, 2]), server="a:1")
    assert journal.drain() == [
        Fact(9, 2, 0, "connect", '{"server":"a:1"}'),
        Fact(9, 4, 0, "connect", '{"server":"a:1"}'),
    ]


def test_a_batch_without_devices_is_no_fact() -> None:
    journal = Journal()
    journal.add("connect", Rank.DATA, np.array([], np.int64), np.array([], np.int64))
    assert not journal


def test_a_fact_keeps_its_moment_though_the_column_changes() -> None:
    journal, at_ms, device = Journal(), np.array([5]), np.array([1])
    journal.add("connect", Rank.DATA, at_ms, device)
    at_ms[:] = 99
    assert journal.drain()[0].at_ms == 5


def test_the_run_itself_comes_before_its_devices() -> None:
    journal = Journal()
    journal.add("connect", Rank.ACTION, 5, 0)
    journal.add("step", Rank.BOOKS, 5, RUN)
    assert [fact.kind for fact in journal.drain()] == ["step", "connect"]


def test_a_detail_is_json_with_its_keys_in_order() -> None:
    assert detail(b=1, a="ü", c=None) == '{"a":"ü","b":1,"c":null}'
    assert json.loads(detail(b=[1], a=True)) == {"a": True, "b": [1]}
    assert detail() == "{}"


def test_an_order_without_ranks_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    lexsort = np.lexsort
    monkeypatch.setattr(np, "lexsort", lambda keys: lexsort((keys[0], *keys[2:])))
    with pytest.raises(AssertionError):
        test_the_facts_of_a_device_at_a_moment_are_numbered()
