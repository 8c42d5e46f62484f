"""Waivers excuse what fails, are told where they end, and go stale when they excuse nothing any more."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from conformance.profiles import read_profile
from conformance.registry import Judge, registry
from conformance.session import Session
from conformance.verdicts import Result, Verdict
from conformance.waivers import Waiver, drafts, read_waivers, waived
from scenarios.problems import ScenarioErrors

TODAY = date(2026, 6, 1)
KNOWN = ["trial/one", "trial/two"]
GOOD = "waivers:\n- {id: trial/one, backend: fake, reason: known, owner: Kim, expires: 2026-12-31}\n"


def session(verdict: Verdict) -> Session:
    results = (Result("trial/one", ("KEA-TRI-001",), verdict, "a reason"),)
    return Session(Judge.SERVER, "fake", ("trial/one",), results)


def waiver(expires: date = TODAY + timedelta(days=100), backend: str = "fake", *versions: str) -> Waiver:
    return Waiver("trial/one", backend, versions, "known", "Kim", "#1", expires, "waivers.yaml:2:3")


def after(verdict: Verdict, one: Waiver, version: str = "") -> tuple[Verdict, str]:
    (result,) = waived(session(verdict), [one], version=version, today=TODAY).results
    return result.verdict, result.reason


@pytest.mark.parametrize(
    ("verdict", "wanted"),
    [
        (Verdict.FAIL, Verdict.WAIVED),
        (Verdict.BLOCKED, Verdict.WAIVED),
        (Verdict.UNKNOWN, Verdict.WAIVED),
        (Verdict.PASS, Verdict.STALE_WAIVER),
        (Verdict.NOT_APPLICABLE, Verdict.STALE_WAIVER),
        (Verdict.HARNESS_ERROR, Verdict.HARNESS_ERROR),
        (Verdict.OBSERVED, Verdict.OBSERVED),
    ],
)
def test_a_waiver_excuses_findings_and_is_stale_over_a_pass(verdict: Verdict, wanted: Verdict) -> None:
    assert after(verdict, waiver())[0] is wanted


def test_a_waiver_that_has_expired_is_stale() -> None:
    assert after(Verdict.FAIL, waiver(TODAY))[0] is Verdict.WAIVED
    verdict, reason = after(Verdict.FAIL, waiver(TODAY - timedelta(days=1)))
    assert verdict is Verdict.STALE_WAIVER
    assert "expired on 2026-05-31" in reason


def test_a_waiver_holds_for_its_backend_and_versions_only() -> None:
    assert after(Verdict.FAIL, waiver(backend="other"))[0] is Verdict.FAIL
    assert after(Verdict.FAIL, waiver(backend="*"))[0] is Verdict.WAIVED
    some = waiver(TODAY, "fake", "1.4")
    assert after(Verdict.FAIL, some, "1.4")[0] is Verdict.WAIVED
    assert after(Verdict.FAIL, some, "1.5")[0] is Verdict.FAIL


@pytest.mark.parametrize(("days", "warned"), [(0, True), (14, True), (15, False)])
def test_the_end_of_a_waiver_is_told_from_two_weeks_before(days: int, warned: bool) -> None:
    seen = waived(session(Verdict.FAIL), [waiver(TODAY + timedelta(days=days))], today=TODAY)
    assert bool(seen.notices) is warned


def read(tmp_path: Path, text: str) -> tuple[Waiver, ...]:
    file = tmp_path / "waivers.yaml"
    file.write_text(text, encoding="utf-8")
    return read_waivers(file, KNOWN)


def test_a_file_is_read_with_places(tmp_path: Path) -> None:
    (one,) = read(tmp_path, GOOD)
    assert (one.id, one.backend, one.owner, one.expires) == ("trial/one", "fake", "Kim", date(2026, 12, 31))
    assert one.place.endswith("waivers.yaml:2:3: waivers.0")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD.replace("trial/one", "trial/on"), "there is no check 'trial/on'; did you mean 'trial/one'?"),
        (GOOD.replace("trial/one", "everything"), "there is no check 'everything'"),
        (GOOD.replace("known", "''"), "waivers.0.reason: it is not filled in"),
        (GOOD.replace("owner: Kim, ", ""), "the key 'owner' is missing"),
        (GOOD.replace("2026-12-31", "soon"), "'soon' is not a date"),
        (GOOD.replace("reason", "cause"), "unknown key 'cause'"),
    ],
)
def test_a_mistake_in_a_file_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ScenarioErrors) as raised:
        read(tmp_path, text)
    assert told in str(raised.value)


def test_waivers_of_scenarios_in_the_same_file_are_left_to_those(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD.replace("trial/one", "outage/queue drains")) == ()


def test_a_draft_is_refused_until_it_is_filled_in(tmp_path: Path) -> None:
    text = drafts(session(Verdict.FAIL), version="1.4", today=TODAY)
    with pytest.raises(ScenarioErrors, match="it is not filled in"):
        read(tmp_path, text)
    (one,) = read(tmp_path, text.replace("reason: ''", "reason: known").replace("owner: ''", "owner: Kim"))
    assert (one.id, one.backend, one.versions) == ("trial/one", "fake", ("1.4",))
    assert one.expires == TODAY + timedelta(days=90)
    assert drafts(session(Verdict.PASS), today=TODAY) == "waivers: []\n"


def test_a_profile_goes_over_what_is_claimed(tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("claims: {restart: true, observe.stored: false}\n", encoding="utf-8")
    assert read_profile(file, registry(), frozenset(("observe.stored",))) == {"restart": True, "observe.stored": False}
    file.write_text("claims: {restrat: true}\n", encoding="utf-8")
    with pytest.raises(ScenarioErrors, match=r"profile.yaml:1:10.*did you mean 'restart'"):
        read_profile(file, registry(), frozenset())
