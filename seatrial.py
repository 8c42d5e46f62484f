"""Seatrial's front door: the command line, and the one import that users need.

Importing this module is cheap: everything behind a command is imported when the command runs.
"""

import importlib
import json
import shlex
import sys
import traceback
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from conformance.commands.conform import conform, prove
from conformance.commands.matrix import matrix
from conformance.commands.spec import spec_app
from emulator.errors import UserError
from reports.codes import ExitCode as ExitCode
from scenarios.commands.backend import backend_app
from scenarios.commands.init import init
from scenarios.commands.ioc import ioc_app

if TYPE_CHECKING:
    from reports.summary import Broken, Summary
    from scenarios.model import Scenario
    from scenarios.problems import Notice
    from scenarios.selection import Run, Selection
    from scenarios.specs import Backends

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
    "run": "reports.run",
}
"""What `import seatrial` offers, and where it lives."""


def __getattr__(name: str) -> Any:  # whatever the module holds
    if name in OFFERED:
        return getattr(importlib.import_module(OFFERED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
app.add_typer(backend_app, name="backend")
app.add_typer(ioc_app, name="ioc")
app.add_typer(spec_app, name="spec")
app.command(no_args_is_help=True)(init)
app.command()(conform)
app.command()(prove)
app.command(no_args_is_help=True)(matrix)

Names = Annotated[
    list[str], typer.Argument(metavar="PATH|NAME...", help="Scenarios, suites, folders, or names from the library.")
]
Sets = Annotated[
    list[str],
    typer.Option("--set", metavar="NAME=VALUE", help="Set a parameter, or a value at a dotted path. Repeatable."),
]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Draw everything from another seed.")]
Devices = Annotated[
    int | None, typer.Option("--devices", min=1, help="Scale the fleet to this many devices, proportionally.")
]


@app.command("run", no_args_is_help=True)
def run_command(
    names: Names,
    sets: Sets = [],  # noqa: B006 - typer copies it
    seed: Seed = None,
    devices: Devices = None,
    tags: Annotated[
        list[str], typer.Option("--tag", metavar="TAG", help="Only scenarios with this tag. Repeatable: any of them.")
    ] = [],  # noqa: B006
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
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML of all runs.")] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write a summary of all runs in Markdown.")
    ] = None,
    stop: Annotated[bool, typer.Option("-x", help="Stop after the first scenario that fails.")] = False,
) -> None:
    """Run scenarios and judge them.

    Example:  seatrial run central-node-outage --set outage=5min --devices 200
    """
    from reports.output import reserve
    from reports.summary import Broken, Summary
    from scenarios import specs
    from scenarios.limits import USED_UP, WallTime
    from scenarios.selection import select

    if report not in ("html", "none"):
        raise UserError("--report", f"there is no report {report!r}", "write html or none")
    selection = select(names, sets=_sets(sets), devices=devices, seed=seed, tags=tags)
    _warn(selection.notices)
    backends = specs.given(backend)
    _require_different(selection.runs)
    for file in filter(None, (junit, summary)):
        reserve(file)
    wall_time = WallTime()
    codes: list[int] = []
    runs: list[Summary | Broken] = []
    for each in selection.runs:
        alone = len(selection.runs) == 1
        command = _command(each) if alone else _command_of(each, backend)
        left_ms = wall_time.left_ms(each)
        if left_ms is not None and left_ms <= 0:
            typer.echo(f"{each.scenario.name}: {USED_UP}", err=True)
            codes.append(ExitCode.INVALID)
            runs.append(Broken(each.scenario.name, USED_UP, command, ExitCode.INVALID))
            continue
        try:
            done = _run_one(
                each.scenario,
                out if alone else out / each.folder,
                workers=workers,
                backends=specs.put_over(each.scenario, specs.of_suite(each.backends) | backends),
                command=command,
                arguments=each.arguments,
                wall_ms_max=left_ms,
                quiet=output is Format.JSON,
                report=report == "html",
            )
            code = done.banner.code
            runs.append(done)
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
            runs.append(Broken(each.scenario.name, "interrupted", command, code))
        except Exception as error:
            code = _told(error)
            runs.append(Broken(each.scenario.name, _in_a_line(error), command, code))
        codes.append(code)
        if code == ExitCode.INTERRUPTED or (stop and code != ExitCode.OK):
            break
    if len(selection.runs) > 1:
        _write_index(out, runs, selection)
    _deliver(runs, junit=junit, summary=summary, as_json=output is Format.JSON)
    raise typer.Exit(ExitCode.worst(codes))


def _write_index(out: Path, runs: "list[Summary | Broken]", selection: "Selection") -> None:
    """Tells, in the folder of several runs, which they are, and how the suite wants them compared."""
    from reports.index import write_index
    from reports.summary import Summary
    from reports.tolerances import parse_entries

    baselines = [suite.baseline for suite in selection.suites if suite.baseline is not None]
    compare = [entry for each in baselines for entry in parse_entries(each.compare, each.place)]
    write_index(out, [run for run in runs if isinstance(run, Summary)], compare)


