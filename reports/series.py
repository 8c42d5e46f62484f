"""A run over time: what the figures draw, on one grid of intervals, thinned to what a screen can show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reports import words
from reports.aggregate import sums
from reports.folder import RunFolder
from reports.latency import LATENCY_COLUMNS, Latencies, by_bucket
from reports.summary import Summary
from scenarios.errors import UserError
from scenarios.tables import STOCKS, TERMS

I64 = NDArray[np.int64]

INTERVALS_MAX: Final = 2_000_000
POINTS_MAX: Final = 1500
"""Points of one line."""
BARS_MAX: Final = 300
SERVERS_MAX: Final = 12
TARGETS_MAX: Final = 6
TYPES_MAX: Final = 6
OTHER_TYPES: Final = "other types"

_BARS_MS: Final = tuple(
    unit_ms * factor
    for unit_ms, factors in (
        (1000, (1, 2, 5, 10, 15, 30)),
        (60_000, (1, 2, 5, 10, 15, 30)),
        (3_600_000, (1, 2, 4, 6, 12)),
    )
    for factor in factors
)
_LATENCY_KEYS: Final = ("server", "port", "bar")
_SERVER: Final = ("requests", "refused", "timed_out", "unreachable", "bytes_wire")


@dataclass(frozen=True, slots=True)
class Grid:
    """The intervals of a run: `count` of them, `interval_ms` each, from the start on."""

    interval_ms: int
    count: int

    @property
    def end_ms(self) -> int:
        """Where the last one ends."""
        return self.count * self.interval_ms


@dataclass(frozen=True, slots=True)
class ServerSeries:
    """A server's load, a number per interval. `columns` holds requests, the three failures, and bytes_wire."""

    server: str
    port: str
    columns: Mapping[str, I64]


@dataclass(frozen=True, slots=True)
class TargetSeries:
    """A target's telemetry, a number per interval: the `terms` of the books, and what was throttled by type.

    At most `TYPES_MAX` types stand alone, the largest first; the rest is `OTHER_TYPES`.
    """

    target: str
    terms: Mapping[str, I64]
    throttled: Mapping[str, I64]


