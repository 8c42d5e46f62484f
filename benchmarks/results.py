"""Results: tables and bars, on the console and as a file that is kept with machine, date and versions."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as ConsoleTable

FOLDER: Final = Path(__file__).parent / "results"
"""Where results are kept."""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures: the first columns, as many as `labels`, are words; `about` says what was measured, and how."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: int = 1


@dataclass(frozen=True, slots=True)
class Bar:
    """What was promised, what came, and whether that keeps the promise."""

    promise: str
    wanted: str
    got: str
    met: bool

    @property
    def verdict(self) -> str:
        """`pass` or `fail`."""
        return "pass" if self.met else "fail"


@dataclass(frozen=True, slots=True)
class Section:
    """What one benchmark gives."""

    table: Table
    bars: tuple[Bar, ...] = ()


def figure(value: float) -> str:
    """A figure with three digits that count, or all digits before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def at_least(promise: str, got: float, floor: float, unit: str) -> Bar:
    """A bar that a figure has to reach."""
    return Bar(promise, f"at least {figure(floor)}{unit}", f"{figure(got)}{unit}", got >= floor)


def at_most(promise: str, got: float, ceiling: float, unit: str) -> Bar:
    """A bar that a figure must not be above."""
    return Bar(promise, f"at most {figure(ceiling)}{unit}", f"{figure(got)}{unit}", got <= ceiling)


def show(console: Console, section: Section) -> None:
    """Prints a section."""
    table = ConsoleTable(title=section.table.title, title_justify="left", caption_justify="left")
    for place, name in enumerate(section.table.columns):
        table.add_column(name, justify="left" if place < section.table.labels else "right")
    for row in section.table.rows:
        table.add_row(*row)
    console.print(table)
    console.print(section.table.about, style="dim", highlight=False)
    for bar in section.bars:
        style = "green" if bar.met else "red"
        console.print(f"[{style}]{bar.verdict}[/]  {bar.promise}: {bar.got} ({bar.wanted})", highlight=False)
    console.print()


def markdown(sections: Sequence[Section], *, day: date, notes: Sequence[str]) -> str:
    """The whole of a result as a page."""
    lines = [f"# Benchmarks, {day.isoformat()}", ""]
    lines += [f"- {note}" for note in notes]
    bars = [bar for section in sections for bar in section.bars]
    lines += [
        "",
        "## Bars",
        "",
        *_grid(
            ("bar", "wanted", "measured", "verdict"),
            1,
            [(bar.promise, bar.wanted, bar.got, bar.verdict) for bar in bars],
        ),
    ]
    for section in sections:
        table = section.table
        lines += ["", f"## {table.title}", "", table.about, "", *_grid(table.columns, table.labels, table.rows)]
    return "\n".join(lines) + "\n"


def keep(page: str, *, day: date, folder: Path = FOLDER) -> Path:
    """Writes a result into the file of its day, in place of an earlier one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{day.isoformat()}.md"
    path.write_text(page, encoding="utf-8")
    return path


def surroundings() -> tuple[str, ...]:
    """Machine and versions, a line each."""
    processor = _first_of("/proc/cpuinfo", "model name") or platform.processor()
    packages = ", ".join(f"{name} {version(name)}" for name in ("seatrial", "numpy", "simpy", "pyarrow"))
    return (
        f"machine: {processor}, {os.cpu_count()} cores, {_memory()}, {platform.system()} ({platform.machine()})",
        f"versions: {platform.python_implementation()} {platform.python_version()}, {packages}",
    )


def _memory() -> str:
    told = _first_of("/proc/meminfo", "MemTotal").removesuffix(" kB")
    return f"{int(told) / 2**20:.0f} GiB" if told else "memory unknown"


def _first_of(path: str, key: str) -> str:
    """The value of the first line `key: value` of a file of the kernel; empty where there is none."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")


def _grid(columns: Sequence[str], labels: int, rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---" if place < labels else "---:" for place in range(len(columns))]
    return [f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows)]
