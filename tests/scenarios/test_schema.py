from typing import Any

import pytest
from jsonschema import Draft202012Validator

from emulator.policy.settings import describe
from scenarios import library
from scenarios.actions import ACTIONS, FAULTS
from scenarios.entries import ENTRIES
from scenarios.format import ScenarioFile
from scenarios.schema import scenario_schema
from scenarios.source import parse
from tests.scenarios.made import FLEET, step

SCHEMA = scenario_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def valid(**sections: Any) -> bool:
    return VALIDATOR.is_valid({"name": "trial", "duration": "1h", "fleet": FLEET, **sections})


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", library.names())
def test_a_scenario_of_the_library_is_valid(name: str) -> None:
    data = parse(library.path_of(name).read_bytes(), name).data
    assert [error.message for error in VALIDATOR.iter_errors(data)] == []


def test_every_key_of_the_format_is_in_it() -> None:
    scenario = SCHEMA["$defs"]["scenario"]
    assert set(scenario["properties"]) == {field.alias or name for name, field in ScenarioFile.model_fields.items()}
    assert scenario["required"] == ["name", "duration", "fleet"]


@pytest.mark.parametrize("model", [*ACTIONS.values()], ids=lambda model: model.__name__)
def test_the_example_of_an_action_is_valid(model: Any) -> None:
    example = parse(model.example.encode(), "example").data
    assert valid(timeline=[example])
    assert not valid(timeline=[{**example, "unknown": 1}])
    assert SCHEMA["$defs"][model.__name__]["examples"] == [example]


@pytest.mark.parametrize("model", [*FAULTS.values()], ids=lambda model: model.__name__)
def test_the_example_of_a_fault_is_valid(model: Any) -> None:
    example = parse(model.example.encode(), "example").data
    assert valid(timeline=[{"at": "1h", "fault": example}])
    assert not valid(timeline=[{"at": "1h", "fault": {**example, "unknown": 1}}])


@pytest.mark.parametrize("model", [*ENTRIES.values()], ids=lambda model: model.__name__)
def test_the_example_of_an_expectation_is_valid(model: Any) -> None:
    example = parse(model.example.encode(), "example").data
    assert valid(expect=[example])
    assert not valid(expect=[{**example, "unknown": 1}])


def test_every_setting_of_a_policy_is_in_it() -> None:
    groups = SCHEMA["$defs"]["settings"]["properties"]
    assert list(groups) == [group.key for group in describe()]
    for group in describe():
        keys = ["switch", *(setting.key for setting in group.settings)]
        assert list(groups[group.key]["properties"]) == keys


def policy(**settings: Any) -> list[dict[str, Any]]:
    return [{"name": "p", "settings": {key.replace("_", "-"): group for key, group in settings.items()}}]


def test_settings_are_judged_by_their_kind() -> None:
    assert valid(policies=policy(request_throttling={"switch": "under-policy", "max-events-per-hour": 5}))
    assert valid(policies=policy(data_submission={"events-transmission-period": "30s"}))
    assert valid(policies=policy(kata_integration={"servers": ["a.example.com:443", {"host": "192.0.2.1", "port": 1}]}))
    assert valid(policies=policy(excluded_processes={"rules": [{"name": "r", "path": "*\\a.exe"}]}))
    assert valid(policies=policy(proxy={"mode": "specified", "host": "proxy", "password": "x"}))
    assert valid(policies=policy(user_permissions={"granted": [{"user": "a", "service": ["stop"]}]}))
    assert not valid(policies=policy(user_permissions={"granted": [{"user": "a", "service": ["write"]}]}))
    assert not valid(policies=policy(mdr={"blob": 7}))
    assert not valid(policies=policy(failure_diagnosis={"write-traces": True}))
    assert not valid(policies=policy(request_throttling={"switch": "on"}))
    assert not valid(policies=policy(request_throttling={"max-events-per-hour": 0}))
    assert not valid(policies=policy(request_throttling={"enabled": "yes"}))
    assert not valid(policies=policy(excluded_processes={"rules": [{"path": "*\\a.exe"}]}))
    assert not valid(policies=policy(request_throtling={}))


