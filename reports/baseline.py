"""Baselines: the figures of runs, from their folders or from a small file that is kept with the code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from reports import documents, output
from reports.folder import RunFolder
from reports.index import INDEX, read_index
from reports.manifest import Count, Judgement, Seconds, TimeMs, Verdict
from reports.summary import Summary, summarise
from reports.tolerances import ENTRIES_MAX, Entry, Unit
from scenarios.errors import UserError

FORMAT: Final = 1
KIND: Final = "baseline"
FILE_BYTES_MAX: Final = 16 * 2**20
RUNS_MAX: Final = 10_000
_REMEDY: Final = "give a run folder, a folder of several runs, or a file that `seatrial compare --accept` wrote"

Value = int | str | None
"""A count, µs, ms or bytes; a text; None where there is nothing to measure."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Which figure: `servers`, `central-node-1`, `latency.p99`. The parts that a figure does not have are empty."""

    kind: str
    subject: str = ""
    name: str = ""

    def __str__(self) -> str:
        return ".".join(part for part in (self.kind, self.subject, self.name) if part)

    @property
    def last(self) -> str:
        """The part that tells it from the other figures of its group."""
        return self.name or self.subject or self.kind

    @property
    def group(self) -> str:
        """What it is a figure of: the run, the expectations, one target, one server, the queues."""
        if self.kind in ("verdict", "digest", "wall_s"):
            return "run"
        return f"{self.kind} {self.subject}" if self.name and self.subject else self.kind

    @property
    def names(self) -> tuple[str, ...]:
        """What a tolerance may call it: with its subject or without."""
        return (str(self), ".".join(part for part in (self.kind, self.name) if part))

    @property
    def unit(self) -> Unit:
        """What its number counts."""
        if self.kind in ("verdict", "digest", "expectations"):
            return Unit.TEXT
        if self.kind == "wall_s":
            return Unit.MS
        if self.name.startswith("latency."):
            return Unit.US
        return Unit.BYTES if self.name.startswith("bytes_") else Unit.COUNT


class RunFigures(BaseModel):
    """The figures of one run, and what it was a run of. Latencies are in µs."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    scenario: str
    sha256: str
    seed: int
    devices: Count
    simulated_ms: TimeMs
    version: str
    verdict: Verdict
    digest: str | None
    wall_s: Seconds
    queue: dict[str, Count]
    telemetry: dict[str, dict[str, Count]]
    servers: dict[str, dict[str, Count | None]]
    expectations: dict[str, Judgement]

    def flat(self) -> dict[Key, Value]:
        """Every figure by its key, in the order of a report."""
        figures: dict[Key, Value] = {Key("verdict"): self.verdict}
        figures |= {Key("expectations", name): verdict for name, verdict in self.expectations.items()}
        for kind, subjects in (("telemetry", self.telemetry), ("servers", self.servers)):
            figures |= {
                Key(kind, subject, name): value for subject, named in subjects.items() for name, value in named.items()
            }
        figures |= {Key("queue", name=name): value for name, value in self.queue.items()}
        return figures | {Key("digest"): self.digest, Key("wall_s"): round(self.wall_s * 1000)}


class _File(BaseModel):
    """A baseline file. `compare` are the tolerances that hold where it is the base."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    seatrial: Literal["baseline"]
    format: int
    compare: Annotated[tuple[Entry, ...], Field(max_length=ENTRIES_MAX)] = ()
    runs: Annotated[dict[str, RunFigures], Field(max_length=RUNS_MAX)]

    @field_validator("format")
    @classmethod
    def _is_known(cls, number: int) -> int:
        if number != FORMAT:
            raise ValueError(f"format {number} is unknown, this release reads format {FORMAT}")
        return number


@dataclass(frozen=True, slots=True)
class Baseline:
    """The figures of runs by name, and the tolerances that came with them. `place` is where they were read."""

    place: str
    runs: Mapping[str, RunFigures]
    compare: tuple[Entry, ...] = field(default=())


def load_baseline(path: Path) -> Baseline:
    """Reads a run folder, a folder of several runs with its index, or a baseline file.

    Raises `UserError` where it is none of these, or where a run folder has problems: figures of half a run would
    compare with nothing.
    """
    if not path.is_dir():
        if not path.exists():
            raise UserError(str(path), "does not exist", _REMEDY)
        content = documents.read(path, bytes_max=FILE_BYTES_MAX, remedy=_REMEDY)
        file = documents.parse(_File, content, place=str(path), remedy=_REMEDY)
        return Baseline(str(path), file.runs, file.compare)
    if (path / INDEX).exists():
        index = read_index(path)
        runs = {run.name: figures_of(path / run.folder) for run in index.runs}
        return Baseline(str(path), runs, index.compare)
    if not (path / "run.json").exists():
        raise UserError(str(path), f"holds neither run.json nor {INDEX}", _REMEDY)
    figures = figures_of(path)
    return Baseline(str(path), {figures.scenario: figures})


def figures_of(folder: Path) -> RunFigures:
    """The figures of one run folder. Raises `UserError` where it cannot be read or has problems."""
    summary = summarise(RunFolder.open(folder))
    if summary.problems:
        raise UserError(str(folder), summary.problems[0], "run the scenario again")
    manifest = summary.manifest
    queues = summary.queues
    return RunFigures(
        scenario=manifest.scenario.name,
        sha256=manifest.scenario.sha256,
        seed=manifest.seed,
        devices=manifest.devices,
        simulated_ms=summary.reached_ms,
        version=manifest.version,
        verdict=_verdict(summary),
        digest=manifest.digest,
        wall_s=manifest.wall_s,
        queue={"max": queues.outliers[0].queued_max, "median": queues.median, "p99": queues.p99} if queues else {},
        telemetry={book.target: {**book.terms, "suppressed": book.suppressed} for book in summary.books},
        servers=dict(_servers(summary)),
        expectations={one.name: one.verdict for one in manifest.expectations},
    )


def _verdict(summary: Summary) -> Verdict:
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    return next(verdict for verdict in verdicts if verdict == summary.verdict)


def _servers(summary: Summary) -> Iterator[tuple[str, dict[str, int | None]]]:
    ports: dict[str, int] = {}
    for load in summary.totals:
        ports[load.server] = ports.get(load.server, 0) + 1
    for load in sorted(summary.totals, key=lambda load: (load.server, load.port)):
        # The port is told where a server answers several.
        yield (
            load.server if ports[load.server] == 1 else f"{load.server}:{load.port}",
            {
                "requests": load.requests,
                "connects": load.connects,
                "refused": load.refused,
                "timed_out": load.timed_out,
                "unreachable": load.unreachable,
                "events": load.events,
                "bytes_in": load.bytes_in,
                "bytes_wire": load.bytes_wire,
                "peak_requests": load.peak_requests,
                "latency.p50": load.p50_us,
                "latency.p99": load.p99_us,
            },
        )


def save_baseline(file: Path, runs: Mapping[str, RunFigures], compare: Sequence[Entry] = ()) -> None:
    """Writes a baseline file: sorted, a figure a line, so that its changes can be reviewed.

    Raises `UserError` where it cannot be written.
    """
    document: dict[str, Any] = {"seatrial": KIND, "format": FORMAT}
    if compare:
        document["compare"] = [entry.plain() for entry in compare]
    document["runs"] = {name: runs[name].model_dump() for name in sorted(runs)}
    for figures in document["runs"].values():
        for kind in ("telemetry", "servers", "expectations"):
            figures[kind] = dict(sorted(figures[kind].items()))
    output.write(file, (json.dumps(document, indent=1) + "\n").encode())
