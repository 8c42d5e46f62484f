"""Runs from Python: a scenario is run, and the test that asked for it gets its verdict, its tables and its facts.

The run is left to `scenarios.runner`; what is told of it is read from its folder, as everywhere in reports.
"""

import io
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console

from reports.explaining import show
from reports.explanation import Fact, explain, read_detail
from reports.folder import RunFolder
from reports.manifest import Expectation
from reports.summary import Summary, summarise
from scenarios import selection, specs, sql
from scenarios.errors import UserError
from scenarios.facts import FACTS
from scenarios.limits import WallTime
from scenarios.params import Value
from scenarios.problems import LocatedError, hint
from scenarios.runner import Plan
from scenarios.runner import run as run_scenario
from scenarios.tables import SCHEMAS

COLUMNS: Final = 100
"""Width of the explanation of a failed run."""


class NotPassedError(AssertionError):
    """A run did not pass; the text explains why. A finding, unlike an assertion that fails inside of Seatrial."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a run in the order of time."""

    rows: tuple[Fact, ...]

    @property
    def height(self) -> int:
        """How many there are."""
        return len(self.rows)


class Run:
    """A run that is over, read from its folder."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._summary: Summary = summarise(folder)

    @property
    def folder(self) -> Path:
        """Where its tables, its manifest and its report are."""
        return self._folder.path

    @property
    def verdict(self) -> str:
        """`pass`, `unjudged`, `fail`, `invalid` or `error`."""
        return self._summary.verdict

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """What was judged, with what was seen; counter-examples where it did not pass."""
        return self._folder.manifest.expectations

    def check(self) -> None:
        """Raises AssertionError, with an explanation, unless the run passed.

        The explanation names each expectation that did not pass with what was seen and expected, its counter-examples
        and the facts around them, and the line that reproduces the run. A run that judged nothing did not pass.
        """
        __tracebackhide__ = True  # pytest then shows the caller's line and no line of ours
        if self.verdict == "pass":
            return
        banner = self._summary.banner
        text = io.StringIO()
        console = Console(file=text, width=COLUMNS, color_system=None, force_terminal=False)
        show(console, self._folder.manifest, explain(self._folder))
        lines = [f"{banner.word}: {banner.sentence}", *(line.rstrip() for line in text.getvalue().splitlines())]
        raise NotPassedError("\n".join([*lines, f"run     {self.folder}"]))

    def sql(self, query: str) -> sql.Answer:
        """The answer to one SELECT over the tables facts, devices, telemetry and servers.

        The query reaches nothing else, and has limits of time, memory and rows. Raises UserError for a query that may
        not run, or that exceeds a limit.
        """
        try:
            names = sql.checked(query)
            return sql.answer(query, {name: self._table(name) for name in names})
        except LocatedError as error:
            raise UserError("run.sql", error.cause, error.remedy) from error
        except sql.Stopped as stopped:
            raise UserError("run.sql", str(stopped), "ask for less, or read the Parquet files of the run") from stopped

    def facts(self, *, device: str | None = None, kind: str | None = None) -> Facts:
        """The facts of a device, of a kind, or both; those of the run itself have an empty device.

        Raises UserError for a device or a kind that there is not, so that no test passes over a mistyped name.
        """
        condition = pc.scalar(True)
        if kind is not None:
            if kind not in FACTS:
                raise UserError(f"run.facts(kind={kind!r})", "there is no such kind of fact", hint(kind, FACTS))
            condition &= pc.field("kind") == kind
        if device is not None:
            if device and not self._folder.matching("devices", ("device",), pc.field("device") == device).num_rows:
                remedy = "run.sql('SELECT device FROM devices') has all names"
                raise UserError(f"run.facts(device={device!r})", "the run has no such device", remedy)
            condition &= pc.field("device") == device
        rows = self._folder.matching("facts", SCHEMAS["facts"].names, condition).to_pylist()
        return Facts(tuple(Fact(row["at_ms"], row["device"], row["kind"], read_detail(row["detail"])) for row in rows))

    def _table(self, name: str) -> pa.Table:
        schema = SCHEMAS[name]
        return pa.concat_tables([schema.empty_table(), *self._folder.parts(name, schema.names)])


def run(
    source: str | Path,
    *,
    out: str | Path,
    set: Mapping[str, Value] | None = None,  # noqa: A002 - as on the command line
    seed: int | None = None,
    devices: int | None = None,
    backend: Mapping[str, object] | None = None,
    workers: int = 1,
) -> Run:
    """Runs one scenario, a file or a name of the library, into the folder `out`, and judges it.

    `set`, `seed` and `devices` are those of `seatrial run`. `backend` has what answers a port: a class, a factory
    without arguments, an instance, or `"module:attribute"`; the other ports stay as the scenario says. Raises UserError
    where something given is wrong, AdapterError where a backend fails. A run that does not pass is returned like any
    other: `Run.check` raises.
    """
    backends = specs.given_in_python(backend or {}, workers=workers)
    chosen = selection.select([str(source)], sets=set, devices=devices, seed=seed)
    if len(chosen.runs) > 1:
        raise UserError(str(source), f"it has {len(chosen.runs)} runs", "name one scenario")
    left_ms = WallTime().left_ms(chosen.runs[0])
    return carry_out(chosen.runs[0], Path(out), backends=backends, workers=workers, wall_ms_max=left_ms)


def carry_out(
    chosen: selection.Run,
    out: Path,
    *,
    wall_ms_max: int | None,
    backends: specs.Backends | None = None,
    workers: int = 1,
) -> Run:
    """Carries out one of the runs of a selection. Ctrl-C raises KeyboardInterrupt when the folder is complete.

    One that takes longer than `wall_ms_max` of wall time is cut short, and invalid.
    """
    given = {**specs.of_suite(chosen.backends), **(backends or {})}
    plan = Plan(
        out,
        workers=workers,
        backends=specs.put_over(chosen.scenario, given),
        command=_command(chosen, backends or {}, workers),
        arguments=tuple(specs.without_options(chosen.arguments, chosen.scenario.hidden)),
        wall_ms_max=wall_ms_max,
    )
    if run_scenario(chosen.scenario, plan, _Unseen()).interrupted:
        raise KeyboardInterrupt
    return Run(RunFolder.open(out))


class _Unseen:
    """Progress that is not shown: a test prints nothing."""

    def begin(self, total_ms: int, label: str) -> None: ...

    def advance(self, simulated_ms: int) -> None: ...

    def end(self) -> None: ...


def _command(chosen: selection.Run, backends: specs.Backends, workers: int) -> str:
    """The line that reproduces a run; empty where a backend is only in this process, so that no line could."""
    words = ["seatrial", "run", *specs.without_options(chosen.arguments, chosen.scenario.hidden)]
    for port, spec in backends.items():
        name = specs.name_of(spec.spec)
        if name is None:
            return ""
        words += ["--backend", f"{port}={name}"]
    return shlex.join([*words, *(["--workers", str(workers)] if workers > 1 else [])])
