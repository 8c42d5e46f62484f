"""Runs from Python: verdict, explanation, queries, facts, and servers of one's own in every form."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

import seatrial
from reports.run import NotPassedError, Run
from scenarios.backends import Options as BackendOptions
from scenarios.errors import UserError
from tests.commandline import RIGHT, WRONG, trial
from tests.scenarios.running import manifest
from tests.scenarios.servers import Keeper, Moody

STEP: dict[str, Any] = {
    "timeline": [{"name": "cut", "at": "3min", "do": "unplug", "target": "office-00002", "for": "1min"}]
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def passed(**sections: Any) -> Run:
    run = seatrial.run(trial(**{**RIGHT, **sections}), out="out")
    assert isinstance(run, Run)
    return run


def test_a_run_that_passes_has_its_verdict_its_folder_and_what_was_judged() -> None:
    run = passed()
    run.check()
    assert (run.verdict, run.folder) == ("pass", Path("out"))
    assert [one.name for one in run.expectations] == ["life", "telemetry: what is acknowledged is held"]
    assert manifest(run.folder)["command"] == "seatrial run trial.yaml"


def test_a_run_that_fails_is_explained_by_check_alone() -> None:
    silent = [{"name": "silence", "each": "all", "that": "generated", "is": 0}]
    run = seatrial.run(trial(expect=silent, **STEP), out="out", seed=3, devices=4)
    assert run.verdict == "fail"
    with pytest.raises(NotPassedError) as caught:
        run.check()
    told = str(caught.value)
    assert isinstance(caught.value, AssertionError)
    for part in (
        "FAIL: 1 of 2 expectations failed",
        "silence",
        "trial.yaml:",
        "1. office-0000",
        "off-line",
        "seen",
        "permitted",
    ):
        assert part in told, part
    assert "again   seatrial run trial.yaml --devices 4 --seed 3" in told
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) <= 100


def test_a_run_that_cannot_be_judged_does_not_pass_either() -> None:
    run = seatrial.run(trial(expect=[{**WRONG["expect"][0], "else": "invalid"}]), out="out")
    with pytest.raises(AssertionError, match="INVALID: "):
        run.check()


def test_a_run_that_judged_nothing_does_not_pass_and_can_be_asked() -> None:
    run = seatrial.run(trial(), out="out")
    assert run.verdict == "unjudged"
    assert run.sql("SELECT count(*) FROM devices").item() == 6
    with pytest.raises(NotPassedError, match="UNJUDGED: nothing was judged: the scenario expects nothing"):
        run.check()


def test_a_limit_of_the_suite_holds_for_its_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scenarios.runner._Run._is_late", lambda self: self._plan.wall_ms_max == 60_000)
    trial("one", **RIGHT)
    for limits, verdict in (({"each": "1min", "wall": "1h"}, "invalid"), ({"each": "2min"}, "pass"), ({}, "pass")):
        Path("one-suite.yaml").write_text(
            json.dumps({"suite": "one-suite", "run": [{"scenario": "one.yaml"}], "limits": limits})
        )
        assert seatrial.run("one-suite.yaml", out="out").verdict == verdict


OPTIONS: dict[str, Any] = {
    "servers": {"telemetry": {"backend": "a:B", "options": {"token": "${token}", "url": "https://x.example"}}}
}


class Guarded(Keeper):
    """A server with a secret."""

    class Options(BackendOptions):
        """What it wants."""

        token: SecretStr
        url: str

    options: Options
    seen: ClassVar[list[tuple[str, str]]] = []

    def open(self, run: seatrial.RunInfo) -> None:
        self.seen.append((self.options.token.get_secret_value(), self.options.url))
        super().open(run)


def test_options_of_the_scenario_reach_a_server_that_python_gives(capsys: pytest.CaptureFixture[str]) -> None:
    path = trial(**RIGHT, **OPTIONS, params={"token": {"default": "none"}})
    Guarded.seen.clear()
    run = seatrial.run(path, out="out", backend={"telemetry": Guarded}, set={"token": "swordfish"})
    run.check()
    assert set(Guarded.seen) == {("swordfish", "https://x.example")}
    assert "--set 'token=**********'" in manifest(run.folder)["command"]
    kept = [file.read_bytes() for file in Path("out").rglob("*") if file.is_file()]
    assert not any(b"swordfish" in content for content in kept)
    assert "swordfish" not in "".join(capsys.readouterr())
    with pytest.raises(UserError, match="Keeper takes no options"):
        seatrial.run(path, out="other", backend={"telemetry": Keeper})


def test_a_query_is_answered_over_the_tables_of_the_run() -> None:
    run = passed()
    assert run.sql("SELECT count(*) FROM devices").item() == 6
    answer = run.sql("SELECT device, queued FROM devices ORDER BY device LIMIT 2")
    assert (answer.columns, [row[0] for row in answer.rows]) == (("device", "queued"), ["office-00001", "office-00002"])
    with pytest.raises(ValueError, match="2 rows of 2 columns"):
        answer.item()


@pytest.mark.parametrize(
    "query", ["SELECT * FROM read_csv('/etc/hostname')", "COPY devices TO 'x'", "SET threads = 4", "SELECT now()", "x"]
)
def test_a_query_reaches_nothing_else(query: str) -> None:
    with pytest.raises(UserError, match=r"^run\.sql: "):
        passed().sql(query)


def test_facts_are_told_by_device_and_by_kind() -> None:
    run = passed(**STEP)
    assert run.facts(device="office-00002", kind="off-line").height == 1
    (cut,) = run.facts(kind="off-line").rows
    assert (cut.at_ms, cut.device) == (180_000, "office-00002")
    assert run.facts(device="office-00001", kind="off-line").height == 0
    assert run.facts(device="", kind="step").height == 1
    assert run.facts().height > run.facts(device="office-00002").height > 1


def test_a_mistyped_device_or_kind_is_no_empty_table() -> None:
    run = passed()
    with pytest.raises(UserError, match="did you mean 'off-line'"):
        run.facts(kind="of-line")
    with pytest.raises(UserError, match="the run has no such device"):
        run.facts(device="office-99999")


def test_arguments_are_those_of_the_command_line() -> None:
    path = trial(params={"much": {"default": 0}}, expect=[{**RIGHT["expect"][0], "is": ">= ${much}"}])
    run = seatrial.run(path, out="out", set={"much": 10_000_000}, workers=1)
    assert run.verdict == "fail"
    assert manifest(run.folder)["command"] == "seatrial run trial.yaml --set much=10000000"
    with pytest.raises(UserError, match="--set mch"):
        seatrial.run(path, out="out", set={"mch": 1})


def test_a_server_of_ones_own_is_a_class_a_factory_or_an_instance() -> None:
    mine = Keeper()
    for server in (Keeper, lambda: Moody(), mine):
        run = seatrial.run(trial(**RIGHT), out="out", backend={"telemetry": server})
        run.check()
        assert manifest(run.folder)["backends"]["telemetry"].startswith("tests.")
    assert manifest(Path("out"))["command"] == ""  # no line could bring this instance


def test_a_server_of_ones_own_is_named_as_on_the_command_line() -> None:
    run = seatrial.run(trial(**RIGHT), out="out", backend={"telemetry": Keeper})
    assert "--backend telemetry=tests.scenarios.servers:Keeper" in manifest(run.folder)["command"]
    again = seatrial.run("trial.yaml", out="again", backend={"telemetry": "tests.scenarios.servers:Keeper"})
    assert manifest(again.folder)["digest"] == manifest(run.folder)["digest"]
    seatrial.run("trial.yaml", out="fake", backend={"telemetry": "fake"}).check()


def test_an_object_does_not_go_with_several_workers_and_a_port_is_a_port() -> None:
    with pytest.raises(UserError, match="2 workers are processes of their own"):
        seatrial.run(trial(), out="out", backend={"telemetry": Keeper}, workers=2)
    with pytest.raises(UserError, match="did you mean 'telemetry'"):
        seatrial.run(trial(), out="out", backend={"telemtry": Keeper})


def test_several_scenarios_are_no_run() -> None:
    Path("both").mkdir()
    for name in ("one", "two"):
        trial(name).rename(f"both/{name}.yaml")
    with pytest.raises(UserError, match="it has 2 runs"):
        seatrial.run("both", out="out")
