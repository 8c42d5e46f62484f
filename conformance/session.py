"""A session: the checks of one judge are planned, then put to a subject, and every one of them gets its verdict."""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.agents import AgentUnderTest
from conformance.catalogue import Catalogue
from conformance.judging import Finding, NotClaimed, Unobservable
from conformance.registry import Check, Judge, Registry
from conformance.servers import ServerUnderTest
from conformance.verdicts import Conclusion, Result, Verdict, conclusion

Subject = AgentUnderTest | ServerUnderTest
PREREQUISITES_LOST: Final = (Verdict.FAIL, Verdict.BLOCKED, Verdict.HARNESS_ERROR)
"""Verdicts after which nothing can be told of what depends on a clause."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is over: who was judged, what was planned, and a result for each check, in the order of the plan.

    `notices` tell of capabilities that answer though nobody claims them.
    """

    judge: Judge
    subject: str
    planned: tuple[str, ...]
    results: tuple[Result, ...]
    notices: tuple[str, ...] = ()

    @property
    def conclusion(self) -> Conclusion:
        """What it came to."""
        return conclusion(self.planned, self.results)


def judge_of(subject: Subject) -> Judge:
    """The judge that a subject is put before."""
    return Judge.AGENT if isinstance(subject, AgentUnderTest) else Judge.SERVER


def plan(
    registry: Registry, catalogue: Catalogue, judge: Judge, clauses: Iterable[str] | None = None
) -> tuple[Check, ...]:
    """The checks of a judge, of some clauses where these are given, each after those that it depends on."""
    wanted = None if clauses is None else set(clauses)
    chosen = [
        check
        for check in registry.checks
        if check.judge is judge and (wanted is None or wanted.intersection(check.clauses))
    ]
    placed: dict[str, Check] = {}

    def place(check: Check, above: tuple[str, ...] = ()) -> None:
        if check.id in placed or check.id in above:
            return
        for other in chosen:
            if prerequisites(check, catalogue).intersection(other.clauses):
                place(other, (*above, check.id))
        placed[check.id] = check

    for check in chosen:
        place(check)
    return tuple(placed.values())


def prerequisites(check: Check, catalogue: Catalogue) -> frozenset[str]:
    """The clauses that a check's clauses depend on, without its own."""
    needed = {other for clause in check.clauses if clause in catalogue for other in catalogue[clause].depends_on}
    return frozenset(needed.difference(check.clauses))


def hold(
    checks: Sequence[Check],
    catalogue: Catalogue,
    subject: Subject,
    claims: frozenset[str],
    tell: Callable[[Result], object] = lambda _: None,
) -> Session:
    """Puts planned checks to a subject that claims `claims`; `tell` hears of each result."""
    lost: dict[str, str] = {}
    results = []
    for check in checks:
        blocking = sorted(lost.keys() & prerequisites(check, catalogue))
        if blocking:
            told = f"{blocking[0]} does not hold ({lost[blocking[0]]})"
            result = Result(check.id, check.clauses, Verdict.BLOCKED, told)
        else:
            result = put(check, subject, claims)
        if result.verdict in PREREQUISITES_LOST:
            lost.update(dict.fromkeys(check.clauses, check.id))
        results.append(result)
        tell(result)
    return Session(
        judge_of(subject),
        subject.name,
        tuple(check.id for check in checks),
        tuple(results),
        tuple(_unclaimed(subject, claims)),
    )


def put(check: Check, subject: Subject, claims: frozenset[str]) -> Result:
    """The result of one check; whatever it raises, it has one."""
    missing = [need for need in check.needs if need not in claims]
    if missing:
        told = f"not claimed: {', '.join(missing)}"
        return Result(check.id, check.clauses, Verdict.NOT_APPLICABLE, told)
    try:
        value = check.function(subject)
    except Finding as finding:
        return Result(check.id, check.clauses, Verdict.FAIL, str(finding), finding.permitted, finding.seen)
    except Unobservable as why:
        return Result(check.id, check.clauses, Verdict.UNKNOWN, str(why))
    except NotClaimed as why:
        return Result(check.id, check.clauses, Verdict.NOT_APPLICABLE, str(why))
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        return Result(check.id, check.clauses, Verdict.HARNESS_ERROR, told, detail=traceback.format_exc())
    if value is not None:
        return Result(check.id, check.clauses, Verdict.OBSERVED, value)
    return Result(check.id, check.clauses, Verdict.PASS)


def _unclaimed(subject: Subject, claims: frozenset[str]) -> Iterable[str]:
    """What answers though nobody claims it."""
    if isinstance(subject, ServerUnderTest):
        optional: Mapping[str, str] = {"observe.stored": "stored", "restart": "restart"}
        for port, chosen in subject.backends.items():
            backend = chosen.make()
            for name, method in optional.items():
                if name not in claims and callable(getattr(backend, method, None)):
                    yield f"{port}: `{method}` answers, and {name} is not claimed"
