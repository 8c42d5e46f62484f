"""The run folder as it is written: what it replaces and refuses, whole files only, a digest over rows."""

import errno
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emulator.errors import UserError
from scenarios import folder
from scenarios.folder import MANIFEST, RunFolder
from scenarios.tables import SCHEMAS
from tests.scenarios.run_tables import table

BEGINNING: dict[str, Any] = {"format": 1, "scenario": {"name": "trial"}, "digest": "", "status": "running"}
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def written(path: Path) -> RunFolder:
    """A folder with a run of two facts in it."""
    run = RunFolder(path, BEGINNING)
    run.write("facts", table("facts", {"at_ms": 1, "kind": "step"}, {"at_ms": 2, "kind": "step"}))
    run.manifest({**BEGINNING, "status": "finished"})
    return run


def content(path: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


# --- what is there already --------------------------------------------------------------------------------------------


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    RunFolder(tmp_path / "a" / "b", BEGINNING)
    assert {one.name for one in (tmp_path / "a" / "b").iterdir()} == {MANIFEST, *SCHEMAS}


def test_an_earlier_run_is_replaced_and_what_is_not_its_own_stays(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder(tmp_path, BEGINNING)
    assert set(content(tmp_path)) == {MANIFEST, "notes.txt"}


@pytest.mark.parametrize(
    "manifest",
    [None, "", "{}", "[]", "not JSON", '{"format": 1}', "[" * 100_000, '{"scripts": {"build": "make"}}', "\ufffe"],
)
def test_a_folder_with_something_else_is_refused_and_stays(manifest: str | None, tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "precious.txt").write_text("mine")
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, encoding="utf-8")
    before = content(tmp_path)
    with pytest.raises(UserError) as raised:
        RunFolder(tmp_path, BEGINNING)
    assert str(raised.value) == (
        f"{tmp_path}: the folder holds something that is no run; give an empty folder, or one of an earlier run"
    )
    assert content(tmp_path) == before


def test_a_manifest_that_is_far_too_large_is_none_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    written(tmp_path)
    monkeypatch.setattr(folder, "MANIFEST_BYTES_MAX", 10)
    with pytest.raises(UserError, match="something that is no run"):
        RunFolder(tmp_path, BEGINNING)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(UserError, match=r"out: file exists; give a folder that can be written"):
        RunFolder(tmp_path / "out", BEGINNING)
    with pytest.raises(UserError, match=r"inner: not a directory; give a folder that can be written"):
        RunFolder(tmp_path / "out" / "inner", BEGINNING)


def test_a_table_that_is_a_link_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "precious.txt").write_text("mine")
    written(tmp_path / "out")
    for file in (tmp_path / "out" / "facts").iterdir():
        file.unlink()
    (tmp_path / "out" / "facts").rmdir()
    (tmp_path / "out" / "facts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError):
        RunFolder(tmp_path / "out", BEGINNING)
    assert (tmp_path / "elsewhere" / "precious.txt").read_text() == "mine"


# --- whole files only -------------------------------------------------------------------------------------------------


def test_what_was_written_is_read_again_in_its_order(tmp_path: Path) -> None:
    run = written(tmp_path)
    run.write("facts", table("facts", {"at_ms": 3, "kind": "step"}))
    run.write("facts", table("facts"))
    assert run.tables()["facts"]["at_ms"].to_pylist() == [1, 2, 3]
    assert run.tables()["devices"].equals(SCHEMAS["devices"].empty_table())
    assert sorted(one.name for one in (tmp_path / "facts").iterdir()) == ["part-00000.parquet", "part-00001.parquet"]


def full_disk(*_: Any, **__: Any) -> None:
    raise FULL


def half_a_file(rows: pa.Table, file: Path, **_: Any) -> None:
    file.write_bytes(b"PAR1")
    raise FULL


@pytest.mark.parametrize("write", [full_disk, half_a_file])
def test_a_part_for_which_there_is_no_room_leaves_the_others(
    write: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = written(tmp_path)
    before = content(tmp_path)
    monkeypatch.setattr(pq, "write_table", write)
    with pytest.raises(UserError) as raised:
        run.write("facts", table("facts", {"at_ms": 3}))
    assert str(raised.value) == (
        f"{tmp_path}/facts/part-00001.parquet: no space left on device; make room, or give another folder with --out"
    )
    after = content(tmp_path)
    assert {name: after[name] for name in before} == before
    assert [name for name in after if name.endswith(".parquet")] == ["facts/part-00000.parquet"]


def test_a_manifest_for_which_there_is_no_room_leaves_the_one_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = written(tmp_path)
    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(UserError, match=r"run\.json: no space left on device; make room, or give another folder"):
        run.manifest(BEGINNING)
    assert json.loads((tmp_path / MANIFEST).read_bytes())["status"] == "finished"


def test_a_run_that_has_no_room_to_begin_leaves_the_earlier_one_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written(tmp_path)
    (tmp_path / "report.html").write_text("old")
    before = content(tmp_path)
    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(UserError, match="no space left on device"):
        RunFolder(tmp_path, BEGINNING)
    assert content(tmp_path) == before


# --- the digest -------------------------------------------------------------------------------------------------------

STEPS = [{"at_ms": at_ms, "device": f"d-{at_ms}", "kind": "step"} for at_ms in range(6)]


def digest(path: Path, *parts: list[dict[str, Any]], name: str = "facts") -> str:
    run = RunFolder(path, BEGINNING)
    for part in parts:
        run.write(name, table(name, *part))
    return run.digest


def test_the_digest_is_over_rows_not_over_parts(tmp_path: Path) -> None:
    whole = digest(tmp_path, STEPS)
    assert whole.startswith("sha256:")
    assert len(whole) == 7 + 64
    assert digest(tmp_path, STEPS[:2], STEPS[2:]) == whole
    assert digest(tmp_path, *([step] for step in STEPS)) == whole


@pytest.mark.parametrize(
    "steps",
    [
        STEPS[:-1],
        [*STEPS[:-1], {**STEPS[-1], "sequence": 1}],
        [*STEPS[:-1], {**STEPS[-1], "device": ""}],
        [STEPS[1], STEPS[0], *STEPS[2:]],
        [*STEPS, STEPS[-1]],
    ],
)
def test_every_row_counts(steps: list[dict[str, Any]], tmp_path: Path) -> None:
    assert digest(tmp_path, steps) != digest(tmp_path, STEPS)


def test_columns_do_not_run_into_each_other(tmp_path: Path) -> None:
    one = digest(tmp_path, [{"kind": "ab", "detail": "c"}])
    assert digest(tmp_path, [{"kind": "a", "detail": "bc"}]) != one
    assert digest(tmp_path, [{"kind": "ab\x1fc", "detail": ""}]) != digest(tmp_path, [{"kind": "ab", "detail": "c"}])


def test_lists_count_as_well(tmp_path: Path) -> None:
    base = {"server": "cn-1", "latency_bucket": [1, 2], "latency_count": [3, 4]}
    digests = {
        digest(tmp_path, [{**base, **changed}], name="servers")
        for changed in ({}, {"latency_bucket": [1]}, {"latency_count": [4, 3]}, {"latency_bucket": [], "requests": 1})
    }
    assert len(digests) == 4


def test_the_schema_is_part_of_the_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = digest(tmp_path, STEPS)
    facts = SCHEMAS["facts"]
    wider = facts.set(facts.get_field_index("sequence"), pa.field("sequence", pa.int64(), nullable=False))
    monkeypatch.setattr(folder, "SCHEMAS", {**SCHEMAS, "facts": wider})
    assert digest(tmp_path, STEPS) != usual
