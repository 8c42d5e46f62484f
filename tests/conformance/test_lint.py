"""The lint: what ships is sound, and everything that may be wrong with links and classes is caught."""

from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue import catalogue
from conformance.links import as_lines, confirmed, read_links
from conformance.lint import problems, unclassified
from conformance.registry import Judge, clause, judge_of, read, registry
from tests.conformance import made
from tests.conformance.test_catalogue import entry

OPEN = {
    "administration-server": 18,
    "central-node": 14,
    "diagnostics": 17,
    "ioc-tasks": 41,
    "isolation": 6,
    "ksn": 16,
    "licensing": 18,
    "mdr": 20,
    "policies": 17,
    "proxy": 15,
    "quarantine": 41,
    "sandbox-and-kics": 10,
    "tasks": 32,
    "updates": 17,
}
"""Clauses without checks, a reason or a person, by area: these numbers only fall."""


def test_what_ships_is_sound() -> None:
    assert problems(registry(), catalogue(), confirmed()) == ()


def test_no_area_has_more_open_clauses_than_it_had() -> None:
    found = {area: len(clauses) for area, clauses in unclassified(registry(), catalogue()).items()}
    assert {area: count for area, count in found.items() if count > OPEN.get(area, 0)} == {}


def good(agent: Any) -> None:
    """It judges."""


def told(folder: Path, **contents: Any) -> str:
    known = read([made.module("trial", **contents)])
    clauses = made.clauses(folder)
    return "\n".join(problems(known, clauses, read_links(as_lines(known, clauses))))


def check(*ids: str, about: str = "It judges.") -> Any:
    def function(agent: Any) -> None: ...

    function.__doc__ = about
    return clause(*ids)(function)


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    tables = {"UNTESTABLE": {"KEA-TRI-002": "why"}, "OPERATOR_ONLY": {"KEA-TRI-003": "who"}}
    assert told(tmp_path / "x", check_one=check("KEA-TRI-001"), **tables) == ""


def test_a_check_without_a_clause_is_caught(tmp_path: Path) -> None:
    def check_one(agent: Any) -> None:
        """It judges nothing."""

    assert "trial/check_one: a check without a clause" in told(tmp_path / "x", check_one=check_one)
    assert "trial/check_two: a check without a clause" in told(tmp_path / "y", check_two=check())


def test_wrong_ids_are_caught(tmp_path: Path) -> None:
    seen = told(tmp_path / "x", check_one=check("KEA-TRI-009"), check_two=check("KEA-TRI-001", "KEA-TRI-001"))
    assert "trial/one: there is no clause KEA-TRI-009" in seen
    assert "trial/two: KEA-TRI-001 is named 2 times" in seen


def test_a_check_that_does_not_say_what_it_judges_is_caught(tmp_path: Path) -> None:
    assert "trial/one: it does not say what it judges" in told(tmp_path / "x", check_one=check("KEA-TRI-001", about=""))


def test_two_classes_of_one_clause_are_caught(tmp_path: Path) -> None:
    both = {"UNTESTABLE": {"KEA-TRI-001": "why", "KEA-TRI-002": " "}, "OPERATOR_ONLY": {"KEA-TRI-001": "who"}}
    seen = told(tmp_path / "x", check_one=check("KEA-TRI-001"), **both)
    assert "KEA-TRI-001: untestable, and checks judge it: trial/one" in seen
    assert "KEA-TRI-001: operator-only, and checks judge it: trial/one" in seen
    assert "KEA-TRI-001: both untestable and operator-only" in seen
    assert "KEA-TRI-002: untestable without a reason" in seen
    unknown = told(tmp_path / "y", UNTESTABLE={"KEA-TRI-009": "why"})
    assert "KEA-TRI-009: untestable, and there is no such clause" in unknown


def test_a_clause_that_two_files_tell_of_is_caught(tmp_path: Path) -> None:
    files = [made.module(name, UNTESTABLE={"KEA-TRI-001": "why"}) for name in ("one", "two")]
    seen = problems(read(files), made.clauses(tmp_path / "x"), {})
    assert seen == ("KEA-TRI-001: two files of checks tell why it has no check",)


def test_a_link_is_confirmed_and_stale_once_the_words_change(tmp_path: Path) -> None:
    known = read([made.module("trial", check_one=check("KEA-TRI-001"))])
    before = made.clauses(tmp_path / "x", entry("KEA-TRI-001"))
    after = made.clauses(tmp_path / "y", entry("KEA-TRI-001", statement="It is otherwise."))
    links = read_links(as_lines(known, before))
    assert problems(known, before, links) == ()
    assert problems(known, after, links) == (
        "trial/one: stale, the statement of KEA-TRI-001 has changed since somebody found that it judges it",
    )
    assert problems(known, before, {}) == ("trial/one: nobody has confirmed yet that it judges KEA-TRI-001",)
    gone = {**links, ("KEA-TRI-002", "trial/one"): "00000000"}
    assert "does not judge KEA-TRI-002 any more" in problems(known, before, gone)[0]


def test_what_has_no_class_is_told_by_area(tmp_path: Path) -> None:
    known = read([made.module("trial", check_one=check("KEA-TRI-001"), UNTESTABLE={"KEA-TRI-002": "why"})])
    assert unclassified(known, made.clauses(tmp_path / "x")) == {"trial": ("KEA-TRI-003", "KEA-TRI-004")}


def test_the_parameter_of_a_check_says_who_is_judged() -> None:
    def of_server(server: Any) -> None: ...

    def of_nobody(thing: Any) -> None: ...

    assert judge_of(good) is Judge.AGENT
    assert judge_of(of_server) is Judge.SERVER
    with pytest.raises(TypeError, match="`agent` or `server`"):
        judge_of(of_nobody)


def test_what_a_file_needs_is_needed_by_its_checks_of_agents_alone() -> None:
    def check_server(server: Any) -> str:
        return "a value"

    known = read(
        [made.module("a_part", NEEDS=("ioc",), check_one=check("KEA-TRI-001"), check_two=clause("X")(check_server))]
    )
    assert [(one.id, one.needs, one.observes) for one in known.checks] == [
        ("a-part/one", ("ioc",), False),
        ("a-part/two", (), True),
    ]
    assert known.judged == {"KEA-TRI-001"}
