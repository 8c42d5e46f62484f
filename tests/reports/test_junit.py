"""JUnit XML: valid against a schema, the same counts for a second reader, and no text that breaks it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from reports import junit
from reports.folder import RunFolder
from reports.manifest import CounterExample, Expectation
from reports.summary import Broken, Summary, summarise

Changed = Callable[[Callable[[dict[str, Any]], None]], Path]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "junit.xsd"))


@pytest.fixture(scope="module")
def summary(written: Path) -> Summary:
    return summarise(RunFolder.open(written))


def with_expectations(summary: Summary, expectations: list[dict[str, Any]], **changes: Any) -> Summary:
    manifest = summary.manifest.model_copy(
        update={"expectations": tuple(Expectation.model_validate(one, strict=False) for one in expectations), **changes}
    )
    return Summary(
        manifest=manifest,
        **{name: getattr(summary, name) for name in Summary.__dataclass_fields__ if name != "manifest"},
    )


def parsed(content: bytes) -> ElementTree.Element:
    """The document in another library than the one that wrote it, after the schema found it valid."""
    SCHEMA.assertValid(etree.fromstring(content))
    return ElementTree.fromstring(content)


def counts(element: ElementTree.Element) -> dict[str, int]:
    return {name: int(element.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}


def found(element: ElementTree.Element) -> dict[str, int]:
    return {
        "tests": len(element.findall(".//testcase")),
        "failures": len(element.findall(".//testcase/failure")),
        "errors": len(element.findall(".//testcase/error")),
        "skipped": len(element.findall(".//testcase/skipped")),
    }


def properties(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.attrib["value"] for one in element.findall("./properties/property")}


def test_the_schema_refuses_what_no_reader_takes() -> None:
    right = (
        b'<testsuites name="s" tests="1" failures="0" errors="0" skipped="0" time="0">'
        b'<testsuite name="s" tests="1" failures="0" errors="0" skipped="0" time="0">'
        b'<testcase name="n" classname="c"/></testsuite></testsuites>'
    )
    assert SCHEMA.validate(etree.fromstring(right))
    for wrong in (b'tests="-1"', b'tests="many"', b""):
        assert not SCHEMA.validate(etree.fromstring(right.replace(b'tests="1"', wrong, 1)))
    both = b"<testcase name='n' classname='c'><failure/><error/></testcase>"
    assert not SCHEMA.validate(etree.fromstring(right.replace(b'<testcase name="n" classname="c"/>', both)))


def test_suites_are_scenarios_and_cases_are_expectations(summary: Summary) -> None:
    root = parsed(junit.render([summary]))
    (suite,) = root
    assert suite.attrib["name"] == "central-node-outage"
    assert [case.attrib["name"] for case in suite.iter("testcase")] == [
        one.name for one in summary.manifest.expectations
    ]
    assert {case.attrib["classname"] for case in suite.iter("testcase")} == {"central-node-outage"}
    assert counts(suite) == found(suite) == {"tests": 4, "failures": 1, "errors": 1, "skipped": 0}
    assert counts(root) == counts(suite)
    assert float(suite.attrib["time"]) == float(root.attrib["time"]) == 14.2


def test_a_suite_tells_how_to_run_it_again(summary: Summary) -> None:
    (suite,) = parsed(junit.render([summary]))
    assert properties(suite)["reproduce"] == "seatrial run trials/outage.yaml --seed 7 --devices 480"
    assert properties(suite)["verdict"] == "fail"
    assert properties(suite)["seed"] == "7"


def test_a_failure_has_every_counter_example_the_clause_and_the_place(summary: Summary) -> None:
    failed = {
        "name": "n",
        "clause": "KEA-TEL-008",
        "verdict": "fail",
        "seen": 3,
        "expected": 0,
        "place": "a.yaml:3:5",
        "counter_examples": [{"device": f"pc-{index}", "seen": 1, "at_ms": 1000 * index} for index in range(10)],
    }
    (suite,) = parsed(junit.render([with_expectations(summary, [failed])]))
    (case,) = suite.iter("testcase")
    assert properties(case) == {"clause": "KEA-TEL-008", "place": "a.yaml:3:5", "verdict": "fail"}
    (failure,) = case.iter("failure")
    assert failure.attrib == {"message": "seen 3, expected 0", "type": "KEA-TEL-008"}
    lines = (failure.text or "").splitlines()
    assert lines[0] == "seen 3, expected 0"
    assert lines[1:11] == [f"counter-example: pc-{index} at 0:00:0{index}, seen 1, permitted –" for index in range(10)]
    assert lines[11:] == [
        "clause: KEA-TEL-008",
        "place: a.yaml:3:5",
        "again: seatrial run trials/outage.yaml --seed 7 --devices 480",
    ]


@pytest.mark.parametrize(
    ("verdict", "child"),
    [("pass", None), ("fail", "failure"), ("unknown", "error"), ("invalid", "error"), ("warn", "system-out")],
)
def test_each_verdict_has_its_element(summary: Summary, verdict: str, child: str | None) -> None:
    (suite,) = parsed(junit.render([with_expectations(summary, [{"name": "n", "verdict": verdict}])]))
    (case,) = suite.iter("testcase")
    assert [one.tag for one in case if one.tag != "properties"] == ([child] if child else [])
    assert properties(case)["verdict"] == verdict


def test_a_run_that_did_not_finish_is_an_error_beside_its_expectations(summary: Summary) -> None:
    run = with_expectations(summary, [{"name": "n", "verdict": "pass"}], status="interrupted")
    (suite,) = parsed(junit.render([run]))
    assert counts(suite) == {"tests": 2, "failures": 0, "errors": 1, "skipped": 0}
    assert [case.attrib["name"] for case in suite.iter("testcase")] == ["n", junit.RUN]


def test_a_run_without_expectations_is_skipped_not_passed(summary: Summary) -> None:
    (suite,) = parsed(junit.render([with_expectations(summary, [], verdict="pass")]))
    assert counts(suite) == {"tests": 1, "failures": 0, "errors": 0, "skipped": 1}


def test_a_run_without_a_folder_is_an_error_of_its_own_suite(summary: Summary) -> None:
    root = parsed(junit.render([summary, Broken("other", "a.yaml: wrong; write it right", "seatrial run a.yaml", 2)]))
    assert [suite.attrib["name"] for suite in root] == ["central-node-outage", "other"]
    assert counts(root) == found(root) == {"tests": 5, "failures": 1, "errors": 2, "skipped": 0}
    assert "seatrial run a.yaml" in (root[1].findall("testcase/error")[0].text or "")


def test_runs_with_the_same_name_stay_apart(summary: Summary) -> None:
    root = parsed(junit.render([summary, summary]))
    assert len(root) == 2
    assert counts(root) == found(root)


def test_hostile_names_are_text(written_evil: Path) -> None:
    root = parsed(junit.render([summarise(RunFolder.open(written_evil))]))
    (suite,) = root
    assert suite.attrib["name"].startswith("<script>window.broken=1</script>")
    names = [case.attrib["name"] for case in suite.iter("testcase")]
    assert "[red]exp[/red] <u>\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m" in names
    assert not list(root.iter("script"))


@given(st.text(st.characters(exclude_categories=()), max_size=30))
def test_no_character_breaks_the_file(text: str) -> None:
    run = Broken(text, text, text, 3)
    (suite,) = parsed(junit.render([run]))
    assert counts(suite)["errors"] == 1


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_no_character_of_an_expectation_breaks_the_file(summary: Summary, name: str, seen: str) -> None:
    example = CounterExample(device=name, seen=seen).model_dump()
    (suite,) = parsed(
        junit.render(
            [
                with_expectations(
                    summary,
                    [
                        {"name": name, "verdict": verdict, "seen": seen, "counter_examples": [example]}
                        for verdict in ("fail", "warn", "unknown")
                    ],
                )
            ]
        )
    )
    assert counts(suite)["tests"] == 3


def test_ten_thousand_cases_are_written_in_seconds_and_counted_right(summary: Summary) -> None:
    verdicts = ("pass", "fail", "warn", "unknown")
    many = [{"name": f"case {index}", "verdict": verdicts[index % 4]} for index in range(10_000)]
    run = with_expectations(summary, many)
    began = time.perf_counter()
    content = junit.render([run])
    assert time.perf_counter() - began < 10
    root = parsed(content)
    assert counts(root) == found(root) == {"tests": 10_000, "failures": 2500, "errors": 2500, "skipped": 0}


def test_warnings_and_problems_are_in_the_output_of_the_suite(changed: Changed) -> None:
    run = summarise(RunFolder.open(changed(lambda manifest: manifest["telemetry"]["kics"].update(expired=10**6))))
    (suite,) = parsed(junit.render([run]))
    (output,) = suite.findall("system-out")
    assert "no duplicates kept: the backend" in (output.text or "")
    assert "this folder: the books of kics do not balance" in (output.text or "")
