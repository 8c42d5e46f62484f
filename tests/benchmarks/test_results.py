from datetime import date
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.results import Section, Table, at_least, at_most, figure, keep, markdown, show, surroundings
from tests.benchmarks.tiny import TINY

DAY = date(2026, 3, 2)
SECTION = Section(
    Table("Speed", "What was done.", ("fleet", "ratio"), (("one image", "12.5×"),)),
    (at_least("fast", 12.5, 12, "×"), at_most("small", 300, 256, " B")),
)


APP = typer.Typer()
APP.command()(command.main)


@pytest.mark.parametrize(("got", "met"), [(12.0, True), (11.9, False)])
def test_a_least_figure_is_met_from_itself_on(got: float, met: bool) -> None:
    assert at_least("fast", got, 12, "×").met is met


@pytest.mark.parametrize(("got", "met"), [(256.0, True), (256.1, False)])
def test_a_highest_figure_is_met_up_to_itself(got: float, met: bool) -> None:
    assert at_most("small", got, 256, " B").met is met


def test_figures_have_three_digits_that_count() -> None:
    assert [figure(value) for value in (-1234.5, 0.00123, 1.5, 12.34, 1234.5)] == [
        "-1,234",
        "0.00123",
        "1.5",
        "12.3",
        "1,234",
    ]


def test_a_page_has_surroundings_bars_and_tables() -> None:
    page = markdown([SECTION], day=DAY, notes=("machine: one",))
    assert page == (
        "# Benchmarks, 2026-03-02\n\n- machine: one\n\n## Bars\n\n"
        "| bar | wanted | measured | verdict |\n| --- | ---: | ---: | ---: |\n"
        "| fast | at least 12× | 12.5× | pass |\n| small | at most 256 B | 300 B | fail |\n\n"
        "## Speed\n\nWhat was done.\n\n| fleet | ratio |\n| --- | ---: |\n| one image | 12.5× |\n"
    )


def test_the_console_tells_every_bar(capsys: pytest.CaptureFixture[str]) -> None:
    show(Console(width=120), SECTION)
    told = capsys.readouterr().out
    assert "pass  fast: 12.5× (at least 12×)" in told
    assert "fail  small: 300 B (at most 256 B)" in told


def test_a_result_replaces_the_one_of_the_same_day(tmp_path: Path) -> None:
    keep("first", day=DAY, folder=tmp_path)
    path = keep("second", day=DAY, folder=tmp_path)
    assert path.name == "2026-03-02.md"
    assert [item.read_text() for item in tmp_path.iterdir()] == ["second"]


def test_surroundings_tell_machine_and_versions() -> None:
    machine, versions = surroundings()
    assert machine.startswith("machine: ")
    assert "numpy" in versions
    assert "simpy" in versions


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    measured = {name: lambda extent: SECTION for name in command.Name}
    monkeypatch.setattr(command, "BENCHMARKS", measured)
    monkeypatch.setattr(command, "STANDARD", TINY)
    pages: list[str] = []

    def note(page: str, *, day: date) -> Path:
        pages.append(page)
        return keep(page, day=day, folder=tmp_path)

    monkeypatch.setattr(command, "keep", note)
    return pages


def test_a_whole_call_is_kept_though_a_bar_is_missed(kept: list[str]) -> None:
    assert CliRunner().invoke(APP, []).exit_code == 0
    assert kept[0].count("## Speed") == len(command.Name)


@pytest.mark.parametrize("arguments", [["--quick"], ["--only", "speed"]])
def test_a_part_is_no_result(kept: list[str], arguments: list[str]) -> None:
    assert CliRunner().invoke(APP, arguments).exit_code == 0
    assert kept == []


def test_quick_and_full_exclude_each_other(kept: list[str]) -> None:
    assert CliRunner().invoke(APP, ["--quick", "--full"]).exit_code == 2


def test_every_name_has_a_benchmark() -> None:
    assert set(command.BENCHMARKS) == set(command.Name)
