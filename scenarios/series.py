"""Series: figures of a run by interval, and latencies and ratios of servers over a part of it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emulator.ports import I64
from scenarios.bounds import Between
from scenarios.conditions import Relative, Slope
from scenarios.expectations import Check, Latency, Part, Quantile, Ratio, Series
from scenarios.findings import (
    EXAMPLES_MAX,
    CounterExample,
    Evidence,
    Finding,
    Nothing,
    narrowed,
    percent,
)
from scenarios.latency import quantiles_us
from scenarios.units import duration_text

NO_ROW: Final = "no row of the table is meant"


def of_part(table: pa.Table, part: Part, evidence: Evidence) -> pa.Table:
    """The rows whose intervals lie wholly between the moments of a part and, where it says so, in or out of faults.

    Raises Nothing.
    """
    grid = part.grid
    if part.between is not None:
        first, last = grid.inside(*evidence.span(part.between))
        table = _rows(table, first * grid.interval_ms, last * grid.interval_ms)
    return evidence.kept(part, table, length_ms=grid.interval_ms)


def _rows(table: pa.Table, from_ms: int, until_ms: int) -> pa.Table:
    at_ms = table["at_ms"]
    inside = pc.and_(pc.greater_equal(at_ms, pa.scalar(from_ms)), pc.less(at_ms, pa.scalar(until_ms)))
    return table.filter(inside)


# --- series ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Values:
    """The values of a series: intervals with a value (number from `from_ms` on) and those values, int64.

    `empty` tells that no row of the table was meant.
    """

    from_ms: int
    number: I64
    value: I64
    empty: bool

    @property
    def total(self) -> int:
        return sum(self.value.tolist())


def judge_series(expectation: Series, evidence: Evidence) -> Finding:
    """Judges the values of a series; counter-examples are the intervals that are farthest off."""
    table = narrowed(
        evidence.table("servers" if expectation.figure is None else expectation.figure.table), expectation.where
    )
    values = _values(expectation, table, expectation.part.between, evidence)
    if values.empty or not len(values.value):
        raise Nothing(NO_ROW)
    told: list[str] = []
    examples: list[CounterExample] = []
    holds = True
    for check in expectation.checks:
        good, seen, against = _checked(expectation, check, values, table, evidence)
        holds &= good
        told.append(seen)
        examples += against
    return Finding(holds, ", ".join(told), tuple(examples))


def _checked(
    expectation: Series, check: Check, values: _Values, table: pa.Table, evidence: Evidence
) -> tuple[bool, str, list[CounterExample]]:
    """Whether a check holds, what was seen, and the counter-examples."""
    condition, time = check.condition, expectation.figure is None
    if isinstance(condition, Slope):
        rise = _rise(values) / expectation.per_ms
        seen = f"{_decimal(round(condition.permille_percent(rise)), 1000)} %/{condition.unit}"
        example = CounterExample("", f"slope of {expectation.title}", seen, str(condition))
        return condition.holds(rise), f"slope {seen}", [] if condition.holds(rise) else [example]
    mean, permitted = (0, 1), str(condition)
    if isinstance(condition, Relative):
        assert check.reference is not None
        reference = _values(expectation, table, check.reference, evidence)
        if reference.empty or not len(reference.value):
            raise Nothing(f"{NO_ROW} {check.reference}")
        mean = reference.total, len(reference.value)
        permitted = f"{condition}, which is {_told(*mean, time)}"

    def fulfils(part: int, whole: int) -> bool:
        if isinstance(condition, Relative):
            return condition.holds(part, whole, *mean)
        assert not isinstance(condition, Slope)
        return condition.holds_ratio(part, whole)

    if check.of == "mean":
        part, whole = values.total, len(values.value)
        example = CounterExample("", f"mean of {expectation.title}", _told(part, whole, time), permitted)
        good = fulfils(part, whole)
        return good, f"mean {_told(part, whole, time)}", [] if good else [example]
    distinct, place = np.unique(values.value, return_inverse=True)
    wrong = np.array([not fulfils(value, 1) for value in distinct.tolist()])[place]
    extreme = int(values.value.max() if check.of == "max" else values.value.min())
    order = np.lexsort((values.number, -values.value if check.of == "max" else values.value))
    against = [
        CounterExample(
            device="",
            what=expectation.title,
            seen=_told(int(values.value[index]), 1, time),
            permitted=permitted,
            at_ms=values.from_ms + int(values.number[index]) * expectation.per_ms,
        )
        for index in order[wrong[order]][:EXAMPLES_MAX].tolist()
    ]
    return not against, f"{check.of} {_told(extreme, 1, time)}", against


def _values(expectation: Series, table: pa.Table, between: Between | None, evidence: Evidence) -> _Values:
    """The values in the whole intervals of the series between two moments. Raises Nothing where there is none."""
    grid, per_ms = expectation.part.grid, expectation.per_ms
    span = (0, grid.duration_ms) if between is None else evidence.span(between)
    first, last = grid.inside(*span)
    step = per_ms // grid.interval_ms
    count = (last - first) // step
    if count == 0:
        raise Nothing(f"no interval of {duration_text(per_ms)} lies {between or 'in the run'}")
    from_ms = first * grid.interval_ms
    rows = _rows(table, from_ms, from_ms + count * per_ms)
    at_ms: I64 = rows["at_ms"].to_numpy()
    number = (at_ms - from_ms) // per_ms
    empty = rows.num_rows == 0
    if expectation.figure is None:
        with_value, value = latency_quantiles(rows, number, expectation.quantile)
        return _Values(from_ms, with_value, value, empty)
    amount: I64 = rows[expectation.figure.column].to_numpy()
    if expectation.figure.stock:  # as it is at the end of an interval
        ends = at_ms + grid.interval_ms >= from_ms + (number + 1) * per_ms
        number, amount = number[ends], amount[ends]
    sums = np.zeros(count, np.int64)
    np.add.at(sums, number, amount)
    return _Values(from_ms, np.arange(count), sums, empty)


def _rise(values: _Values) -> Fraction:
    """The least-squares slope of a series in one interval, as a share of its mean."""
    x, y = values.number.tolist(), values.value.tolist()
    count, total = len(x), sum(y)
    spread = count * sum(each * each for each in x) - sum(x) ** 2
    if spread == 0:
        raise Nothing("a slope needs two intervals with a value")
    if total == 0:
        return Fraction(0)
    rise = count * sum(each * other for each, other in zip(x, y, strict=True)) - sum(x) * total
    return Fraction(rise * count, spread * total)


# --- servers ---------------------------------------------------------------------------------------------------------


def judge_latency(expectation: Latency, evidence: Evidence) -> Finding:
    """Judges quantiles of the latency of servers, each at most 2 % off."""
    rows = of_part(_of(evidence.table("servers"), expectation.nodes), expectation.part, evidence)
    found: dict[Quantile, int | None] = {}
    for quantile in expectation.quantiles:
        _, value = latency_quantiles(rows, np.zeros(rows.num_rows, np.int64), quantile.share)
        if not len(value):
            raise Nothing(f"{expectation.server} gave no answer")
        found[quantile] = int(value[0])
    return quantiles_finding(found, expectation.server)


def quantiles_finding(found: dict[Quantile, int | None], what: str) -> Finding:
    """Judges quantiles by their values in µs; None is endless."""
    examples = tuple(
        CounterExample("", f"{quantile.name} of {what}", time_text(value), str(quantile.limit))
        for quantile, value in found.items()
        if value is None or not quantile.limit.holds_ratio(value, 1)
    )
    seen = ", ".join(f"{quantile.name} {time_text(value)}" for quantile, value in found.items())
    return Finding(not examples, seen, examples)


def judge_ratio(expectation: Ratio, evidence: Evidence) -> Finding:
    """Judges one count of servers as a share of another."""
    rows = of_part(_of(evidence.table("servers"), expectation.nodes), expectation.part, evidence)
    if rows.num_rows == 0:
        raise Nothing(NO_ROW)
    counted = rows[expectation.figure.column]
    part = int(pc.sum(counted).as_py())
    whole = int(pc.sum(rows[expectation.of.column]).as_py())
    order: Any = [
        (expectation.figure.column, "descending"),
        *((key, "ascending") for key in ("at_ms", "server", "kind")),
    ]
    largest = rows.filter(pc.greater(counted, pa.scalar(0))).sort_by(order).slice(0, EXAMPLES_MAX).to_pylist()
    examples = tuple(
        CounterExample(
            device="",
            what=f"{row['server']}, {row['kind']}",
            seen=f"{row[expectation.figure.column]} of {row[expectation.of.column]}",
            permitted=f"{expectation.condition} in all",
            at_ms=row["at_ms"],
        )
        for row in largest
    )
    return Finding(expectation.condition.holds(part, whole), f"{part} of {whole}{percent(part, whole)}", examples)


def _of(servers: pa.Table, nodes: tuple[str, ...]) -> pa.Table:
    return servers.filter(pc.is_in(servers["server"], value_set=pa.array(nodes, pa.string())))


def latency_quantiles(rows: pa.Table, number: I64, share: int) -> tuple[I64, I64]:
    """The quantile `share` (thousandths of a per cent) of the answers in rows of `servers`, by the number of each row.

    Returns the numbers that have answers, ascending, and the latency of each in µs, as `quantiles_us` has it.
    """
    column = rows["latency_bucket"].combine_chunks()
    bucket: I64 = pc.list_flatten(column).to_numpy().astype(np.int64)
    count: I64 = pc.list_flatten(rows["latency_count"].combine_chunks()).to_numpy()
    owner = number[pc.list_parent_indices(column).to_numpy()]
    return quantiles_us(owner, bucket, count, share)


# --- texts -----------------------------------------------------------------------------------------------------------


def _told(part: int, whole: int, time: bool) -> str:
    return time_text(part // whole) if time else _decimal(part * 1000 // whole, 1000)


def time_text(value_us: int | None) -> str:
    """A time as a reader likes it; None is one without an end."""
    if value_us is None:
        return "no end"
    return f"{_decimal(value_us, 1000)}ms" if value_us < 1_000_000 else f"{_decimal(value_us // 1000, 1000)}s"


def _decimal(part: int, whole: int) -> str:
    """A number with up to three decimals."""
    sign, part = ("-", -part) if part < 0 else ("", part)
    digits = f"{part % whole:03d}".rstrip("0")
    return f"{sign}{part // whole}{'.' if digits else ''}{digits}"
