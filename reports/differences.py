"""The differences between runs as they are told: 80 columns for people, Markdown for a review, JSON for scripts."""

import json
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports import markdown, words
from reports.baseline import Value
from reports.comparison import ComparedRun, Comparison, Row, Status
from reports.tolerances import Unit

ROWS_MAX: Final = 100
"""Figures of one run that are told one by one, the findings first; the JSON document has them all."""
VALUE_MAX: Final = 17
"""Characters of a text among the figures."""
CHANGE_PERMILLE_MAX: Final = 1_000_000
"""A larger change is told as larger than this: its digits say nothing more."""
TOLD: Final = (Status.WORSE, Status.DIFFERS, Status.WARN, Status.NEW, Status.BETTER)
STYLES: Final = {
    Status.WORSE: "bold red",
    Status.DIFFERS: "bold red",
    Status.WARN: "yellow",
    Status.NEW: "",
    Status.BETTER: "green",
}


def show(console: Console, comparison: Comparison) -> None:
    """Prints the figures that differ, run by run, and in the end whether something is a finding."""
    base, head = words.printable(comparison.base), words.printable(comparison.head)
    parts: list[RenderableType] = [Text(f"base  {base}\nhead  {head}")]
    for run in comparison.runs:
        parts += [Text(f"\n{words.printable(run.name)}", style="bold"), Padding(_run(run), (0, 0, 0, 2))]
    parts += [Text(f"\n{line}") for line in _other_runs(comparison)]
    word, sentence = _banner(comparison)
    style = "bold red" if comparison.findings else "bold yellow" if comparison.warnings else "bold green"
    parts.append(Text.assemble("\n", (word, style), f"  {sentence}"))
    console.print(Group(*parts), highlight=False)


def to_markdown(comparison: Comparison) -> str:
    """The same as a page for a merge request."""
    word, sentence = _banner(comparison)
    base, head = markdown.text(comparison.base), markdown.text(comparison.head)
    lines = ["## Seatrial: comparison", "", f"**{word}**: {sentence}", "", f"Base {base}, head {head}."]
    for run in comparison.runs:
        lines += ["", f"### {markdown.text(run.name)}", ""]
        lines += [line for note in run.notes for line in (f"Not alike: {markdown.text(note)}", "")]
        rows = _told(run)
        if rows:
            cells = ([f"**{row.status}**", *(markdown.text(cell) for cell in _cells(row))] for row in rows[:ROWS_MAX])
            heads = ("", "Figure", "Base", "Head", "Change")
            lines += [*markdown.table(heads, cells, right=frozenset({2, 3, 4})), ""]
        lines.append(_rest(run, rows))
    for line in _other_runs(comparison):
        lines += ["", markdown.text(line)]
    return "\n".join(lines) + "\n"


def to_json(comparison: Comparison) -> str:
    """Every figure, as one JSON document in ASCII with a line feed at its end."""
    return json.dumps(document(comparison), indent=2) + "\n"


def document(comparison: Comparison) -> dict[str, Any]:
    """What `to_json` writes; keys are a contract. Latencies are in µs, wall time is in ms."""
    return {
        "base": comparison.base,
        "head": comparison.head,
        "findings": comparison.findings,
        "warnings": comparison.warnings,
        "missing": list(comparison.missing),
        "new": list(comparison.new),
        "runs": [
            {
                "name": run.name,
                "notes": list(run.notes),
                "figures": [
                    {
                        "figure": str(row.key),
                        "unit": str(row.key.unit),
                        "base": row.base,
                        "head": row.head,
                        "status": str(row.status),
                    }
                    for row in run.rows
                ],
            }
            for run in comparison.runs
        ],
    }


def _banner(comparison: Comparison) -> tuple[str, str]:
    runs = words.count(len(comparison.runs), "run")
    warned = f"; {words.count(comparison.warnings, 'warning')}" if comparison.warnings else ""
    if comparison.findings:
        return "WORSE", f"{words.count(comparison.findings, 'finding')} in {runs} compared{warned}"
    if comparison.warnings:
        return "SAME", f"no finding in {runs} compared{warned}"
    return "SAME", f"no finding in {runs} compared"


def _run(run: ComparedRun) -> RenderableType:
    parts: list[RenderableType] = [Text(f"not alike: {words.printable(note)}") for note in run.notes]
    told = _told(run)
    shown = frozenset(told[:ROWS_MAX])
    groups: dict[str, list[Row]] = {}
    for row in run.rows:
        if row in shown:
            groups.setdefault(row.key.group, []).append(row)
    for group, rows in groups.items():
        parts += [Text(words.printable(group)), Padding(_table(rows), (0, 0, 0, 2))]
    return Group(*parts, Text(_rest(run, told)))


def _table(rows: Sequence[Row]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for row in rows:
        _, base, head, change = _cells(row)
        word = Text(str(row.status).upper(), style=STYLES[row.status])
        values = (Text(cell, justify="right", overflow="fold") for cell in (base, "→", head, change))
        table.add_row(word, Text(words.printable(row.key.last), overflow="fold"), *values)
    return table


def _told(run: ComparedRun) -> list[Row]:
    return [row for status in TOLD for row in run.having(status)]


def _rest(run: ComparedRun, told: Sequence[Row]) -> str:
    same, within = len(run.having(Status.SAME)), len(run.having(Status.WITHIN))
    text = f"{words.count(same, 'figure')} the same"
    if within:
        text += f", {words.count(within)} within tolerance"
    return text if len(told) <= ROWS_MAX else f"{text}, {words.count(len(told) - ROWS_MAX)} more that differ"


def _other_runs(comparison: Comparison) -> list[str]:
    lines = [f"MISSING  {words.printable(name)} is in the base only" for name in comparison.missing]
    return lines + [f"NEW      {words.printable(name)} is in the head only" for name in comparison.new]


def _cells(row: Row) -> tuple[str, str, str, str]:
    unit = row.key.unit
    return words.printable(str(row.key)), _value(row.base, unit), _value(row.head, unit), _change(row)


def _value(value: Value, unit: Unit) -> str:
    if not isinstance(value, int):
        return words.clipped(words.scalar(value), VALUE_MAX)
    if unit is Unit.US:
        return words.latency(value)
    if unit is Unit.MS:
        return words.seconds(value / 1000)
    return f"{value:,} B" if unit is Unit.BYTES else f"{value:,}"


def _change(row: Row) -> str:
    if not isinstance(row.base, int) or not isinstance(row.head, int):
        return ""
    difference = row.head - row.base
    if row.base == 0:
        return f"{difference:+,}" if row.key.unit in (Unit.COUNT, Unit.BYTES) else "new"
    permille = (abs(difference) * 1000 + row.base // 2) // row.base
    sign = "+" if difference > 0 else "-"
    if permille >= CHANGE_PERMILLE_MAX:
        return f"{sign}>{CHANGE_PERMILLE_MAX // 10:,} %"
    return f"{sign}{permille // 10:,}.{permille % 10} %" if permille else f"{sign}<0.1 %"
