"""The runner: spans and parts, Ctrl-C, failures, what the manifest says, and the finding that a server lost events."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emulator.adapter import AdapterError
from emulator.errors import BooksError, UserError
from emulator.ports import I64, Port
from emulator.simulation import Simulation
from emulator.telemetry import stream
from emulator.telemetry.block import Block
from fakes.telemetry import TelemetryNodes
from reports.folder import RunFolder
from reports.summary import summarise
from scenarios import runner
from scenarios.expectations import Outcome
from scenarios.loader import load
from scenarios.runner import verdict_of
from scenarios.tables import KEYS, SCHEMAS
from scenarios.verdicts import Verdict
from tests.scenarios.made import loaded
from tests.scenarios.running import digest, manifest, rows, run
from tests.scenarios.servers import Ender, Fragile, Keeper, Observed, Secretive, Shy, Stubborn, spec

HOUR_MS = 3_600_000
FEW = {"blocks": [{"name": "office", "image": "windows-office", "count": 6, "group": "Managed devices/HQ"}]}
"""Enough where every single package is made."""
LIFE = {"name": "life", "total": "telemetry.generated", "is": "> 0"}


@pytest.fixture(autouse=True)
def nothing_made() -> Iterator[None]:
    Keeper.made.clear()
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def telling(folder: Path) -> str:
    """The word of the banner of a folder that has to be readable."""
    summary = summarise(RunFolder.open(folder))
    assert summary.problems == ()
    return summary.banner.word


# --- spans and parts --------------------------------------------------------------------------------------------------


def test_neither_parts_nor_spans_change_the_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    timeline = [{"at": "70min", "fault": {"server": "telemetry", "kind": "outage", "for": "20min"}}]
    scenario = loaded(timeline=timeline)
    usual = digest(scenario, tmp_path / "usual")
    for parts, device_hours in ((1, 20_000), (2, 20_000), (48, 1), (1, 30)):
        monkeypatch.setattr(runner, "PARTS", parts)
        monkeypatch.setattr(runner, "SPAN_DEVICE_HOURS", device_hours)
        assert digest(scenario, tmp_path / f"{parts}-{device_hours}") == usual


@pytest.mark.parametrize(("parts", "files"), [(48, 4), (2, 2), (1, 1)])
def test_a_run_is_written_in_about_that_many_parts(
    parts: int, files: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(runner, "PARTS", parts)
    run(loaded(), tmp_path)
    assert len(list((tmp_path / "telemetry").iterdir())) == files


def test_parts_of_a_table_follow_each_other_in_the_order_of_its_key(tmp_path: Path) -> None:
    run(load("policy-roll-out", devices=50), tmp_path)
    for name, key in KEYS.items():
        keys = [tuple(row[column] for column in key) for row in rows(tmp_path, name)]
        assert keys == sorted(set(keys))
        assert keys


def spans(devices: int, **sections: Any) -> list[int]:
    reached: list[int] = []
    fleet = {"blocks": [{"name": "idle", "image": "quiet", "count": devices, "group": "Managed devices"}]}
    instance = runner._Run.__new__(runner._Run)
    instance._scenario = loaded(fleet=fleet, **sections)
    instance._part_ms = HOUR_MS
    reached += instance._spans()
    return reached


def test_a_span_is_a_part_where_devices_are_few() -> None:
    assert spans(100, duration="150min") == [HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS + 1_800_000]


def test_a_span_is_short_where_devices_are_many() -> None:
    reached = spans(500_000, duration="2h")
    steps = np.diff([0, *reached])
    assert set(steps.tolist()) == {120_000}
    assert reached[-1] == 2 * HOUR_MS


def test_each_part_ends_with_a_span() -> None:
    reached = spans(30_000, duration="3h")
    assert {HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS} <= set(reached)
    assert max(np.diff([0, *reached])) < HOUR_MS


def test_a_scenario_with_reactions_is_run_from_line_to_line() -> None:
    reaction = {"when": {"fact": "isolated"}, "name": "seen"}
    assert spans(5, duration="5min", timeline=[reaction]) == list(range(30_000, 300_001, 30_000))


# --- Ctrl-C -----------------------------------------------------------------------------------------------------------


def interrupt(at_ms: int) -> Any:
    """Presses Ctrl-C once the run has come that far."""
    return lambda simulated_ms: signal.raise_signal(signal.SIGINT) if simulated_ms == at_ms else None


@pytest.mark.parametrize("workers", [1, 3])
def test_ctrl_c_ends_a_run_where_it_is_and_keeps_what_was_done(workers: int, tmp_path: Path) -> None:
    scenario = loaded(expect=[{"name": "sent", "total": "telemetry.acknowledged", "is": "> 0"}])
    result = run(scenario, tmp_path / "cut", workers=workers, at=interrupt(2 * HOUR_MS))
    assert result.interrupted
    told = manifest(tmp_path / "cut")
    assert (told["status"], told["simulated_ms"], told["verdict"]) == ("interrupted", 2 * HOUR_MS, "pass")
    assert telling(tmp_path / "cut") == "INTERRUPTED"
    run(scenario, tmp_path / "whole")
    for name in ("telemetry", "servers", "facts"):
        before = [row for row in rows(tmp_path / "whole", name) if row["at_ms"] < 2 * HOUR_MS]
        assert rows(tmp_path / "cut", name) == before
    assert len(rows(tmp_path / "cut", "devices")) == 45


def test_ctrl_c_in_the_middle_of_a_step_leaves_no_step_half_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    collect = stream.Stream.transmit
    calls: list[int] = []

    def pressed(self: Any, *arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 150:
            signal.raise_signal(signal.SIGINT)
        collect(self, *arguments)

    monkeypatch.setattr(stream.Stream, "transmit", pressed)
    assert run(loaded(), tmp_path).interrupted
    assert manifest(tmp_path)["simulated_ms"] == 2 * HOUR_MS
    assert telling(tmp_path) == "INTERRUPTED"


def test_ctrl_c_before_the_first_span_is_an_interruption_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def staged(self: Any) -> Iterator[int]:
        signal.raise_signal(signal.SIGINT)
        yield HOUR_MS

    monkeypatch.setattr(runner._Run, "_spans", staged)
    assert run(loaded(), tmp_path).interrupted
    assert manifest(tmp_path)["simulated_ms"] == 0
    assert telling(tmp_path) == "INTERRUPTED"


def test_a_second_ctrl_c_ends_the_run_at_once_and_the_folder_is_readable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    step = Block.step
    calls: list[int] = []

    def pressed(self: Block, *arguments: Any) -> None:
        calls.append(1)
        if len(calls) in (300, 310):
            signal.raise_signal(signal.SIGINT)
        step(self, *arguments)

    monkeypatch.setattr(Block, "step", pressed)
    with pytest.raises(KeyboardInterrupt):
        run(loaded(), tmp_path)
    told = manifest(tmp_path)
    assert (told["status"], told["simulated_ms"], told["verdict"]) == ("interrupted", 2 * HOUR_MS, "invalid")
    assert {row["at_ms"] for row in rows(tmp_path, "telemetry")} == set(range(0, 2 * HOUR_MS, 30_000))
    assert telling(tmp_path) == "INTERRUPTED"


def test_an_interruption_in_the_middle_of_a_step_without_care_is_caught(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the noting of Ctrl-C is for: an exception inside a step leaves books that do not balance."""
    calls: list[int] = []
    transmit = stream.Stream.transmit

    def torn(self: Any, *arguments: Any) -> None:
        calls.append(1)
        if len(calls) == 150:
            raise KeyboardInterrupt
        transmit(self, *arguments)

    monkeypatch.setattr(stream.Stream, "transmit", torn)
    simulate = Simulation.advance

    def careless(self: Simulation, until_ms: int) -> None:
        try:
            simulate(self, until_ms)
        except KeyboardInterrupt:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Simulation, "advance", careless)
    with pytest.raises(BooksError):
        run(loaded(), tmp_path)


