"""Mistakes of the person using us, through the command line: each with its place and a remedy, and exit code 2."""

import errno
import json
import os
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from seatrial import ExitCode
from tests.commandline import FEW, Command, trial
from tests.scenarios.made import text_of
from tests.scenarios.running import manifest, rows

# --- mistakes ---------------------------------------------------------------------------------------------------------

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)
POLICY = {"group": "Managed devices/HQ", "settings": {}}


def changed(**sections: Any) -> str:
    return text_of(**{"fleet": FEW, **sections})


def one_block(**fields: Any) -> str:
    return changed(fleet={"blocks": [{**FEW["blocks"][0], **fields}]})


MISTAKES: dict[str, tuple[str | bytes, str, str]] = {
    "unknown key": (changed(durration="4h"), "unknown key 'durration'", "did you mean 'duration'?"),
    "duplicate key": (changed() + "duration: 5h\n", "the key 'duration' stands here a second time", "keep one"),
    "wrong unit": (changed(duration="4 parsecs"), "'parsecs' is not a unit of duration", "write one of: ms, s, min"),
    "negative count": (one_block(count=-3), "fleet.blocks.office.count", ";"),
    "missing image": (one_block(image="windows-offce"), "'windows-offce'", "did you mean 'windows-office'?"),
    "cyclic groups": (changed(groups={"Managed devices": "A", "A": "Managed devices"}), "groups", ";"),
    "two active policies": (
        changed(policies=[{"name": "a", **POLICY}, {"name": "b", **POLICY}]),
        "'a' and 'b' are both active",
        "let one of them be inactive",
    ),
    "empty file": ("", "empty", "write a scenario"),
    "binary file": (bytes(range(256)), ":", ";"),
    "alias bomb": (LAUGHS + changed(), "MAX", ";"),
    "object tag": (changed() + 'about: !!python/object/apply:os.system ["touch pwned"]\n', "tag", ";"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_a_file_is_told_with_its_place_and_a_remedy(name: str, command: Command) -> None:
    text, cause, remedy = MISTAKES[name]
    Path("wrong.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    done = command("run", "wrong.yaml", "--format", "json")
    assert (done.code, done.out) == (ExitCode.USER, "")
    lines = done.err.splitlines()
    assert all(line.startswith("wrong.yaml") for line in lines), done.err
    assert any(cause in line and remedy in line for line in lines), done.err
    assert not Path("out").exists()
    assert not Path("pwned").exists()


def test_a_file_of_50_mb_is_refused_at_once(command: Command) -> None:
    with Path("large.yaml").open("wb") as file:
        file.write(changed().encode())
        file.truncate(50_000_000)
    began = time.perf_counter()
    done = command("run", "large.yaml")
    assert done.code == ExitCode.USER
    assert done.err.startswith("large.yaml: the file is larger than 1048576 bytes (SOURCE_BYTES_MAX); ")
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["missing.yaml"], "missing.yaml: there is no such file; "),
        (["folder/"], "folder/: there is no scenario below it; "),
        (["frist-day"], "frist-day: there is no such scenario in the library; did you mean 'first-day'?"),
        (["trial.yaml", "--set", "nonsense"], "--set nonsense: this does not set anything; write --set name=value"),
        (["trial.yaml", "--set", "=3"], "--set =3: this does not set anything; "),
        (["trial.yaml", "--set", "durration=3h"], "--set durration: there is no parameter or key 'durration'; did you"),
        (["trial.yaml", "--set", "duration=3 parsecs"], "--set duration: 'parsecs' is not a unit of duration; "),
        (["trial.yaml", "--backend", "telemetry"], "--backend telemetry: it names no port; write --backend PORT=SPEC"),
        (["trial.yaml", "--backend", "telemtry=a:b"], "--backend telemtry=a:b: it names no port; did you mean 'tele"),
        (["trial.yaml", "--backend", "telemetry="], "--backend telemetry=: "),
        (["trial.yaml", "--backend", "telemetry=own_x:A"], "--backend telemetry=own_x:A: there is no module 'own_x'"),
        (["trial.yaml", "--backend", "telemetry=json:loadz"], "--backend telemetry=json:loadz: json has no 'loadz'; "),
        (["trial.yaml", "--backend", "administration=json:loads"], "--backend administration=json:loads: the port"),
        (["trial.yaml", "--report", "pdf"], "--report: there is no report 'pdf'; write html or none"),
        (["trial.yaml", "--out", "trial.yaml"], "trial.yaml: file exists; give a folder that can be written"),
        (["trial.yaml", "--out", "folder"], "folder: the folder holds something that is no run; "),
    ],
)
def test_a_mistake_on_the_command_line_is_told_with_its_place_and_a_remedy(
    arguments: list[str], told: str, command: Command
) -> None:
    trial()
    Path("folder").mkdir()
    Path("folder/precious.txt").write_text("mine")
    done = command("run", *arguments)
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert done.err.startswith(told), done.err
    assert len(done.err.splitlines()) == 1
    assert "; " in done.err
    assert Path("folder/precious.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "trial.yaml", "--devices", "0"],
        ["run", "trial.yaml", "--workers", "many"],
        ["run", "trial.yaml", "--format", "xml"],
        ["run", "trial.yaml", "--nonsense"],
        ["rnu", "trial.yaml"],
        ["report"],
        ["report", "nowhere"],
        ["ioc", "check", "nowhere"],
    ],
)
def test_what_the_command_line_does_not_know_ends_with_2(arguments: list[str], command: Command) -> None:
    trial()
    done = command(*arguments)
    assert done.code == ExitCode.USER
    assert "Traceback" not in done.err


