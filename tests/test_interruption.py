"""Ctrl-C and kill: what was done is kept, the folder is readable, and no worker is left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports import progress
from seatrial import ExitCode
from tests.commandline import ENVIRONMENT, FEW, WRONG, Command, trial
from tests.scenarios.made import text_of
from tests.scenarios.running import Unseen, manifest, rows

DEADLINE_S = 25

# --- Ctrl-C and kill --------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_with_130_and_a_summary_and_stops_the_rest(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = Unseen(lambda at_ms: signal.raise_signal(signal.SIGINT) if at_ms == 3_600_000 else None)
    monkeypatch.setattr(progress, "progress", lambda _: pressed)
    files = [trial("one", duration="3h", **WRONG), trial("two")]
    done = command("run", *files)
    assert done.code == ExitCode.INTERRUPTED
    assert "INTERRUPTED  stopped at 1:00:00 of 3:00:00; what was done is kept" in done.out
    assert manifest(Path("out/one"))["status"] == "interrupted"
    assert not Path("out/two").exists()
    done = command("run", "one.yaml", "--format", "json", "--out", "again")
    (told,) = json.loads(done.out)["runs"]
    assert (done.code, told["status"], told["simulated_s"]) == (ExitCode.INTERRUPTED, "interrupted", 3_600)


def started(folder: Path, workers: int) -> "subprocess.Popen[str]":
    """A long run in a session of its own, once it has written its first part."""
    big = {"blocks": [{**FEW["blocks"][0], "count": 1_200}]}
    (folder / "big.yaml").write_text(text_of(name="big", fleet=big, duration="5d"))
    arguments = [sys.executable, "-m", "seatrial", "run", "big.yaml", "--workers", str(workers), "--report", "none"]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, cwd=folder, env=ENVIRONMENT, start_new_session=True, **pipes)
    wait_for(lambda: written_ms(folder) > 0 or process.poll() is not None)
    assert process.poll() is None, process.communicate()
    return process


def written_ms(folder: Path) -> int:
    try:
        return int(manifest(folder / "out")["simulated_ms"])
    except FileNotFoundError:
        return 0


def wait_for(reached: Callable[[], bool]) -> None:
    """Looks again and again, up to a deadline."""
    until = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def gone(group: int) -> bool:
    """True where no process of a session is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_ctrl_c_reaches_a_run_with_workers_and_ends_all_of_them(tmp_path: Path) -> None:
    process = started(tmp_path, workers=2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    out, err = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == ExitCode.INTERRUPTED
    assert "INTERRUPTED  stopped at" in out
    assert "Traceback" not in err
    told = manifest(tmp_path / "out")
    assert told["status"] == "interrupted"
    assert len(rows(tmp_path / "out", "devices")) == 1_200
    assert told["telemetry"]["central-node"]["generated"] == sum(
        row["generated"] for row in rows(tmp_path / "out", "telemetry")
    )
    wait_for(lambda: gone(process.pid))


def test_a_killed_run_leaves_a_readable_folder_and_no_worker(command: Command, tmp_path: Path) -> None:
    process = started(tmp_path, workers=2)
    process.kill()
    process.communicate(timeout=DEADLINE_S)
    assert process.returncode == -signal.SIGKILL
    wait_for(lambda: gone(process.pid))
    assert manifest(tmp_path / "out")["status"] == "running"
    done = command("report", "out")
    assert done.code == 0
    assert "UNFINISHED" in done.out
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
