"""Files beside the run folder: whole or not at all, and refused before the work is done."""

import os
from pathlib import Path

import pytest

from reports.output import reserve, write
from scenarios.errors import UserError


def test_a_file_in_a_folder_that_is_not_there_yet_is_written(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "junit.xml", b"<x/>")
    assert (tmp_path / "a" / "b" / "junit.xml").read_bytes() == b"<x/>"
    assert [file.name for file in (tmp_path / "a" / "b").iterdir()] == ["junit.xml"]


def test_a_folder_in_the_place_of_the_file_is_told_beforehand(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        reserve(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_told_beforehand(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be made"):
        reserve(tmp_path / "file" / "junit.xml")


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write(tmp_path / "f", b"old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write(tmp_path / "f", b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["f"]
