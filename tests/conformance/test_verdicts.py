"""One function gives banner and exit code; nothing that ran is ever green over nothing."""

import pytest

from conformance.verdicts import Code, Result, Verdict, conclusion, counted
from seatrial import ExitCode


def results(*verdicts: Verdict) -> list[Result]:
    return [Result(f"trial/{number}", ("KEA-TRI-001",), verdict) for number, verdict in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "word", "code"),
    [
        ((), "NOTHING RAN", 2),
        ((Verdict.PASS,), "PASS", 0),
        ((Verdict.PASS, Verdict.OBSERVED, Verdict.NOT_APPLICABLE, Verdict.WAIVED), "PASS", 0),
        ((Verdict.WAIVED,), "PASS", 0),
        ((Verdict.OBSERVED, Verdict.NOT_APPLICABLE), "NOTHING JUDGED", 2),
        ((Verdict.PASS, Verdict.FAIL), "FAIL", 1),
        ((Verdict.PASS, Verdict.BLOCKED), "FAIL", 1),
        ((Verdict.PASS, Verdict.UNKNOWN), "FAIL", 1),
        ((Verdict.PASS, Verdict.STALE_WAIVER), "FAIL", 1),
        ((Verdict.FAIL, Verdict.HARNESS_ERROR), "ERROR", 3),
    ],
)
def test_a_session_comes_to_a_word_and_a_code(verdicts: tuple[Verdict, ...], word: str, code: int) -> None:
    done = results(*verdicts)
    seen = conclusion([result.check for result in done], done)
    assert (seen.word, seen.code) == (word, code)


def test_what_was_planned_and_has_no_verdict_is_told() -> None:
    done = results(Verdict.PASS)
    assert conclusion(["trial/0", "trial/1"], done).word == "INCOMPLETE"
    assert conclusion(["trial/0", "trial/1"], done).code == Code.HARNESS
    assert conclusion(["trial/0"], [*done, *done]).word == "INCOMPLETE"


def test_every_verdict_is_counted_and_the_sum_is_the_plan() -> None:
    done = results(*Verdict, Verdict.PASS)
    counts = counted(done)
    assert set(counts) == set(map(str, Verdict))
    assert sum(counts.values()) == len(done)
    assert counts["pass"] == 2


def test_the_codes_are_those_of_the_command_line() -> None:
    assert (Code.OK, Code.FINDING, Code.USER, Code.HARNESS) == (
        ExitCode.OK,
        ExitCode.FINDING,
        ExitCode.USER,
        ExitCode.HARNESS,
    )
