"""Findings: what a run shows, what an expectation makes of it, and the verdict with its counter-examples."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emulator.ports import I64, Port
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import WatchResult
from scenarios.bounds import Between, Moment
from scenarios.expectations import Judged, Outcome, Part, Where
from scenarios.fleet import Fleet
from scenarios.observation import Stored
from scenarios.problems import shown
from scenarios.tables import SCHEMAS

EXAMPLES_MAX: Final = 10
"""Counter-examples of one verdict."""

Spans = NDArray[np.int64]
"""Rows of (from_ms, until_ms), ascending, that do not touch."""


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


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether an expectation holds. `outcome` overrides its verdict where the check itself could not be made."""

    holds: bool
    seen: str
    examples: tuple[CounterExample, ...] = ()
    outcome: Outcome | None = None

    def verdict(self, judged: Judged) -> Verdict:
        """The verdict on an expectation: counter-examples are told of one that does not hold."""
        outcome = self.outcome or (Outcome.PASS if self.holds else judged.otherwise)
        examples = () if self.holds else self.examples[:EXAMPLES_MAX]
        return Verdict(judged.name, judged.clause, outcome, self.seen, judged.expected, examples, judged.place)


class Nothing(Exception):  # noqa: N818 - no error, a finding
    """There is nothing to judge; the text says what is missing."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What a run left: its tables, the fleet, and what its watches saw, by the name of the expectation.

    `tallied` has what its tallies counted, by the same, `stored` what the servers of each port hold, as they say
    themselves; None where they cannot be asked.
    """

    tables: Mapping[str, pa.Table]
    fleet: Fleet
    watched: Mapping[str, WatchResult] = field(default_factory=dict)
    tallied: Mapping[str, TallyResult] = field(default_factory=dict)
    stored: Mapping[Port, Stored | None] = field(default_factory=dict)

    def table(self, name: str) -> pa.Table:
        """A table of the run; one that is missing is empty."""
        return self.tables[name] if name in self.tables else SCHEMAS[name].empty_table()

    def facts(self) -> pa.Table:
        """The journal. Raises Nothing where it is empty."""
        table = self.table("facts")
        if table.num_rows == 0:
            raise Nothing("the run has no facts")
        return table

    def at_ms(self, moment: Moment) -> int:
        """When a moment was. Raises Nothing where its step did not happen."""
        if moment.at_ms is not None:
            return moment.at_ms
        facts = self.table("facts")
        steps = facts.filter(pc.equal(facts["kind"], pa.scalar("step")))
        named = steps.filter(pc.match_substring(steps["detail"], pattern=detail_pattern("name", moment.step)))
        if named.num_rows == 0:
            raise Nothing(f"the step {shown(moment.step)} did not happen")
        return int(pc.min(named["at_ms"]).as_py()) + moment.offset_ms

    def span(self, between: Between) -> tuple[int, int]:
        """From when to when; the second is not part of it. Raises Nothing where that is nothing."""
        from_ms, until_ms = self.at_ms(between.first), self.at_ms(between.last)
        if until_ms <= from_ms:
            raise Nothing(f"nothing lies {between}")
        return from_ms, until_ms

    def faults(self, servers: tuple[str, ...]) -> Spans:
        """When one of `servers` had a fault, all faults where that is empty. Raises Nothing where there was none."""
        facts = self.table("facts")
        told = facts.filter(pc.is_in(facts["kind"], value_set=pa.array(["fault-began", "fault-ended"])))
        if servers:
            mask = np.zeros(told.num_rows, np.bool_)
            for server in servers:
                mask |= pc.match_substring(told["detail"], pattern=detail_pattern("server", server)).to_numpy()
            told = told.filter(pa.array(mask))
        if told.num_rows == 0:
            raise Nothing("no server had a fault")
        at_ms: I64 = told["at_ms"].to_numpy()
        change = np.where(pc.equal(told["kind"], pa.scalar("fault-began")).to_numpy(), 1, -1)
        # Where one fault ends as another begins, the beginning counts first: there is no moment between them.
        order = np.lexsort((-change, at_ms))
        depth = np.cumsum(change[order])
        began = at_ms[order][(depth == 1) & (change[order] == 1)]
        ended = at_ms[order][depth == 0]
        if len(ended) < len(began):
            ended = np.append(ended, np.iinfo(np.int64).max)
        return np.stack([began, ended], axis=1)

    def kept(self, part: Part, table: pa.Table, length_ms: int) -> pa.Table:
        """The rows, each of a time from its `at_ms` on, that a part leaves in regard of faults.

        A row in whose time a fault holds for a moment is one with a fault. Raises Nothing where it wants faults, and
        there were none.
        """
        if part.faults is None:
            return table
        try:
            spans = self.faults(part.servers)
        except Nothing:
            if part.faults:
                raise
            return table
        at_ms: I64 = table["at_ms"].to_numpy()
        place = np.searchsorted(spans[:, 1], at_ms, side="right")
        begins = np.append(spans[:, 0], np.iinfo(np.int64).max)
        touched = begins[place] < at_ms + length_ms
        return table.filter(pa.array(touched if part.faults else ~touched))


def detail_pattern(key: str, value: str) -> str:
    """What the detail of a fact has in it, letter by letter, where `key` is `value`.

    The text of a detail is canonical, and quotes inside of values are escaped, so that it stands nowhere else.
    """
    return f"{json.dumps(key)}:{json.dumps(value, ensure_ascii=False)}"


def narrowed(table: pa.Table, wheres: tuple[Where, ...]) -> pa.Table:
    """The rows that `where` leaves."""
    for where in wheres:
        mask = pc.is_in(table[where.column], value_set=pa.array(where.values, pa.string()))
        for group in where.below:
            inside = pc.starts_with(table[where.column], pattern=f"{group}/")
            mask = pc.or_(mask, pc.or_(inside, pc.equal(table[where.column], pa.scalar(group))))
        table = table.filter(mask)
    return table


def percent(part: int, whole: int) -> str:
    """A share as a reader likes it, in brackets; nothing for a share of nothing."""
    return f" ({part * 1000 // whole / 10:g} %)" if whole else ""
