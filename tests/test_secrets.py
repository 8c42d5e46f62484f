"""Secrets on the command line: masked from the start, wherever they end up, and options that come from there."""

import json
from pathlib import Path
from typing import Any

import pytest

from seatrial import ExitCode
from tests.commandline import OWN, RIGHT, WRONG, Command, trial

SECRET = "swordfish"
GUARDED = """
from pydantic import SecretStr

class Guarded(Server):
    class Options(seatrial.Options):
        token: SecretStr
        url: str = "https://x.example"

    def open(self, run):
        super().open(run)
        assert self.options.token.get_secret_value() == "swordfish", self.options.url

class Leaking(Guarded):
    def one(self, package):
        if package.first:
            raise ValueError(self.options.token.get_secret_value())
        return super().one(package)
"""
SERVERS: dict[str, Any] = {"telemetry": {"backend": "own_guarded:Guarded", "options": {"token": "${token}"}}}
PARAMS: dict[str, Any] = {"token": {"default": "none"}}


@pytest.fixture(autouse=True)
def guarded(command: Command) -> None:
    Path("own_guarded.py").write_text(OWN + GUARDED, encoding="utf-8")


def kept() -> str:
    """Everything that runs left, but for the scenarios and the module of the backend."""
    files = [file for file in Path().rglob("*") if file.is_file() and file.suffix not in (".yaml", ".py", ".pyc")]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


@pytest.mark.parametrize("expected", [RIGHT, WRONG], ids=["a run that passes", "one that fails"])
@pytest.mark.parametrize(
    "option", [["--set", "token=swordfish"], ["--set=token=swordfish"], ["--set", " token =swordfish"]]
)
def test_a_parameter_in_an_option_is_shown_nowhere(
    option: list[str], expected: dict[str, Any], command: Command
) -> None:
    path = trial(servers=SERVERS, params=PARAMS, **expected)
    out = ["--junit", "junit.xml", "--summary", "summary.md"]
    done = command("run", path, *option, *out)
    assert done.code == (ExitCode.OK if expected is RIGHT else ExitCode.FINDING)
    as_json = command("run", path, *option, "--format", "json", "--report", "none", "--out", "other")
    assert SECRET not in done.out + done.err + as_json.out + as_json.err + kept()
    assert "token=**********" in Path("out/run.json").read_text(encoding="utf-8")


def test_nor_in_a_suite_or_among_several_runs(command: Command) -> None:
    path = trial(servers=SERVERS, params=PARAMS, **WRONG)
    entry = {"scenario": str(path), "matrix": {"seed": [1, 2]}, "set": {"token": SECRET}}
    Path("night.yaml").write_text(json.dumps({"suite": "night", "run": [entry]}), encoding="utf-8")
    done = command("run", "night.yaml", "--report", "none", "--junit", "junit.xml")
    assert done.code == ExitCode.FINDING
    assert SECRET not in done.out + done.err + kept()


@pytest.mark.parametrize(
    ("param", "backend", "cause"),
    [
        ({"default": 5}, "own_guarded:Guarded", "--set token: the value that was given does not fit"),
        ({"default": 5, "max": 9}, "own_guarded:Guarded", "--set token: the value that was given does not fit"),
        ({"default": "none"}, "nowhere:Server", "there is no module 'nowhere'"),
        ({"default": "none"}, "own_guarded:Server", "own_guarded:Server takes no options"),
    ],
)
def test_a_mistake_before_the_backend_is_known_does_not_show_it(
    param: dict[str, Any], backend: str, cause: str, command: Command
) -> None:
    servers = {"telemetry": {**SERVERS["telemetry"], "backend": backend}}
    path = trial(servers=servers, params={"token": param}, **RIGHT)
    done = command("run", path, "--set", f"token={SECRET}", "--junit", "junit.xml")
    assert done.code == ExitCode.USER
    assert cause in done.err
    assert SECRET not in done.out + done.err + kept()


def test_a_parameter_that_is_no_secret_is_shown_with_its_mistake(command: Command) -> None:
    path = trial(params={"many": {"default": 5}}, about="many: ${many}", **RIGHT)
    assert f"'{SECRET}' is not a whole number" in command("run", path, "--set", f"many={SECRET}").err


def test_an_adapter_that_breaks_with_its_secret_leaves_it_out_of_the_folder(command: Command) -> None:
    servers = {"telemetry": {**SERVERS["telemetry"], "backend": "own_guarded:Leaking"}}
    path = trial(servers=servers, params=PARAMS, duration="1h", **RIGHT)
    done = command("run", path, "--set", f"token={SECRET}")
    assert done.code == ExitCode.HARNESS
    assert SECRET not in kept()


# --- options from the command line ------------------------------------------------------------------------------------


def test_options_are_set_by_their_dotted_path_for_a_backend_of_the_command_line(command: Command) -> None:
    option = ("--set", f"servers.telemetry.options.token={SECRET}")
    own_url: dict[str, Any] = {"servers": {"telemetry": {"options": {"url": "https://y.example"}}}}
    for sections in ({}, own_url):
        done = command("run", trial(**RIGHT, **sections), "--backend", "telemetry=own_guarded:Guarded", *option)
        assert (done.code, done.err) == (ExitCode.OK, "")
        assert SECRET not in done.out + kept()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("tokne", "--set servers.telemetry.options.tokne: own_guarded:Guarded has no option 'tokne'; did you mean"),
        ("url", "the option 'token' is missing"),
    ],
)
def test_an_option_that_does_not_fit_is_told_where_it_was_given(option: str, told: str, command: Command) -> None:
    arguments = ("--backend", "telemetry=own_guarded:Guarded", "--set", f"servers.telemetry.options.{option}=x")
    done = command("run", trial(**RIGHT), *arguments)
    assert done.code == ExitCode.USER
    assert told in done.err


def test_options_of_the_file_that_another_backend_does_not_take_are_told_with_their_line(command: Command) -> None:
    path = trial(servers=SERVERS, params=PARAMS, **RIGHT)
    done = command("run", path, "--backend", "telemetry=own_guarded:Server")
    assert done.code == ExitCode.USER
    assert done.err.startswith("trial.yaml:")
    assert ": servers.telemetry.options: own_guarded:Server takes no options; " in done.err
    assert command("run", path, "--backend", "telemetry=fake").code == ExitCode.OK


def test_options_without_a_backend_are_told_before_anything_runs(command: Command) -> None:
    servers = {"telemetry": {"options": {"token": "x"}}}
    done = command("run", trial(servers=servers, **RIGHT))
    assert done.code == ExitCode.USER
    assert ": servers.telemetry.options: the fake of telemetry takes no options; name a `backend`" in done.err
    assert not Path("out").exists()
