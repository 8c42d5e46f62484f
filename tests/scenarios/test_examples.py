"""What new users wrote before anything existed: scenarios, a suite, a plug-in, a test and CI jobs, as they run.

`tests.scenarios.adaptations` has each change of a scenario file with its reason; the others say theirs here. With
SEATRIAL_UPDATE_GOLDEN set the files of `examples` are made anew from the originals.
"""

import importlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import seatrial
from reports.run import NotPassedError, Run
from scenarios.loader import load
from scenarios.schema import scenario_schema
from scenarios.selection import select
from scenarios.source import parse
from tests.commandline import Command
from tests.scenarios.adaptations import CHANGES

FOLDER = Path(__file__).parent / "examples"
ORIGINALS = Path(__file__).parents[3] / "shared" / "examples"
FILES = sorted(FOLDER.rglob("*.yaml"))
SHORT = {"outage": "5min", "duration": "100min"}
"""An outage and a run for a test of two seconds: a user's server makes every event by itself."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder: the examples in `trials`, the package `mycorp` beside them, its options in the environment."""
    shutil.copytree(FOLDER, tmp_path / "trials")
    (tmp_path / "mycorp").mkdir()
    shutil.copy(FOLDER / "backend_sketch.txt", tmp_path / "mycorp" / "trial.py")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIAL_URL", "https://staging.example")
    monkeypatch.setenv("TRIAL_TOKEN", "t0ken")
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mycorp"]:
        del sys.modules[name]


def carried_out(name: str, **options: Any) -> Run:
    run = seatrial.run(f"trials/{name}.yaml", out="out", **options)
    assert isinstance(run, Run)
    return run


def verdicts(run: Run) -> dict[str, str]:
    return {one.name: str(one.verdict) for one in run.expectations}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_valid_under_the_schema(path: Path) -> None:
    data = parse(path.read_bytes(), path.name).data
    assert [error.message for error in Draft202012Validator(scenario_schema()).iter_errors(data)] == []


@pytest.mark.parametrize("name", CHANGES)
def test_an_example_is_the_original_but_for_the_changes_that_are_told(name: str) -> None:
    original = ORIGINALS / name
    if not original.exists():
        pytest.skip(f"there is no {original}")
    text = original.read_text(encoding="utf-8")
    for change in CHANGES[name]:
        assert text.count(change.old) == 1, change
        assert change.why
        text = text.replace(change.old, change.new)
    if "SEATRIAL_UPDATE_GOLDEN" in os.environ:
        (FOLDER / name).write_text(text, encoding="utf-8")
    assert (FOLDER / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["hello", "containment", "outage", "storm-live"])
def test_an_example_loads_without_a_warning(name: str) -> None:
    assert not load(FOLDER / f"{name}.yaml").warnings


# --- hello.yaml: nothing is adapted ----------------------------------------------------------------------------------


def test_hello(here: Path) -> None:
    run = carried_out("hello")
    run.check()
    assert len(verdicts(run)) == 4  # its three, and that what is acknowledged is held


@pytest.mark.parametrize(
    ("sets", "broken"),
    [({"cap": 100_000}, "throttle bites"), ({"fleet.blocks.1.image": "linux-server"}, "servers untouched")],
)
def test_hello_fails_where_it_should(sets: dict[str, Any], broken: str, here: Path) -> None:
    run = carried_out("hello", set=sets)
    assert [name for name, verdict in verdicts(run).items() if verdict == "fail"] == [broken]


# --- outage.yaml -----------------------------------------------------------------------------------------------------


def test_outage(here: Path) -> None:
    run = carried_out("outage", devices=12, set=SHORT)
    run.check()
    assert {"storm bounded", "latency", "queue drains", "no duplicates kept"} < verdicts(run).keys()


@pytest.mark.parametrize(
    ("server", "expected"),
    [("Twofold", "unknown"), ("Closed", "unknown")],  # it says `else: unknown`; the second cannot be asked
)
def test_outage_knows_no_server_that_keeps_twice_for_a_good_one(server: str, expected: str, here: Path) -> None:
    run = carried_out("outage", devices=4, set=SHORT, backend={"telemetry": f"mycorp.trial:{server}"})
    assert run.verdict == "fail"
    assert {name: verdict for name, verdict in verdicts(run).items() if verdict != "pass"} == {
        "no duplicates kept": expected
    }


# --- containment.yaml ------------------------------------------------------------------------------------------------


def test_containment(here: Path) -> None:
    run = carried_out("containment", set={"recording.interval": "5min"})
    run.check()
    assert {"order", "prompt", "quiet while isolated", "found exactly", "nobody else", "seen"} < verdicts(run).keys()