def test_a_run_in_another_thread_leaves_signals_alone(tmp_path: Path) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(run(loaded(duration="1h", expect=[LIFE]), tmp_path)))
    thread.start()
    thread.join(30)
    assert results[0].verdict == "pass"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_beyond_its_wall_time_is_cut_short_and_judges_nothing(workers: int, tmp_path: Path) -> None:
    scenario = loaded(expect=[{"name": "silence", "total": "telemetry.generated", "is": 0}])
    result = run(scenario, tmp_path / "cut", workers=workers, wall_ms_max=0)
    assert (result.verdict, result.interrupted) == ("invalid", False)
    told = manifest(tmp_path / "cut")
    assert told["simulated_ms"] < 4 * HOUR_MS
    assert [one["verdict"] for one in told["expectations"]] == ["invalid"]
    assert telling(tmp_path / "cut") == "INVALID"
    assert run(scenario, tmp_path / "whole", wall_ms_max=60_000).verdict == "fail"


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2])
def test_a_backend_that_breaks_leaves_a_readable_folder_and_is_closed(workers: int, tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"Fragile\.send raised OSError: the disk is gone"):
        run(loaded(duration="1h"), tmp_path, backends=spec(Fragile), workers=workers)
    told = manifest(tmp_path)
    assert (told["status"], told["verdict"]) == ("failed", "error")
    assert told["error"] == "AdapterError: Fragile.send raised OSError: the disk is gone"
    assert told["backends"]["telemetry"].endswith("servers:Fragile")
    assert telling(tmp_path) == "ERROR"
    opened = [server for server in Keeper.made if server.calls]
    assert len(opened) == 1 + workers
    assert all(server.calls[-1] == "close" for server in opened)