def test_a_parameter_may_stand_for_any_single_value() -> None:
    block = {"name": "a", "image": "${image}", "count": "${count}"}
    throttling = {"max-events-per-hour": "${cap}", "enabled": "${on}", "switch": "${switch}"}
    assert valid(
        seed="${seed}",
        duration="${span}",
        fleet={"blocks": [block]},
        policies=policy(request_throttling=throttling),
        timeline=[step(at="${when}")],
        params={"seed": {"default": 1}, "span": {"default": "1h", "about": "how long"}},
    )
    assert not valid(seed="many")
    assert not valid(duration="soon")


def test_selectors_nest() -> None:
    assert valid(select={"a": {"pick": "2 %", "from": {"any": ["b", {"not": {"tag": "c"}}]}, "except": {"block": "d"}}})
    assert not valid(select={"a": {"any": [{"blok": "d"}]}})
    assert not valid(select={"a": 5})


def test_there_is_no_address_and_no_title_of_a_class_in_it() -> None:
    text = str({key: value for key, value in SCHEMA.items() if key != "$schema"})
    assert "http" not in text
    assert "title" not in SCHEMA["$defs"]["scenario"]["properties"]["fleet"]


# --- files that are put together -------------------------------------------------------------------------------------


def test_a_file_that_extends_another_need_not_be_whole() -> None:
    over: dict[str, Any] = {
        "extends": "library:first-day",
        "fleet": {"blocks": [{"name": "office", "count": 5}]},
        "timeline": [{"name": "reboot", "for": "1min"}, {"name": "hiccup", "fault": {"share": "5 %"}}],
        "expect": [{"name": "queues drain", "is": "< 5"}],
        "params": {"cap": {"max": 900}},
        "duration": None,
        "policies": [{"name": "office", "settings": {"request-throttling": {"enabled": None}}}],
    }
    assert VALIDATOR.is_valid(over)
    assert VALIDATOR.is_valid({**over, "include": ["a.yaml"]})
    assert not VALIDATOR.is_valid({**over, "fleet": {"blocks": [{"name": "office", "cuont": 5}]}})
    assert not VALIDATOR.is_valid({**over, "duration": "soon"})
    assert not VALIDATOR.is_valid({**over, "include": "a.yaml"})
    assert not VALIDATOR.is_valid({**over, "timeline": [{"name": "hiccup", "fault": {"shared": "5 %"}}]})


def test_a_part_that_others_include_has_neither_name_nor_duration() -> None:
    assert VALIDATOR.is_valid({"fleet": {"blocks": [{"name": "office", "count": 5}]}})
    assert not VALIDATOR.is_valid({"name": "trial", "fleet": FLEET})
    assert not VALIDATOR.is_valid({"duration": "1h", "fleet": FLEET})


def test_a_suite_is_valid() -> None:
    entry: dict[str, Any] = {
        "scenario": "a.yaml",
        "matrix": {"gone": ["1min", 2], "seed": [1]},
        "tag": "a",
        "not_tag": "b",
    }
    compare = [{"figure": "wall_s", "worse_by": "30 %", "or": "1s", "only": "warn"}, {"figure": "x", "differs_by": 0}]
    suite = {
        "suite": "night",
        "about": "all of it",
        "defaults": {"seed": 1, "set": {"cap": 5}, "backend": {"telemetry": "a:B"}},
        "run": [entry],
        "limits": {"wall": "40min", "each": "5min"},
        "baseline": {"file": "base.json", "compare": compare},
    }
    assert [error.message for error in VALIDATOR.iter_errors(suite)] == []
    assert not VALIDATOR.is_valid({**suite, "limits": {"wall": 40}})
    assert not VALIDATOR.is_valid({**suite, "run": [{"tag": "a"}]})
    assert not VALIDATOR.is_valid({**suite, "defaults": {"backend": {"telemetri": "a:B"}}})
    assert not VALIDATOR.is_valid({**suite, "fleet": FLEET})


def test_ramps_states_and_names_of_devices_are_in_it() -> None:
    assert valid(fleet={**FLEET, "ramp": {"from": 1, "to": 5, "over": "5min", "shape": "linear"}})
    assert not valid(fleet={**FLEET, "ramp": {"from": 1, "over": "5min", "shape": "steep"}})
    assert valid(timeline=[step(every="5min", between=["a", "end"], target={"state": "stopped"}, **{"as": "b"})])
    assert not valid(timeline=[step(at="5min", target={"state": "asleep"})])
