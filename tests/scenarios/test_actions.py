import re
from typing import Any

import pytest

from fakes.faults import FaultKind
from scenarios.actions import ACTIONS, FAULTS, Action, about, name_of
from scenarios.library import FOLDER, INDICATORS
from scenarios.source import parse
from tests.scenarios.made import loaded, mistakes, step

SURROUNDINGS: dict[str, Any] = {
    "fleet": {
        "blocks": [
            {
                "name": "db",
                "image": "quiet",
                "count": 20,
                "group": "Managed devices/HQ",
                "tags": ["laptop", "lab", "plant"],
            },
            {"name": "office", "image": "quiet", "count": 100, "group": "Managed devices/HQ/Quarantine"},
        ]
    },
    "tasks": [{"name": "weekly", "type": "update"}],
    "policies": [{"name": "outbreak", "status": "inactive"}, {"name": "office"}],
    "select": {"patient-zero": {"pick": 1}},
    "duration": "24h",
}
VARIANTS = [*ACTIONS.values(), *FAULTS.values()]


def written(model: type[Action]) -> dict[str, Any]:
    example: dict[str, Any] = parse(model.example.encode(), model.__name__).data
    return {"at": "1h", "fault": example} if model in FAULTS.values() else example


@pytest.mark.parametrize("model", VARIANTS, ids=lambda model: model.__name__)
def test_the_example_of_an_action_loads_as_that_action(model: type[Action]) -> None:
    example = written(model)
    steps = [step(name="seen", at="10min"), example]
    scenario = loaded(timeline=steps, folder=FOLDER, **SURROUNDINGS)
    found = [done.action for done in scenario.steps if done.name == "step-2"]
    assert [type(action) for action in found] == [model]


@pytest.mark.parametrize("model", VARIANTS, ids=lambda model: model.__name__)
def test_an_action_is_told_in_one_line(model: type[Action]) -> None:
    assert re.fullmatch(r"[A-Z].{20,110}\.", about(model))


@pytest.mark.parametrize("name", [*ACTIONS, *FAULTS])
def test_an_action_is_called_by_its_key(name: str) -> None:
    model = {**ACTIONS, **FAULTS}[name]
    steps = [step(name="seen", at="10min"), written(model)]
    (action,) = [
        done.action for done in loaded(timeline=steps, folder=FOLDER, **SURROUNDINGS).steps if done.name == "step-2"
    ]
    assert action is not None
    assert name_of(action) == name


def test_the_faults_are_those_of_the_fakes() -> None:
    assert set(FAULTS) == set(FaultKind)


def fault(**fields: Any) -> Any:
    timeline = [{"at": "1h", "fault": {"server": "telemetry", **fields}}]
    return loaded(timeline=timeline).steps[0].action


def test_a_fault_concerns_all_requests_unless_it_says_a_share() -> None:
    assert fault(kind="time-out").share == 1000
    assert fault(kind="time-out", share="5 %").share == 50


def test_a_latency_is_one_or_a_range() -> None:
    assert fault(kind="slow-answer", latency="200ms").latency == (200, 200)
    assert fault(kind="slow-answer", latency={"between": ["2s", "12s"]}).latency == (2_000, 12_000)


@pytest.mark.parametrize(
    "latency", [5, {}, {"between": []}, {"between": ["2s"]}, {"between": ["1s", "2s"], "x": 1}, [], {"between": "2s"}]
)
def test_another_latency_is_refused(latency: Any) -> None:
    assert mistakes(
        timeline=[{"at": "1h", "fault": {"server": "telemetry", "kind": "slow-answer", "latency": latency}}]
    )


@pytest.mark.parametrize("path", ["synthetic/dropper", "C:\\Temp\\a b.exe", "/tmp/a", "d:\\x"])
def test_a_file_is_synthetic_or_a_full_path(path: str) -> None:
    (done,) = loaded(timeline=[{"at": "1h", "do": "place-file", "target": "all", "file": path, "size": "3 MB"}]).steps
    assert getattr(done.action, "file", None) == path
    assert getattr(done.action, "size", None) == 3_000_000


@pytest.mark.parametrize(
    "path", ["dropper", "synthetic/", "synthetic/A", "C:", "C:\\a*", "a/b", "", 5, "/" + "x" * 300]
)
def test_another_file_is_refused(path: Any) -> None:
    (told,) = mistakes(timeline=[{"at": "1h", "do": "place-file", "target": "all", "file": path}])
    assert "is not a file; write synthetic/NAME or a full path" in told


def test_indicators_are_a_folder_beside_the_file_or_the_library(tmp_path: Any) -> None:
    (tmp_path / "iocs").mkdir()
    sweep = {"at": "1h", "do": "sweep", "target": "all"}
    steps = loaded(
        timeline=[{**sweep, "indicators": "iocs"}, {**sweep, "indicators": "library"}], folder=tmp_path
    ).steps
    assert [getattr(done.action, "indicators", None) for done in steps] == [str(tmp_path / "iocs"), str(INDICATORS)]


def test_a_change_of_a_policy_is_read_on_top_of_it() -> None:
    change = {"at": "1h", "do": "change-policy", "policy": "p", "settings": {"request-throttling": {"enabled": False}}}
    policies = [{"name": "p", "settings": {"request-throttling": {"max-events-per-hour": 7}}}]
    (done,) = loaded(timeline=[change], policies=policies).steps
    assert getattr(done.action, "settings", None) == {"request-throttling": {"enabled": False}}
    change["settings"] = {"kata-integration": {"servers": ["other.example.com:443"]}}
    (told,) = mistakes(timeline=[change], policies=policies)
    assert "no node of `servers.telemetry` has the address 'other.example.com:443'" in told
