"""Wrong files and what is said of them: `wrong/NAME.yaml` and `wrong/NAME.txt`.

With SEATRIAL_UPDATE_GOLDEN set the texts are written anew; the difference is for review.
"""

import os
from pathlib import Path

import pytest

from scenarios.errors import UserError
from scenarios.loader import load_text

FOLDER = Path(__file__).parent / "wrong"
FILES = sorted(FOLDER.glob("*.yaml"))


def told(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_text(path.read_bytes(), path.name, folder=path.parent)
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
        assert line.startswith(f"{path.name}:")
        assert "; " in line


def test_no_text_is_left_without_its_file() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FILES}


def test_all_mistakes_of_a_file_are_told_in_its_order() -> None:
    with pytest.raises(UserError) as caught:
        load_text((FOLDER / "expectations.yaml").read_bytes(), "f", folder=FOLDER)
    lines = [int(str(error).split(":")[1]) for error in getattr(caught.value, "errors", ())]
    assert len(lines) > 15
    assert lines == sorted(lines)