def test_containment_fails_where_nobody_is_released(here: Path) -> None:
    run = carried_out("containment", set={"duration": "100min", "recording.interval": "5min"})
    assert {name for name, verdict in verdicts(run).items() if verdict == "fail"} == {
        "order",
        "one release per isolation",
    }


# --- storm-live.yaml: in virtual time, without certificates, for fewer devices ----------------------------------------


def test_storm_live(here: Path) -> None:
    run = carried_out("storm-live", devices=60)
    run.check()
    assert {"errors", "fail-over order", "no drift"} < verdicts(run).keys()


# --- suite-nightly.yaml ----------------------------------------------------------------------------------------------


def test_the_suite_has_its_runs(here: Path) -> None:
    chosen = select(["trials/suite-nightly.yaml"])
    assert [each.scenario.name for each in chosen.runs] == [
        "first-day",
        *(
            f"outage-28min-mycorp[outage={outage},seed={seed}]"
            for outage in ("1min", "28min", "2h")
            for seed in (1, 2, 3)
        ),
        "central-node-outage",
        "failover",
    ]
    first, *_ = chosen.runs
    assert len(first.scenario.fleet) == 1_000


# --- backend_sketch.py, as `mycorp.trial` -----------------------------------------------------------------------------
# `stored` takes a device and gives intervals, instead of a time and single keys: what the port's observation half is.
# It keeps what it gets itself: clients over HTTP follow with the issue that brings them. Its options have defaults,
# since `backend check` and the suite give none.


def test_the_plug_in_says_what_it_is_and_passes_its_check(here: Path, command: Command) -> None:
    done = command("backend", "check", "telemetry=mycorp.trial:Server")
    assert done.code == 0
    for part in ("telemetry: 1.0", "dedupe: True", "observe.stored: True", "stored  holds [(0, 1)] of the probe"):
        assert part in done.out


def test_options_of_the_plug_in_are_validated_where_they_stand(here: Path, command: Command) -> None:
    path = here / "trials" / "outage.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("${env:TRIAL_URL}", "staging"), encoding="utf-8")
    done = command("run", path.relative_to(here))
    assert done.code == 2
    assert done.err.startswith("trials/outage.yaml:6:")
    assert "the option 'url' is refused" in done.err


# --- test_own_suite.py -----------------------------------------------------------------------------------------------
# The device is one of this fleet, and the fact `no-server`: the connections of outage.yaml are refused at once.


def test_retry_after_is_honoured(here: Path, tmp_path: Path) -> None:
    sys.path.insert(0, str(here))
    my_server = importlib.import_module("mycorp.trial").Server()
    run = seatrial.run(
        "trials/outage.yaml",
        out=tmp_path / "out",
        backend={"telemetry": my_server},
        set={"outage": "2min", "duration": "100min"},
        devices=12,
    )
    run.check()  # raises AssertionError with the explanation, not a dump
    assert run.sql("SELECT max(queued) FROM devices").item() < 2000
    assert run.facts(device="office-00007", kind="no-server").height == 1


def test_a_run_that_does_not_pass_raises_with_its_explanation(here: Path) -> None:
    with pytest.raises(NotPassedError, match="throttle bites"):
        carried_out("hello", set={"cap": 100_000}).check()


# --- ci.md -----------------------------------------------------------------------------------------------------------
# `conform` has tests of its own. Two workers are processes, here one; the night runs one scenario in place of the
# suite of twelve, whose runs stand above.


def test_the_job_of_a_pull_request(here: Path, command: Command) -> None:
    assert command("check", "trials/", "--strict").code == 0
    done = command(
        *("run", "--tag", "smoke", "trials/", "--backend", "telemetry=mycorp.trial:InMemory", "--devices", "8"),
        *("--junit", "smoke.xml", "--out", "out"),
    )
    assert done.code == 0
    assert Path("smoke.xml").read_text(encoding="utf-8").count("<testcase") == 3
    assert list(Path().glob("out/**/report.html"))


QUICK = ("--report", "none")


def test_the_job_of_the_night(here: Path, command: Command) -> None:
    assert command("backend", "check", "telemetry=mycorp.trial:Server").code == 0
    assert (
        command("run", "trials/hello.yaml", "--devices", "8", "--out", "out", "--junit", "night.xml", *QUICK).code == 0
    )
    Path("baselines").mkdir()
    assert command("compare", "out", "out", "--accept", "baselines/nightly.json").code == 0
    assert command("compare", "baselines/nightly.json", "out", "--gate", "--markdown", "diff.md").code == 0
    assert Path("diff.md").read_text(encoding="utf-8")
    assert command("run", "trials/hello.yaml", "--devices", "8", "--set", "cap=300", "--out", "out", *QUICK).code == 0
    assert command("compare", "baselines/nightly.json", "out", "--gate").code == 1
