"""Wrong scenarios that are put together from files, wrong suites, and what is said of them: `wrong-reuse/`.

With SEATRIAL_UPDATE_GOLDEN set the texts are written anew; the difference is for review.
"""

import os
import re
from pathlib import Path

import pytest

from scenarios.errors import UserError
from scenarios.selection import select

FOLDER = Path(__file__).parent / "wrong-reuse"
FILES = sorted(FOLDER.glob("*.yaml"))
PLACE = re.compile(r"(\./)?(parts/)?[a-z-]+\.yaml:[0-9]+:[0-9]+: ")


@pytest.fixture(autouse=True)
def in_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)


def told(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        select([path.name])
    return f"{caught.value}\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_file_is_told_with_place_cause_and_remedy(path: Path) -> None:
    golden = path.with_suffix(".txt")
    if "SEATRIAL_UPDATE_GOLDEN" in os.environ:
        golden.write_text(told(path), encoding="utf-8")
    assert told(path) == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mistake_is_one_line_that_begins_with_its_place(path: Path) -> None:
    for line in told(path).splitlines():
        assert PLACE.match(line), line
        assert "; " in line


def test_no_text_is_left_without_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FILES}
