"""The summary on the console: 80 columns, as clear without colour as with it."""

import shlex
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from reports import words
from reports.manifest import Expectation
from reports.summary import Books, Load, Summary, Tone
from scenarios.tables import TERMS

TARGETS_WIDE: Final = 2
SERVERS_WIDE: Final = 3
"""Targets, and servers, side by side: what 80 columns hold with numbers of 18 digits."""
NAME_MAX: Final = 18
"""Characters of a name at the head of a column."""
LINES_MAX: Final = 10
"""Warnings, or problems, that are told one by one; the report has them all."""
TONES: Final[dict[Tone, str]] = {"good": "bold green", "bad": "bold red", "caution": "bold yellow"}
VERDICTS: Final = {"pass": "green", "fail": "bold red", "warn": "yellow", "unknown": "yellow", "invalid": "yellow"}


def show(console: Console, summary: Summary) -> None:
    """Prints the summary; the command that reproduces the run stays on one line, so that it can be copied."""
    console.print(render(summary), crop=False, highlight=False)


def render(summary: Summary) -> RenderableType:
    """What ran, what became of the telemetry, the servers' load, the expectations, the verdict, and where to look."""
    manifest = summary.manifest
    parts: list[RenderableType] = [_ran(summary)]
    for first in range(0, len(summary.books), TARGETS_WIDE):
        parts += _section("Telemetry, events", _books(summary.books[first : first + TARGETS_WIDE]))
    by_kind = tuple(load for load in summary.servers if load.kind)
    for title, loads in (("Servers", summary.totals), ("Servers, by kind of request", by_kind)):
        for first in range(0, len(loads), SERVERS_WIDE):
            parts += _section(title, _servers(loads[first : first + SERVERS_WIDE], manifest.interval_ms))
    if manifest.expectations:
        parts += _section("Expectations", _expectations(manifest.expectations))
    for title, lines in (("Warnings", manifest.warnings), ("Problems of this run folder", summary.problems)):
        if lines:
            parts += _section(title, _list(lines))
    return Group(*parts, Text(), *_end(summary))


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding(content, (0, 0, 0, 2))]


def _ran(summary: Summary) -> RenderableType:
    manifest = summary.manifest
    text = Text.assemble(
        (words.printable(manifest.scenario.name), "bold"),
        f"\n{words.count(manifest.devices, 'device')}, {words.span(summary.reached_ms)} simulated"
        f"{f' in {words.seconds(manifest.wall_s)}' if manifest.wall_s else ''}"
        f"\nseed {manifest.seed}, {words.count(manifest.workers, 'worker')},"
        f" starts at {words.moment(manifest.start, 0)} {words.zone(manifest.start)}",
    )
    if summary.queues is not None:
        longest = summary.queues.outliers[0]
        text.append(
            f"\nlongest queue {words.count(longest.queued_max, 'event')},"
            f" {words.printable(longest.device)} at {words.span(longest.queued_max_at_ms)}"
        )
    return text


def _columns(rows: Sequence[tuple[str, ...]], heads: Sequence[str], *, cells: int) -> Table:
    """A table with a head over the first of each item's `cells` columns."""
    columns = [Column(Text(""), no_wrap=True)]
    for head in heads:
        name = words.clipped(words.printable(head), NAME_MAX)
        columns.append(Column(Text(name), justify="right", no_wrap=True))
        columns += [Column(Text(""), justify="right", no_wrap=True) for _ in range(cells - 1)]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def _books(books: Sequence[Books]) -> Table:
    rows = []
    for term in TERMS:
        cells = [(f"{book.terms[term]:,}", words.share(book.terms[term], book.terms["generated"])) for book in books]
        rows.append((words.term(term), *(text for pair in cells for text in pair)))
    balances = [("holds" if not book.difference else f"off by {book.difference:,}", "") for book in books]
    rows.append(("balance", *(text for pair in balances for text in pair)))
    if any(book.suppressed for book in books):
        rows.append(("suppressed, beside it", *(text for book in books for text in (f"{book.suppressed:,}", ""))))
    return _columns(rows, [book.target for book in books], cells=2)


def _servers(loads: Sequence[Load], interval_ms: int) -> Table:
    def latency(us: int | None) -> str:
        return "–" if us is None else words.latency(us)

    rows = [
        ("", *(words.printable(load.kind or (load.port if load.port != load.server else "")) for load in loads)),
        ("requests", *(f"{load.requests:,}" for load in loads)),
        ("refused", *(f"{load.refused:,}" for load in loads)),
        ("timed out", *(f"{load.timed_out:,}" for load in loads)),
        ("unreachable", *(f"{load.unreachable:,}" for load in loads)),
        (f"peak in {words.interval(interval_ms)}", *(f"{load.peak_requests:,}" for load in loads)),
        ("at", *(words.span(load.peak_at_ms) for load in loads)),
        ("bytes on the wire", *(words.size(load.bytes_wire) for load in loads)),
        ("latency p50", *(latency(load.p50_us) for load in loads)),
        ("latency p99", *(latency(load.p99_us) for load in loads)),
    ]
    return _columns(rows, [load.server for load in loads], cells=1)


def _expectations(expectations: Sequence[Expectation]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for one in expectations:
        lines = [
            words.printable(one.name),
            f"seen {words.scalar(one.seen)}, expected {words.scalar(one.expected)}",
        ]
        if one.verdict == "fail":
            if one.counter_examples:
                lines.append(f"first: {one.counter_examples[0].sentence}")
            if one.place:
                lines.append(words.printable(one.place))
        table.add_row(
            Text(one.verdict.upper(), style=VERDICTS[one.verdict]),
            Text(words.printable(one.clause or "")),
            Text("\n".join(lines)),
        )
    return table


def _list(lines: Sequence[str]) -> Text:
    told = [words.printable(line) for line in lines[:LINES_MAX]]
    if len(lines) > LINES_MAX:
        told.append(f"and {len(lines) - LINES_MAX:,} more")
    return Text("\n".join(told))


def _end(summary: Summary) -> list[RenderableType]:
    banner = summary.banner
    end: list[RenderableType] = [Text.assemble((banner.word, TONES[banner.tone]), f"  {banner.sentence}")]
    if summary.report is not None:
        end.append(_one_line(f"report  {words.printable(str(summary.report))}"))
    if any(one.counter_examples for one in summary.manifest.expectations if one.verdict != "pass"):
        end.append(_one_line(f"why     seatrial explain {shlex.quote(words.printable(str(summary.out)))}"))
    if banner.tone != "good" and summary.manifest.command:
        end.append(_one_line(f"again   {words.printable(summary.manifest.command)}"))
    return end


def _one_line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ignore")