def test_a_backend_that_fails_its_smoke_check_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"did not pass its smoke check: send: refused with status 401"):
        run(loaded(), tmp_path / "out", backends=spec(Shy))
    assert not (tmp_path / "out").exists()


def test_a_backend_that_cannot_be_closed_is_a_failure_and_the_others_are_closed(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match=r"Stubborn\.close raised OSError: still busy"):
        run(loaded(fleet=FEW, duration="5min"), tmp_path, backends=spec(Stubborn), workers=3)
    assert manifest(tmp_path)["status"] == "failed"
    opened = [server for server in Keeper.made if "open" in " ".join(server.calls)]
    assert len(opened) == 4
    assert all(server.calls[-1] == "close" for server in opened)


def test_secrets_are_in_neither_command_nor_error(tmp_path: Path) -> None:
    command = "seatrial run x.yaml --set servers.telemetry.options.token=hunter2-and-more"
    with pytest.raises(AdapterError):
        run(loaded(), tmp_path, backends=spec(Secretive, token="hunter2-and-more"), command=command)
    text = (tmp_path / "run.json").read_text(encoding="utf-8")
    assert "hunter2" not in text
    assert manifest(tmp_path)["error"].endswith("********** was refused")
    assert manifest(tmp_path)["command"].endswith("token=**********")


def test_a_sweep_is_refused_where_the_central_node_is_a_backend_of_a_user(tmp_path: Path) -> None:
    timeline = [{"at": "1h", "do": "sweep", "target": "all", "indicators": "library"}]
    with pytest.raises(UserError, match=r"trial.yaml:\d+:\d+: timeline.0: sweep needs tasks") as raised:
        run(loaded(timeline=timeline), tmp_path / "out", backends=spec(Keeper))
    assert raised.value.remedy == "leave telemetry to the fake"
    assert not (tmp_path / "out").exists()
    run(loaded(fleet=FEW, timeline=timeline, duration="65min"), tmp_path / "kics", backends=spec(Keeper, Port.KICS))


def test_a_worker_that_dies_is_named_with_its_exit_code(tmp_path: Path) -> None:
    """In a process of its own."""
    from scenarios.runner import Plan
    from scenarios.shard import ShardError
    from tests.scenarios.running import Unseen

    fleet = {"blocks": [{"name": "pair", "image": "windows-office", "count": 2, "group": "Managed devices"}]}
    with pytest.raises(ShardError, match="a worker ended with exit code 7"):
        runner.run(loaded(fleet=fleet, duration="1h"), Plan(tmp_path, workers=2, backends=spec(Ender)), Unseen())
    assert manifest(tmp_path)["status"] == "failed"


# --- what servers hold ------------------------------------------------------------------------------------------------


def held_verdict(folder: Path, port: str = "telemetry") -> dict[str, Any]:
    verdicts = [one for one in manifest(folder)["expectations"] if one["clause"] == "PORT-TEL-001"]
    (verdict,) = [one for one in verdicts if one["name"].startswith(f"{port}:")]
    return dict(verdict)


def test_a_server_that_holds_what_it_acknowledged_passes(tmp_path: Path) -> None:
    assert run(loaded(duration="1h", expect=[LIFE]), tmp_path).verdict == "pass"
    assert held_verdict(tmp_path)["verdict"] == "pass"


