"""`seatrial init`: what it makes runs as it is."""

import ast
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

import seatrial
from scenarios.commands.init import FILES
from seatrial import ExitCode
from tests.commandline import Command

LINES_MAX = 50
BACKEND = "telemetry=my_server:Server"


@pytest.fixture
def started(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command line in a folder that `seatrial init` has made."""
    done = command("init", "trials")
    assert (done.code, done.err) == (0, "")
    assert {path.name for path in Path("trials").iterdir()} == set(FILES)
    assert max(map(len, done.out.splitlines())) <= 80
    monkeypatch.chdir("trials")
    return command


def test_the_scenario_runs_and_passes(started: Command) -> None:
    assert started("check", "first.yaml", "--strict").code == ExitCode.OK
    done = started("run", "first.yaml", "--format", "json", "--report", "none")
    assert done.code == ExitCode.OK
    (run,) = json.loads(done.out)["runs"]
    assert [one["verdict"] for one in run["expectations"]] == ["pass"] * 5


def test_its_parameter_can_be_set(started: Command) -> None:
    done = started("check", "first.yaml", "--set", "outage=30min", "--format", "json")
    steps = json.loads(done.out)["scenarios"][0]["steps"]
    assert (steps[0]["at_ms"], steps[0]["end_ms"]) == (2_700_000, 4_500_000)


def test_the_backend_answers_in_place_of_the_fake(started: Command, request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: __import__("sys").modules.pop("my_server", None))
    arguments = ("first.yaml", "--devices", 12, "--backend", BACKEND, "--format", "json", "--report", "none")
    done = started("run", *arguments)
    assert done.code == ExitCode.OK
    (run,) = json.loads(done.out)["runs"]
    assert [one["verdict"] for one in run["expectations"]] == ["pass"] * 5
    assert run["expectations"][-1]["name"] == "telemetry: what is acknowledged is held"
    assert len(Path("my_server.py").read_text().splitlines()) <= LINES_MAX
    assert ast.get_docstring(ast.parse(Path("my_server.py").read_text()))


def test_the_job_is_yaml_and_its_commands_are_known(started: Command) -> None:
    job: dict[str, Any] = yaml.safe_load(Path("ci.yaml").read_text())["trials"]
    assert {"image", "script", "artifacts"} == set(job)
    lines = [shlex.split(line.partition("||")[0]) for line in job["script"] if line.startswith("seatrial ")]
    assert [words[1] for words in lines] == ["check", "run"]
    known = getattr(get_command(seatrial.app), "commands", {})
    for _, name, *words in lines:
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options
        assert Path("first.yaml").name in words
    assert BACKEND in lines[1]


@pytest.mark.parametrize("what", ["file in it", "file", "link"])
def test_a_folder_that_is_not_empty_is_left_alone(what: str, command: Command) -> None:
    if what == "file in it":
        Path("trials").mkdir()
        Path("trials/mine.txt").write_text("mine")
    elif what == "file":
        Path("trials").write_text("mine")
    else:
        Path("there").mkdir()
        Path("there/mine.txt").write_text("mine")
        Path("trials").symlink_to("there")
    done = command("init", "trials")
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert done.err.startswith("trials: ")
    assert len(done.err.splitlines()) == 1
    assert not list(Path().rglob("first.yaml"))


def test_an_empty_folder_and_folders_that_are_not_there_are_taken(command: Command) -> None:
    Path("empty").mkdir()
    assert command("init", "empty").code == ExitCode.OK
    assert command("init", "new/and/deep").code == ExitCode.OK
    assert Path("new/and/deep/first.yaml").is_file()


def test_what_cannot_be_written_is_told(command: Command) -> None:
    Path("file").write_text("mine")
    done = command("init", "file/trials")
    assert done.code == ExitCode.USER
    assert done.err.startswith("file/trials: ")
