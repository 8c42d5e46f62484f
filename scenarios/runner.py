"""The runner: takes a loaded scenario through its run, from the first part to the verdict in the run folder.

One coordinator, whatever the number of workers: it hands out spans of time, takes what shards hand over, lets
reactions happen, and writes the folder.
"""

import platform
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from emulator.clock import HOUR_MS, SLOT_MS
from emulator.errors import UserError
from emulator.journal import Fact
from emulator.ports import PORT_OF_TARGET, Port, RunInfo
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import WatchResult
from scenarios import recording
from scenarios.actions import ByCentralNode, ViewCentralTasks, name_of
from scenarios.backends import Chosen, check_backend, require_passed
from scenarios.coupling import responds_as_group
from scenarios.expectations import Outcome
from scenarios.folder import RunFolder
from scenarios.group_responses import GroupResponses
from scenarios.model import Scenario
from scenarios.observation import Stored, together
from scenarios.progress import Progress
from scenarios.reactions import Reactions
from scenarios.shard import BackendSpec, Ending, LocalShard, Part, RemoteShard, Shard
from scenarios.tables import TERMS
from scenarios.timeline import Occurrence, Reaction
from scenarios.units import duration_text
from scenarios.verdicts import EXAMPLES_MAX, CounterExample, Verdict, evaluate

