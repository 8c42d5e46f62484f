"""Console, JSON and HTML tell the same numbers, and each tells all of them."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from reports import console, machine
from reports.folder import RunFolder
from reports.summary import Summary, summarise
from scenarios.tables import TERMS
from tests.reports.test_html import Page


@pytest.fixture(scope="module")
def summary(written: Path) -> Summary:
    return summarise(RunFolder.open(written))


@pytest.fixture(scope="module")
def page(written: Path) -> Page:
    return Page(written)


@pytest.fixture(scope="module")
def lines(summary: Summary) -> dict[str, list[list[str]]]:
    """The cells of the console's tables by the first cell."""
    stream = io.StringIO()
    console.show(Console(file=stream, width=200, no_color=True), summary)
    cells: dict[str, list[list[str]]] = {}
    for line in stream.getvalue().splitlines():
        first, *rest = [cell.strip() for cell in line.strip().split("  ") if cell.strip()] or [""]
        cells.setdefault(first, []).append(rest)
    return cells


def numbers(cells: list[str]) -> list[int]:
    return [int(cell.replace(",", "")) for cell in cells if cell.replace(",", "").isdigit()]


@pytest.mark.parametrize("term", TERMS)
def test_the_books_are_the_same_everywhere(
    summary: Summary, lines: dict[str, list[list[str]]], page: Page, term: str
) -> None:
    in_json = json.loads(machine.render([summary]))["runs"][0]["telemetry"]
    told = [in_json[book.target][term] for book in summary.books]
    (on_console,) = lines[term.replace("_", " ")]
    in_html = [int(value) for value in page.all(f"//tr[@data-term='{term}']//data/@value")]
    assert numbers(on_console) == in_html == told
    assert told == [book.terms[term] for book in summary.books]


def test_the_load_of_the_servers_is_the_same_everywhere(
    summary: Summary, lines: dict[str, list[list[str]]], page: Page
) -> None:
    of_servers = page.all("//section[@id='servers']//tbody/tr")
    assert len(of_servers) == len(summary.servers)
    rows = {"requests": "requests", "refused": "refused", "timed out": "timed_out", "unreachable": "unreachable"}
    ordered = [*summary.totals, *(load for load in summary.servers if load.kind)]
    for column, (row, name) in enumerate({**rows, "peak in 1 min": "peak_requests"}.items(), start=1):
        told = [getattr(load, name) for load in summary.servers]
        assert [int(tr.xpath(f"td[{column}]/data/@value")[0]) for tr in of_servers] == told
        on_console = [number for cells in lines[row] for number in numbers(cells)]
        assert on_console == [getattr(load, name) for load in ordered]
    for load, tr in zip(summary.servers, of_servers, strict=True):
        assert [int(value) for value in tr.xpath("td[position() > 6]/data/@value")] == [
            load.bytes_wire,
            load.p50_us,
            load.p99_us,
        ]


def test_the_latencies_are_worded_the_same(summary: Summary, lines: dict[str, list[list[str]]], page: Page) -> None:
    in_html = [text for tr in page.all("//section[@id='servers']//tbody/tr") for text in tr.xpath("td[9]/data/text()")]
    on_console = [cell for cells in lines["latency p99"] for cell in cells]
    assert sorted(in_html) == sorted(on_console)
    assert len(in_html) == 5


def test_the_verdicts_are_the_same_everywhere(summary: Summary, page: Page) -> None:
    in_json = json.loads(machine.render([summary]))["runs"][0]
    in_html = page.all("//table[@class='expectations']//span[starts-with(@class, 'verdict')]/text()")
    assert in_html == [one["verdict"] for one in in_json["expectations"]]
    assert page.texts("//header/p[@role='status']") == [f"{summary.banner.word} {summary.banner.sentence}"]
    assert in_json["verdict"] == summary.banner.word.lower()