def _deliver(runs: "list[Summary | Broken]", *, junit: Path | None, summary: Path | None, as_json: bool) -> None:
    """Writes what was asked for about all runs of one command."""
    from reports.output import write

    if junit is not None:
        from reports.junit import render as render_junit

        write(junit, render_junit(runs))
    if summary is not None:
        from reports.markdown import render as render_markdown

        write(summary, render_markdown(runs).encode())
    if as_json:
        from reports.machine import render

        sys.stdout.write(render(runs))


def _command(run: "Run") -> str:
    """The line that reproduces this command, which is for one run."""
    from scenarios.specs import without_options

    return shlex.join(["seatrial", *without_options(sys.argv[1:], run.scenario.hidden)])


def _in_a_line(error: Exception) -> str:
    """What a report says of an error. The message of an adapter's fault may hold a secret, so it stays out."""
    return str(error) if isinstance(error, UserError) else f"{type(error).__name__}; its traceback is on stderr"


def _require_different(runs: "Sequence[Run]") -> None:
    """Raises UserError where two runs of one command would be written into one folder."""
    folders: set[str] = set()
    for run in runs:
        if run.folder in folders:
            cause = f"a second scenario {run.scenario.name!r} in one command"
            raise UserError(run.scenario.label, cause, "give each a name of its own, or run them one by one")
        folders.add(run.folder)


def _warn(notices: "Sequence[Notice]") -> None:
    for notice in notices:
        typer.echo(f"warning: {notice}", err=True)


def _command_of(run: "Run", backends: list[str]) -> str:
    """The line that reproduces one run of a command with several."""
    from scenarios.specs import without_options

    arguments = without_options(run.arguments, run.scenario.hidden)
    return shlex.join(["seatrial", "run", *arguments, *(f"--backend={pair}" for pair in backends)])


def _run_one(
    scenario: "Scenario",
    folder: Path,
    *,
    workers: int,
    backends: "Backends",
    command: str,
    arguments: tuple[str, ...],
    wall_ms_max: int | None,
    quiet: bool,
    report: bool,
) -> "Summary":
    from rich.console import Console

    from reports.console import show
    from reports.folder import RunFolder
    from reports.progress import progress
    from reports.render import write_report
    from reports.summary import summarise
    from scenarios.runner import Plan
    from scenarios.runner import run as run_scenario
    from scenarios.specs import without_options

    aside = Console(stderr=True)
    for warning in scenario.warnings:
        aside.print(f"warning: {warning}", markup=False, highlight=False)
    plan = Plan(
        folder,
        workers=workers,
        backends=backends,
        command=command,
        arguments=tuple(without_options(arguments, scenario.hidden)),
        wall_ms_max=wall_ms_max,
    )
    run_scenario(scenario, plan, progress(aside))
    if report:
        write_report(folder)
    summary = summarise(RunFolder.open(folder))
    if not quiet:
        show(Console(), summary)
    return summary


@app.command(no_args_is_help=True)
def check(
    names: Names,
    sets: Sets = [],  # noqa: B006 - typer copies it
    seed: Seed = None,
    devices: Devices = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for mistakes: exit with 2.")] = False,
    output: Annotated[Format, typer.Option("--format", help="Tables, or one JSON document.")] = Format.TEXT,
) -> None:
    """Resolve scenarios and run nothing: fleet, timeline, cost, warnings.

    Example:  seatrial check first-day --devices 100000
    """
    from rich.console import Console

    from reports.previewing import show, to_json
    from scenarios.preview import preview
    from scenarios.preview import warnings as warnings_of
    from scenarios.problems import ScenarioErrors
    from scenarios.selection import select

    selection = select(names, sets=_sets(sets), devices=devices, seed=seed)
    _require_different(selection.runs)
    previews = [preview(each) for each in selection.runs]
    if output is Format.JSON:
        sys.stdout.write(to_json(previews, [str(notice) for notice in selection.notices]))
    else:
        _warn(selection.notices)
        show(Console(), previews)
    warnings = [warning for each in selection.runs for warning in warnings_of(each.scenario)]
    if strict and warnings:
        raise ScenarioErrors([UserError(each.place, each.cause, each.remedy) for each in dict.fromkeys(warnings)])


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


@app.command(no_args_is_help=True)
def explain(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One expectation, whatever its verdict.")] = None,
    output: Annotated[Format, typer.Option("--format", help="For reading, or one JSON document.")] = Format.TEXT,
) -> None:
    """Tell why expectations failed: each counter-example with the facts around it.

    Example:  seatrial explain out "queue drains"
    """
    from rich.console import Console

    from reports.explaining import show, to_json
    from reports.explanation import explain as explain_run
    from reports.folder import RunFolder

    opened = RunFolder.open(folder)
    explanations = explain_run(opened, name)
    if output is Format.JSON:
        sys.stdout.write(to_json(opened, explanations))
        return
    show(Console(), opened.manifest, explanations)
    for problem in opened.problems:
        typer.echo(f"warning: {problem}", err=True)


