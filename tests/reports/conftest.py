"""Run folders for the tests of the reports, written once; a test that breaks one takes a copy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.folder import RunFolder
from tests.reports import synthetic

EVIL = synthetic.Names(
    scenario="<script>window.broken=1</script><img src=x onerror='window.broken=2'>",
    about="</script><b>bold</b> [red]red[/red]",
    server="<b>srv</b> [bold]&amp;",
    step="<script>window.broken=3</script>",
    type='<a href="javascript:window.broken=4">kind</a>',
    device="{block}-{index}<i>[blink]",
    expectation="[red]exp[/red] <u>\"'\u202e\u001b[31m",
    group="g/<script>",
)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run. Nobody may change it."""
    return synthetic.write(synthetic.make(), tmp_path_factory.mktemp("runs") / "outage")


@pytest.fixture(scope="session")
def written_evil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose names try to be markup and script. Nobody may change it."""
    return synthetic.write(synthetic.make(names=EVIL), tmp_path_factory.mktemp("runs") / "evil")


@pytest.fixture
def folder(written: Path) -> RunFolder:
    return RunFolder.open(written)


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    """A copy of the run that a test may break."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


@pytest.fixture
def changed(copy: Path) -> Callable[[Callable[[dict[str, Any]], None]], Path]:
    """The run with its manifest changed by a function."""

    def change(how: Callable[[dict[str, Any]], None]) -> Path:
        file = copy / "run.json"
        manifest = json.loads(file.read_text(encoding="utf-8"))
        how(manifest)
        file.write_text(json.dumps(manifest), encoding="utf-8")
        return copy

    return change