def test_a_file_that_may_not_be_read_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    trial()

    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", denied)
        done = command("run", "trial.yaml")
    assert done.code == ExitCode.USER
    assert done.err == "trial.yaml: cannot be read (Permission denied); check the path and its permissions\n"


def test_a_folder_of_indicators_that_may_not_be_read_is_told(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("iocs").mkdir()
    timeline = [{"at": "1min", "do": "sweep", "target": "all", "indicators": "iocs"}]
    trial(timeline=timeline)
    listing = Path.iterdir

    def denied(self: Path) -> Any:
        if self.name == "iocs":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return listing(self)

    monkeypatch.setattr(Path, "iterdir", denied)
    done = command("run", "trial.yaml")
    assert done.code == ExitCode.USER
    assert done.err.startswith("trial.yaml:")
    assert "cannot be read (Permission denied); check its permissions" in done.err


def test_an_entity_bomb_among_indicators_is_reported_as_unsupported(command: Command) -> None:
    entities = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    Path("iocs").mkdir()
    Path("iocs/bomb.ioc").write_text(f"<!DOCTYPE ioc [{entities}]><ioc id='x'><definition>&a9;</definition></ioc>")
    done = command("ioc", "check", "iocs", "--format", "json")
    assert done.code == 0
    (file,) = json.loads(done.out)["files"]
    assert file["supported"] is False
    assert command("ioc", "check", "iocs").out.rstrip().endswith("0 of 1 files supported")


# --- no space left ----------------------------------------------------------------------------------------------------


def test_a_disk_that_is_full_in_the_middle_ends_with_2_and_what_was_there_stays(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write, count = trial(duration="3h"), pq.write_table, iter(range(100))

    def until_full(*arguments: Any, **how: Any) -> None:
        if next(count) >= 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(*arguments, **how)

    monkeypatch.setattr(pq, "write_table", until_full)
    done = command("run", path)
    assert done.code == ExitCode.USER
    assert "part-00001.parquet: no space left on device; make room, or give another folder with --out\n" in done.err
    assert len(done.err.splitlines()) == 1
    assert (manifest(Path("out"))["status"], manifest(Path("out"))["simulated_ms"]) == ("failed", 3_600_000)
    assert {row["at_ms"] for row in rows(Path("out"), "telemetry")} == set(range(0, 3_600_000, 30_000))
    monkeypatch.undo()


def test_a_disk_that_is_full_at_the_start_leaves_the_run_before_as_it_was(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("run", trial())
    before = {path: path.read_bytes() for path in sorted(Path("out").rglob("*")) if path.is_file()}

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    done = command("run", "trial.yaml", "--seed", 9)
    assert done.code == ExitCode.USER
    assert done.err.startswith("out/run.json: no space left on device; make room, or give another folder with --out")
    assert {path: path.read_bytes() for path in sorted(Path("out").rglob("*")) if path.is_file()} == before
