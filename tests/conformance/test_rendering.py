"""JSON, JUnit, Markdown and HTML tell the same counts of one session."""

import io
import json
import re

import pytest
from junitparser import JUnitXml

from conformance import rendering
from conformance.catalogue import catalogue
from conformance.registry import Judge
from conformance.session import Session
from conformance.verdicts import Result, Verdict, counted

RESULTS = tuple(
    Result(f"telemetry/{verdict}", ("KEA-TEL-008",), verdict, f"because <of> {verdict} \x00 | that")
    for verdict in Verdict
)
SESSION = Session(Judge.AGENT, "my:Agent", tuple(one.check for one in RESULTS), RESULTS, ("a notice",))
AGAIN = {one.check: f"seatrial conform --requirement {one.check}" for one in RESULTS}


def test_counts_are_the_same_everywhere() -> None:
    counts = counted(RESULTS)
    document = rendering.as_json(SESSION)
    assert document["verdicts"] == counts
    assert [check["id"] for check in document["checks"]] == [one.check for one in RESULTS]
    assert json.loads(rendering.as_text(document)) == document
    (suite,) = JUnitXml.fromfile(io.BytesIO(rendering.as_junit(SESSION, AGAIN)))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (len(RESULTS), 4, 1, 2)
    markdown = rendering.as_markdown(SESSION, AGAIN)
    for verdict, count in counts.items():
        assert f"| {verdict} | {count} |" in markdown
    page = rendering.as_html(SESSION, catalogue(), AGAIN)
    for verdict, count in counts.items():
        assert f"<th>{verdict}</th>" in page
        assert len(re.findall(f'<span class="{verdict}">', page)) == count


def test_the_document_has_the_keys_that_scripts_count_on() -> None:
    document = rendering.as_json(SESSION)
    assert {"judge", "verdicts", "checks"} <= set(document)
    assert document["judge"] == "agent"
    assert set(document["checks"][0]) == {"id", "clauses", "verdict", "reason"}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_junit_tells_each_verdict_with_its_clause_and_line(verdict: Verdict) -> None:
    text = rendering.as_junit(SESSION, AGAIN).decode()
    assert f'name="telemetry/{verdict}"' in text
    assert f"seatrial conform --requirement telemetry/{verdict}" in text
    assert "KEA-TEL-008" in text
    assert "\x00" not in text
    JUnitXml.fromfile(io.BytesIO(text.encode()))


def test_foreign_text_is_no_markup() -> None:
    page = rendering.as_html(SESSION, catalogue(), AGAIN)
    assert "because &lt;of&gt; fail" in page
    assert "\\| that" in rendering.as_markdown(SESSION, AGAIN)
