"""Sessions: every planned check has its verdict, and what failed blocks what depends on it."""

from pathlib import Path
from typing import Any

from conformance.judging import Finding, NotClaimed, Unobservable, at_least, between, contains, equal, one_of, refused
from conformance.profiles import applied
from conformance.registry import Judge, clause
from conformance.session import hold, plan
from conformance.verdicts import Verdict
from tests.conformance import made
from tests.conformance.test_catalogue import entry


def judged(folder: Path, claims: frozenset[str] = frozenset(), **checks: Any) -> dict[str, tuple[str, str]]:
    entries = [
        entry("KEA-TRI-001"),
        entry("KEA-TRI-002", depends="KEA-TRI-001"),
        entry("KEA-TRI-003", depends="KEA-TRI-002"),
        entry("KEA-TRI-004"),
    ]
    catalogue = made.clauses(folder, *entries)
    planned = plan(made.registry(**checks), catalogue, Judge.AGENT)
    session = hold(planned, catalogue, made.nobody(), claims)
    assert [result.check for result in session.results] == list(session.planned)
    return {result.check: (result.verdict, result.reason) for result in session.results}


@clause("KEA-TRI-001")
def passes(agent: Any) -> None:
    """It passes."""


@clause("KEA-TRI-001")
def fails(agent: Any) -> None:
    """It fails."""
    equal(1, 2, "a number")


def of(number: int, raised: Exception | None = None, value: str | None = None, **more: Any) -> Any:
    def check(agent: Any) -> Any:
        if raised is not None:
            raise raised
        return value

    check.__doc__ = "It judges."
    return clause(f"KEA-TRI-{number:03}", **more)(check)


def test_each_way_to_end_has_its_verdict(tmp_path: Path) -> None:
    seen = judged(
        tmp_path / "x",
        check_pass=of(4),
        check_fail=of(4, Finding("this", "that")),
        check_unknown=of(4, Unobservable("nobody looks")),
        check_absent=of(4, NotClaimed("not there")),
        check_broken=of(4, ZeroDivisionError("oh")),
        check_seen=of(4, value="seven"),
        check_needs=of(4, needs=["wings"]),
    )
    assert seen == {
        "trial/pass": (Verdict.PASS, ""),
        "trial/fail": (Verdict.FAIL, "permitted: this; seen: that"),
        "trial/unknown": (Verdict.UNKNOWN, "nobody looks"),
        "trial/absent": (Verdict.NOT_APPLICABLE, "not there"),
        "trial/broken": (Verdict.HARNESS_ERROR, "ZeroDivisionError: oh"),
        "trial/seen": (Verdict.OBSERVED, "seven"),
        "trial/needs": (Verdict.NOT_APPLICABLE, "not claimed: wings"),
    }
    claimed = applied(frozenset(), {"wings": True})
    assert judged(tmp_path / "x", claimed, check_needs=of(4, needs=["wings"]))["trial/needs"][0] is Verdict.PASS


def test_what_failed_blocks_what_depends_on_it_and_nothing_else(tmp_path: Path) -> None:
    seen = judged(tmp_path / "x", check_third=of(3), check_second=of(2), check_first=fails, check_other=of(4))
    assert list(seen) == ["trial/first", "trial/second", "trial/third", "trial/other"]
    assert seen["trial/first"][0] is Verdict.FAIL
    assert seen["trial/second"] == (Verdict.BLOCKED, "KEA-TRI-001 does not hold (trial/first)")
    assert seen["trial/third"][0] is Verdict.BLOCKED
    assert seen["trial/other"][0] is Verdict.PASS


def test_nothing_is_blocked_where_all_is_well(tmp_path: Path) -> None:
    seen = judged(tmp_path / "x", check_second=of(2), check_first=passes)
    assert {verdict for verdict, _ in seen.values()} == {Verdict.PASS}


def test_a_plan_has_the_checks_of_one_judge_and_of_the_clauses_asked_for(tmp_path: Path) -> None:
    def check_server(server: Any) -> None:
        """It judges."""

    known = made.registry(check_one=of(1), check_two=of(2), check_three=clause("KEA-TRI-001")(check_server))
    catalogue = made.clauses(tmp_path / "x")
    assert [check.id for check in plan(known, catalogue, Judge.AGENT)] == ["trial/one", "trial/two"]
    assert [check.id for check in plan(known, catalogue, Judge.SERVER)] == ["trial/three"]
    assert [check.id for check in plan(known, catalogue, Judge.AGENT, ["KEA-TRI-002"])] == ["trial/two"]
    assert plan(known, catalogue, Judge.AGENT, ["KEA-TRI-003"]) == ()


def finding(judge: Any, *given: Any, **more: Any) -> Finding | None:
    try:
        judge(*given, **more)
    except Finding as found:
        return found
    return None


def test_helpers_name_what_is_permitted_and_what_was_seen() -> None:
    assert finding(equal, 1, 1, "a number") is None
    assert str(finding(equal, 1, 2, "a number")) == "permitted: a number: 2; seen: 1"
    assert finding(at_least, 2, 2, "n") is None
    assert finding(at_least, 1, 2, "n") is not None
    assert finding(between, 3, 1, 3, "n") is None
    assert finding(between, 4, 1, 3, "n") is not None
    assert finding(one_of, 401, {401: "no name", 403: "no right"}, "status") is None
    told = finding(one_of, 400, {401: "no name", 403: "no right"}, "status")
    assert told is not None
    assert told.permitted == "status: one of 401 (no name), 403 (no right)"
    assert finding(contains, [1], 1, "it") is None
    assert finding(contains, [], 1, "it") is not None


def test_a_refusal_counts_for_its_cause_only() -> None:
    error = ValueError("share: 4 is out of range; write 5 to 100")
    assert finding(refused, error, "4", names="share", because="100") is None
    assert finding(refused, error, "4", names="limit", because="100") is not None
    assert finding(refused, error, "4", names="share", because="200") is not None
    accepted = finding(refused, None, "4", names="share", because="100")
    assert accepted is not None
    assert accepted.seen == "accepted"
