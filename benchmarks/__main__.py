"""The command `python -m benchmarks`: measures, prints, and keeps what a whole call has found."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import typer
from rich.console import Console

from benchmarks.administration import administration
from benchmarks.conformance import conformance
from benchmarks.extent import FULL, QUICK, STANDARD, Extent
from benchmarks.fleets import SEED
from benchmarks.memory import memory
from benchmarks.results import Section, keep, markdown, show, surroundings
from benchmarks.runs import first_day, quiet
from benchmarks.speed import speed
from benchmarks.stages import stages
from benchmarks.sweeps import sweeps


class Name(StrEnum):
    """The benchmarks by name."""

    SPEED = "speed"
    MEMORY = "memory"
    STAGES = "stages"
    QUIET = "quiet"
    FIRST_DAY = "first-day"
    ADMINISTRATION = "administration"
    SWEEPS = "sweeps"
    CONFORMANCE = "conformance"


BENCHMARKS: Final[Mapping[Name, Callable[[Extent], Section]]] = {
    Name.SPEED: speed,
    Name.MEMORY: memory,
    Name.STAGES: stages,
    Name.QUIET: quiet,
    Name.FIRST_DAY: first_day,
    Name.ADMINISTRATION: administration,
    Name.SWEEPS: sweeps,
    Name.CONFORMANCE: conformance,
}


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="One round over short spans: a minute, and no result.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The whole span for every fleet of 100,000 devices too.")
    ] = False,
    only: Annotated[list[Name], typer.Option("--only", help="Measure only this. Repeatable.")] = [],  # noqa: B006
) -> None:
    """Measure speed and memory as ratios to a floor of the same run.

    Without --quick and --only the result is kept in benchmarks/results. A bar that is missed is told, and is no error.
    """
    if quick and full:
        raise typer.BadParameter("--quick and --full exclude each other")
    extent = QUICK if quick else FULL if full else STANDARD
    console = Console()
    day = datetime.now(UTC).date()
    notes = (*surroundings(), f"extent: {extent.name}, {extent.rounds} rounds, seed {SEED}")
    console.print(*notes, sep="\n", end="\n\n", highlight=False)
    sections = []
    for name in only or BENCHMARKS:
        sections.append(BENCHMARKS[name](extent))
        show(console, sections[-1])
    if not quick and not only:
        console.print(f"kept: {keep(markdown(sections, day=day, notes=notes), day=day).name}", highlight=False)


if __name__ == "__main__":
    typer.run(main)
