"""Scenarios and a suite as a user writes them: they load, they run, and what they expect holds.

They are the like of the texts with which the language was designed. Adapted are names of images and blocks; what a
server of the user's own, detection and order of facts need is told in the files where it is left out.
"""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scenarios.loader import load
from scenarios.schema import scenario_schema
from scenarios.selection import select
from scenarios.source import parse
from tests.scenarios.running import manifest, run

FOLDER = Path(__file__).parent / "examples"
FILES = sorted(FOLDER.rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_valid_under_the_schema(path: Path) -> None:
    data = parse(path.read_bytes(), path.name).data
    assert [error.message for error in Draft202012Validator(scenario_schema()).iter_errors(data)] == []


@pytest.mark.parametrize("name", ["containment", "outage"])
def test_an_example_passes(name: str, tmp_path: Path) -> None:
    scenario = load(FOLDER / f"{name}.yaml", sets={"recording.interval": "5min"})
    assert not scenario.warnings
    result = run(scenario, tmp_path)
    assert (result.verdict, len(manifest(tmp_path)["expectations"])) == (
        "pass",
        len(scenario.expectations) + {"containment": 2, "outage": 1}[name],
    )


def test_the_suite_has_its_runs() -> None:
    chosen = select([str(FOLDER / "suite-nightly.yaml")])
    assert [each.scenario.name for each in chosen.runs] == [
        "first-day",
        "outage-own[outage=1min,seed=1]",
        "outage-own[outage=1min,seed=2]",
        "outage-own[outage=12min,seed=1]",
        "outage-own[outage=12min,seed=2]",
        "policy-roll-out",
        "throttling",
    ]
    first, *_ = chosen.runs
    assert (len(first.scenario.fleet), first.scenario.params["cap"]) == (50, 800)
