"""Verdicts: the judgement of a run's tables by expectations, with examples of what went against them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emulator.ports import I64
from scenarios.conditions import Condition
from scenarios.expectations import Each, Expectation, Judged, Outcome, SetEquals, Total
from scenarios.figures import COUNT, FILTERS, TIMES, Figure
from scenarios.fleet import Fleet
from scenarios.tables import SCHEMAS

EXAMPLES_MAX: Final = 10
"""Counter-examples of one verdict."""


@dataclass(frozen=True, slots=True)
class CounterExample:
    """One thing that went against an expectation.

    `device` is empty where it is no device's; `what` then says what it is. `at_ms` is None where the tables do not
    tell when.
    """

    device: str
    what: str
    seen: str
    permitted: str
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one expectation: what was seen, what was expected, and where the expectation stands."""

    name: str
    clause: str | None
    verdict: Outcome
    seen: str
    expected: str
    counter_examples: tuple[CounterExample, ...]
    place: str


def evaluate(expectation: Expectation, tables: Mapping[str, pa.Table], fleet: Fleet) -> Verdict:
    """Judges the tables of a run, by the names and columns of `scenarios.tables`; one that is missing is empty.

    A check over nothing fails, unless it says that it may be empty.
    """
    if isinstance(expectation, Total):
        return _total(expectation, _table(tables, expectation.figure.table))
    if isinstance(expectation, Each):
        return _each(expectation, _table(tables, "devices"), fleet)
    return _set(expectation, _table(tables, "facts"), fleet)


def _table(tables: Mapping[str, pa.Table], name: str) -> pa.Table:
    return tables[name] if name in tables else SCHEMAS[name].empty_table()


def _verdict(
    judged: Judged, holds: bool, seen: str, expected: str, examples: tuple[CounterExample, ...] = ()
) -> Verdict:
    outcome = Outcome.PASS if holds else judged.otherwise
    return Verdict(judged.name, judged.clause, outcome, seen, expected, () if holds else examples, judged.place)


# --- total -----------------------------------------------------------------------------------------------------------


def _total(expectation: Total, table: pa.Table) -> Verdict:
    rows = table
    for where in expectation.where:
        mask = pc.is_in(rows[where.column], value_set=pa.array(where.values, pa.string()))
        for group in where.below:
            inside = pc.starts_with(rows[where.column], pattern=f"{group}/")
            mask = pc.or_(mask, pc.or_(inside, pc.equal(rows[where.column], pa.scalar(group))))
        rows = rows.filter(mask)
    figure, of = expectation.figure, expectation.of
    expected = f"{figure}{f' of {of}' if of else ''}: {expectation.condition}"
    judged_rows = table if figure.column == COUNT else rows  # no fact of a kind is a count of nought, not of nothing
    if judged_rows.num_rows == 0:
        return _verdict(expectation, expectation.may_be_empty, "nothing: no row of the table is meant", expected)
    part = _sum(figure, rows, table)
    whole = _sum(of, rows, table) if of else 1
    seen = f"{part} of {whole}{_percent(part, whole)}" if of else str(part)
    holds = expectation.condition.holds(part, whole)
    return _verdict(expectation, holds, seen, expected, () if holds else _largest(expectation, rows, table))


def _sum(figure: Figure, rows: pa.Table, table: pa.Table) -> int:
    if figure.column == COUNT:
        return rows.num_rows
    total: int = pc.sum(_counted(figure, rows, table)[figure.column], min_count=0).as_py()
    return total


def _counted(figure: Figure, rows: pa.Table, table: pa.Table) -> pa.Table:
    """Of a stock only the last interval counts: the last of the table, since rows without anything are not written."""
    return rows.filter(pc.equal(rows["at_ms"], pc.max(table["at_ms"]))) if figure.stock else rows


def _largest(expectation: Total, rows: pa.Table, table: pa.Table) -> tuple[CounterExample, ...]:
    """The rows that have most part in the figure."""
    figure = expectation.figure
    if figure.column == COUNT:
        chosen = rows.slice(0, EXAMPLES_MAX)
    else:
        counted = _counted(figure, rows, table)
        counted = counted.filter(pc.greater(counted[figure.column], pa.scalar(0)))
        order: list[tuple[str, Literal["ascending", "descending"]]] = [(figure.column, "descending")]
        order += [(key, "ascending") for key in ("at_ms", *FILTERS[figure.table])]
        chosen = counted.sort_by(order).slice(0, EXAMPLES_MAX)
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


def _each(expectation: Each, table: pa.Table, fleet: Fleet) -> Verdict:
    names = fleet.names(expectation.devices)
    rows: pa.Int32Array = pc.index_in(names, value_set=table["device"])
    known = rows.is_valid().to_numpy(zero_copy_only=False)
    # A device without a row fulfils nothing; row 0 stands in for it until the mask below takes it out.
    taken = table.take(rows.fill_null(0).to_numpy()) if table.num_rows else table
    figure, of, condition = expectation.figure, expectation.of, expectation.condition
    what = f"{figure}{f' of {of}' if of else ''} is {condition}"
    expected = f"{what}, for {expectation.share} of {expectation.selector}"
    if not known.any():
        return _verdict(expectation, expectation.may_be_empty, "nothing: no device is meant", expected)
    if isinstance(condition, Condition):
        parts = _integers(taken, figure)
        wholes = _integers(taken, of) if of else np.ones_like(parts)
        fulfilled = condition.holds_all(parts, wholes)
    else:
        fulfilled = pc.equal(taken[figure.column], pa.scalar(condition)).to_numpy()
    fulfilled &= known
    count, size = int(fulfilled.sum()), len(fulfilled)
    holds = expectation.share.holds(count, size)
    seen = f"{count} of {size} devices{_percent(count, size)}"
    return _verdict(
        expectation, holds, seen, expected, () if holds else _against(expectation, taken, names, known, fulfilled)
    )


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


# --- set -------------------------------------------------------------------------------------------------------------


def _set(expectation: SetEquals, table: pa.Table, fleet: Fleet) -> Verdict:
    rows = table.filter(pc.equal(table["kind"], pa.scalar(expectation.fact)))
    first = rows.group_by("device").aggregate([("at_ms", "min")]).sort_by("device")
    expected_names = fleet.names(expectation.devices)
    extra = first.filter(pc.invert(pc.is_in(first["device"], value_set=expected_names)))
    missing = expected_names.filter(pc.invert(pc.is_in(expected_names, value_set=first["device"])))
    found = first.num_rows - extra.num_rows
    seen = f"{found} of the {len(expected_names)} devices, and {extra.num_rows} others"
    expected = f"{expectation.fact} on exactly {expectation.selector}, {len(expected_names)} devices"
    examples = [
        CounterExample(row["device"], expectation.fact, expectation.fact, "none", row["at_ms_min"])
        for row in extra.slice(0, EXAMPLES_MAX).to_pylist()
    ]
    examples += [
        CounterExample(str(name), expectation.fact, "none", expectation.fact)
        for name in missing.slice(0, EXAMPLES_MAX - len(examples)).to_pylist()
    ]
    return _verdict(expectation, not examples, seen, expected, tuple(examples))


def _percent(part: int, whole: int) -> str:
    return f" ({part * 1000 // whole / 10:g} %)" if whole else ""
