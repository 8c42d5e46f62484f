"""Proof that checks can fail: each seeded defect is put to the checks of its clause, and to those of its area.

Null implementations stand beside: agents and servers that do next to nothing. None of them may pass a check of a
negative clause.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.agents import COLUMNS, resolve_agent
from conformance.catalogue import Catalogue
from conformance.nulls import NULLS
from conformance.planting import Defect
from conformance.registry import Check, Judge, Registry
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.session import Subject, put
from conformance.verdicts import Code, Conclusion, Verdict

NOT_JUDGED: Final = (Verdict.OBSERVED, Verdict.NOT_APPLICABLE)
"""Verdicts of the reference that neither prove nor spoil anything."""


@dataclass(frozen=True, slots=True)
class Kill:
    """What came of one defect: the check that noticed it, and whether that check judges the defect's clause.

    `seen` is what the check told; both are empty where no check noticed.
    """

    defect: Defect
    killed_by: str
    own: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Null:
    """What a null implementation passed of the checks of negative clauses: nothing, where the checks are sound."""

    name: str
    judge: Judge
    passed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of all defects. `must_clauses` are the binding clauses that checks judge, `killed` those proven."""

    kills: tuple[Kill, ...]
    nulls: tuple[Null, ...]
    must_clauses: tuple[str, ...]
    emitted: Mapping[str, Verdict]

    @property
    def killed(self) -> tuple[str, ...]:
        """The binding clauses of which a defect was noticed by a check of the clause itself."""
        proven = {kill.defect.clause for kill in self.kills if kill.own}
        return tuple(clause for clause in self.must_clauses if clause in proven)

    @property
    def conclusion(self) -> Conclusion:
        """What it comes to; a binding clause without a defect that was noticed is a finding."""
        survivors = [kill.defect.name for kill in self.kills if not kill.killed_by]
        passing = [null.name for null in self.nulls if null.passed]
        told = (
            f"{len(self.kills) - len(survivors)} of {len(self.kills)} defects noticed, "
            f"{len(self.killed)} of {len(self.must_clauses)} binding clauses proven"
        )
        if passing:
            told += f"; {', '.join(passing)} passed what nothing but a sound implementation may"
        if not self.kills:
            return Conclusion("NOTHING RAN", "no defect was selected", Code.USER)
        if any(verdict is not Verdict.PASS for verdict in self.emitted.values()):
            wrong = [check for check, verdict in self.emitted.items() if verdict is not Verdict.PASS]
            return Conclusion("ERROR", f"the reference does not pass {', '.join(wrong)}", Code.HARNESS)
        sound = not survivors and not passing and len(self.killed) == len(self.must_clauses)
        return Conclusion("PASS", told, Code.OK) if sound else Conclusion("FAIL", told, Code.FINDING)


def prove(
    registry: Registry,
    catalogue: Catalogue,
    defects: Sequence[Defect],
    tell: Callable[[Kill], object] = lambda _: None,
    *,
    with_nulls: bool = True,
) -> Proof:
    """Puts every defect to the checks of its clause, then to those of its area, until one of them fails."""
    subjects = references()
    emitted: dict[str, Verdict] = {}

    def passes(check: Check) -> bool:
        """Whether the reference passes a check: only then its failure tells something."""
        if check.id not in emitted:
            emitted[check.id] = put(check, subjects[check.judge], subjects[check.judge].claims).verdict
        return emitted[check.id] is Verdict.PASS

    kills = []
    for defect in defects:
        own, near = checks_for(defect, registry, catalogue)
        kill = kill_of(defect, list(filter(passes, own)), subjects)
        if not kill.killed_by:
            kill = kill_of(defect, list(filter(passes, near)), subjects)
        kills.append(kill)
        tell(kill)
    judged = {check: verdict for check, verdict in emitted.items() if verdict not in NOT_JUDGED}
    must = tuple(item.id for item in catalogue if item.binds and not item.ours and item.id in registry.judged)
    return Proof(tuple(kills), nulls(registry, catalogue) if with_nulls else (), must, judged)


def references() -> dict[Judge, Subject]:
    """What defects are planted in: the columns, and the fakes."""
    return {Judge.AGENT: resolve_agent(COLUMNS), Judge.SERVER: ServerUnderTest({})}


def checks_for(defect: Defect, registry: Registry, catalogue: Catalogue) -> tuple[list[Check], list[Check]]:
    """The checks of a defect's clause, and the others of its area."""
    own = list(registry.of(defect.clause))
    area = catalogue[defect.clause].area
    near = [
        check
        for check in registry.checks
        if check not in own and any(catalogue[clause].area == area for clause in check.clauses if clause in catalogue)
    ]
    return own, near


def kill_of(defect: Defect, checks: Sequence[Check], subjects: Mapping[Judge, Subject]) -> Kill:
    """The first of some checks that notices a defect. Only a finding counts: a crash tells nothing of the subject."""
    with defect.planted():
        for check in checks:
            subject = subjects[check.judge]
            result = put(check, subject, subject.claims)
            if result.verdict is Verdict.FAIL:
                return Kill(defect, check.id, defect.clause in check.clauses, result.reason)
    return Kill(defect, "", False, "")


def nulls(registry: Registry, catalogue: Catalogue) -> tuple[Null, ...]:
    """What each null implementation passes of the checks that judge a negative clause."""
    found = []
    for name, judge, make in NULLS:
        subject = make()
        checks = [check for check in registry.checks if check.judge is judge and _is_negative(check, catalogue)]
        # The Administration Server beside a null server is the fake, which may well pass.
        claims = subject.claims - {ADMINISTRATION}
        passed = [check.id for check in checks if put(check, subject, claims).verdict is Verdict.PASS]
        found.append(Null(name, judge, tuple(passed)))
    return tuple(found)


def _is_negative(check: Check, catalogue: Catalogue) -> bool:
    return any(catalogue[clause].kind == "negative" for clause in check.clauses if clause in catalogue)
