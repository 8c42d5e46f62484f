"""Proof that checks can fail: each seeded defect is put to the checks of its clause, and to those of its area.

Null implementations stand beside: agents and servers that do next to nothing. None of them may pass a check of a
negative clause.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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

    `seen` is what the check told; both are empty where no check noticed. `noticed_by` are all checks that did, where
    every check was asked.
    """

    defect: Defect
    killed_by: str
    own: bool
    seen: str
    noticed_by: tuple[str, ...] = ()


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


class Prover:
    """Puts defects to checks, one at a time. `emitted` has the reference's verdict on each check that was asked."""

    def __init__(self, registry: Registry, catalogue: Catalogue) -> None:
        self._registry = registry
        self._catalogue = catalogue
        self._subjects = references()
        self.emitted: dict[str, Verdict] = {}

    def put(self, defect: Defect, *, whole: bool = False) -> Kill:
        """What comes of a defect: put to the checks of its clause, then to those of its area, until one of them fails.

        With `whole` it is put to every check there is, and all that fail are told.
        """
        own, near = checks_for(defect, self._registry, self._catalogue)
        kill = kill_of(defect, list(filter(self.passes, own)), self._subjects)
        if not kill.killed_by:
            kill = kill_of(defect, list(filter(self.passes, near)), self._subjects)
        if not whole:
            return kill
        every = list(filter(self.passes, self._registry.checks))
        return replace(kill, noticed_by=noticed_by(defect, every, self._subjects))

    def passes(self, check: Check) -> bool:
        """Whether the reference passes a check: only then its failure tells something."""
        if check.id not in self.emitted:
            subject = self._subjects[check.judge]
            self.emitted[check.id] = put(check, subject, subject.claims).verdict
        return self.emitted[check.id] is Verdict.PASS


def prove(
    registry: Registry,
    catalogue: Catalogue,
    defects: Sequence[Defect],
    tell: Callable[[Kill], object] = lambda _: None,
    *,
    with_nulls: bool = True,
) -> Proof:
    """Puts every defect to the checks of its clause, then to those of its area, until one of them fails."""
    prover = Prover(registry, catalogue)
    kills = []
    for defect in defects:
        kills.append(prover.put(defect))
        tell(kills[-1])
    return proof_of(registry, catalogue, kills, prover.emitted, with_nulls=with_nulls)


def proof_of(
    registry: Registry,
    catalogue: Catalogue,
    kills: Sequence[Kill],
    emitted: Mapping[str, Verdict],
    *,
    with_nulls: bool = True,
) -> Proof:
    """The proof that kills come to, whoever made them."""
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


def noticed_by(defect: Defect, checks: Sequence[Check], subjects: Mapping[Judge, Subject]) -> tuple[str, ...]:
    """All of some checks that notice a defect."""
    with defect.planted():
        return tuple(
            check.id
            for check in checks
            if put(check, subjects[check.judge], subjects[check.judge].claims).verdict is Verdict.FAIL
        )


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
