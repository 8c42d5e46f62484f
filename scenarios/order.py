"""Order: what the journal tells of devices: which facts came after which, how long that took, which never came."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emulator.ports import I64
from scenarios.bounds import Between
from scenarios.expectations import FactOf, Never, Order, Part, SetEquals, Takes
from scenarios.findings import EXAMPLES_MAX, CounterExample, Evidence, Finding, Nothing, percent
from scenarios.series import quantiles_finding, time_text

if TYPE_CHECKING:
    Column = pa.ChunkedArray[Any]

SHOWN_MAX: Final = 8
"""Facts of one device that a counter-example shows."""
NOBODY: Final = "no device is meant"


@dataclass(frozen=True, slots=True)
class _Journal:
    """Facts of some kinds on some devices, by device, then by time: columns with a row a fact.

    `device` is the place of the device among `names`.
    """

    names: pa.StringArray
    device: I64
    at_ms: I64
    kind: "Column"
    detail: "Column"

    def matching(self, fact: FactOf) -> I64:
        """The rows of a fact, ascending."""
        mask: Any = pc.equal(self.kind, pa.scalar(fact.kind))
        if fact.texts:
            mask = pc.and_(mask, _any_of(self.detail, fact.texts))
        return np.flatnonzero(mask.to_numpy())

    def begins(self) -> I64:
        """The first row of each device, where it has any."""
        rows: I64 = np.searchsorted(self.device, np.arange(len(self.names)))
        return rows

    def shown(self, device: int) -> str:
        """The facts of a device, for a reader."""
        first, last = np.searchsorted(self.device, [device, device + 1]).tolist()
        kinds = [str(kind) for kind in self.kind.slice(first, min(last - first, SHOWN_MAX)).to_pylist()]
        return ", ".join(kinds + ["…"] * (last - first > SHOWN_MAX)) or "none of them"


def of_part(table: pa.Table, part: Part, evidence: Evidence) -> pa.Table:
    """The facts between the moments of a part and, where it says so, in or out of the times of faults.

    Raises Nothing.
    """
    if part.between is not None:
        from_ms, until_ms = evidence.span(part.between)
        mask = pc.greater_equal(table["at_ms"], pa.scalar(from_ms))
        if until_ms < part.grid.duration_ms:  # what happens at the end of the run still belongs to it
            mask = pc.and_(mask, pc.less(table["at_ms"], pa.scalar(until_ms)))
        table = table.filter(mask)
    return evidence.kept(part, table, length_ms=1)


def _journal(names: pa.StringArray, kinds: tuple[str, ...], part: Part, evidence: Evidence) -> _Journal:
    """Raises Nothing where the run has no facts at all, or no device is meant."""
    if len(names) == 0:
        raise Nothing(NOBODY)
    table = evidence.facts()
    table = table.filter(pc.is_in(table["kind"], value_set=pa.array(sorted(set(kinds)), pa.string())))
    place = pc.index_in(table["device"], value_set=names)
    known: Any = pc.is_valid(place)  # pyarrow's stubs take it for an array
    table = of_part(table.append_column("place", place).filter(known), part, evidence)
    device: I64 = table["place"].to_numpy().astype(np.int64)
    at_ms: I64 = table["at_ms"].to_numpy()
    order = np.lexsort((table["sequence"].to_numpy(), at_ms, device))
    return _Journal(names, device[order], at_ms[order], table["kind"].take(order), table["detail"].take(order))


def _any_of(detail: "Column", texts: tuple[str, ...]) -> Any:  # a column of truth values
    mask: Any = pc.match_substring(detail, pattern=texts[0])
    for text in texts[1:]:
        mask = pc.or_(mask, pc.match_substring(detail, pattern=text))
    return mask


# --- facts -----------------------------------------------------------------------------------------------------------


def judge_order(expectation: Order, evidence: Evidence) -> Finding:
    """Judges the order of facts on each device; a counter-example tells what it has, and the first that is missing."""
    names = evidence.fleet.names(expectation.devices)
    journal = _journal(names, tuple(fact.kind for fact in expectation.facts), expectation.part, evidence)
    reached, last = _strict(journal, expectation.facts) if expectation.strictly else _loose(journal, expectation.facts)
    fulfilled = reached == len(expectation.facts)
    if expectation.strictly:
        counts = np.bincount(journal.device, minlength=len(names))
        fulfilled &= counts == len(expectation.facts)
    count, size = int(fulfilled.sum()), len(names)
    too_many = expectation.share.holds(0, size)
    chosen = np.flatnonzero(fulfilled if too_many else ~fulfilled)[:EXAMPLES_MAX]
    examples = []
    for index in chosen.tolist():
        done = int(reached[index])
        wanted = expectation.facts[done].name if done < len(expectation.facts) else "no other"
        examples.append(
            CounterExample(
                device=names[index].as_py(),
                what="facts" if too_many else wanted,
                seen=journal.shown(index),
                permitted=f"not {expectation.order}" if too_many else expectation.order,
                at_ms=None if last[index] < 0 else int(journal.at_ms[last[index]]),
            )
        )
    holds = expectation.share.holds(count, size)
    return Finding(holds, f"{count} of {size} devices{percent(count, size)}", tuple(examples))


def _loose(journal: _Journal, facts: tuple[FactOf, ...]) -> tuple[I64, I64]:
    """How many of the facts each device has in order, and the row of the last of them (-1 for none)."""
    reached = np.zeros(len(journal.names), np.int64)
    last = np.full(len(journal.names), -1, np.int64)
    cursor = journal.begins() - 1
    going = np.ones(len(journal.names), np.bool_)
    for fact in facts:
        rows = journal.matching(fact)
        found, going = _next(journal, rows, cursor, going)
        reached += going
        last[going] = found[going]
        cursor = np.where(going, found, cursor)
    return reached, last


def _next(journal: _Journal, rows: I64, cursor: I64, going: NDArray[np.bool_]) -> tuple[I64, NDArray[np.bool_]]:
    """For each device, the first of `rows` behind its cursor, and whether it has one."""
    place = np.searchsorted(rows, cursor, side="right")
    found = np.append(rows, len(journal.device))[place]
    owner = np.append(journal.device, -1)[found]
    return found, going & (owner == np.arange(len(journal.names)))


def _strict(journal: _Journal, facts: tuple[FactOf, ...]) -> tuple[I64, I64]:
    """The same where no other fact of these kinds may lie before or between."""
    begins = journal.begins()
    reached = np.zeros(len(journal.names), np.int64)
    last = np.full(len(journal.names), -1, np.int64)
    going = np.ones(len(journal.names), np.bool_)
    owner = np.append(journal.device, -1)
    for number, fact in enumerate(facts):
        matches = np.zeros(len(owner), np.bool_)
        matches[journal.matching(fact)] = True
        row = np.minimum(begins + number, len(owner) - 1)
        here = going & (owner[row] == np.arange(len(journal.names)))
        last[here] = row[here]
        going = here & matches[row]
        reached += going
    return reached, last


# --- never, set ------------------------------------------------------------------------------------------------------


def judge_never(expectation: Never, evidence: Evidence) -> Finding:
    """Judges that no device of a selection has a fact; counter-examples are the earliest."""
    names = evidence.fleet.names(expectation.devices)
    journal = _journal(names, (expectation.fact,), expectation.part, evidence)
    earliest = np.lexsort((journal.device, journal.at_ms))[:EXAMPLES_MAX]
    examples = tuple(
        CounterExample(
            device=names[int(journal.device[row])].as_py(),
            what=expectation.fact,
            seen=expectation.fact,
            permitted="none",
            at_ms=int(journal.at_ms[row]),
        )
        for row in earliest.tolist()
    )
    count = len(np.unique(journal.device))
    seen = f"{len(journal.device)} on {count} of {len(names)} devices"
    return Finding(not examples, seen, examples)


def judge_set(expectation: SetEquals, evidence: Evidence) -> Finding:
    """Judges that the devices with a fact are exactly those of a selection."""
    table = evidence.table("facts")
    rows = of_part(table.filter(pc.equal(table["kind"], pa.scalar(expectation.fact))), expectation.part, evidence)
    first = rows.group_by("device").aggregate([("at_ms", "min")]).sort_by("device")
    names = evidence.fleet.names(expectation.devices)
    extra = first.filter(pc.invert(pc.is_in(first["device"], value_set=names)))
    missing = names.filter(pc.invert(pc.is_in(names, value_set=first["device"])))
    found = first.num_rows - extra.num_rows
    examples = [
        CounterExample(row["device"], expectation.fact, expectation.fact, "none", row["at_ms_min"])
        for row in extra.slice(0, EXAMPLES_MAX).to_pylist()
    ]
    examples += [
        CounterExample(str(name), expectation.fact, "none", expectation.fact)
        for name in missing.slice(0, EXAMPLES_MAX - len(examples)).to_pylist()
    ]
    seen = f"{found} of the {len(names)} devices, and {extra.num_rows} others"
    return Finding(not examples, seen, tuple(examples))


# --- takes -----------------------------------------------------------------------------------------------------------


def judge_takes(expectation: Takes, evidence: Evidence) -> Finding:
    """Judges quantiles of the time from each fact of a device, or from a moment, to the next fact of another kind.

    What has not come by the end of the part is endless; counter-examples are the longest times.
    """
    names = evidence.fleet.names(expectation.devices)
    begin, end = expectation.begin, expectation.end
    kinds = (end.kind,) if isinstance(begin, Between) else (begin.kind, end.kind)
    journal = _journal(names, kinds, expectation.part, evidence)
    ends = journal.matching(end)
    if isinstance(begin, Between):
        from_ms = evidence.span(begin)[0]
        device = np.arange(len(names))
        began = np.full(len(names), from_ms, np.int64)
        ends = ends[journal.at_ms[ends] >= from_ms]
        cursor = journal.begins() - 1
    else:
        cursor = journal.matching(begin)
        device, began = journal.device[cursor], journal.at_ms[cursor]
    if not len(device):
        raise Nothing(f"no device has the fact {begin}")
    found = np.append(ends, len(journal.device))[np.searchsorted(ends, cursor, side="right")]
    came = np.append(journal.device, -1)[found] == device
    never = np.iinfo(np.int64).max
    took = np.where(came, np.append(journal.at_ms, 0)[found] - began, never)
    ordered = np.sort(took)
    values: dict[str, int | None] = {}
    for quantile in expectation.quantiles:
        value = int(ordered[(len(ordered) * quantile.share + 99_999) // 100_000 - 1])
        values[quantile.name] = None if value == never else value * 1000
    judged = quantiles_finding({quantile: values[quantile.name] for quantile in expectation.quantiles}, "all")
    permitted = ", ".join(map(str, expectation.quantiles))
    longest = np.lexsort((began, device, -took))[:EXAMPLES_MAX]
    examples = tuple(
        CounterExample(
            device=names[int(device[row])].as_py(),
            what=f"to {end}",
            seen=time_text(int(took[row]) * 1000) if came[row] else "never",
            permitted=permitted,
            at_ms=int(began[row]),
        )
        for row in longest.tolist()
    )
    missing = int((~came).sum())
    seen = f"{judged.seen}, of {len(took)}{f', {missing} without an end' if missing else ''}"
    return Finding(judged.holds, seen, examples)
