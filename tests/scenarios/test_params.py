from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.errors import UserError
from scenarios.loader import load_text
from scenarios.model import Scenario
from scenarios.params import Param, Substitution, Value, read_param, set_path
from scenarios.problems import LocatedError
from scenarios.source import Document, parse
from tests.scenarios.made import FLEET, loaded, mistakes, step, text_of

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
VALUES = st.integers(-(10**6), 10**6) | st.booleans() | st.text("abc \u00e4:{}", max_size=8)


def set_in(text: str, **options: Any) -> Scenario:
    return load_text(text.encode(), "trial.yaml", folder=Path(), **options)


def refusal(text: str, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        set_in(text, **options)
    return str(caught.value)


# --- substitution ----------------------------------------------------------------------------------------------------


def substituted(data: Any, values: dict[str, Value]) -> tuple[Document, Substitution]:
    document = Document("trial.yaml", data)
    substitution = Substitution(values, {})
    substitution.apply(document)
    return document, substitution


@given(st.dictionaries(NAMES, VALUES, min_size=1), st.data())
def test_a_value_that_is_one_parameter_keeps_its_type(values: dict[str, Value], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(values)))
    document, substitution = substituted({"a": [f"${{{name}}}"]}, values)
    assert document.data["a"] == [values[name]]
    assert type(document.data["a"][0]) is type(values[name])
    assert substitution.used == {name}


@given(st.dictionaries(NAMES, st.integers(), min_size=1), st.data())
def test_in_a_longer_text_parameters_are_written_out(values: dict[str, Value], data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(values)), min_size=1, max_size=4))
    text = "".join(f"<${{{name}}}>" for name in names)
    document, substitution = substituted({"a": text}, values)
    assert document.data["a"] == "".join(f"<{values[name]}>" for name in names)
    assert substitution.used == set(names)


@given(st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)))
def test_what_has_no_parameter_stays_as_it_is(data: Any) -> None:
    document, substitution = substituted({"a": data}, {"x": 1})
    assert document.data == {"a": data}
    assert not substitution.wrong


def test_what_a_parameter_holds_is_not_substituted_again() -> None:
    document, _ = substituted({"a": "${x}${x}"}, {"x": "${y}", "y": "no"})
    assert document.data["a"] == "${y}${y}"


def test_a_shared_alias_is_not_changed_twice() -> None:
    document = parse(b"a: &x {b: '${n}'}\nc: *x\n", "trial.yaml")
    Substitution({"n": 5}, {}).apply(document)
    assert document.data == {"a": {"b": 5}, "c": {"b": 5}}


def test_true_and_false_are_written_as_yaml_has_them() -> None:
    assert substituted({"a": "it is ${x}"}, {"x": True})[0].data["a"] == "it is true"


def test_the_environment_is_left_for_the_servers() -> None:
    scenario = loaded(servers={"telemetry": {"backend": "my.module:Server", "options": {"token": "${env:TOKEN}"}}})
    assert next(iter(scenario.servers.values()), None) is not None
    assert [server.options for server in scenario.servers.values() if server.options] == [{"token": "${env:TOKEN}"}]
    told = mistakes(about="${env:TOKEN}")
    assert told == ["trial.yaml:15:8: about: ${env:TOKEN} stands outside `servers`; use a parameter, set by --set"]


def test_a_text_that_grows_too_long_is_refused() -> None:
    told = mistakes(about="${x}" * 10, params={"x": {"default": "y" * 200}})
    assert "too long with its parameters" in told[0]


# --- declarations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("default", "kind"),
    [(5, "whole number"), (0.5, "number"), (True, "flag"), ("28min", "duration"), ("5 %", "share"), ("words", "text")],
)
def test_the_default_gives_the_kind(default: Value, kind: str) -> None:
    assert read_param("x", {"default": default}).kind == kind


def param(**declaration: Any) -> Param:
    return read_param("x", declaration)


@pytest.mark.parametrize(
    ("declaration", "given_value", "value"),
    [
        ({"default": 500}, "600", 600),
        ({"default": 500, "unit": "events/h"}, "600 events/h", 600),
        ({"default": 500, "unit": "events/h"}, "600events/h", 600),
        ({"default": 500, "min": 1, "max": 500}, 500, 500),
        ({"default": 0.5}, "0.25", 0.25),
        ({"default": 0.5}, "1", 1),
        ({"default": True}, "false", False),
        ({"default": "28min", "min": "1min"}, "2h", "2h"),
        ({"default": "5 %", "max": "10 %"}, "10%", "10%"),
        ({"default": "words"}, "007", "007"),
        ({"default": "words"}, 7, "7"),
        ({"default": "words"}, True, "true"),
    ],
)
def test_a_value_from_outside_is_read_as_its_kind(declaration: Any, given_value: Value, value: Value) -> None:
    read = read_param("x", declaration).read(given_value)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("declaration", "given_value", "cause", "remedy"),
    [
        ({"default": 500, "min": 1}, "0", "'0' is out of range", "at least 1"),
        ({"default": 500, "max": 600}, 601, "601 is out of range", "at most 600"),
        ({"default": 500, "unit": "events/h"}, "600 events/s", "is not a whole number", "whole number of events/h"),
        ({"default": 500}, "many", "'many' is not a whole number", "its default is 500"),
        ({"default": 500}, "1.5", "is not a whole number", "its default is 500"),
        ({"default": 500}, "9" * 30, "the number has 30 characters", "its default is 500"),
        ({"default": True}, "on", "'on' is not a flag", "its default is True"),
        ({"default": "28min"}, "28", "has no unit", "ms, s, min, h, d"),
        ({"default": "28min", "max": "1h"}, "2h", "'2h' is out of range", "at most 3600000ms"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(declaration: Any, given_value: Value, cause: str, remedy: str) -> None:
    with pytest.raises(LocatedError) as caught:
        read_param("x", declaration).read(given_value)
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50))
def test_bounds_belong_to_the_range(low: int, high: int, value: int) -> None:
    low, high = sorted((low, high))
    declared = read_param("x", {"default": low, "min": low, "max": high})
    if low <= value <= high:
        assert declared.read(value) == value
    else:
        with pytest.raises(LocatedError, match="out of range"):
            declared.read(value)


