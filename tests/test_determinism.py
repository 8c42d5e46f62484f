"""Results depend on the scenario and its seed alone: not on workers, buckets, processes, processors or order."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from emulator import journal
from emulator.ports import I64
from emulator.world import World
from fakes.faults import FaultSchedule, Requests, Verdict
from scenarios import fleet, recording
from scenarios.loader import load_text
from scenarios.model import Scenario
from scenarios.runner import Plan
from scenarios.runner import run as run_for_real
from tests.commandline import ENVIRONMENT
from tests.scenarios.running import Unseen, digest, manifest, rows, run

Parts = dict[str, Any]  # plain YAML

BLOCKS: list[Parts] = [
    {"name": "office", "image": "windows-office", "count": 20, "group": "Managed devices/HQ/Office"}
    | {"site": "north"},
    {"name": "db", "image": "linux-server", "count": 8, "group": "Managed devices/HQ/Servers"},
    {"name": "idle", "image": "quiet", "count": 12, "group": "Managed devices/Branch"},
    {"name": "south", "image": "windows-office", "count": 9, "group": "Managed devices/HQ/Office", "site": "south"},
]
SITES: list[Parts] = [
    {"name": "north", "time-zone": "Europe/Berlin"},
    {"name": "south", "time-zone": "Asia/Kolkata", "latency": "700ms", "link": "256 kbit/s"},
]
POLICIES: list[Parts] = [
    {
        "name": "office",
        "group": "Managed devices/HQ/Office",
        "settings": {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 400}},
    },
    {
        "name": "servers",
        "group": "Managed devices/HQ/Servers",
        "settings": {"request-throttling": {"switch": "under-policy", "enabled": False}},
    },
]
UNCOUPLED: Parts = {
    "name": "uncoupled",
    "seed": 11,
    "start": "2026-03-02T08:00:00+01:00",
    "duration": "80min",
    "sites": SITES,
    "fleet": {"blocks": BLOCKS, "integrate": {"central-node": True, "kics": True}},
    "policies": POLICIES,
    "servers": {"telemetry": {"nodes": ["cn-1", "cn-2"]}},
    "select": {"some": {"pick": 9, "from": "all"}},
    "expect": [{"name": "events happened", "total": "telemetry.generated", "is": "> 0"}],
    "timeline": [
        {"name": "drop", "at": "4min", "do": "place-file", "target": "some", "file": "synthetic/dropper"},
        {"name": "infect", "at": "6min", "do": "plant", "target": {"block": "office"}, "indicators": "library"},
        {"name": "slow", "at": "10min", "fault": {"server": "cn-1", "kind": "status", "code": 503, "share": "30 %"}},
        {"name": "starts", "at": "12min", "do": "start-process", "target": "all", "process": "synthetic/a", "count": 3},
        {"name": "burst", "at": "20min", "do": "emit", "target": "some", "type": "file-change", "count": 70_000},
        {"name": "sweep", "at": "22min", "do": "sweep", "target": "all", "indicators": "library"},
        {
            "name": "lost",
            "at": "25min",
            "fault": {"server": "telemetry", "kind": "lost-acknowledgement", "for": "5min"},
        },
        {"name": "cut", "at": "31min", "do": "unplug", "target": "some", "for": "9min"},
        {
            "name": "tighter",
            "at": "35min",
            "do": "change-policy",
            "policy": "office",
            "settings": {"request-throttling": {"max-events-per-hour": 50}},
        },
        {"name": "crash", "at": "44min", "do": "crash-agent", "target": {"pick": "20 %", "from": "all"}, "for": "7min"},
        {"name": "gone", "at": "55min", "fault": {"server": "cn-1", "kind": "outage", "for": "10min"}},
    ],
}
COUPLED: Parts = {
    **UNCOUPLED,
    "name": "coupled",
    "timeline": [
        {"name": "infect", "at": "3min", "do": "plant", "target": {"pick": 5, "from": {"os": "windows"}}}
        | {"indicators": "library"},
        {"name": "sweep", "at": "6min", "do": "sweep", "target": "all", "indicators": "library"},
        {"name": "seen", "when": {"fact": "ioc-match"}, "within": "1h", "do": "isolate", "target": {"block": "office"}}
        | {"for": "20min"},
        {"name": "again", "after": "seen.end", "delay": "5min", "do": "sweep", "target": {"block": "db"}}
        | {"indicators": "library"},
        {"name": "storm", "after": "seen", "fault": {"server": "cn-1", "kind": "status", "code": 429, "share": "40 %"}},
        {"name": "loose", "when": {"fact": "released"}, "do": "deactivate-policy", "policy": "office"},
        {"name": "tidy", "at": "70min", "do": "sweep", "target": "all", "indicators": "library"},
    ],
}
BOTH = pytest.mark.parametrize("parts", [UNCOUPLED, COUPLED], ids=["uncoupled", "coupled"])


def scenario(parts: Parts, **changed: Any) -> Scenario:
    text = yaml.safe_dump({**parts, **changed}, sort_keys=False)
    return load_text(text.encode(), "trial.yaml", folder=Path())


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Parts], str]:
    """The digest of one worker and one bucket."""

    @cache
    def of(name: str) -> str:
        parts = {"uncoupled": UNCOUPLED, "coupled": COUPLED}[name]
        return digest(scenario(parts), tmp_path_factory.mktemp(name))

    return lambda parts: of(parts["name"])


# --- the same, however it is run --------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(("workers", "buckets"), [(2, 1), (3, 5), (1, 30)])
def test_the_digest_is_the_same_for_any_number_of_workers_and_buckets(
    parts: Parts, workers: int, buckets: int, usual: Callable[[Parts], str], tmp_path: Path
) -> None:
    assert digest(scenario(parts), tmp_path, workers=workers, buckets=buckets) == usual(parts)


@BOTH
def test_the_scenarios_reach_what_could_go_wrong(parts: Parts, tmp_path: Path) -> None:
    """A digest over nothing would be the same everywhere."""
    run(scenario(parts), tmp_path)
    kinds = {row["kind"] for row in rows(tmp_path, "facts")}
    always = {"planted", "sweep-finished", "ioc-match", "step", "policy-applied"}
    own = {"uncoupled": {"fail-over", "agent-crashed", "off-line", "fault-ended"}, "coupled": {"isolated", "released"}}
    assert kinds >= always | own[parts["name"]]
    terms = manifest(tmp_path)["telemetry"]["central-node"]
    assert all(terms[term] for term in ("throttled", "acknowledged"))
    assert sum(row["refused"] for row in rows(tmp_path, "servers")) > 0
    assert manifest(tmp_path)["telemetry"]["kics"]["acknowledged"] > 0


def test_two_processes_give_the_same_digest(usual: Callable[[Parts], str], tmp_path: Path) -> None:
    run_for_real(scenario(COUPLED), Plan(tmp_path, workers=2), Unseen())
    assert manifest(tmp_path)["digest"] == usual(COUPLED)


def dispatched() -> str:
    """What this processor has and numpy can do without."""
    # numpy has no public list of what NPY_DISABLE_CPU_FEATURES takes.
    from numpy._core import _multiarray_umath as core  # type: ignore[attr-defined]

    return " ".join(name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name))


@pytest.mark.parametrize("plain", [False, True], ids=["another hash seed", "a plainer processor"])
def test_neither_hash_seed_nor_processor_matters(plain: bool, usual: Callable[[Parts], str], tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "PYTHONHASHSEED": "1" if plain else "4242"}
    if plain:
        if not dispatched():
            pytest.skip("numpy has nothing to switch off on this processor")
        environment["NPY_DISABLE_CPU_FEATURES"] = dispatched()
    for parts in (UNCOUPLED, COUPLED):
        (tmp_path / f"{parts['name']}.yaml").write_text(yaml.safe_dump(parts, sort_keys=False))
    arguments = ["run", "uncoupled.yaml", "coupled.yaml", "--format", "json", "--report", "none"]
    done = subprocess.run(
        [sys.executable, "-m", "seatrial", *arguments],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout)["runs"]
    assert [one["digest"] for one in runs] == [usual(UNCOUPLED), usual(COUPLED)]


def test_another_seed_gives_another_digest(usual: Callable[[Parts], str], tmp_path: Path) -> None:
    assert digest(scenario(UNCOUPLED, seed=12), tmp_path) != usual(UNCOUPLED)


# --- the same, in whatever order it is written ------------------------------------------------------------------------


def test_the_order_of_blocks_groups_policies_and_steps_does_not_matter(
    usual: Callable[[Parts], str], tmp_path: Path
) -> None:
    shuffled = scenario(
        UNCOUPLED,
        fleet={**UNCOUPLED["fleet"], "blocks": BLOCKS[::-1]},
        policies=POLICIES[::-1],
        timeline=UNCOUPLED["timeline"][::-1],
    )
    assert digest(shuffled, tmp_path) == usual(UNCOUPLED)


@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_devices_that_are_added_change_nobody(first: bool, tmp_path: Path) -> None:
    more: Parts = {"name": "more", "image": "windows-office", "count": 30, "group": "Managed devices/HQ/Office"}
    chosen = {"some": {"any": ["office-00003", "db-00002", "idle-00001"]}}
    timeline = [step for step in UNCOUPLED["timeline"] if step["name"] != "crash"]
    blocks = [more, *BLOCKS] if first else [*BLOCKS, more]
    run(scenario(UNCOUPLED, select=chosen, timeline=timeline), tmp_path / "few")
    wider = {**UNCOUPLED["fleet"], "blocks": blocks}
    run(scenario(UNCOUPLED, select=chosen, timeline=timeline, fleet=wider), tmp_path / "many")
    few, many = rows(tmp_path / "few", "devices"), rows(tmp_path / "many", "devices")
    assert [row for row in many if row["block"] != "more"] == few
    assert len(many) == len(few) + 30
    stories = [
        [row for row in rows(folder, "facts") if not row["device"].startswith("more")]
        for folder in (tmp_path / "few", tmp_path / "many")
    ]
    assert stories[0] == stories[1]


# --- faults that these tests have to catch ----------------------------------------------------------------------------


def phase_by_row(self: World, key: Any) -> I64:
    return np.arange(len(key)) * 977 % 30_000


def last_shard_wins(shards: Any) -> Any:
    return {at_ms: ledger for ledgers in shards for at_ms, ledger in ledgers}


def as_it_came(name: str, table: Any) -> Any:
    return table.combine_chunks()


def by_creation(batches: list[journal.Facts]) -> Any:
    number = 0
    for facts in batches:
        for at_ms, device in zip(facts.at_ms.tolist(), facts.device.tolist(), strict=True):
            number += 1
            yield journal.Fact(at_ms, device, number, facts.kind, facts.detail)


true_judge = FaultSchedule.judge


def drawn_by_row(self: FaultSchedule, server: str, requests: Requests, latency_us: int) -> Verdict:
    keyed = dataclasses.replace(requests, keys=np.arange(len(requests.keys), dtype=np.uint64))
    return true_judge(self, server, keyed, latency_us)


FAULTS = [
    pytest.param(World, "phases", phase_by_row, id="phases by row"),
    pytest.param(recording, "merged", last_shard_wins, id="the last shard wins"),
    pytest.param(recording, "in_order", as_it_came, id="rows as they came"),
    pytest.param(journal, "_ordered", by_creation, id="facts by creation"),
    pytest.param(FaultSchedule, "judge", drawn_by_row, id="faults drawn by row"),
]


@pytest.mark.parametrize(("owner", "name", "fault"), FAULTS)
def test_what_depends_on_the_split_is_caught(
    owner: object, name: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(owner, name, fault)
    whole = digest(scenario(UNCOUPLED), tmp_path / "whole")
    assert digest(scenario(UNCOUPLED), tmp_path / "split", workers=3) != whole


def test_keys_by_the_place_in_the_fleet_are_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = iter(range(1_000))

    def by_place(seed: int, block: str, count: int) -> Any:
        return np.array([next(made) * 0x9E3779B97F4A7C15 % 2**64 for _ in range(count)], np.uint64)

    monkeypatch.setattr(fleet, "device_keys", by_place)
    one = digest(scenario(UNCOUPLED), tmp_path / "one")
    made = iter(range(1_000))
    other = scenario(UNCOUPLED, fleet={**UNCOUPLED["fleet"], "blocks": BLOCKS[::-1]})
    assert digest(other, tmp_path / "other") != one
