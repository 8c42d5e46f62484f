"""Coverage of the catalogue: four rungs that are never mixed, counted for each area.

    linked           a check names the clause
    emitted          a check of the clause had a verdict in a run of the reference
    discriminating   a check of it has been seen to pass, and to fail under a seeded defect
    proven           a check of it has noticed a defect that was seeded for this very clause

The first follows from the code; the others from the evidence that `seatrial prove` left in `evidence.json`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from conformance.catalogue import Area, Catalogue
from conformance.planting import Defect
from conformance.prove import Proof
from conformance.registry import Registry
from conformance.session import Session
from conformance.verdicts import Verdict

FILE: Final = Path(__file__).with_name("evidence.json")
EMITTED: Final = (Verdict.PASS, Verdict.FAIL, Verdict.OBSERVED, Verdict.WAIVED)
"""Verdicts of a check that really looked."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was seen: the verdict of each check on the reference, and the check that noticed each defect."""

    verdicts: Mapping[str, str]
    killed_by: Mapping[str, str]

    def as_text(self) -> str:
        """The file."""
        data = {"verdicts": dict(sorted(self.verdicts.items())), "killed_by": dict(sorted(self.killed_by.items()))}
        return json.dumps(data, indent=1) + "\n"


def read_evidence(path: Path = FILE) -> Evidence:
    """The evidence of a file, that which ships where none is given."""
    data = json.loads(path.read_text(encoding="utf-8"))
    return Evidence(data["verdicts"], data["killed_by"])


def gathered(sessions: Iterable[Session], proof: Proof) -> Evidence:
    """The evidence of sessions with the reference, and of a proof."""
    verdicts = {result.check: str(result.verdict) for session in sessions for result in session.results}
    return Evidence(verdicts, {kill.defect.name: kill.killed_by for kill in proof.kills if kill.killed_by})


@dataclass(frozen=True, slots=True)
class Row:
    """The counts of one area, all of them clauses; `derived` are those that are not `stated`."""

    clauses: int
    stated: int
    derived: int
    linked: int
    emitted: int
    discriminating: int
    proven: int
    untestable: int
    operator_only: int
    unclassified: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The rows of the documentation's areas, and those of our own contract."""

    areas: Mapping[str, Row]
    contract: Mapping[str, Row]

    def as_plain(self) -> dict[str, Any]:
        """The document of `--format json`."""
        return {
            name: {area: {key: getattr(row, key) for key in Row.__slots__} for area, row in rows.items()}
            for name, rows in (("areas", self.areas), ("contract", self.contract))
        }


@dataclass(frozen=True, slots=True)
class Rungs:
    """The clauses that have reached each rung."""

    linked: frozenset[str]
    emitted: frozenset[str]
    discriminating: frozenset[str]
    proven: frozenset[str]


def rungs(registry: Registry, defects: Sequence[Defect], evidence: Evidence) -> Rungs:
    """How far clauses have come; evidence of checks and defects that there are no more counts for nothing."""
    by_id = {check.id: check for check in registry.checks}
    emitted: set[str] = set()
    discriminating: set[str] = set()
    proven: set[str] = set()
    for name, verdict in evidence.verdicts.items():
        if name in by_id and verdict in EMITTED:
            emitted.update(by_id[name].clauses)
    for defect in defects:
        check = by_id.get(evidence.killed_by.get(defect.name, ""))
        if check is None:
            continue
        if evidence.verdicts.get(check.id) == Verdict.PASS:
            discriminating.update(check.clauses)
        if defect.clause in check.clauses:
            proven.add(defect.clause)
    return Rungs(registry.linked, frozenset(emitted), frozenset(discriminating), frozenset(proven))


def coverage(registry: Registry, catalogue: Catalogue, defects: Sequence[Defect], evidence: Evidence) -> Coverage:
    """The four rungs of every area."""
    reached = rungs(registry, defects, evidence)
    rows = {area.name: _row(area, registry, reached) for area in catalogue.areas}
    ours = {area.name for area in catalogue.areas if area.ours}
    return Coverage(
        {name: row for name, row in rows.items() if name not in ours},
        {name: row for name, row in rows.items() if name in ours},
    )


def _row(area: Area, registry: Registry, reached: Rungs) -> Row:
    ids = [item.id for item in area.requirements]

    def count(inside: Iterable[str]) -> int:
        return len(set(ids) & set(inside))

    classified = registry.linked | set(registry.untestable) | set(registry.operator_only)
    stated = sum(item.stated for item in area.requirements)
    return Row(
        clauses=len(ids),
        stated=stated,
        derived=len(ids) - stated,
        linked=count(reached.linked),
        emitted=count(reached.emitted),
        discriminating=count(reached.discriminating),
        proven=count(reached.proven),
        untestable=count(registry.untestable),
        operator_only=count(registry.operator_only),
        unclassified=len(ids) - count(classified),
    )


def matrix(registry: Registry, catalogue: Catalogue, defects: Sequence[Defect], evidence: Evidence) -> Iterator[str]:
    """The matrix in Markdown: a line for each clause with how it is classified, its checks and the defects noticed."""
    noticed: dict[str, list[str]] = {}
    for defect in defects:
        if evidence.killed_by.get(defect.name):
            noticed.setdefault(defect.clause, []).append(defect.name)
    for area in catalogue.areas:
        yield f"## {area.title}"
        yield ""
        yield "| clause | kind | basis | judged by | defects noticed |"
        yield "|---|---|---|---|---|"
        for item in area.requirements:
            checks = ", ".join(f"`{check.id.partition('/')[2]}`" for check in registry.of(item.id))
            if item.id in registry.untestable:
                checks = f"untestable: {registry.untestable[item.id]}"
            elif item.id in registry.operator_only:
                checks = f"by the operator: {registry.operator_only[item.id]}"
            killed = ", ".join(noticed.get(item.id, ()))
            yield f"| {item.id} | {item.kind} | {item.basis} | {checks or 'not classified yet'} | {killed} |"
        yield ""
