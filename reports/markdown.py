"""The summary in Markdown, for the page that a CI system shows beside a build."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from reports import words
from reports.manifest import Expectation
from reports.summary import Broken, Summary

CELL_MAX: Final = 200
"""Characters of a text in a cell."""
ROWS_MAX: Final = 200
"""Expectations of one run that get a row; those that did not pass come first. CI systems refuse long summaries."""

_ENTITIES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKS: Final = re.compile(r"([\\`*_\[\]#|~$]|:(?=//))")


def text(value: str, letters_max: int = CELL_MAX) -> str:
    """`value` as plain words in Markdown, in a cell too: nothing in it is a mark, an element or a link."""
    shown = words.clipped(words.printable(value), letters_max).strip().translate(_ENTITIES)
    return _MARKS.sub(r"\\\1", shown)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[int] = frozenset()) -> list[str]:
    """The lines of a table. Heads and cells are Markdown already; the columns in `right` hold numbers."""
    rule = ("---:" if index in right else "---" for index in range(len(heads)))
    return [_row(heads), _row(tuple(rule)), *(_row(row) for row in rows)]


def block(value: str) -> list[str]:
    """`value` on one line, as code that can be copied whatever is in it."""
    shown = words.printable(value)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return [fence, shown, fence]


def render(runs: Sequence[Summary | Broken]) -> str:
    """A table of the runs, then for each run its expectations and, where it did not pass, how to run it again."""
    rows = [_broken_row(run) if isinstance(run, Broken) else _run_row(run) for run in runs]
    lines = ["## Seatrial", ""]
    lines += table(("Run", "Verdict", "Expectations", "Devices", "Simulated", "Took"), rows, right=frozenset((3, 4, 5)))
    for run in runs:
        lines += _broken(run) if isinstance(run, Broken) else _run(run)
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _run_row(summary: Summary) -> tuple[str, ...]:
    manifest = summary.manifest
    counted = {
        verdict: sum(one.verdict == verdict for one in manifest.expectations)
        for verdict in ("fail", "invalid", "unknown", "warn", "pass")
    }
    told = ", ".join(f"{number} {verdict}" for verdict, number in counted.items() if number)
    took = words.seconds(manifest.wall_s) if manifest.wall_s else "–"
    return (
        text(manifest.scenario.name),
        f"**{summary.banner.word}**",
        told or "none",
        words.count(manifest.devices),
        words.span(summary.reached_ms),
        took,
    )


def _broken_row(run: Broken) -> tuple[str, ...]:
    return text(run.scenario), f"**{run.word}**", "none", "–", "–", "–"


def _run(summary: Summary) -> list[str]:
    manifest = summary.manifest
    lines = ["", f"### {text(manifest.scenario.name)}", ""]
    lines += [f"**{summary.banner.word}**: {text(summary.banner.sentence, 1000)}", ""]
    ranked = sorted(manifest.expectations, key=lambda one: one.verdict == "pass")
    if ranked:
        heads = ("Verdict", "Expectation", "Clause", "Seen", "Expected", "First counter-example")
        lines += table(heads, map(_expectation, ranked[:ROWS_MAX]))
        if len(ranked) > ROWS_MAX:
            lines += ["", f"and {words.count(len(ranked) - ROWS_MAX, 'expectation')} more"]
    for title, notes in (("Warning", manifest.warnings), ("This folder", summary.problems)):
        lines += [line for note in notes for line in ("", f"{title}: {text(note, 1000)}")]
    if summary.banner.tone != "good" and manifest.command:
        lines += ["", *block(manifest.command)]
    return lines


def _broken(run: Broken) -> list[str]:
    return ["", f"### {text(run.scenario)}", "", f"**{run.word}**: {text(run.error, 1000)}", "", *block(run.command)]


def _expectation(one: Expectation) -> tuple[str, ...]:
    return (
        one.verdict if one.verdict == "pass" else f"**{one.verdict}**",
        text(one.name),
        text(one.clause or ""),
        text(words.scalar(one.seen)),
        text(words.scalar(one.expected)),
        text(one.counter_examples[0].sentence) if one.counter_examples else "",
    )