@dataclass(frozen=True, slots=True)
class LatencySeries:
    """The latency of a server's answers, in µs, a value for each `bar_ms` of the run; None where nothing answered."""

    bar_ms: int
    p50_us: tuple[int | None, ...]
    p99_us: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Everything over time. `servers` are the busiest `SERVERS_MAX`, in the order of the summary.

    `latencies` has, by server and port, those of the servers that answered.
    """

    grid: Grid
    latencies: Mapping[tuple[str, str], LatencySeries]
    servers: tuple[ServerSeries, ...]
    targets: tuple[TargetSeries, ...]


def collect(folder: RunFolder, summary: Summary) -> Series:
    """Reads the series of `folder`. An interval without a row counts as zero.

    Raises `UserError` where the run has more than `INTERVALS_MAX` intervals.
    """
    terms = sums(folder, "telemetry", keys=("target", "at_ms"), values=TERMS)
    throttled = sums(folder, "telemetry", keys=("target", "type", "at_ms"), values=("throttled",))
    loads = sums(folder, "servers", keys=("server", "port", "at_ms"), values=_SERVER)
    grid = _grid(folder, summary.reached_ms, (terms, loads))
    servers = tuple(
        ServerSeries(load.server, load.port, _columns(grid, loads, _SERVER, server=load.server, port=load.port))
        for load in summary.totals[:SERVERS_MAX]
    )
    targets = tuple(
        TargetSeries(
            book.target,
            _columns(grid, terms, TERMS, target=book.target),
            _by_type(grid, throttled, book.target, summary.throttled.get(book.target, {})),
        )
        for book in summary.books[:TARGETS_MAX]
    )
    return Series(grid, _latencies(folder, grid), servers, targets)


def _grid(folder: RunFolder, reached_ms: int, tables: Iterable[pa.Table]) -> Grid:
    interval_ms = folder.manifest.interval_ms
    count = max(1, -(-reached_ms // interval_ms))
    if count > INTERVALS_MAX:
        raise UserError(
            str(folder.path / "run.json"),
            f"the run has {count:,} intervals, more than the {INTERVALS_MAX:,} that a report holds",
            "record with a longer interval",
        )
    grid = Grid(interval_ms, count)
    for table in tables:
        at_ms = table["at_ms"].to_numpy()
        outside = int(((at_ms < 0) | (at_ms >= grid.end_ms)).sum())
        if outside:
            folder.note(f"{words.count(outside, 'row')} lie outside the time of the run and are not drawn")
    return grid


def _latencies(folder: RunFolder, grid: Grid) -> dict[tuple[str, str], LatencySeries]:
    length_ms = bar_ms(grid)
    bars = -(-grid.end_ms // length_ms)

    def by_bar(part: pa.Table) -> pa.Table:
        bar = pc.divide(part["at_ms"], pa.scalar(length_ms, pa.int64()))
        inside = pc.and_(pc.greater_equal(part["at_ms"], pa.scalar(0)), pc.less(bar, pa.scalar(bars, pa.int64())))
        return by_bucket(folder, _LATENCY_KEYS, part.append_column("bar", bar).filter(inside))

    found = sums(
        folder,
        "servers",
        keys=(*_LATENCY_KEYS, "bucket"),
        values=("answers",),
        columns=("at_ms", "server", "port", *LATENCY_COLUMNS),
        derive=by_bar,
    )
    counts: dict[tuple[str, str], dict[int, dict[int, int]]] = {}
    for row in found.to_pylist():
        counts.setdefault((row["server"], row["port"]), {}).setdefault(row["bar"], {})[row["bucket"]] = row["answers"]
    series = {}
    for server, by_time in counts.items():
        answered = [Latencies(by_time.get(bar, {})) for bar in range(bars)]
        p50, p99 = (tuple(one.quantile_us(permille) for one in answered) for permille in (500, 990))
        series[server] = LatencySeries(length_ms, p50, p99)
    return series


def _columns(grid: Grid, table: pa.Table, names: Sequence[str], **where: str) -> dict[str, I64]:
    for key, value in where.items():
        table = table.filter(pc.field(key) == pa.scalar(value))
    rows = table["at_ms"].to_numpy() // grid.interval_ms
    inside = (rows >= 0) & (rows < grid.count)
    columns = {}
    for name in names:
        columns[name] = np.zeros(grid.count, dtype=np.int64)
        np.add.at(columns[name], rows[inside], table[name].to_numpy()[inside])
    return columns


def _by_type(grid: Grid, throttled: pa.Table, target: str, totals: Mapping[str, int]) -> dict[str, I64]:
    ranked = sorted((kind for kind, total in totals.items() if total > 0), key=lambda kind: (-totals[kind], kind))
    shown = ranked if len(ranked) <= TYPES_MAX + 1 else ranked[:TYPES_MAX]
    series = {kind: _columns(grid, throttled, ("throttled",), target=target, type=kind)["throttled"] for kind in shown}
    if len(shown) < len(ranked):
        everything = _columns(grid, throttled, ("throttled",), target=target)["throttled"]
        series[OTHER_TYPES] = everything - sum(series.values(), np.zeros(grid.count, dtype=np.int64))
    return series


def keep_peaks(columns: Sequence[I64], points_max: int = POINTS_MAX) -> I64:
    """Indices of at most `points_max` rows to draw, ascending, the first and the last among them.

    The rows are cut into equal spans; of each span stay the rows where a column is largest, and where the first
    column is smallest. So every point is a real interval, stacks add up, and no peak and no gap is lost.
    """
    rows = len(columns[0])
    if rows <= points_max:
        return np.arange(rows)
    spans = max(1, (points_max - 2) // (len(columns) + 1))
    kept = [0, rows - 1]
    edges = np.linspace(0, rows, spans + 1).astype(np.int64)
    for first, upto in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        kept += [first + int(column[first:upto].argmax()) for column in columns]
        kept.append(first + int(columns[0][first:upto].argmin()))
    return np.unique(np.array(kept))


def bar_ms(grid: Grid, bars_max: int = BARS_MAX) -> int:
    """The length of a bar: a round number of whole intervals, so that at most `bars_max` bars hold the run."""
    for length_ms in _BARS_MS:
        if length_ms % grid.interval_ms == 0 and length_ms * bars_max >= grid.end_ms:
            return length_ms
    return grid.interval_ms * -(-grid.count // bars_max)


def bar_sums(column: I64, intervals: int) -> I64:
    """The sums of each `intervals` values of `column`; the last sum may hold fewer."""
    return np.add.reduceat(column, np.arange(0, len(column), intervals)) if len(column) else column


def waiting(series: TargetSeries) -> I64:
    """What waits on the devices at the end of each interval: queued and unanswered."""
    return sum((series.terms[stock] for stock in STOCKS), np.zeros_like(series.terms[STOCKS[0]]))
