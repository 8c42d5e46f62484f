"""The comparison of runs: each figure of the head against that of the base, judged by tolerances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from reports import words
from reports.baseline import Baseline, Key, RunFigures, Value
from reports.tolerances import DEFAULTS, Entry, Unit
from scenarios.errors import UserError
from scenarios.problems import hint

LESS_IS_WORSE: Final = frozenset({"acknowledged", "events"})
BOTH_ARE_WORSE: Final = frozenset({"generated", "excluded", "optimised", "repeated", "suppressed"})
"""Of what devices do by themselves, neither more nor less is better; of all other figures more is worse."""

RANKS: Final[Mapping[str, int]] = {
    "pass": 0,
    "warn": 1,
    "unknown": 2,
    "unjudged": 3,
    "invalid": 4,
    "fail": 5,
    "error": 6,
}
"""Verdicts, from good to bad."""

KINDS: Final = ("verdict", "expectations", "telemetry", "servers", "queue", "digest", "wall_s")
"""Kinds of figures in the order in which they are told."""


class Status(StrEnum):
    """How a figure compares. `DIFFERS` and `WORSE` are findings."""

    SAME = "same"
    WITHIN = "within"
    BETTER = "better"
    NEW = "new"
    WARN = "warn"
    DIFFERS = "differs"
    WORSE = "worse"

    @property
    def is_finding(self) -> bool:
        """Whether `--gate` stops at it."""
        return self in (Status.DIFFERS, Status.WORSE)


@dataclass(frozen=True, slots=True)
class Row:
    """One figure in both runs; None where a run does not have it."""

    key: Key
    base: Value
    head: Value
    status: Status


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run in both, figure by figure. `notes` tell why the two may not be alike."""

    name: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def having(self, *statuses: Status) -> tuple[Row, ...]:
        """The rows with one of `statuses`."""
        return tuple(row for row in self.rows if row.status in statuses)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All runs of both. A run that is `missing` in the head is a finding, one that is `new` there is not."""

    base: str
    head: str
    runs: tuple[ComparedRun, ...]
    missing: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def findings(self) -> int:
        """What `--gate` stops at."""
        return len(self.missing) + sum(row.status.is_finding for run in self.runs for row in run.rows)

    @property
    def warnings(self) -> int:
        """Figures out of their tolerance that only warn."""
        return sum(row.status is Status.WARN for run in self.runs for row in run.rows)


def tolerances(base: Baseline, head: Baseline) -> tuple[Entry, ...]:
    """The tolerances that hold: those of the head's suite, or else those that the base carries."""
    return head.compare or base.compare


def compare(base: Baseline, head: Baseline) -> Comparison:
    """Compares the runs that have the same name; two single runs whatever their names.

    Raises `UserError` where a tolerance means no figure of any run, or has another unit than its figure.
    """
    entries = tolerances(base, head)
    pairs = {name: (base.runs[name], head.runs[name]) for name in base.runs if name in head.runs}
    missing = tuple(name for name in base.runs if name not in pairs)
    new = tuple(name for name in head.runs if name not in pairs)
    if not pairs and len(missing) == len(new) == 1:
        pairs, missing, new = {new[0]: (base.runs[missing[0]], head.runs[new[0]])}, (), ()
    if not pairs:
        raise UserError(head.place, f"it has no run of {base.place}", "compare runs of the same scenarios")
    _require_known(entries, pairs)
    runs = (ComparedRun(name, _rows(*pair, entries), _notes(*pair)) for name, pair in pairs.items())
    return Comparison(base.place, head.place, tuple(runs), missing, new)


def _require_known(entries: Sequence[Entry], pairs: Mapping[str, tuple[RunFigures, RunFigures]]) -> None:
    keys = {key: None for pair in pairs.values() for figures in pair for key in figures.flat()}
    for entry in entries:
        if not any(entry.covers(key.names) for key in keys):
            remedy = hint(entry.figure, dict.fromkeys(name for key in keys for name in reversed(key.names)))
            raise UserError(f"compare: {entry.figure}", "no run has such a figure", remedy)


def _notes(base: RunFigures, head: RunFigures) -> tuple[str, ...]:
    differences = {
        "another scenario": (base.scenario, head.scenario),
        "the scenario changed": (base.sha256[:12], head.sha256[:12]),
        "another seed": (str(base.seed), str(head.seed)),
        "another number of devices": (f"{base.devices:,}", f"{head.devices:,}"),
        "another length": (words.span(base.simulated_ms), words.span(head.simulated_ms)),
        "another version": (base.version, head.version),
    }
    return tuple(f"{what}: {old}, {new}" for what, (old, new) in differences.items() if old != new)


def _rows(base: RunFigures, head: RunFigures, entries: Sequence[Entry]) -> tuple[Row, ...]:
    old, new = base.flat(), head.flat()
    # A stable sort: within a kind, what only the head has comes last.
    keys = sorted(old | new, key=lambda key: KINDS.index(key.kind))
    return tuple(Row(key, old.get(key), new.get(key), _status(key, old, new, entries)) for key in keys)


def _status(key: Key, old: Mapping[Key, Value], new: Mapping[Key, Value], entries: Sequence[Entry]) -> Status:
    entry = next(entry for entry in reversed((*DEFAULTS, *entries)) if entry.covers(key.names))
    base, head = old.get(key), new.get(key)
    if base == head:
        return Status.SAME
    status = _text_status(key, base, head, entry) if key.unit is Unit.TEXT else _number_status(key, base, head, entry)
    return Status.WARN if status.is_finding and entry.only else status


def _text_status(key: Key, base: Value, head: Value, entry: Entry) -> Status:
    if any(amount not in (None, 0) for amount in (entry.differs_by, entry.worse_by, entry.or_)):
        raise UserError(f"compare: {entry.figure}", f"{key} is a text, which has no tolerance", "write `only: warn`")
    if key.kind == "digest":
        return Status.DIFFERS
    if base is None:
        return Status.NEW if head == "pass" else Status.WORSE
    if head is None or RANKS[str(head)] > RANKS[str(base)]:
        return Status.WORSE
    return Status.BETTER


def _number_status(key: Key, base: Value, head: Value, entry: Entry) -> Status:
    if not isinstance(base, int) or not isinstance(head, int):
        return Status.DIFFERS
    if abs(head - base) <= entry.allowed(base, key.unit):
        return Status.WITHIN
    if entry.worse_by is None or key.name in BOTH_ARE_WORSE:
        return Status.DIFFERS
    return Status.WORSE if (head < base) == (key.name in LESS_IS_WORSE) else Status.BETTER