@app.command(no_args_is_help=True)
def history(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="The device, such as office-00001.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="Tell what happened from then on.")] = "0s",
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Tell what happened before.")] = None,
    output: Annotated[Format, typer.Option("--format", help="For reading, or one JSON document.")] = Format.TEXT,
) -> None:
    """Tell the story of one device in a run: every fact of it, in the order of time.

    Example:  seatrial history out --device office-00001
    """
    from rich.console import Console

    from reports.folder import RunFolder
    from reports.history import history as history_of
    from reports.history import show, to_json

    times = {"--from": begin, "--until": until}
    from_ms, until_ms = (None if text is None else _moment(name, text) for name, text in times.items())
    opened = RunFolder.open(folder)
    found = history_of(opened, device, from_ms or 0, until_ms)
    if output is Format.JSON:
        sys.stdout.write(to_json(found))
        return
    show(Console(), found)
    for problem in opened.problems:
        typer.echo(f"warning: {problem}", err=True)


@app.command(no_args_is_help=True)
def trace(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    device: Annotated[str, typer.Option("--device", metavar="NAME", help="The device, such as office-00001.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="Tell what happens from then on.")] = "0s",
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Tell what happens before.")] = None,
    output: Annotated[Format, typer.Option("--format", help="A line each, or one JSON document.")] = Format.TEXT,
) -> None:
    """Simulate one device of a run again, and tell what each stage did.

    Example:  seatrial trace out --device office-00001 --from 1h --until 70min
    """
    from reports.folder import RunFolder
    from reports.replay import Replay, to_json, to_text

    times = {"--from": begin, "--until": until}
    from_ms, until_ms = (None if text is None else _moment(name, text) for name, text in times.items())
    replay = Replay(RunFolder.open(folder), device)
    span = from_ms or 0, replay.manifest.simulated_ms if until_ms is None else until_ms
    if output is Format.JSON:
        sys.stdout.write(to_json(replay, *span))
    else:
        for line in to_text(replay, *span):
            typer.echo(line)


def _moment(option: str, text: str) -> int:
    """A time since the start of the run, in ms."""
    from scenarios.problems import LocatedError
    from scenarios.units import duration_ms

    try:
        return duration_ms(text)
    except LocatedError as error:
        raise UserError(option, error.cause, error.remedy) from error


@app.command(no_args_is_help=True)
def compare(
    base: Annotated[Path, typer.Argument(metavar="BASE", help="What held before: runs, or a baseline file.")],
    head: Annotated[Path, typer.Argument(metavar="HEAD", help="What is compared with it.")],
    gate: Annotated[bool, typer.Option("--gate", help="Exit with 1 where a figure is out of its tolerance.")] = False,
    accept: Annotated[
        Path | None, typer.Option("--accept", metavar="FILE", help="Write HEAD as the new baseline file.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", metavar="FILE", help="Write the comparison in Markdown too.")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="A table, or one JSON document.")] = Format.TEXT,
) -> None:
    """Compare runs with earlier ones: run folders, folders of several runs, or baseline files.

    Example:  seatrial compare baselines/nightly.json out --gate
    """
    from rich.console import Console

    from reports.baseline import load_baseline, save_baseline
    from reports.comparison import compare as compare_runs
    from reports.comparison import tolerances
    from reports.differences import show, to_json, to_markdown
    from reports.output import write

    if gate and accept:
        raise UserError("--gate", "it stops at what --accept takes over", "give one of the two")
    old, new = load_baseline(base), load_baseline(head)
    comparison = compare_runs(old, new)
    if markdown is not None:
        write(markdown, to_markdown(comparison).encode())
    if accept is not None:
        save_baseline(accept, new.runs, tolerances(old, new))
    if output is Format.JSON:
        sys.stdout.write(to_json(comparison))
    else:
        show(Console(), comparison)
    raise typer.Exit(ExitCode.FINDING if gate and comparison.findings else ExitCode.OK)


def _sets(pairs: list[str]) -> dict[str, Any]:
    """The values of `--set`, by name."""
    from scenarios.arguments import parse_set

    return dict(parse_set(pair) for pair in pairs)


def _told(error: Exception) -> int:
    """Tells an error on stderr and returns its exit code: mistakes of the user in a line each, without a traceback."""
    if isinstance(error, UserError):
        typer.echo(str(error), err=True)
        return ExitCode.USER
    # An adapter's fault or one of ours: whoever mends it needs to see where it came from.
    traceback.print_exception(error)
    return ExitCode.HARNESS


def main() -> NoReturn:
    """Runs the command line."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        sys.exit(_told(error))
    sys.exit(ExitCode.OK)


if __name__ == "__main__":
    main()
