"""Limits of wall time: what is cut short is invalid, whatever it had come to."""

from dataclasses import replace
from pathlib import Path

import pytest

from scenarios import runner
from scenarios.runner import Plan
from tests.scenarios.made import loaded
from tests.scenarios.running import Unseen, manifest

FEW = {"blocks": [{"name": "office", "image": "windows-office", "count": 6}]}
FALSE = {"name": "false", "total": "telemetry.generated", "is": 0}
TRUE = {"name": "true", "total": "telemetry.generated", "is": "> 0"}


class Slow:
    """A clock that goes on by ten seconds each time that it is read."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 10
        return self.now_s


@pytest.fixture(autouse=True)
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.perf_counter", Slow())
    monkeypatch.setattr(runner, "SPAN_DEVICE_HOURS", 1)


def test_a_run_that_takes_too_long_is_cut_short_and_invalid(tmp_path: Path) -> None:
    scenario = loaded(fleet=FEW, expect=[FALSE])
    result = runner.run(scenario, Plan(tmp_path, wall_ms_max=120_000), Unseen())
    assert (result.verdict, result.interrupted) == ("invalid", False)
    told = manifest(tmp_path)
    assert (told["status"], told["verdict"]) == ("cut-short", "invalid")
    assert 0 < told["simulated_ms"] < scenario.duration_ms
    (only,) = told["expectations"]
    assert (only["name"], only["verdict"], only["expected"]) == (
        "limit of wall time",
        "invalid",
        "at most 2min of wall time",
    )


def test_a_run_within_its_limit_is_judged(tmp_path: Path) -> None:
    plan = Plan(tmp_path, wall_ms_max=10**9)
    assert runner.run(loaded(fleet=FEW, expect=[FALSE]), plan, Unseen()).verdict == "fail"
    assert manifest(tmp_path)["status"] == "finished"


def test_without_a_limit_nothing_is_cut_short(tmp_path: Path) -> None:
    plan = replace(Plan(tmp_path), wall_ms_max=None)
    assert runner.run(loaded(fleet=FEW, expect=[TRUE]), plan, Unseen()).verdict == "pass"
