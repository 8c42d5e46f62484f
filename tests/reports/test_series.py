"""Series: every interval in its place, and no peak lost where a screen has fewer points than a run intervals."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import series as module
from reports.folder import RunFolder
from reports.series import Grid, Series, bar_ms, bar_sums, collect, keep_peaks, waiting
from reports.summary import summarise
from scenarios.errors import UserError
from scenarios.tables import TERMS
from tests.reports import synthetic

columns = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.integers(0, 10**6), min_size=width, max_size=width), min_size=1, max_size=400
    ).map(lambda rows: [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)])
)


def collected(path: Path) -> Series:
    run = RunFolder.open(path)
    return collect(run, summarise(run))


@given(columns, st.integers(20, 100))
def test_thinning_keeps_every_columns_peak_and_the_ends(given_columns: list[Any], points_max: int) -> None:
    kept = keep_peaks(given_columns, points_max)
    assert len(kept) <= points_max
    assert kept.tolist() == sorted(set(kept.tolist()))
    assert (kept[0], kept[-1]) == (0, len(given_columns[0]) - 1)
    assert all(column[kept].max() == column.max() for column in given_columns)
    assert given_columns[0][kept].min() == given_columns[0].min()


def test_a_series_that_fits_is_kept_whole() -> None:
    assert keep_peaks([np.arange(50)], 50).tolist() == list(range(50))


def test_a_short_outage_in_a_long_run_is_not_thinned_away() -> None:
    requests = np.full(60_480, 100, dtype=np.int64)
    refused = np.zeros(60_480, dtype=np.int64)
    requests[33_333], refused[44_444] = 0, 1
    kept = keep_peaks([requests, refused])
    assert {33_333, 44_444} <= set(kept.tolist())


@given(st.lists(st.integers(0, 10**9), max_size=300), st.integers(1, 40))
def test_bars_add_up_to_what_they_hold(values: list[int], intervals: int) -> None:
    bars = bar_sums(np.array(values, dtype=np.int64), intervals)
    assert bars.sum() == sum(values)
    assert len(bars) == -(-len(values) // intervals)


@given(st.integers(1, 10**7), st.integers(1, 10**5))
def test_a_bar_holds_whole_intervals_and_the_bars_the_run(interval_ms: int, count: int) -> None:
    grid = Grid(interval_ms, count)
    length_ms = bar_ms(grid)
    assert length_ms % interval_ms == 0
    assert length_ms * module.BARS_MAX >= grid.end_ms


def test_a_day_of_30_s_has_bars_of_5_minutes() -> None:
    assert bar_ms(Grid(30_000, 2880)) == 300_000


def test_the_series_add_up_to_the_summary(folder: RunFolder) -> None:
    summary = summarise(folder)
    series = collect(folder, summary)
    assert series.grid == Grid(60_000, 360)
    for book, target in zip(summary.books, series.targets, strict=True):
        for term in TERMS[:-2]:
            assert target.terms[term].sum() == book.terms[term]
        assert waiting(target)[-1] == book.terms["queued"] + book.terms["unanswered"]
        assert sum(int(column.sum()) for column in target.throttled.values()) == book.terms["throttled"]
    for load, server in zip(summary.totals, series.servers, strict=True):
        assert (load.server, load.port) == (server.server, server.port)
        assert server.columns["requests"].sum() == load.requests
        assert server.columns["requests"].max() == load.peak_requests
        assert server.columns["refused"].sum() == load.refused
        assert server.columns["bytes_wire"].sum() == load.bytes_wire


def test_an_interval_without_a_row_counts_as_zero(copy: Path) -> None:
    (copy / "servers" / "part-00001.parquet").unlink()
    requests = collected(copy).servers[0].columns["requests"]
    assert len(requests) == 360
    assert requests[180] == 0
    assert requests[0] > 0
    assert requests[-1] > 0


def test_a_killed_run_is_drawn_as_far_as_its_tables_reach(
    changed: Callable[[Callable[[dict[str, Any]], None]], Path], copy: Path
) -> None:
    for table in ("telemetry", "servers"):
        (copy / table / "part-00002.parquet").unlink()
    path = changed(lambda manifest: manifest.update(status="running", simulated_ms=0, telemetry={}))
    assert 230 <= collected(path).grid.count <= 250


def test_rows_beyond_the_run_are_told_and_not_drawn(
    changed: Callable[[Callable[[dict[str, Any]], None]], Path],
) -> None:
    run = RunFolder.open(changed(lambda manifest: manifest.update(duration_ms=3_600_000, simulated_ms=3_600_000)))
    series = collect(run, summarise(run))
    assert series.grid.count == 60
    assert any("lie outside the time of the run" in problem for problem in run.problems)


def test_too_many_intervals_are_a_user_error(
    changed: Callable[[Callable[[dict[str, Any]], None]], Path],
) -> None:
    path = changed(lambda manifest: manifest.update(interval_ms=1, duration_ms=10**10, simulated_ms=10**10))
    with pytest.raises(UserError, match="longer interval"):
        collected(path)


def test_small_types_are_one_series(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    summary = summarise(folder)
    whole = collect(folder, summary).targets[0].throttled
    monkeypatch.setattr(module, "TYPES_MAX", 1)
    few = collect(folder, summary).targets[0].throttled
    largest = max(whole, key=lambda kind: int(whole[kind].sum()))
    assert list(few) == [largest, module.OTHER_TYPES]
    assert few[module.OTHER_TYPES].sum() == sum(int(column.sum()) for column in whole.values()) - whole[largest].sum()


def test_the_busiest_servers_are_drawn(monkeypatch: pytest.MonkeyPatch, folder: RunFolder) -> None:
    monkeypatch.setattr(module, "SERVERS_MAX", 1)
    assert [one.server for one in collect(folder, summarise(folder)).servers] == ["central-node-1"]


def test_the_synthetic_outage_is_one(folder: RunFolder) -> None:
    """The generator of these tests makes what they rely on: a backlog, a storm, refusals."""
    shape = synthetic.SMALL
    series = collect(folder, summarise(folder))
    down, up = shape.down_ms // shape.interval_ms, shape.up_ms // shape.interval_ms
    assert series.targets[0].terms["acknowledged"][down + 1 : up].sum() == 0
    assert waiting(series.targets[0]).argmax() == up - 1
    assert series.servers[0].columns["refused"].sum() > 0
    assert series.servers[0].columns["requests"].argmax() == up
