"""Runs scenarios in this process, quickly: shards in place of workers, a display that shows nothing."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emulator.ports import I64, Port
from scenarios import runner
from scenarios.model import Scenario
from scenarios.runner import Plan, Result
from scenarios.shard import BackendSpec, LocalShard
from scenarios.tables import SCHEMAS


class Unseen:
    """Progress that nobody watches; `at` is called with how far the run has come."""

    def __init__(self, at: Callable[[int], None] = lambda _: None) -> None:
        self._at = at
        self.calls: list[str] = []

    def begin(self, total_ms: int, label: str) -> None:
        self.calls.append(f"begin {label}")

    def advance(self, simulated_ms: int) -> None:
        self._at(simulated_ms)

    def end(self) -> None:
        self.calls.append("end")


class InPlace(LocalShard):
    """A shard that the coordinator takes for one in a process of its own."""

    def __init__(
        self, scenario: Scenario, *, devices: I64, backends: Mapping[Port, BackendSpec], buckets: int, worker: int
    ) -> None:
        chosen = {port: spec.resolve(port) for port, spec in backends.items()}
        super().__init__(scenario, devices=devices, backends=chosen, buckets=buckets, worker=worker)


def run(
    scenario: Scenario,
    folder: Path,
    *,
    workers: int = 1,
    buckets: int = 1,
    backends: Mapping[Port, BackendSpec] | None = None,
    at: Callable[[int], None] = lambda _: None,
    command: str = "",
    wall_ms_max: int | None = None,
) -> Result:
    """One run; more than one worker means as many shards, in this process."""
    plan = Plan(
        folder, workers=workers, buckets=buckets, backends=backends or {}, command=command, wall_ms_max=wall_ms_max
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "RemoteShard", InPlace)
        return runner.run(scenario, plan, Unseen(at))


def manifest(folder: Path) -> dict[str, Any]:
    """What `run.json` says."""
    data: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return data


def digest(scenario: Scenario, folder: Path, **how: Any) -> str:
    """The digest of one run."""
    run(scenario, folder, **how)
    return str(manifest(folder)["digest"])


def table(folder: Path, name: str) -> pa.Table:
    """All rows of a table, in the order of its parts."""
    parts = sorted((folder / name).glob("part-*.parquet"))
    return pa.concat_tables([pq.read_table(part, schema=SCHEMAS[name]) for part in parts])


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """The same, as plain data."""
    return table(folder, name).to_pylist() if any((folder / name).iterdir()) else []


def facts(folder: Path, kind: str) -> list[tuple[int, str]]:
    """Moment and device of the facts of one kind."""
    return [(row["at_ms"], row["device"]) for row in rows(folder, "facts") if row["kind"] == kind]
