"""What a session is told as: JSON, JUnit XML, Markdown and one page of HTML, all from the same results."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, SystemOut, TestCase, TestSuite

from conformance.catalogue import Catalogue
from conformance.session import Session
from conformance.verdicts import Result, Verdict, counted

TEMPLATES: Final = Path(__file__).with_name("templates")
FAILURES: Final = (Verdict.FAIL, Verdict.STALE_WAIVER, Verdict.BLOCKED, Verdict.UNKNOWN)
SKIPPED: Final = (Verdict.NOT_APPLICABLE, Verdict.WAIVED)


def as_json(session: Session) -> dict[str, Any]:
    """The document of `--format json`."""
    return {
        "judge": str(session.judge),
        "subject": session.subject,
        "conclusion": session.conclusion.word,
        "verdicts": counted(session.results),
        "checks": [
            {
                "id": result.check,
                "clauses": list(result.clauses),
                "verdict": str(result.verdict),
                "reason": result.reason,
            }
            for result in session.results
        ],
        "notices": list(session.notices),
    }


def as_junit(session: Session, reproduce: Mapping[str, str]) -> bytes:
    """JUnit XML: a suite for the session, a case for each check; `reproduce` has the line that repeats each check."""
    suite = TestSuite(f"seatrial conform: {session.judge} {session.subject}")
    properties = {"judge": str(session.judge), "subject": session.subject, "conclusion": session.conclusion.sentence}
    suite.append(_properties(properties))
    suite.extend([_case(result, reproduce.get(result.check, "")) for result in session.results])
    document = JUnitXml("seatrial")
    document.append(suite)
    document.update_statistics()
    content = io.BytesIO()
    document.write(content)
    return content.getvalue()


def _case(result: Result, command: str) -> TestCase:
    area, _, _ = result.check.partition("/")
    case = TestCase(name=result.check, classname=area)
    told = {"clauses": " ".join(result.clauses), "verdict": str(result.verdict), "reproduce": command}
    case.append(_properties(told))
    reason = _printable(result.reason)
    if result.verdict in FAILURES or result.verdict is Verdict.HARNESS_ERROR:
        kind = Error if result.verdict is Verdict.HARNESS_ERROR else Failure
        entry = kind(reason[:500], str(result.verdict))
        entry.text = _printable("\n".join(filter(None, [result.reason, result.detail, f"again: {command}"])))
        case.append(entry)
    elif result.verdict in SKIPPED:
        case.append(Skipped(f"{result.verdict}: {reason}"[:500]))
    elif result.verdict is Verdict.OBSERVED:
        case.append(SystemOut(f"observed: {reason}"))
    return case


def _properties(values: Mapping[str, str]) -> Properties:
    properties = Properties()
    for name, value in values.items():
        properties.add_property(Property(name, _printable(value)))
    return properties


def _printable(text: str) -> str:
    """A text without what XML cannot hold."""
    return "".join(character if character.isprintable() or character in "\n\t" else "?" for character in text)


def as_markdown(session: Session, reproduce: Mapping[str, str]) -> str:
    """A summary for a page of a CI job: the verdict, the counts, and everything that did not simply pass."""
    conclusion = session.conclusion
    lines = [f"## {conclusion.word}: {session.judge} `{session.subject}`", "", conclusion.sentence, ""]
    lines += ["| verdict | checks |", "|---|---|"]
    lines += [f"| {verdict} | {count} |" for verdict, count in counted(session.results).items()]
    told = [result for result in session.results if result.verdict is not Verdict.PASS]
    if told:
        lines += ["", "| check | clauses | verdict | reason |", "|---|---|---|---|"]
        lines += [f"| `{one.check}` | {', '.join(one.clauses)} | {one.verdict} | {_cell(one.reason)} |" for one in told]
    failed = [result.check for result in told if result.verdict in FAILURES and result.check in reproduce]
    if failed:
        lines += ["", "Again:", "", *(f"    {reproduce[check]}" for check in failed)]
    if session.notices:
        lines += ["", *(f"- {notice}" for notice in session.notices)]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def as_html(session: Session, catalogue: Catalogue, reproduce: Mapping[str, str]) -> str:
    """One page: the clauses of the session with what judged them, to be filtered."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    named = {clause for result in session.results for clause in result.clauses if clause in catalogue}
    rows = [
        (item, [result for result in session.results if item.id in result.clauses])
        for item in catalogue
        if item.id in named
    ]
    return environment.get_template("conform.html.j2").render(
        session=session,
        conclusion=session.conclusion,
        counts=counted(session.results),
        rows=rows,
        reproduce=reproduce,
    )


def as_text(document: Mapping[str, Any]) -> str:
    """One JSON document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
