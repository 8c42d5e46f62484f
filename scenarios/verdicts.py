"""Verdicts: the judgement of a run by its expectations, with examples of what went against them."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emulator.ports import I64, Port
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import NEVER, WatchResult
from scenarios import order, series, sql
from scenarios.conditions import Condition
from scenarios.expectations import (
    Each,
    EachBetween,
    Expectation,
    Judged,
    Latency,
    Never,
    Observe,
    Order,
    Outcome,
    OverTime,
    Query,
    Ratio,
    Series,
    SetEquals,
    Takes,
    Total,
)
from scenarios.figures import COUNT, FILTERS, TIMES, Figure
from scenarios.findings import (
    EXAMPLES_MAX,
    CounterExample,
    Evidence,
    Finding,
    Nothing,
    Verdict,
    narrowed,
    percent,
)
from scenarios.fleet import Fleet
from scenarios.observation import Stored


def evaluate(
    expectation: Expectation,
    tables: Mapping[str, pa.Table],
    fleet: Fleet,
    *,
    watched: Mapping[str, WatchResult] | None = None,
    tallied: Mapping[str, TallyResult] | None = None,
    stored: Mapping[Port, Stored | None] | None = None,
) -> Verdict:
    """Judges the tables of a run, by the names and columns of `scenarios.tables`; one that is missing is empty.

    `watched` and `tallied` have what came of watches and tallies, by the name of their expectation, `stored` what the
    servers of each port say that they hold. A check over nothing fails, unless it says that it may be empty.
    """
    evidence = Evidence(tables, fleet, watched or {}, tallied or {}, stored or {})
    try:
        finding = _JUDGES[type(expectation)](expectation, evidence)
    except Nothing as nothing:
        finding = Finding(expectation.may_be_empty, f"nothing: {nothing}")
    return finding.verdict(expectation)


# --- total -----------------------------------------------------------------------------------------------------------


def _total(expectation: Total, evidence: Evidence) -> Finding:
    figure, of = expectation.figure, expectation.of
    table = evidence.table(figure.table)
    select = order.of_part if figure.column == COUNT else series.of_part
    rows = narrowed(select(table, expectation.part, evidence), expectation.where)
    judged_rows = table if figure.column == COUNT else rows  # no fact of a kind is a count of nought, not of nothing
    if judged_rows.num_rows == 0:
        raise Nothing(series.NO_ROW)
    last_ms = _last_ms(expectation, table, evidence)
    part = _sum(figure, rows, last_ms)
    whole = _sum(of, rows, last_ms) if of else 1
    seen = f"{part} of {whole}{percent(part, whole)}" if of else str(part)
    holds = expectation.condition.holds(part, whole)
    return Finding(holds, seen, () if holds else _largest(expectation, rows, last_ms))


def _last_ms(expectation: Total, table: pa.Table, evidence: Evidence) -> int:
    """The interval at whose end a stock is asked for: the last of the table, since rows of nothing are not written."""
    grid, between = expectation.part.grid, expectation.part.between
    if between is not None and expectation.figure.column != COUNT:
        return (grid.inside(*evidence.span(between))[1] - 1) * grid.interval_ms
    return int(pc.max(table["at_ms"]).as_py())


def _sum(figure: Figure, rows: pa.Table, last_ms: int) -> int:
    if figure.column == COUNT:
        return rows.num_rows
    total: int = pc.sum(_counted(figure, rows, last_ms)[figure.column], min_count=0).as_py()
    return total


def _counted(figure: Figure, rows: pa.Table, last_ms: int) -> pa.Table:
    return rows.filter(pc.equal(rows["at_ms"], pa.scalar(last_ms))) if figure.stock else rows


def _largest(expectation: Total, rows: pa.Table, last_ms: int) -> tuple[CounterExample, ...]:
    """The rows that have most part in the figure."""
    figure = expectation.figure
    if figure.column == COUNT:
        chosen = rows.slice(0, EXAMPLES_MAX)
    else:
        counted = _counted(figure, rows, last_ms)
        counted = counted.filter(pc.greater(counted[figure.column], pa.scalar(0)))
        keys: list[tuple[str, Literal["ascending", "descending"]]] = [(figure.column, "descending")]
        keys += [(key, "ascending") for key in ("at_ms", *FILTERS[figure.table])]
        chosen = counted.sort_by(keys).slice(0, EXAMPLES_MAX)
    return tuple(
        CounterExample(
            device=row.get("device", ""),
            what=", ".join(row[column] for column in FILTERS[figure.table] if column != "device"),
            seen=str(row.get(figure.column, "1")),
            permitted=f"{expectation.condition} in all",
            at_ms=row["at_ms"],
        )
        for row in chosen.to_pylist()
    )


# --- each ------------------------------------------------------------------------------------------------------------


def _each(expectation: Each, evidence: Evidence) -> Finding:
    table = evidence.table("devices")
    names = evidence.fleet.names(expectation.devices)
    rows: pa.Int32Array = pc.index_in(names, value_set=table["device"])
    known = rows.is_valid().to_numpy(zero_copy_only=False)
    if not known.any():
        raise Nothing(order.NOBODY)
    # A device without a row fulfils nothing; row 0 stands in for it until the mask below takes it out.
    taken = table.take(rows.fill_null(0).to_numpy())
    figure, of, condition = expectation.figure, expectation.of, expectation.condition
    if isinstance(condition, Condition):
        parts = _integers(taken, figure)
        wholes = _integers(taken, of) if of else np.ones_like(parts)
        fulfilled = condition.holds_all(parts, wholes)
    else:
        fulfilled = pc.equal(taken[figure.column], pa.scalar(condition)).to_numpy()
    fulfilled &= known
    count, size = int(fulfilled.sum()), len(fulfilled)
    holds = expectation.share.holds(count, size)
    seen = f"{count} of {size} devices{percent(count, size)}"
    return Finding(holds, seen, () if holds else _against(expectation, taken, names, known, fulfilled))


def _against(
    expectation: Each, taken: pa.Table, names: pa.StringArray, known: NDArray[np.bool_], fulfilled: NDArray[np.bool_]
) -> tuple[CounterExample, ...]:
    """Devices that do not fulfil the condition; where too many do, devices that do."""
    column, of = expectation.figure.column, expectation.of
    too_many = expectation.share.holds(0, len(fulfilled))
    chosen = np.flatnonzero(fulfilled if too_many else ~fulfilled)[:EXAMPLES_MAX]
    time = TIMES.get(column)
    examples = []
    for index in chosen.tolist():
        value = taken[column][index].as_py()
        seen = f"{value} of {taken[of.column][index].as_py()}" if of else str(value)
        permitted = f"not {expectation.condition}" if too_many else str(expectation.condition)
        examples.append(
            CounterExample(
                device=names[index].as_py(),
                what=column,
                seen=seen if known[index] else "not in the table of devices",
                permitted=permitted,
                at_ms=taken[time][index].as_py() if time and known[index] else None,
            )
        )
    return tuple(examples)


def _integers(table: pa.Table, figure: Figure) -> I64:
    return table[figure.column].to_numpy()


def _each_between(expectation: EachBetween, evidence: Evidence) -> Finding:
    """A device without the first fact fulfils nothing."""
    devices, condition = expectation.devices, expectation.condition
    result = evidence.tallied.get(expectation.name)
    if result is None or not len(result.devices) or not len(devices):
        raise Nothing(order.NOBODY)
    place, known = _places(result.devices, devices)
    begun = result.begun[place] & known
    if not begun.any():
        raise Nothing(f"no device has the fact {expectation.begin}")
    counts = result.count[place]
    fulfilled = begun & condition.holds_all(counts, np.ones_like(counts))
    count, size = int(fulfilled.sum()), len(devices)
    too_many = expectation.share.holds(0, size)
    against = fulfilled if too_many else ~fulfilled
    chosen = np.flatnonzero(against)[:EXAMPLES_MAX]
    first_ms = result.first_ms[place]
    names = evidence.fleet.names(devices[chosen]).to_pylist()
    examples = tuple(
        CounterExample(
            device=str(name),
            what=expectation.figure,
            seen=str(counts[row]) if begun[row] else f"never {expectation.begin}",
            permitted=f"{'not ' if too_many else ''}{condition} {expectation.span}",
            at_ms=int(first_ms[row]) if begun[row] and counts[row] else None,
        )
        for name, row in zip(names, chosen.tolist(), strict=True)
    )
    return Finding(expectation.share.holds(count, size), f"{count} of {size} devices{percent(count, size)}", examples)


# --- over time -------------------------------------------------------------------------------------------------------


def _over_time(expectation: OverTime, evidence: Evidence) -> Finding:
    """A device that was never looked at fulfils nothing."""
    devices, watch = expectation.devices, expectation.watch
    result = evidence.watched.get(expectation.name)
    if len(devices) == 0 or watch is None or result is None or len(result.devices) == 0:
        raise Nothing("no device was watched")
    place, known = _places(result.devices, devices)
    first_true = np.where(known, result.first_true_ms[place], NEVER)
    first_false = np.where(known, result.first_false_ms[place], NEVER)
    looked = (first_true != NEVER) | (first_false != NEVER)
    if not looked.any():
        raise Nothing("no device had a moment of its own in that time")
    fulfilled = looked & ((first_false == NEVER) if expectation.always else (first_true != NEVER))
    count, size = int(fulfilled.sum()), len(devices)
    too_many = expectation.share.holds(0, size)
    candidates = np.flatnonzero(fulfilled if too_many else ~fulfilled)
    # The moment that decides; what never came was missing at the end.
    moment = first_false if expectation.always else first_true
    moment = np.where(moment == NEVER, watch.until_ms - 1, moment)
    chosen = candidates[np.lexsort((candidates, moment[candidates]))][:EXAMPLES_MAX]
    names = evidence.fleet.names(devices[chosen]).to_pylist()
    condition = str(expectation.condition)
    examples = tuple(
        CounterExample(
            device=str(name),
            what=expectation.condition.figure,
            seen=_seen(condition, bool(looked[index]), too_many, expectation.always),
            permitted=f"not {condition}" if too_many else condition + expectation.span,
            at_ms=int(moment[index]),
        )
        for name, index in zip(names, chosen.tolist(), strict=True)
    )
    holds = expectation.share.holds(count, size)
    return Finding(holds, f"{count} of {size} devices{percent(count, size)}", examples)


def _places(rows: I64, devices: I64) -> tuple[I64, NDArray[np.bool_]]:
    """Where each device stands among `rows` (ascending, at least one), and whether it does."""
    place = np.minimum(np.searchsorted(rows, devices), len(rows) - 1)
    return place, rows[place] == devices


def _seen(condition: str, looked: bool, too_many: bool, always: bool) -> str:
    if not looked:
        return "no moment of its own"
    if too_many:
        return condition
    return f"not {condition}" if always else f"never {condition}"


# --- observe ---------------------------------------------------------------------------------------------------------


def _observe(expectation: Observe, evidence: Evidence) -> Finding:
    """Judges a figure of what servers hold; counter-examples are the devices with most of it.

    Unknown, whatever the expectation says, where the backend does not offer to be asked.
    """
    if expectation.port not in evidence.stored:
        raise Nothing(f"no device sends to {expectation.port}")
    stored = evidence.stored[expectation.port]
    if stored is None:
        told = f"the backend of {expectation.port} does not offer `stored`"
        return Finding(False, f"not known: {told}", outcome=Outcome.UNKNOWN)
    if not len(stored.devices):
        raise Nothing("no device is there")
    column: I64 = getattr(stored, expectation.figure)
    total = sum(column.tolist())
    most = np.lexsort((stored.devices, -column))[:EXAMPLES_MAX]
    most = most[column[most] > 0]
    names = evidence.fleet.names(stored.devices[most]).to_pylist()
    examples = tuple(
        CounterExample(str(name), expectation.figure, str(column[row]), f"{expectation.condition} in all")
        for name, row in zip(names, most.tolist(), strict=True)
    )
    seen = f"{total} on {np.count_nonzero(column)} of {len(column)} devices"
    return Finding(expectation.condition.holds(total, 1), seen, examples)


_JUDGES: Final[Mapping[type[Judged], Callable[[Any, Evidence], Finding]]] = {  # each takes its own kind
    Total: _total,
    Each: _each,
    EachBetween: _each_between,
    OverTime: _over_time,
    Series: series.judge_series,
    Latency: series.judge_latency,
    Ratio: series.judge_ratio,
    Order: order.judge_order,
    Never: order.judge_never,
    SetEquals: order.judge_set,
    Takes: order.judge_takes,
    Observe: _observe,
    Query: sql.judge_query,
}

__all__ = ["EXAMPLES_MAX", "CounterExample", "Verdict", "evaluate"]
