"""The console summary: 80 columns without colour, every term and number, and no name that is taken for markup."""

import io
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reports import console, words
from reports.folder import RunFolder
from reports.summary import Summary, summarise
from scenarios.tables import TERMS

GOLDEN = Path(__file__).parent / "golden" / "summary.txt"
Changed = Callable[[Callable[[dict[str, Any]], None]], Path]
PASSED = {"name": "life", "verdict": "pass"}


def printed(summary: Summary, *, width: int = 80, colour: bool = False) -> str:
    stream = io.StringIO()
    console.show(Console(file=stream, width=width, no_color=not colour, force_terminal=colour), summary)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def summary_of(path: Path) -> Summary:
    return summarise(RunFolder.open(path))


def test_the_summary_is_as_it_was(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With UPDATE_GOLDEN=1 in the environment the file is written anew; read the difference before you keep it."""
    (copy / "report.html").touch()
    monkeypatch.chdir(copy.parent)
    text = printed(summary_of(Path("copy")))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_no_line_is_wider_than_80_columns(written: Path) -> None:
    assert max(len(line) for line in printed(summary_of(written)).splitlines()) <= 80


def test_colour_adds_nothing_to_read(written: Path) -> None:
    plain = printed(summary_of(written))
    coloured = printed(summary_of(written), colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()


@pytest.mark.parametrize("term", TERMS)
def test_each_term_stands_there_with_count_and_share(written: Path, term: str) -> None:
    summary = summary_of(written)
    (line,) = [line for line in printed(summary).splitlines() if line.startswith(f"  {words.term(term)} ")]
    for book in summary.books:
        assert f"{book.terms[term]:,}" in line.split()
        assert words.share(book.terms[term], book.terms["generated"]) in line


def test_a_difference_of_the_books_stands_there(changed: Changed) -> None:
    def spoil(manifest: dict[str, Any]) -> None:
        manifest["telemetry"]["kics"]["expired"] += 1234

    text = printed(summary_of(changed(spoil)))
    assert re.search(r"balance +holds +off by -1,234", text)
    assert "Problems of this run folder" in text


def test_a_failed_expectation_shows_its_first_counter_example_and_its_place(written: Path) -> None:
    text = printed(summary_of(written))
    assert "first: the run at 2:28:00, seen 1,720" in text
    assert "1,698" not in text
    assert "trials/outage.yaml:22:5" in text
    assert "trials/outage.yaml:21:5" not in text


def test_a_failure_ends_with_the_line_that_reproduces_it_unbroken(changed: Changed) -> None:
    command = "seatrial run trials/outage.yaml " + " ".join(f"--set name{index}=value" for index in range(20))
    text = printed(summary_of(changed(lambda manifest: manifest.update(command=command))))
    assert text.splitlines()[-1] == f"again   {command}"


def test_a_failure_tells_the_command_that_explains_it(written: Path, changed: Changed) -> None:
    assert f"\nwhy     seatrial explain {written}\n" in printed(summary_of(written))
    assert "explain" not in printed(summary_of(changed(lambda manifest: manifest.update(expectations=[]))))


def test_a_pass_needs_no_line_that_reproduces_it(changed: Changed) -> None:
    text = printed(summary_of(changed(lambda manifest: manifest.update(verdict="pass", expectations=[PASSED]))))
    assert text.splitlines()[-1].startswith("PASS")


def test_a_run_that_judged_nothing_says_so_and_how_to_run_it_again(changed: Changed) -> None:
    text = printed(summary_of(changed(lambda manifest: manifest.update(verdict="unjudged", expectations=[]))))
    assert text.splitlines()[-2:] == [
        "UNJUDGED  nothing was judged: the scenario expects nothing",
        "again   seatrial run trials/outage.yaml --seed 7 --devices 480",
    ]


def test_without_a_report_none_is_named(written: Path) -> None:
    assert "report " not in printed(summary_of(written))


def test_names_are_not_taken_for_markup_or_for_terminal_codes(written_evil: Path) -> None:
    text = printed(summary_of(written_evil), width=200, colour=True)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "<script>window.broken=1</script>" in plain
    assert "[red]exp[/red] <u>\"'\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[31m" in plain
    assert "<b>srv</b> [bold]…" in plain
    assert "<i>[blink]" in plain
    assert "\u202e" not in text
    assert "\x1b[31m" not in text.replace("\x1b[1;31mFAIL", "")


def test_long_lists_are_cut_and_say_so(changed: Changed) -> None:
    warnings = [f"warning {index}" for index in range(25)]
    text = printed(summary_of(changed(lambda manifest: manifest.update(warnings=warnings))))
    assert "warning 9\n" in text
    assert "warning 10" not in text
    assert "and 15 more" in text


def test_more_targets_and_servers_than_fit_stand_below_each_other(changed: Changed, copy: Path) -> None:
    def add(manifest: dict[str, Any]) -> None:
        for name in ("mdr", "x" * 60):
            manifest["telemetry"][name] = {term: 10**14 if term in ("generated", "queued") else 0 for term in TERMS}

    text = printed(summary_of(changed(add)))
    tables, _, _ = text.partition("Problems of this run folder")
    assert tables.count("100,000,000,000,000") == 4
    assert tables.count("Telemetry, events") == 2
    assert max(len(line) for line in text.splitlines() if not line.startswith("why ")) <= 80


def test_a_killed_run_does_not_claim_that_it_took_no_time(changed: Changed) -> None:
    text = printed(summary_of(changed(lambda manifest: manifest.update(status="running", wall_s=0.0))))
    assert "480 devices, 6:00:00 simulated\n" in text


def test_an_interrupted_run_is_readable(changed: Changed, copy: Path) -> None:
    (copy / "telemetry" / "part-00002.parquet").write_bytes(b"half")
    text = printed(summary_of(changed(lambda manifest: manifest.update(status="interrupted", simulated_ms=14_000_000))))
    assert "INTERRUPTED  stopped at 3:53:20 of 6:00:00" in text
    assert "telemetry/part-00002.parquet cannot be read" in text
