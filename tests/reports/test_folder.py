"""The run folder: what is broken is told and left out, and nothing outside of the folder is read."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports import folder as module
from reports.folder import RunFolder
from scenarios.errors import UserError
from scenarios.tables import SCHEMAS


def rows(run: RunFolder, table: str = "telemetry", column: str = "at_ms") -> int:
    return sum(part.num_rows for part in run.parts(table, (column,)))


def test_parts_come_in_the_order_of_writing_with_the_contracts_types(folder: RunFolder) -> None:
    parts = list(folder.parts("servers", ("at_ms", "server", "latency_bucket")))
    assert len(parts) == 3
    assert all(part.schema.types == [pa.int64(), pa.string(), pa.list_(pa.int32())] for part in parts)
    times = [int(time) for part in parts for time in part["at_ms"].to_numpy()]
    assert times == sorted(times)
    assert folder.problems == ()


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_every_table_of_the_contract_is_readable(folder: RunFolder, name: str) -> None:
    assert list(folder.parts(name, SCHEMAS[name].names))
    assert folder.problems == ()


def test_a_column_that_the_contract_does_not_know_is_a_bug_of_the_caller(folder: RunFolder) -> None:
    with pytest.raises(KeyError):
        list(folder.parts("servers", ("colour",)))


def test_a_folder_that_does_not_exist_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        RunFolder.open(tmp_path / "none")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="not a folder"):
        RunFolder.open(tmp_path / "file")


def test_a_foreign_folder_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no run\.json"):
        RunFolder.open(tmp_path)


def test_a_manifest_that_is_a_folder_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UserError, match="not a file"):
        RunFolder.open(tmp_path)


def test_a_manifest_above_the_limit_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (copy / "run.json").stat().st_size
    monkeypatch.setattr(module, "MANIFEST_BYTES_MAX", size)
    RunFolder.open(copy)
    monkeypatch.setattr(module, "MANIFEST_BYTES_MAX", size - 1)
    with pytest.raises(UserError, match="larger than"):
        RunFolder.open(copy)


def test_files_with_other_names_are_ignored(copy: Path) -> None:
    whole = rows(RunFolder.open(copy))
    for name in ("part-00000.parquet.tmp", ".part-00009.parquet", "part-9.parquet", "notes.txt", "xpart-00007.parquet"):
        (copy / "telemetry" / name).write_bytes(b"half a par")
    run = RunFolder.open(copy)
    assert rows(run) == whole
    assert run.problems == ()


def test_a_truncated_part_is_told_and_the_others_are_read(copy: Path) -> None:
    whole = rows(RunFolder.open(copy))
    part = copy / "telemetry" / "part-00001.parquet"
    lost = pq.read_metadata(part).num_rows
    part.write_bytes(part.read_bytes()[:-20])
    run = RunFolder.open(copy)
    assert rows(run) == whole - lost
    assert len(run.problems) == 1
    assert run.problems[0].startswith("telemetry/part-00001.parquet cannot be read")


def test_a_problem_is_told_once_however_often_the_table_is_read(copy: Path) -> None:
    (copy / "telemetry" / "part-00001.parquet").write_bytes(b"")
    run = RunFolder.open(copy)
    rows(run)
    rows(run)
    assert len(run.problems) == 1


def test_a_missing_table_is_told(copy: Path) -> None:
    shutil.rmtree(copy / "servers")
    run = RunFolder.open(copy)
    assert rows(run, "servers") == 0
    assert run.problems == ("the table servers is missing",)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda table: table.drop_columns(["target"]), "lacks the column target"),
        (lambda table: table.set_column(1, "target", pa.array([None] * len(table), pa.string())), "null values"),
        (lambda table: table.set_column(1, "target", pa.array([[]] * len(table), pa.list_(pa.int8()))), "cannot be"),
        (
            lambda table: table.set_column(
                1, "target", pa.array([b"\xff\xfe"] * len(table), pa.binary()).view(pa.string())
            ),
            "UTF8",
        ),
    ],
)
def test_a_part_that_breaks_the_contract_is_told(copy: Path, broken: Callable[[pa.Table], pa.Table], why: str) -> None:
    part = copy / "telemetry" / "part-00000.parquet"
    pq.write_table(broken(pq.read_table(part, schema=SCHEMAS["telemetry"])), part)
    run = RunFolder.open(copy)
    assert rows(run, column="target") > 0
    assert len(run.problems) == 1
    assert why in run.problems[0]


def test_texts_in_a_dictionary_are_texts(copy: Path, written: Path) -> None:
    part = copy / "telemetry" / "part-00000.parquet"
    table = pq.read_table(part)
    pq.write_table(table.set_column(1, "target", table["target"].dictionary_encode()), part)
    read = [next(RunFolder.open(path).parts("telemetry", ("target",))) for path in (copy, written)]
    assert read[0].equals(read[1])


@pytest.mark.parametrize("limit", ["PART_ROWS_MAX", "PART_BYTES_MAX", "PART_FILE_BYTES_MAX"])
def test_a_part_above_a_limit_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(module, limit, 10)
    run = RunFolder.open(copy)
    assert rows(run) == 0
    assert len(run.problems) == 3


def test_parts_above_the_limit_are_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PARTS_MAX", 2)
    run = RunFolder.open(copy)
    assert len(list(run.parts("telemetry", ("at_ms",)))) == 2
    assert "only the first 2" in run.problems[0]


def test_a_part_that_points_out_of_the_folder_is_not_read(copy: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.parquet"
    shutil.copy(copy / "telemetry" / "part-00000.parquet", outside)
    whole = rows(RunFolder.open(copy))
    (copy / "telemetry" / "part-00003.parquet").symlink_to(outside)
    run = RunFolder.open(copy)
    assert rows(run) == whole
    assert "not a file of this folder" in run.problems[0]


def test_a_table_that_points_out_of_the_folder_is_not_read(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "telemetry", tmp_path / "elsewhere")
    (copy / "telemetry").symlink_to(tmp_path / "elsewhere")
    assert rows(RunFolder.open(copy)) == 0


def test_a_manifest_that_points_out_of_the_folder_is_refused(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "run.json", tmp_path / "other.json")
    (copy / "run.json").symlink_to(tmp_path / "other.json")
    with pytest.raises(UserError, match="not a file of this folder"):
        RunFolder.open(copy)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_the_place_of_a_part_does_not_block(copy: Path) -> None:
    os.mkfifo(copy / "telemetry" / "part-00009.parquet")
    run = RunFolder.open(copy)
    assert rows(run) > 0
    assert "not a file" in run.problems[0]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_part_with_any_bytes_changed_never_raises(written: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((written / "servers" / "part-00000.parquet").read_bytes())
    places = data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8))
    for place in places:
        content[place] = data.draw(st.integers(0, 255))
    folder = tmp_path / "fuzzed"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "servers").mkdir(parents=True)
    (folder / "servers" / "part-00000.parquet").write_bytes(content)
    run = RunFolder(folder, RunFolder.open(written).manifest)
    names: Any = SCHEMAS["servers"].names
    assert all(part.schema.names == names for part in run.parts("servers", names))
