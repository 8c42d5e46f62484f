"""JUnit XML of one command: a suite for each run, a case for each expectation, counts that any reader finds again."""

import io
from collections.abc import Sequence
from typing import Final

from junitparser import Error, Failure, JUnitXml, Properties, Property, Skipped, SystemOut, TestCase, TestSuite

from reports import words
from reports.manifest import Expectation
from reports.summary import Broken, Summary

RUN: Final = "the run"
"""The case of what concerns no single expectation: a run that broke, or one that judged nothing."""
MESSAGE_MAX: Final = 500
"""Characters of the message in an attribute; the text has all of it."""

_NO_CHARACTERS: Final = str.maketrans(dict.fromkeys(("\ufffe", "\uffff"), "\N{REPLACEMENT CHARACTER}"))
"""What XML 1.0 forbids beyond the unseen characters of `words.printable`."""


def render(runs: Sequence[Summary | Broken]) -> bytes:
    """The runs in their order as one XML file.

    A failed expectation is a failure, one that could not be decided an error; one that only warns passes and says why
    in its output. Clause and place are properties of the case, the reproduction line is one of the suite.
    """
    document = JUnitXml("seatrial")
    for run in runs:
        # `append`, not `add_testsuite`: that one looks through all suites before, to merge those that look alike.
        document.append(_broken(run) if isinstance(run, Broken) else _suite(run))
    document.update_statistics()
    total_s = 0.0
    for suite, run in zip(document, runs, strict=True):
        wall_s = 0.0 if isinstance(run, Broken) else run.manifest.wall_s
        total_s += wall_s
        suite.time = round(wall_s, 3)
    document.time = round(total_s, 3)
    content = io.BytesIO()
    document.write(content)
    return content.getvalue()


def _suite(summary: Summary) -> TestSuite:
    manifest = summary.manifest
    suite = TestSuite(_text(manifest.scenario.name))
    suite.append(
        _properties(
            {
                "reproduce": manifest.command,
                "scenario.file": manifest.scenario.file,
                "scenario.sha256": manifest.scenario.sha256,
                "seed": str(manifest.seed),
                "devices": str(manifest.devices),
                "seatrial.version": manifest.version,
                "verdict": summary.verdict,
                "digest": manifest.digest or "",
                "out": str(summary.out),
            }
        )
    )
    cases = [_case(one, manifest.scenario.name, manifest.command) for one in manifest.expectations]
    if manifest.status not in ("finished", "cut-short") or summary.verdict == "error":
        case = _new_case(RUN, manifest.scenario.name)
        sentence = f"{summary.banner.word}: {summary.banner.sentence}"
        case.append(_result(Error, sentence, "error", [sentence, f"again: {manifest.command}"]))
        cases.append(case)
    elif summary.verdict == "unjudged":
        case = _new_case(RUN, manifest.scenario.name)
        case.append(Skipped(f"{summary.banner.word}: {summary.banner.sentence}"))
        cases.append(case)
    suite.extend(cases)
    notes = [*manifest.warnings, *(f"this folder: {problem}" for problem in summary.problems)]
    if notes:
        suite.append(SystemOut(_lines(notes)))
    return suite


def _broken(run: Broken) -> TestSuite:
    suite = TestSuite(_text(run.scenario))
    suite.append(_properties({"reproduce": run.command}))
    case = _new_case(RUN, run.scenario)
    case.append(_result(Error, run.error, "error", [run.error, f"again: {run.command}"]))
    suite.append(case)
    return suite


def _case(one: Expectation, scenario: str, command: str) -> TestCase:
    case = _new_case(one.name, scenario)
    told = {"clause": one.clause, "place": one.place, "verdict": one.verdict}
    case.append(_properties({name: value for name, value in told.items() if value}))
    if one.verdict == "pass":
        return case
    sentence = f"seen {words.scalar(one.seen)}, expected {words.scalar(one.expected)}"
    lines = [sentence, *(f"counter-example: {example.sentence}" for example in one.counter_examples)]
    lines += [f"{name}: {value}" for name, value in (("clause", one.clause), ("place", one.place)) if value]
    lines.append(f"again: {command}")
    if one.verdict == "warn":
        case.append(SystemOut(_lines([f"warning: {lines[0]}", *lines[1:]])))
    elif one.verdict == "fail":
        case.append(_result(Failure, sentence, one.clause or "expectation", lines))
    else:
        case.append(_result(Error, f"{one.verdict}: {sentence}", one.verdict, lines))
    return case


def _new_case(name: str, scenario: str) -> TestCase:
    return TestCase(name=_text(name), classname=_text(scenario))


def _result(kind: type[Failure] | type[Error], message: str, type_: str, lines: Sequence[str]) -> Failure | Error:
    result = kind(words.clipped(_text(message), MESSAGE_MAX), _text(type_))
    result.text = _lines(lines)
    return result


def _properties(values: dict[str, str]) -> Properties:
    properties = Properties()
    for name, value in values.items():
        properties.add_property(Property(name, _text(value)))
    return properties


def _text(text: str) -> str:
    return words.printable(text).translate(_NO_CHARACTERS)


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(_text(line) for line in lines)
