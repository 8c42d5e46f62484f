"""Books: every event has one end, whatever its number."""

import numpy as np
import pytest

from emulator.errors import BooksError
from emulator.plain import TERMS, PlainSimulation
from emulator.plain.segments import Queue
from emulator.policy.settings import RequestThrottling
from emulator.ports import Outcome, Target
from tests.emulator.plain.support import (
    DETECTION,
    MINUTE_MS,
    MODULE,
    OK,
    START,
    Script,
    kata,
    kics,
    run,
    settings,
    world,
)

BURSTS = [255, 256, 65_535, 65_536, 2**20]


@pytest.mark.parametrize("count", BURSTS)
def test_a_burst_keeps_the_books(count: int) -> None:
    result = run(world([MODULE], [(0, MINUTE_MS, count)], duration_ms=12 * MINUTE_MS))
    assert (result.central["generated"], result.central["acknowledged"]) == (count, count)
    assert (result.thinned["generated"], result.thinned["not_collected"]) == (count, count)
    assert result.node.marks == {0: count}


@pytest.mark.parametrize("count", BURSTS[:-1])
def test_a_burst_of_starts_is_throttled_by_nobody_and_repeated_but_once(count: int) -> None:
    hold = settings(kata(use_ttl=True), kics(), RequestThrottling(max_events_per_hour=1))
    result = run(world([START], [(0, MINUTE_MS, count)], hold=hold))
    assert (result.central["acknowledged"], result.central["repeated"]) == (1, count - 1)
    assert result.thinned["acknowledged"] == count


@pytest.mark.parametrize("count", BURSTS[:-1])
def test_a_throttled_burst_keeps_the_books(count: int) -> None:
    hold = settings(RequestThrottling(max_events_per_hour=100_000, percentage_of_event_limit_excess=60))
    result = run(world([MODULE], [(0, MINUTE_MS, count)], hold=hold))
    assert result.central["acknowledged"] == min(count, 60_000)
    assert result.central["throttled"] == max(0, count - 60_000)


def test_a_burst_that_is_sent_in_part_is_queued_in_part() -> None:
    node = Script(lambda server, at_ms: OK if at_ms < 70_000 else (Outcome.TIMED_OUT, 10_000_000))
    result = run(world([DETECTION], [(0, MINUTE_MS, 200_000)], duration_ms=4 * MINUTE_MS), node=node)
    assert result.central["acknowledged"] == 64 * 1_024
    assert result.central["unanswered"] == 64 * 1_024
    assert result.central["queued"] == 200_000 - 2 * 64 * 1_024


def test_figures_have_every_term_and_a_row_a_device() -> None:
    given = world([MODULE], [(0, MINUTE_MS, 1)], devices=3)
    figures = PlainSimulation(given, {Target.KICS: Script()}).run()
    assert list(figures.terms) == [Target.KICS]
    assert tuple(figures.terms[Target.KICS]) == TERMS
    for column in figures.terms[Target.KICS].values():
        assert column.dtype == np.int64
        assert column.shape == (3,)


def test_what_waits_for_the_next_transmission_is_queued() -> None:
    result = run(world([MODULE], [(0, 100_000, 3)], duration_ms=4 * MINUTE_MS, hold=settings(kata(servers=()))))
    assert result.central["queued"] == 3


def test_books_that_do_not_balance_are_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Queue, "waiting", property(lambda self: 1))
    with pytest.raises(BooksError, match="device 0, central-node"):
        run(world([MODULE], [(0, MINUTE_MS, 1)]))