PARTS: Final = 48
"""A long run is written in about this many parts, none shorter than an hour of simulated time."""
LINE_MS: Final = SLOT_MS
"""Shards of a scenario with reactions meet on this grid."""
SPAN_DEVICE_HOURS: Final = 20_000
"""Shards are sent through about this much life at a time, some seconds of work, so that Ctrl-C is soon heard."""
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """How to run a scenario: where to, on how many workers, against which backends.

    `backends` are users' backends by port; `command` is the line that reproduces the run, `arguments` what has to be
    given to load its scenario again. A run that takes longer than
    `wall_ms_max` of wall time is cut short after the span in hand, and invalid: nothing that it did is judged.
    """

    out: Path
    workers: int = 1
    buckets: int = 1
    backends: Mapping[Port, BackendSpec] = field(default_factory=dict)
    command: str = ""
    arguments: tuple[str, ...] = ()
    wall_ms_max: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run: its folder, its verdict, and whether it was interrupted."""

    folder: Path
    verdict: str
    interrupted: bool


def run(scenario: Scenario, plan: Plan, progress: Progress) -> Result:
    """Runs a scenario into a run folder.

    Raises UserError where the folder cannot be written, AdapterError where a backend fails, BooksError and ShardError
    where Seatrial does. Ctrl-C ends the run after the span of time in hand; what was done is judged and in the folder.
    A second one ends it at once, with KeyboardInterrupt; the folder then has the parts that were written.
    """
    chosen = {port: spec.resolve(port) for port, spec in plan.backends.items()}
    if Port.TELEMETRY in chosen:
        every: chain[Occurrence | Reaction] = chain(scenario.steps, scenario.reactions)
        for step in every:
            if isinstance(step.action, ByCentralNode | ViewCentralTasks):
                spec = chosen[Port.TELEMETRY].spec
                cause = f"{name_of(step.action)} is for the Central Node, and {spec} takes telemetry only"
                raise UserError(step.place, cause, f"leave {Port.TELEMETRY} to the fake")
    for port, backend in chosen.items():
        info = RunInfo(scenario.name, scenario.seed, scenario.start.isoformat(), len(scenario.fleet))
        require_passed(backend, check_backend(backend, info, server=scenario.servers[port].addresses[0]))
    return _Run(scenario, plan, chosen, progress).go()


class _Interruption:
    """Takes Ctrl-C, in the main thread, where it arrives: the first is noted, the second raises KeyboardInterrupt.

    An exception in the middle of a step would leave columns that are half written.
    """

    def __init__(self) -> None:
        self.noted = False
        self._main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> "_Interruption":
        if self._main:
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, *_: object) -> None:
        if self.noted:
            raise KeyboardInterrupt
        self.noted = True


class _Run:
    """One run in hand."""

    def __init__(self, scenario: Scenario, plan: Plan, backends: Mapping[Port, Chosen], progress: Progress) -> None:
        self._scenario = scenario
        self._plan = plan
        self._backends = backends
        self._progress = progress
        self._began, self._cpu_began = time.perf_counter(), time.process_time()
        self._manifest = self._opening()
        self._folder = RunFolder(plan.out, self._manifest)
        self._now_ms = 0
        self._part_ms = max(1, -(-scenario.duration_ms // (PARTS * HOUR_MS))) * HOUR_MS
        self._names = {
            address: node
            for server in scenario.servers.values()
            for address, node in zip(server.addresses, server.nodes, strict=True)
        }
        self._ledgers: dict[int, Ledger] = {}
        self._facts: list[Fact] = []
        self._cells: recording.Cells | None = None
        self._reactions = Reactions(scenario.reactions, scenario.duration_ms)
        self._group_responses = GroupResponses(scenario)

    def go(self) -> Result:
        """From the first part to the verdict."""
        scenario = self._scenario
        self._progress.begin(scenario.duration_ms, f"{scenario.name}: {len(scenario.fleet):,} devices")
        try:
            with _Interruption() as interruption:
                endings = self._simulate(interruption)
            return self._conclude(endings, interruption.noted)
        except KeyboardInterrupt:
            self._manifest |= {"status": "interrupted", "verdict": "invalid"}
            self._folder.manifest(self._manifest)
            raise
        except BaseException as error:
            told = self._masked(f"{type(error).__name__}: {error}")
            self._manifest |= {"status": "failed", "verdict": "error", "error": told}
            self._folder.manifest(self._manifest)
            raise
        finally:
            self._progress.end()

    def _simulate(self, interruption: _Interruption) -> list[Ending]:
        """Sends the shards through the run, or as far as it may go; they are closed whatever happens."""
        shards: list[Shard] = []
        with ExitStack() as opened:
            for shard in self._shards():
                opened.callback(shard.close)
                shards.append(shard)
            for until_ms in self._spans():
                if interruption.noted or self._is_late():
                    break
                self._take(shards, until_ms)
            return [shard.finish() for shard in shards]

    def _is_late(self) -> bool:
        limit_ms = self._plan.wall_ms_max
        return limit_ms is not None and (time.perf_counter() - self._began) * 1000 > limit_ms

    def _shards(self) -> Iterator[Shard]:
        everything = self._scenario.fleet.everything
        if self._plan.workers == 1:
            yield LocalShard(self._scenario, backends=self._backends, buckets=self._plan.buckets)
            return
        for worker, devices in enumerate(np.array_split(everything, min(self._plan.workers, len(everything)))):
            yield RemoteShard(
                self._scenario,
                devices=devices,
                backends=self._plan.backends,
                buckets=self._plan.buckets,
                worker=worker,
            )

    def _spans(self) -> Iterator[int]:
        """The ends of the spans of time that shards are sent through: each part's end is one of them."""
        duration_ms = self._scenario.duration_ms
        coupled = bool(self._scenario.reactions) or responds_as_group(self._scenario)
        lines = 1 if coupled else SPAN_DEVICE_HOURS * HOUR_MS // len(self._scenario.fleet) // LINE_MS
        for part_ms in range(0, duration_ms, self._part_ms):
            end_ms = min(part_ms + self._part_ms, duration_ms)
            for from_ms in range(part_ms, end_ms, max(1, lines) * LINE_MS):
                yield min(from_ms + max(1, lines) * LINE_MS, end_ms)

    def _take(self, shards: Sequence[Shard], until_ms: int) -> None:
        commands = self._reactions.commands(self._now_ms) + self._group_responses.commands(self._now_ms)
        for shard in shards:
            shard.begin(until_ms, commands)
        parts = [shard.part() for shard in shards]
        self._now_ms = until_ms
        facts = self._add(parts)
        self._reactions.saw(facts, until_ms)
        self._group_responses.saw(facts)
        if until_ms % self._part_ms == 0:
            self._write()
        self._progress.advance(until_ms)

    def _add(self, parts: Sequence[Part]) -> list[Fact]:
        for at_ms, ledger in recording.merged([part.ledgers for part in parts]).items():
            if at_ms in self._ledgers:
                self._ledgers[at_ms].add(ledger)
            else:
                self._ledgers[at_ms] = ledger
        facts = sorted((fact for part in parts for fact in part.facts), key=lambda fact: (fact.at_ms, fact.device))
        self._facts += facts
        return facts

    def _write(self) -> None:
        """Writes the rows that are complete, and how far the run has come."""
        if self._cells is None:
            self._cells = recording.cells_of(self._scenario)
        self._folder.write("telemetry", recording.telemetry_table(self._ledgers, self._cells))
        self._folder.write("servers", recording.servers_table(self._ledgers, self._names))
        self._folder.write("facts", recording.facts_table(self._facts, self._scenario.fleet))
        self._ledgers, self._facts = {}, []
        self._manifest |= {"simulated_ms": self._now_ms}
        self._folder.manifest(self._manifest)

    # --- the end ----------------------------------------------------------------------------------------------------

    def _conclude(self, endings: Sequence[Ending], interrupted: bool) -> Result:
        scenario, fleet = self._scenario, self._scenario.fleet
        self._add([ending.part for ending in endings])
        self._write()
        columns = [ending.columns for ending in endings]
        self._folder.write("devices", recording.devices_table(columns, fleet, self._names))
        tables = self._folder.tables()
        watched = self._watched(endings)
        tallied, stored = self._tallied(endings), self._stored(endings)
        verdicts = [
            evaluate(one, tables, fleet, watched=watched, tallied=tallied, stored=stored)
            for one in scenario.expectations
        ]
        verdicts += self._reactions.verdicts()
        own = len(verdicts)
        for port, finding in self._server_findings(endings):
            verdicts.append(finding)
            own += port in self._backends
        cut_short = not interrupted and self._now_ms < scenario.duration_ms
        if cut_short:
            verdicts = [self._too_late()]
        verdict = verdict_of(verdicts, judged=own > 0)
        self._manifest |= {
            "status": "interrupted" if interrupted else "cut-short" if cut_short else "finished",
            "simulated_ms": self._now_ms,
            "verdict": verdict,
            "expectations": [_plain(item) for item in verdicts],
            "telemetry": _totals(endings),
            "digest": self._folder.digest,
            "wall_s": round(time.perf_counter() - self._began, 3),
            "cpu_s": round(time.process_time() - self._cpu_began, 3),
        }
        self._folder.manifest(self._manifest)
        return Result(self._folder.path, verdict, interrupted)

    def _watched(self, endings: Sequence[Ending]) -> dict[str, WatchResult]:
        """What the watches of all shards saw, by the name of the expectation."""
        names = [expectation.name for expectation in self._scenario.expectations if expectation.watch is not None]
        return {name: together([ending.watched[index] for ending in endings]) for index, name in enumerate(names)}

    def _tallied(self, endings: Sequence[Ending]) -> dict[str, TallyResult]:
        """What the tallies of all shards counted, by the name of the expectation."""
        names = [expectation.name for expectation in self._scenario.expectations if expectation.tally is not None]
        return {name: together([ending.tallied[index] for ending in endings]) for index, name in enumerate(names)}

    @staticmethod
    def _stored(endings: Sequence[Ending]) -> dict[Port, Stored | None]:
        """What the servers of each port hold, as all shards were told; None where they cannot be asked."""
        result: dict[Port, Stored | None] = {}
        for target in sorted({target for ending in endings for target in ending.stored}):
            parts = [ending.stored[target] for ending in endings]
            known = [part for part in parts if part is not None]
            result[PORT_OF_TARGET[target]] = together(known) if known else None
        return result

    def _too_late(self) -> Verdict:
        """The verdict of a run that was cut short: what it would have come to is not known."""
        reached, whole = duration_text(self._now_ms), duration_text(self._scenario.duration_ms)
        permitted = f"at most {duration_text(self._plan.wall_ms_max or 0)} of wall time"
        seen = f"cut short at {reached} of {whole}"
        return Verdict("limit of wall time", None, Outcome.INVALID, seen, permitted, (), self._scenario.label)

    def _server_findings(self, endings: Sequence[Ending]) -> Iterator[tuple[Port, Verdict]]:
        """A server has to hold what it acknowledged, whatever the scenario expects; judged where it can be asked."""
        for target in sorted({target for ending in endings for target in ending.missing}):
            devices = [device for ending in endings for device in ending.missing[target]]
            port = PORT_OF_TARGET[target]
            names = self._scenario.fleet.names(np.array(devices[:EXAMPLES_MAX], np.int64)).to_pylist()
            verdict = Verdict(
                f"{port}: what is acknowledged is held",
                "PORT-TEL-001",
                Outcome.FAIL if devices else Outcome.PASS,
                f"{len(devices)} devices of which less is held" if devices else "all of it",
                "a server holds every event that it acknowledged",
                tuple(CounterExample(str(name), "acknowledged", "not held", "held") for name in names),
                self._scenario.servers[port].place,
            )
            yield port, verdict

    def _opening(self) -> dict[str, Any]:
        scenario = self._scenario
        return {
            "format": FORMAT,
            "version": version("seatrial"),
            "status": "running",
            "scenario": {
                "name": scenario.name,
                "about": scenario.about,
                "file": scenario.label,
                "sha256": scenario.sha256,
                "tags": list(scenario.tags),
            },
            "seed": scenario.seed,
            "start": scenario.start.isoformat(),
            "duration_ms": scenario.duration_ms,
            "simulated_ms": 0,
            "devices": len(scenario.fleet),
            "blocks": [
                {"name": block.name, "image": block.image, "group": block.group, "count": block.count}
                for block in scenario.fleet.blocks
            ],
            "workers": self._plan.workers,
            "command": self._masked(self._plan.command),
            "arguments": [self._masked(argument) for argument in self._plan.arguments],
            "backends": {str(port): self._backend(port) for port in Port},
            "interval_ms": scenario.recording_ms,
            "steps": [_step(step) for step in scenario.steps],
            "verdict": "error",
            "expectations": [],
            "telemetry": {},
            "digest": "",
            "wall_s": 0.0,
            "cpu_s": 0.0,
            "environment": {"python": platform.python_version(), "numpy": version("numpy"), "simpy": version("simpy")},
            "warnings": [str(warning) for warning in scenario.warnings],
        }

    def _backend(self, port: Port) -> str:
        return self._backends[port].spec if port in self._backends else "fake"

    def _masked(self, text: str) -> str:
        """A text without the secrets of the users' backends."""
        for backend in self._backends.values():
            text = backend.masked(text)
        return text


def verdict_of(verdicts: Sequence[Verdict], *, judged: bool) -> str:
    """The verdict of a run: `fail` before `invalid` before `pass`.

    `judged` tells whether anything was judged that the scenario expects, or that a user's backend has to do: where it
    was not, a run that would pass is `unjudged`.
    """
    outcomes = {verdict.verdict for verdict in verdicts}
    if outcomes & {Outcome.FAIL, Outcome.UNKNOWN}:
        return "fail"
    if Outcome.INVALID in outcomes:
        return "invalid"
    return "pass" if judged else "unjudged"


def _totals(endings: Sequence[Ending]) -> dict[str, dict[str, int]]:
    targets = sorted({target for ending in endings for target in ending.columns.terms})
    return {
        str(target): {term: sum(int(ending.columns.terms[target][term].sum()) for ending in endings) for term in TERMS}
        for target in targets
    }


def _step(step: Occurrence) -> dict[str, Any]:
    action = "mark" if step.action is None else name_of(step.action)
    return {"name": step.name, "action": action, "at_ms": step.at_ms, "end_ms": step.end_ms, "detail": step.place}


def _plain(verdict: Verdict) -> dict[str, Any]:
    data = asdict(verdict)
    data["verdict"] = str(verdict.verdict)
    return data