def test_a_server_that_lost_something_is_a_finding_with_its_devices(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held = TelemetryNodes.held

    def less(self: TelemetryNodes, device: I64) -> I64:
        return np.where(device == 3, held(self, device) - 1, held(self, device))

    monkeypatch.setattr(TelemetryNodes, "held", less)
    assert run(loaded(duration="1h"), tmp_path, workers=2).verdict == "fail"
    verdict = held_verdict(tmp_path)
    assert (verdict["verdict"], verdict["seen"]) == ("fail", "1 devices of which less is held")
    assert [one["device"] for one in verdict["counter_examples"]] == ["office-00004"]


@pytest.mark.parametrize("backends", [None, spec(Observed)], ids=["fake", "user's"])
def test_what_expired_was_never_acknowledged_and_nobody_has_to_hold_it(
    backends: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stream, "RETENTION_MS", 20 * 60_000)
    fault = {"server": "telemetry", "kind": "refused-connection"}
    timeline = [{"at": "20min", "fault": {**fault, "for": "40min"}}, {"at": "80min", "fault": fault}]
    scenario = loaded(fleet=FEW, duration="150min", timeline=timeline, expect=[LIFE])
    assert run(scenario, tmp_path, backends=backends).verdict == "pass"
    terms = manifest(tmp_path)["telemetry"]["central-node"]
    assert terms["expired"] > 0
    assert terms["acknowledged"] > 0
    assert held_verdict(tmp_path)["verdict"] == "pass"


def test_a_backend_that_tells_nothing_is_not_judged(tmp_path: Path) -> None:
    run(loaded(fleet=FEW, duration="10min"), tmp_path, backends=spec(Keeper))
    assert [one["name"] for one in manifest(tmp_path)["expectations"]] == []


# --- the manifest -----------------------------------------------------------------------------------------------------


def test_a_folder_that_is_being_written_says_so(tmp_path: Path) -> None:
    seen: list[dict[str, Any]] = []
    run(loaded(), tmp_path, at=lambda _: seen.append(manifest(tmp_path)))
    assert [(one["status"], one["simulated_ms"]) for one in seen] == [
        ("running", hour * HOUR_MS) for hour in range(1, 5)
    ]


def test_the_manifest_tells_what_ran_and_the_digest_is_that_of_the_tables(tmp_path: Path) -> None:
    timeline = [
        {"name": "calm", "at": "1h"},
        {"name": "down", "at": "2h", "fault": {"server": "telemetry", "kind": "outage", "for": "5min"}},
    ]
    run(loaded(timeline=timeline, about="Tried.", tags=["smoke"]), tmp_path, workers=2, command="seatrial run trial")
    told = manifest(tmp_path)
    assert told["scenario"] | {"sha256": ""} == {
        "name": "trial",
        "about": "Tried.",
        "file": "trial.yaml",
        "sha256": "",
        "tags": ["smoke"],
    }
    assert (told["devices"], told["workers"], told["command"]) == (45, 2, "seatrial run trial")
    assert [(one["name"], one["action"], one["at_ms"], one["end_ms"]) for one in told["steps"]] == [
        ("calm", "mark", HOUR_MS, None),
        ("down", "outage", 2 * HOUR_MS, 2 * HOUR_MS + 300_000),
    ]
    assert told["backends"] == {"administration": "fake", "telemetry": "fake", "kics": "fake"}
    assert set(told["environment"]) == {"python", "numpy", "simpy"}
    assert told["wall_s"] > 0
    assert {path.name for path in tmp_path.iterdir()} == {"run.json", *SCHEMAS}


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (["pass", "warn"], "pass"),
        (["pass", "invalid"], "invalid"),
        (["invalid", "fail"], "fail"),
        (["pass", "unknown"], "fail"),
    ],
)
def test_the_verdict_of_a_run_is_that_of_its_worst_expectation(outcomes: list[str], verdict: str) -> None:
    verdicts = [Verdict("x", None, Outcome(one), "", "", (), "") for one in outcomes]
    assert verdict_of(verdicts, judged=True) == verdict
    assert verdict_of(verdicts, judged=False) == ("unjudged" if verdict == "pass" else verdict)


@pytest.mark.parametrize(
    ("backends", "expect", "verdict"),
    [
        (None, [], "unjudged"),
        (None, [LIFE], "pass"),
        (spec(Keeper), [], "unjudged"),
        (spec(Observed), [], "pass"),
    ],
    ids=["fake", "fake, with an expectation", "a server that cannot be asked", "a server that can"],
)
def test_a_run_that_judged_nothing_of_anybody_is_unjudged_and_complete(
    backends: Any, expect: list[dict[str, Any]], verdict: str, tmp_path: Path
) -> None:
    """That a fake holds what it acknowledged is told, and says nothing about a server under test."""
    assert run(loaded(fleet=FEW, duration="10min", expect=expect), tmp_path, backends=backends).verdict == verdict
    told = manifest(tmp_path)
    assert (told["status"], told["verdict"]) == ("finished", verdict)
    assert rows(tmp_path, "telemetry")


@pytest.mark.parametrize(("within", "verdict"), [("5min", "pass"), (None, "unjudged")])
def test_a_step_that_has_to_happen_in_time_is_judged(within: str | None, verdict: str, tmp_path: Path) -> None:
    when = {"when": {"fact": "off-line"}} if within is None else {"when": {"fact": "off-line"}, "within": within}
    timeline = [
        {"at": "1min", "do": "unplug", "target": "all"},
        {"name": "seen", **when, "do": "isolate", "target": "all", "for": "1min"},
    ]
    assert run(loaded(fleet=FEW, duration="10min", timeline=timeline), tmp_path).verdict == verdict