# --- from outside ----------------------------------------------------------------------------------------------------

CAP = {"cap": {"default": 500, "min": 1, "unit": "events/h"}}
POLICIES = [
    {
        "name": "office",
        "group": "Managed devices/HQ",
        "settings": {"request-throttling": {"max-events-per-hour": "${cap}"}},
    }
]
TEXT = text_of(params=CAP, policies=POLICIES, timeline=[step(name="leave", at="1h")])


def cap_of(scenario: Scenario) -> int:
    return scenario.policies[0].settings.values.request_throttling.max_events_per_hour


def test_a_parameter_is_set_by_name() -> None:
    assert cap_of(set_in(TEXT)) == 500
    scenario = set_in(TEXT, sets={"cap": "700"})
    assert cap_of(scenario) == 700
    assert scenario.params == {"cap": 700}


def test_a_dotted_path_is_set_by_names_and_keys() -> None:
    scenario = set_in(
        TEXT,
        sets={
            "fleet.blocks.office.count": "3",
            "policies.office.settings.request-throttling.enabled": "false",
            "timeline.0.at": "2h",
            "recording.interval": "5min",
            "about": "changed",
        },
    )
    assert [block.count for block in scenario.fleet.blocks] == [3, 5]
    assert not scenario.policies[0].settings.values.request_throttling.enabled
    assert scenario.steps[0].at_ms == 7_200_000
    assert scenario.recording_ms == 300_000
    assert scenario.about == "changed"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("cpa", "5", "--set cpa: there is no parameter or key 'cpa'; did you mean 'cap'?"),
        ("durations", "5h", "--set durations: there is no parameter or key 'durations'; did you mean 'duration'?"),
        ("cap", "0", "--set cap: '0' is out of range; `cap` takes a whole number of events/h, at least 1"),
        (
            "fleet.blocks.offic.count",
            "5",
            "--set fleet.blocks.offic.count: `fleet.blocks` has no entry 'offic'; did you",
        ),
        ("fleet.blocks.9.count", "5", "`fleet.blocks` has no entry '9'"),
        (
            "fleet.blocks.office.cuont",
            "5",
            "--set fleet.blocks.office.cuont: unknown key 'cuont'; did you mean 'count'?",
        ),
        ("name.first", "x", "--set name.first: `name` is a single value; set it, not a part of it"),
        ("duration", "4 hours", "--set duration: 'hours' is not a unit of duration; write one of: ms, s, min, h, d"),
        ("seed", "9" * 30, "--set seed: the number has 30 characters; give a shorter one"),
        ("params.cap", "5", "--set params.cap: there is no parameter or key 'params'"),
    ],
)
def test_what_cannot_be_set_is_told_as_the_argument(name: str, value: str, told: str) -> None:
    assert told in refusal(TEXT, sets={name: value})


def test_a_mistake_in_a_value_from_outside_has_the_argument_as_its_place() -> None:
    text = text_of(params={"span": {"default": "1h"}}, timeline=[step(at="${span}", until="5h")])
    assert "trial.yaml" in refusal(text, sets={"span": "2h"})  # `until` without `every`, in the file
    text = text_of(params={"who": {"default": "office"}}, timeline=[step(at="1h", target="${who}")])
    assert refusal(text, sets={"who": "ofice"}) == "--set who: nothing is named 'ofice'; did you mean 'office'?"


def test_devices_and_seed_are_given_from_outside() -> None:
    scenario = set_in(TEXT, devices=90, seed=12)
    assert [block.count for block in scenario.fleet.blocks] == [80, 10]
    assert scenario.seed == scenario.fleet.seed == 12
    told = "--devices: 1 devices are too few for 2 blocks; give at least 2"
    assert refusal(TEXT, devices=1) == told
    assert refusal(TEXT, devices=0).startswith("--devices: 0 is out of range")
    assert refusal(TEXT, seed=-1).startswith("--seed: -1 is negative")


def test_an_unused_parameter_is_warned_of() -> None:
    scenario = loaded(params={"idle": {"default": 1}})
    assert [str(warning) for warning in scenario.warnings] == [
        "trial.yaml:17:5: params.idle: the parameter 'idle' is not used; write ${idle} where it belongs, or drop it"
    ]
    assert not set_in(TEXT).warnings


def test_setting_a_path_leaves_what_an_alias_shares() -> None:
    document = parse(b"a: &x {b: 1}\nc: *x\n", "trial.yaml")
    set_path(document, "a.b", 2, "--set a.b")
    assert document.data == {"a": {"b": 2}, "c": {"b": 1}}


JUNK = st.sampled_from(["", "5", "-1", "1h", "x", "${cap}", "${", "true", "null", "[1]", "{a: b}", "\u2028", "9" * 25])


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(["cap", "seed", "fleet", "fleet.blocks", "fleet.blocks.0.count", "start", "a.b", "", "."]), JUNK)
def test_nothing_that_is_set_raises_anything_but_a_user_error(name: str, value: str) -> None:
    told = "--set"
    try:
        set_in(TEXT, sets={name: value})
    except UserError as error:
        told = str(error)
    assert "--set" in told


def test_the_fleet_of_these_tests_is_what_they_say() -> None:
    assert [block["count"] for block in FLEET["blocks"]] == [40, 5]
