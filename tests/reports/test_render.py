"""Writing the report: whole or not at all, and never anywhere else."""

import os
from pathlib import Path

import pytest

from reports import html
from reports.render import write_report
from scenarios.errors import UserError


def test_the_report_is_in_its_run_folder(copy: Path) -> None:
    before = {file.name for file in copy.iterdir()}
    report = write_report(copy)
    assert report == copy / "report.html"
    assert report.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert {file.name for file in copy.iterdir()} == {*before, "report.html"}


def test_a_report_is_replaced(copy: Path) -> None:
    (copy / "report.html").write_text("old", encoding="utf-8")
    assert write_report(copy).stat().st_size > 1_000_000


def test_a_failure_leaves_the_old_report_and_no_litter(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (copy / "report.html").write_text("old", encoding="utf-8")
    before = sorted(file.name for file in copy.iterdir())
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write_report(copy)
    assert (copy / "report.html").read_text(encoding="utf-8") == "old"
    assert sorted(file.name for file in copy.iterdir()) == before


def test_a_link_in_the_place_of_the_report_is_replaced_not_followed(copy: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", encoding="utf-8")
    (copy / "report.html").symlink_to(victim)
    assert not write_report(copy).is_symlink()
    assert victim.read_text(encoding="utf-8") == "precious"


def test_a_foreign_folder_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        write_report(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_report_on_disk_is_the_one_that_was_made(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "render", lambda run: "<p>ä\nb</p>")
    assert write_report(copy).read_bytes() == "<p>ä\nb</p>".encode()
