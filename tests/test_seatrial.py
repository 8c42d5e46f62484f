"""The command line as users meet it: the one import, help, exit codes, one JSON document, servers of one's own."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import seatrial
from scenarios.tables import TERMS
from seatrial import ExitCode
from tests.commandline import ENVIRONMENT, RIGHT, WRONG, Command, own, trial
from tests.scenarios.running import manifest, rows

# --- the front door ---------------------------------------------------------------------------------------------------


def test_the_one_import_offers_what_it_says_and_nothing_else() -> None:
    for name, module in seatrial.OFFERED.items():
        assert getattr(seatrial, name) is getattr(importlib.import_module(module), name)
    with pytest.raises(AttributeError, match="module 'seatrial' has no attribute 'Sevrer'"):
        _ = seatrial.Sevrer
    assert {"Ack", "Backend", "Refused", "Telemetry", "TimedOut", "Unreachable", "load"} <= set(seatrial.OFFERED)


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0], 0),
        ([0, 4], 4),
        ([4, 1, 0], 1),
        ([1, 3, 4], 3),
        ([3, 2, 1], 2),
        ([2, 3, 130, 0], 130),
        ([], 2),
    ],
)
def test_with_several_runs_one_code_comes_before_another(codes: list[int], code: int) -> None:
    assert ExitCode.worst(codes) == code


def loaded_by(*words: str) -> set[str]:
    """The modules that a command has imported when it is done."""
    program = (
        "import sys, seatrial\n"
        f"sys.argv = {['seatrial', *words]!r}\n"
        "try:\n    seatrial.main()\nexcept SystemExit as ended:\n    assert ended.code == 0, ended.code\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    arguments = [sys.executable, "-c", program]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=30, check=True)
    return set(done.stderr.split())


def test_help_imports_nothing_heavy() -> None:
    heavy = {"numpy", "pyarrow", "duckdb", "plotly", "simpy", "rich", "jinja2"}
    assert loaded_by("--help") & heavy == set()
    assert loaded_by("run", "--help") & heavy == set()


def commands(group: Any = None, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, as it is typed."""
    group = group or typer.main.get_command(seatrial.app)
    for name, one in sorted(getattr(group, "commands", {}).items()):
        yield (*before, name)
        yield from commands(one, (*before, name))


