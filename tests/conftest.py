"""The command line as a fixture."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import seatrial
from tests.commandline import Command, Done


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Command]:
    """Runs `seatrial` with arguments, in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for place in [place for place in sys.path_importer_cache if not Path(place).is_absolute()]:
        monkeypatch.delitem(sys.path_importer_cache, place)
    before = set(sys.modules)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["seatrial", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            seatrial.main()
        printed = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, printed.out, printed.err)

    yield run
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]
