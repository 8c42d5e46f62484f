"""Verdicts of checks, and what a session of them comes to: one function gives the banner and the exit code."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Verdict(StrEnum):
    """What came of a check, the worst first."""

    HARNESS_ERROR = "harness-error"
    """Seatrial, the check or an adapter failed: nothing is known of the subject."""
    FAIL = "fail"
    """The subject does not do what the clause asks."""
    STALE_WAIVER = "stale-waiver"
    """A waiver excuses what passes by now, or it has expired."""
    BLOCKED = "blocked"
    """A clause that this one depends on failed, so that nothing can be told; not passed."""
    UNKNOWN = "unknown"
    """Nobody could look: the subject does not offer what would have to be observed; not passed."""
    WAIVED = "waived"
    """It failed, and a waiver that holds says why that is accepted for now."""
    OBSERVED = "observed"
    """The documentation does not say what is right: the value is told, and not judged."""
    NOT_APPLICABLE = "not-applicable"
    """The subject does not claim it: outside of every percentage."""
    PASS = "pass"  # noqa: S105 - no password


class Code(IntEnum):
    """Exit codes, as everywhere in Seatrial."""

    OK = 0
    FINDING = 1
    USER = 2
    HARNESS = 3


FINDINGS: Final = (Verdict.FAIL, Verdict.STALE_WAIVER, Verdict.BLOCKED, Verdict.UNKNOWN)
"""Verdicts that make a session fail."""
JUDGED: Final = (*FINDINGS, Verdict.WAIVED, Verdict.PASS)
"""Verdicts that say something about the subject."""
_WORDS: Final[Mapping[Verdict, str]] = {verdict: verdict.replace("-", " ") for verdict in Verdict}


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one check. `permitted` and `seen` are told where it failed, `detail` is a traceback, or empty."""

    check: str
    clauses: tuple[str, ...]
    verdict: Verdict
    reason: str = ""
    permitted: str = ""
    seen: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a session came to: a word, a sentence, and the exit code that goes with them."""

    word: str
    sentence: str
    code: Code


def counted(results: Sequence[Result]) -> dict[str, int]:
    """How many results have each verdict, the worst first; every verdict is there."""
    counts = Counter(result.verdict for result in results)
    return {str(verdict): counts[verdict] for verdict in Verdict}


def conclusion(planned: Sequence[str], results: Sequence[Result]) -> Conclusion:
    """What a session of the `planned` checks came to. Nothing judged, or less than was planned, is never green."""
    counts = counted(results)
    told = ", ".join(f"{counts[verdict]} {_WORDS[verdict]}" for verdict in Verdict if counts[verdict])
    if not planned:
        return Conclusion("NOTHING RAN", "no check was selected", Code.USER)
    if sorted(planned) != sorted(result.check for result in results):
        sentence = f"{len(planned)} checks were planned, {len(results)} have a verdict: {told or 'none'}"
        return Conclusion("INCOMPLETE", sentence, Code.HARNESS)
    if counts[Verdict.HARNESS_ERROR]:
        return Conclusion("ERROR", told, Code.HARNESS)
    if any(counts[verdict] for verdict in FINDINGS):
        return Conclusion("FAIL", told, Code.FINDING)
    if not any(counts[verdict] for verdict in JUDGED):
        return Conclusion("NOTHING JUDGED", told, Code.USER)
    return Conclusion("PASS", told, Code.OK)
