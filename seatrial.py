"""Seatrial's front door: the command line, and the one import that users need.

Importing this module is cheap: everything behind a command is imported when the command runs.
"""

import importlib
import json
import shlex
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from emulator.errors import SeatrialError, UserError
from scenarios.commands.ioc import ioc_app

if TYPE_CHECKING:
    from scenarios.model import Scenario
    from scenarios.shard import BackendSpec

OFFERED: Final = {
    "Ack": "emulator.ports",
    "Backend": "emulator.ports",
    "Credential": "emulator.ports",
    "Device": "emulator.ports",
    "Event": "emulator.ports",
    "Options": "scenarios.backends",
    "Package": "emulator.ports",
    "Refused": "emulator.ports",
    "RunInfo": "emulator.ports",
    "SeatrialError": "emulator.errors",
    "Telemetry": "emulator.ports",
    "TimedOut": "emulator.ports",
    "Unreachable": "emulator.ports",
    "UserError": "emulator.errors",
    "load": "scenarios.loader",
}
"""What `import seatrial` offers, and where it lives."""


def __getattr__(name: str) -> Any:  # whatever the module holds
    if name in OFFERED:
        return getattr(importlib.import_module(OFFERED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class ExitCode:
    """The exit codes; with several runs the order is 130, 2, 3, 1, 4."""

    OK: Final = 0
    FINDING: Final = 1
    USER: Final = 2
    HARNESS: Final = 3
    INVALID: Final = 4
    INTERRUPTED: Final = 130

    ORDER: Final = (INTERRUPTED, USER, HARNESS, FINDING, INVALID, OK)

    @classmethod
    def worst(cls, codes: list[int]) -> int:
        """The code of several runs."""
        return min(codes, key=cls.ORDER.index, default=cls.USER)


VERDICT_CODES: Final = {"pass": ExitCode.OK, "fail": ExitCode.FINDING, "invalid": ExitCode.INVALID}


class Format(StrEnum):
    """What is printed: a summary for people, or one JSON document."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    help="A sea trial for endpoint-security fleets: emulates thousands to a million devices with Endpoint Agent in "
    "virtual time, and judges what happens.\n\nExample:  seatrial run first-day --devices 500",
)
app.add_typer(ioc_app, name="ioc")

Names = Annotated[list[str], typer.Argument(metavar="PATH|NAME...", help="Scenario files, or names from the library.")]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter, or a value at a dotted path. Repeatable."),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Draw everything from another seed.")]
Devices = Annotated[
    int | None, typer.Option("--devices", min=1, help="Scale the fleet to this many devices, proportionally.")
]


@app.command(no_args_is_help=True)
def run(
    names: Names,
    sets: Sets = [],  # noqa: B006 - typer copies it
    seed: Seed = None,
    devices: Devices = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Local processes that share the devices.")
    ] = 1,
    backend: Annotated[
        list[str],
        typer.Option("--backend", metavar="PORT=SPEC", help="Let `module:attribute` answer a port. Repeatable."),
    ] = [],  # noqa: B006
    out: Annotated[Path, typer.Option("--out", help="Run folder; with several scenarios one holds each.")] = Path(
        "out"
    ),
    output: Annotated[Format, typer.Option("--format", help="A summary, or one JSON document.")] = Format.TEXT,
    report: Annotated[str, typer.Option("--report", help="`html`, or `none`.")] = "html",
    stop: Annotated[bool, typer.Option("-x", help="Stop after the first scenario that fails.")] = False,
) -> None:
    """Run scenarios and judge them.

    Example:  seatrial run central-node-outage --set outage=5min --devices 200
    """
    from reports.summary import Summary
    from scenarios.loader import load

    if report not in ("html", "none"):
        raise UserError("--report", f"there is no report {report!r}", "write html or none")
    given = _sets(sets)
    scenarios = [load(name, sets=given, devices=devices, seed=seed) for name in names]
    specs = _backends(backend)
    codes: list[int] = []
    summaries: list[Summary] = []
    for scenario in scenarios:
        folder = out if len(scenarios) == 1 else out / scenario.name
        code, summary = _run_one(
            scenario, folder, workers=workers, specs=specs, quiet=output is Format.JSON, report=report == "html"
        )
        codes.append(code)
        summaries.append(summary)
        if code == ExitCode.INTERRUPTED or (stop and code != ExitCode.OK):
            break
    if output is Format.JSON:
        from reports.machine import render

        sys.stdout.write(render(summaries))
    raise typer.Exit(ExitCode.worst(codes))


def _run_one(
    scenario: "Scenario", folder: Path, *, workers: int, specs: "dict[Any, BackendSpec]", quiet: bool, report: bool
) -> tuple[int, Any]:
    from rich.console import Console

    from reports.console import show
    from reports.folder import RunFolder
    from reports.progress import progress
    from reports.render import write_report
    from reports.summary import summarise
    from scenarios.runner import Plan
    from scenarios.runner import run as run_scenario

    aside = Console(stderr=True)
    for warning in scenario.warnings:
        aside.print(f"warning: {warning}", markup=False, highlight=False)
    plan = Plan(
        folder,
        workers=workers,
        backends=_all_backends(scenario, specs),
        command=shlex.join(["seatrial", *sys.argv[1:]]),
    )
    result = run_scenario(scenario, plan, progress(aside))
    if report:
        write_report(folder)
    summary = summarise(RunFolder.open(folder))
    if not quiet:
        show(Console(), summary)
    code = ExitCode.INTERRUPTED if result.interrupted else VERDICT_CODES[result.verdict]
    return code, summary


@app.command()
def schema() -> None:
    """Print the JSON Schema of the scenario format, for editors.

    Example:  seatrial schema > scenario.schema.json
    """
    from scenarios.schema import scenario_schema

    typer.echo(json.dumps(scenario_schema(), indent=2, ensure_ascii=False))


@app.command(no_args_is_help=True)
def report(folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")]) -> None:
    """Write the HTML report of a run again, and print its summary.

    Example:  seatrial report out
    """
    from rich.console import Console

    from reports.console import show
    from reports.folder import RunFolder
    from reports.render import write_report
    from reports.summary import summarise

    write_report(folder)
    show(Console(), summarise(RunFolder.open(folder)))


def _sets(pairs: list[str]) -> dict[str, Any]:
    """The values of `--set`, by name."""
    from scenarios.arguments import parse_set

    return dict(parse_set(pair) for pair in pairs)


def _backends(pairs: list[str]) -> "dict[Any, BackendSpec]":
    """The users' backends of `--backend`, by port."""
    from emulator.ports import Port
    from scenarios.problems import hint
    from scenarios.shard import BackendSpec

    specs = {}
    for pair in pairs:
        port, equals, spec = pair.partition("=")
        if not equals or port not in list(Port):
            remedy = "write --backend PORT=SPEC" if not equals else hint(port, list(Port))
            raise UserError(f"--backend {pair}", "it names no port", remedy)
        specs[Port(port)] = BackendSpec(spec, {}, f"--backend {pair}", Path())
    return specs


def _all_backends(scenario: "Scenario", specs: "dict[Any, BackendSpec]") -> "dict[Any, BackendSpec]":
    """The users' backends of a run: those of the scenario, and over them those of the command line."""
    from scenarios.backends import FAKE
    from scenarios.shard import BackendSpec

    own = {
        port: BackendSpec(server.backend, server.options, server.place, Path())
        for port, server in scenario.servers.items()
    }
    return {port: spec for port, spec in (own | specs).items() if spec.spec != FAKE}


def main() -> NoReturn:
    """Runs the command line; errors of the user are told in a line each, without a traceback."""
    try:
        app()
    except UserError as error:
        typer.echo(str(error), err=True)
        sys.exit(ExitCode.USER)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except SeatrialError as error:
        # An adapter's fault or one of ours: whoever mends it needs to see where it came from.
        traceback.print_exception(error)
        sys.exit(ExitCode.HARNESS)
    sys.exit(ExitCode.OK)


if __name__ == "__main__":
    main()