def test_every_command_has_help_with_an_example_that_fits_80_columns(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    known = list(commands())
    assert {("run",), ("report",), ("schema",), ("ioc", "check")} <= set(known)
    assert command("--help").out == command("-h").out
    without = []
    for words in ((), *known):
        done = command(*words, "--help")
        assert (done.code, done.err) == (0, "")
        assert max(map(len, done.out.splitlines())) <= 80, words
        if f"Example:  seatrial {' '.join(words)}".rstrip() not in done.out:
            without.append(" ".join(words))
    assert without == []


def test_nothing_to_do_shows_the_help(command: Command) -> None:
    assert "Usage: " in command().out + command().err
    assert "Example:  seatrial run" in command("run").out + command("run").err


def test_the_schema_is_one_json_document(command: Command) -> None:
    done = command("schema")
    assert done.code == 0
    assert json.loads(done.out)["$schema"].startswith("https://json-schema.org/")


# --- runs and their codes ---------------------------------------------------------------------------------------------


def test_a_run_that_is_as_expected_ends_with_0_and_a_summary(command: Command) -> None:
    done = command("run", trial(**RIGHT), "--seed", 5, "--devices", 9)
    assert done.code == ExitCode.OK
    assert "PASS" in done.out
    assert done.err == ""
    told = manifest(Path("out"))
    assert (told["seed"], told["devices"], told["command"]) == (5, 9, "seatrial run trial.yaml --seed 5 --devices 9")
    assert Path("out/report.html").stat().st_size > 10_000


def test_a_run_that_is_not_as_expected_ends_with_1_and_names_it(command: Command) -> None:
    done = command("run", trial(**WRONG), "--out", "elsewhere", "--report", "none")
    assert done.code == ExitCode.FINDING
    assert "FAIL" in done.out
    assert "silence" in done.out
    assert "trial.yaml:" in done.out
    assert not Path("elsewhere/report.html").exists()


def test_a_run_that_cannot_be_judged_ends_with_4(command: Command) -> None:
    expect = [{"name": "silence", "total": "telemetry.generated", "is": 0, "else": "invalid"}]
    assert command("run", trial(expect=expect)).code == ExitCode.INVALID


def test_a_run_that_judged_nothing_is_not_green_and_leaves_everything(command: Command) -> None:
    done = command("run", trial(), "--junit", "junit.xml", "--summary", "summary.md")
    assert done.code == ExitCode.USER
    sentence = "nothing was judged: the scenario expects nothing"
    for text in (done.out, Path("junit.xml").read_text(), Path("summary.md").read_text()):
        assert "UNJUDGED" in text
        assert sentence in text
    page = Path("out/report.html").read_text()
    assert f"<strong>UNJUDGED</strong> <span>{sentence}" in page
    assert 'skipped="1"' in Path("junit.xml").read_text()
    assert manifest(Path("out"))["status"] == "finished"
    again = command("run", "trial.yaml", "--format", "json")
    (told,) = json.loads(again.out)["runs"]
    assert (again.code, told["status"], told["verdict"]) == (ExitCode.USER, "finished", "unjudged")
    explained = command("explain", "out")
    assert (explained.code, explained.out) == (0, "trial: nothing was judged\n")


def test_an_explanation_is_one_json_document(command: Command) -> None:
    silent = [{"name": "silence", "each": "all", "that": "generated", "is": 0}]
    command("run", trial(expect=silent), "--report", "none")
    done = command("explain", "out", "--format", "json")
    assert (done.code, done.err) == (0, "")
    (told,) = json.loads(done.out)["expectations"]
    assert (told["name"], len(told["counter_examples"])) == ("silence", 6)
    passed = command("explain", "out", "telemetry: what is acknowledged is held", "--format", "json")
    assert [one["verdict"] for one in json.loads(passed.out)["expectations"]] == ["pass"]
    wrong = command("explain", "out", "silense", "--format", "json")
    assert (wrong.code, wrong.out) == (ExitCode.USER, "")


def test_a_run_that_judged_nothing_does_not_hide_behind_one_that_passed(command: Command) -> None:
    files = [trial("one", **RIGHT), trial("two")]
    assert command("run", *files).code == ExitCode.USER
    assert command("run", files[0], trial("three", **RIGHT)).code == ExitCode.OK


def test_warnings_go_to_stderr(command: Command) -> None:
    done = command("run", trial(params={"cap": {"default": 5}}), "--format", "json")
    assert done.err.startswith("warning: trial.yaml:")
    json.loads(done.out)


def test_what_breaks_in_a_way_that_nobody_foresaw_ends_with_3(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1 would be a finding about the system under test."""

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("nobody foresaw")

    monkeypatch.setattr("scenarios.recording.devices_table", broken)
    done = command("run", trial())
    assert done.code == ExitCode.HARNESS
    assert "Traceback" in done.err
    assert manifest(Path("out"))["error"] == "ZeroDivisionError: nobody foresaw"
    monkeypatch.setattr("scenarios.schema.scenario_schema", broken)
    assert command("schema").code == ExitCode.HARNESS


# --- several runs, and JSON -------------------------------------------------------------------------------------------

KINDS = {
    "scenario": str,
    "seed": int,
    "devices": int,
    "simulated_s": int | float,
    "wall_s": float,
    "status": str,
    "verdict": str,
    "error": type(None),
    "expectations": list,
    "telemetry": dict,
    "problems": list,
    "digest": str,
    "out": str,
}


def test_json_is_one_document_with_the_keys_of_the_contract(command: Command) -> None:
    done = command("run", trial(**RIGHT), "--format", "json", "--workers", 1)
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert list(document) == ["runs"]
    (told,) = document["runs"]
    assert list(told) == list(KINDS)
    assert [name for name, kind in KINDS.items() if not isinstance(told[name], kind)] == []
    assert (told["scenario"], told["seed"], told["devices"], told["simulated_s"]) == ("trial", 1, 6, 600)
    assert (told["status"], told["verdict"], told["out"]) == ("finished", "pass", "out")
    for one in told["expectations"]:
        assert list(one) == ["name", "clause", "verdict", "seen", "expected"]
    assert [one["name"] for one in told["expectations"]] == ["life", "telemetry: what is acknowledged is held"]
    assert list(told["telemetry"]) == ["central-node"]
    terms = told["telemetry"]["central-node"]
    assert list(terms) == list(TERMS)
    assert all(isinstance(number, int) for number in terms.values())
    assert terms["generated"] == sum(number for term, number in terms.items() if term != "generated")
    assert terms["generated"] == sum(row["generated"] for row in rows(Path("out"), "telemetry"))
    assert told["digest"] == manifest(Path("out"))["digest"]


def test_several_scenarios_are_one_document_and_a_folder_each(command: Command) -> None:
    files = [trial("one", **RIGHT), trial("two", **WRONG), trial("three", **RIGHT)]
    done = command("run", *files, "--format", "json", "--out", "all", "--report", "none")
    assert done.code == ExitCode.FINDING
    runs = json.loads(done.out)["runs"]
    assert [(one["scenario"], one["verdict"], one["out"]) for one in runs] == [
        ("one", "pass", "all/one"),
        ("two", "fail", "all/two"),
        ("three", "pass", "all/three"),
    ]
    assert {path.name for path in Path("all").iterdir() if path.is_dir()} == {"one", "two", "three"}


def test_the_first_failure_stops_the_rest_only_where_that_is_asked_for(command: Command) -> None:
    files = [trial("one", **WRONG), trial("two", **RIGHT)]
    assert len(json.loads(command("run", *files, "--format", "json").out)["runs"]) == 2
    done = command("run", *files, "--format", "json", "-x", "--out", "stopped")
    assert done.code == ExitCode.FINDING
    assert len(json.loads(done.out)["runs"]) == 1
    assert not Path("stopped/two").exists()


def test_a_run_that_cannot_be_made_does_not_stop_the_rest(command: Command) -> None:
    files = [trial("one", **WRONG), trial("two", **RIGHT), trial("three", **RIGHT)]
    Path("out/two").mkdir(parents=True)
    Path("out/two/precious.txt").write_text("mine")
    done = command("run", *files, "--format", "json")
    assert done.code == ExitCode.USER
    assert done.err.startswith("out/two: the folder holds something that is no run; ")
    runs = json.loads(done.out)["runs"]
    assert [(one["scenario"], one["verdict"]) for one in runs] == [("one", "fail"), ("two", "error"), ("three", "pass")]
    assert [list(one) for one in runs] == [list(KINDS)] * 3
    assert [one["error"] for one in runs] == [None, done.err.strip(), None]
    assert (runs[1]["out"], runs[1]["digest"], runs[1]["expectations"]) == (None, None, [])
    assert command("run", *files, "--backend", own("Broken")).code == ExitCode.USER


def test_two_scenarios_of_one_name_are_refused_before_anything_runs(command: Command) -> None:
    trial("one")
    Path("other.yaml").write_text(Path("one.yaml").read_text())
    done = command("run", "one.yaml", "other.yaml")
    assert done.code == ExitCode.USER
    assert done.err.startswith("other.yaml: a second scenario 'one' in one command; ")
    assert not Path("out").exists()


def test_a_mistake_in_one_file_is_told_before_anything_runs(command: Command) -> None:
    done = command("run", trial("one"), trial("two", duration="never"))
    assert done.code == ExitCode.USER
    assert not Path("out").exists()


def test_a_scenario_of_the_library_is_run_by_its_name(command: Command) -> None:
    done = command("run", "throttling", "--devices", 8, "--format", "json", "--report", "none")
    assert json.loads(done.out)["runs"][0]["scenario"] == "throttling"
    assert manifest(Path("out"))["scenario"]["file"] == "library:throttling"


# --- a server of one's own --------------------------------------------------------------------------------------------


def terms_of(folder: str) -> dict[str, int]:
    return dict(manifest(Path(folder))["telemetry"]["central-node"])


@pytest.mark.parametrize("name", ["Server", "Moody", "Observed"])
def test_a_server_of_ones_own_gets_every_event_exactly_once(name: str, command: Command) -> None:
    assert command("run", trial(**RIGHT), "--out", "fake").code == 0
    assert command("run", "trial.yaml", "--backend", own(name), "--out", "own").code == 0
    held = json.loads(Path("held.json").read_text())
    devices = {row["device"]: row for row in rows(Path("own"), "devices")}
    assert set(held) == set(devices)
    for device, ordinals in held.items():
        assert ordinals == list(range(devices[device]["acknowledged"]))
    assert manifest(Path("own"))["backends"]["telemetry"] == f"own_{name.lower()}:{name}"
    fake, mine = terms_of("fake"), terms_of("own")
    if name == "Moody":
        assert sum(row["refused"] for row in rows(Path("own"), "servers")) > 0
        assert mine["acknowledged"] + mine["queued"] == fake["acknowledged"] + fake["queued"]
    else:
        assert mine == fake


def test_a_server_that_loses_what_it_acknowledged_is_a_finding(command: Command) -> None:
    done = command("run", trial(), "--backend", own("Losing"))
    assert done.code == ExitCode.FINDING
    assert "PORT-TEL-001" in done.out
    (verdict,) = manifest(Path("out"))["expectations"]
    assert [one["device"] for one in verdict["counter_examples"]] == ["office-00002"]


def test_where_nobody_can_look_nothing_is_claimed(command: Command) -> None:
    assert command("run", trial(), "--backend", own("Secretly")).code == ExitCode.USER
    assert manifest(Path("out"))["expectations"] == []
    assert command("run", "trial.yaml", "--backend", own("Observed")).code == ExitCode.OK


def test_a_server_that_fails_its_smoke_check_ends_with_3(command: Command) -> None:
    done = command("run", trial(), "--backend", own("Shy"))
    assert done.code == ExitCode.HARNESS
    assert "did not pass its smoke check: send: refused with status 401 (who are you)" in done.err
    assert not Path("out").exists()


def test_a_server_that_breaks_in_the_middle_ends_with_3_and_a_readable_folder(command: Command) -> None:
    done = command("run", trial(duration="2h"), "--backend", own("Broken"))
    assert done.code == ExitCode.HARNESS
    assert "own_broken.py" in done.err  # its traceback, the only place where one is right
    assert "KeyError: 'no such tenant'" in done.err
    assert manifest(Path("out"))["status"] == "failed"
    again = command("report", "out")
    assert again.code == 0
    assert "ERROR" in again.out
    assert Path("out/report.html").is_file()


def test_a_backend_may_stand_in_the_scenario_and_the_command_line_comes_before_it(command: Command) -> None:
    spec = own("Server").partition("=")[2]
    trial(servers={"telemetry": {"backend": spec}}, **RIGHT)
    assert command("run", "trial.yaml").code == 0
    assert manifest(Path("out"))["backends"]["telemetry"] == spec
    assert command("run", "trial.yaml", "--backend", "telemetry=fake").code == 0
    assert manifest(Path("out"))["backends"]["telemetry"] == "fake"
