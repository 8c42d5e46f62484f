"""Sums over rows and cells against naive ones, on blocks whose cells and runs are those of a real simulation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.events import EVENT_TYPES
from emulator.policy.settings import RequestThrottling
from emulator.ports import Target, TelemetryColumns
from emulator.simulation import Simulation
from emulator.telemetry import books as module
from emulator.telemetry.block import Block
from emulator.telemetry.books import Books, whole
from emulator.telemetry.ledger import SIZES, Ledger
from emulator.telemetry.rows import cell_sums, sums_by_cell
from fakes.central_node import CentralNode
from fakes.faults import FaultSchedule
from tests.emulator.agreement.fleet import BUSY, CALM, QUIET
from tests.emulator.agreement.scenes import KATA
from tests.emulator.worlds import SETTINGS, world

TYPES = len(EVENT_TYPES)
NODE = Target.CENTRAL_NODE
STRICTER = SETTINGS.having(RequestThrottling(max_events_per_hour=500, percentage_of_event_limit_excess=20))


@cache
def block() -> Block:
    """Rows of six cells, one of them with one row."""
    given_world = world(
        image=[BUSY, CALM, QUIET, BUSY, CALM, QUIET, BUSY, BUSY, CALM, BUSY, QUIET, BUSY],
        group=[0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 1],
        hold=[SETTINGS, STRICTER],
    )
    servers: dict[Target, TelemetryColumns] = {NODE: CentralNode(KATA, keys=given_world.key, faults=FaultSchedule())}
    return next(iter(Simulation(given_world, servers).blocks))


def numbers(seed: int, *shape: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    source = Random(seed)
    found = np.array([source.choice((0, 0, 1, 5, 300, 70_000)) for _ in range(int(np.prod(shape)))], np.int64)
    return found.reshape(shape)


def naive(rows: Sequence[int], counts: Any) -> list[list[int]]:
    """(cells, types) sums of (row, types) counts."""
    sums = [[0] * TYPES for _ in block().context.cell_image]
    for row, own in zip(rows, counts.tolist(), strict=True):
        for kind, count in enumerate(own):
            sums[int(block().cell[row])][kind] += count
    return sums


def test_the_block_has_several_cells_and_runs() -> None:
    assert len(block().edges) == 6
    assert len(block().runs) == 6
    assert [run.cell for run in block().runs] == list(range(6))


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_sums_of_all_rows_are_naive_sums(seed: int) -> None:
    counts = numbers(seed, TYPES, len(block()))
    found = np.zeros((6, TYPES), np.int64)
    found[block().cells] += cell_sums(counts.astype(np.int32), block().edges)
    assert found.tolist() == naive(range(len(block())), counts.T)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_sums_of_a_block_of_one_cell_are_wide(dtype: type[np.generic]) -> None:
    counts = np.full((TYPES, 3_000), 250).astype(dtype)
    for edges in (np.array([0]), np.array([0, 1_500])):
        sums = cell_sums(counts, edges)
        assert sums.dtype == np.int64
        assert sums.sum() == TYPES * 3_000 * 250


@settings(deadline=None)
@given(st.sets(st.integers(0, 11)), st.integers(0, 2**32))
def test_sums_of_some_rows_are_naive_sums(chosen: set[int], seed: int) -> None:
    rows, counts = np.array(sorted(chosen), np.int64), numbers(seed, len(chosen), TYPES)
    found = np.zeros((6, TYPES), np.int64)
    sums_by_cell(rows, counts, block().edges, block().cells, found)
    assert found.tolist() == naive(rows.tolist(), counts)


def entered(seed: int) -> tuple[Books, list[int], list[list[int]]]:
    """Books with entries of every kind under one term; what its totals and its sums should be."""
    here, own = block(), Books(NODE, len(block()))
    own.ledger = Ledger((NODE,), 6)
    wanted = np.zeros((len(here), TYPES), np.int64)
    for turn, run in enumerate(here.runs):
        counts = numbers(seed + turn, TYPES, run.end - run.first)
        own.book_run("excluded", run, counts)
        wanted[run.rows] += counts.T
        single = numbers(seed + 10 + turn, run.end - run.first)
        rows = np.arange(run.first, run.end)[:1]
        own.book_rows("excluded", rows, 3, run, single[:1])
        wanted[rows, 3] += single[:1]
        own.book_rows("excluded", rows[:0], 3, run, single[:0])
    some = np.array([1, 4, 5, 11], np.int64)
    counts = numbers(seed + 20, 4, TYPES)
    own.book("excluded", some, counts, here)
    own.book("excluded", some[:0], counts[:0], here)
    wanted[some] += counts
    everything = numbers(seed + 30, TYPES, len(here))
    own.book_all("excluded", everything.sum(axis=0), everything, here)
    wanted += everything.T
    return own, wanted.sum(axis=1).tolist(), naive(range(len(here)), wanted)


@settings(deadline=None)
@given(st.integers(0, 2**32))
def test_totals_and_sums_are_entered_together(seed: int) -> None:
    own, totals, sums = entered(seed)
    assert own.total("excluded").tolist() == totals
    assert own.ledger.flow(NODE, "excluded").tolist() == sums


def sees_no_fault() -> bool:
    own, totals, sums = entered(1)
    return bool(own.total("excluded").tolist() == totals and own.ledger.flow(NODE, "excluded").tolist() == sums)


def forgets_the_last_type(patch: pytest.MonkeyPatch) -> None:
    def wrong(counts: Any, edges: Any) -> Any:
        sums = cell_sums(counts, edges).copy()
        sums[:, -1] = 0
        return sums

    patch.setattr(module, "cell_sums", wrong)


def books_in_the_cell_before(patch: pytest.MonkeyPatch) -> None:
    def wrong(rows: Any, counts: Any, edges: Any, cells: Any, into: Any) -> None:
        sums_by_cell(rows, counts, edges, np.roll(cells, 1), into)

    patch.setattr(module, "sums_by_cell", wrong)


def loses_a_total(patch: pytest.MonkeyPatch) -> None:
    add = Books._add

    def wrong(self: Books, term: str, rows: Any, counts: Any) -> None:
        add(self, term, rows, counts & 0xFFFF)

    patch.setattr(Books, "_add", wrong)


@pytest.mark.parametrize("plant", [forgets_the_last_type, books_in_the_cell_before, loses_a_total])
def test_wrong_books_are_seen(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    assert sees_no_fault()
    plant(monkeypatch)
    assert not sees_no_fault()


def test_sums_alone_leave_the_totals() -> None:
    own = Books(NODE, len(block()))
    own.ledger = Ledger((NODE,), 6)
    rows, counts = np.array([2, 3]), np.ones((2, TYPES), np.int64)
    own.sum("acknowledged", rows, counts, block())
    own.sent(rows, counts, block())
    assert not own.total("acknowledged").any()
    assert own.ledger.flow(NODE, "acknowledged").sum() == 2 * TYPES
    assert own.ledger.bytes(NODE).sum() == 2 * SIZES.sum()


def test_rows_keep_their_totals_in_another_order() -> None:
    own = Books(NODE, 3)
    own.totals["excluded"] = np.array([1, 2, 3])
    own.permute(np.array([2, 0, 1]))
    assert own.total("excluded").tolist() == [3, 1, 2]


def test_a_term_that_never_occurred_has_no_column() -> None:
    own = Books(NODE, 3)
    assert own.total("expired").tolist() == [0, 0, 0]
    assert own.totals == {}


def test_a_field_of_the_profiles_is_one_number_where_all_agree() -> None:
    runs = block().runs
    assert whole(runs, "package_events", len(block())) == 1_024
    limits = whole(runs, "limit", len(block()))
    assert not isinstance(limits, int)
    assert limits.dtype == np.int32
    assert limits.tolist() == [[3_000, 500][run.cell % 2] for run in runs for _ in range(run.first, run.end)]
    alike = [replace(run, profile=runs[0].profile) for run in runs]
    assert whole(alike, "limit", len(block())) == 3_000
