"""Baselines: the figures of run folders, of folders with an index and of files, and back again."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports.baseline import Key, RunFigures, figures_of, load_baseline, save_baseline
from reports.folder import RunFolder
from reports.index import INDEX, write_index
from reports.summary import summarise
from reports.tolerances import Entry, Unit
from scenarios.errors import UserError
from scenarios.tables import TERMS

Changed = Callable[[Callable[[dict[str, Any]], None]], Path]


@pytest.fixture(scope="module")
def figures(written: Path) -> RunFigures:
    return figures_of(written)


def test_the_figures_are_those_of_the_summary(written: Path, figures: RunFigures) -> None:
    summary = summarise(RunFolder.open(written))
    flat = figures.flat()
    for book in summary.books:
        for term in TERMS:
            assert flat[Key("telemetry", book.target, term)] == book.terms[term]
        assert flat[Key("telemetry", book.target, "suppressed")] == book.suppressed
    for load in summary.totals:
        assert flat[Key("servers", load.server, "requests")] == load.requests
        assert flat[Key("servers", load.server, "timed_out")] == load.timed_out
        assert flat[Key("servers", load.server, "latency.p99")] == load.p99_us
    assert summary.queues is not None
    assert flat[Key("queue", name="max")] == summary.queues.outliers[0].queued_max
    assert flat[Key("expectations", "storm bounded")] == "fail"
    assert flat[Key("verdict")] == "fail"
    assert flat[Key("digest")] == summary.manifest.digest
    assert flat[Key("wall_s")] == 14_200


@pytest.mark.parametrize(
    ("key", "name", "unit"),
    [
        (Key("servers", "a", "latency.p99"), "servers.a.latency.p99", Unit.US),
        (Key("servers", "a", "bytes_in"), "servers.a.bytes_in", Unit.BYTES),
        (Key("servers", "a", "requests"), "servers.a.requests", Unit.COUNT),
        (Key("telemetry", "kics", "queued"), "telemetry.kics.queued", Unit.COUNT),
        (Key("queue", name="max"), "queue.max", Unit.COUNT),
        (Key("expectations", "n"), "expectations.n", Unit.TEXT),
        (Key("verdict"), "verdict", Unit.TEXT),
        (Key("digest"), "digest", Unit.TEXT),
        (Key("wall_s"), "wall_s", Unit.MS),
    ],
)
def test_a_figure_has_a_name_and_a_unit(key: Key, name: str, unit: Unit) -> None:
    assert str(key) == name
    assert key.unit is unit


def test_a_server_with_two_ports_has_figures_for_each(copy: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for part in (copy / "servers").iterdir():
        table = pq.read_table(part)
        same = pc.replace_substring(table["server"], "kics-1", "central-node-1")
        pq.write_table(table.set_column(1, table.schema.field("server"), pa.chunked_array(same)), part)
    assert set(figures_of(copy).servers) == {
        "central-node-1:telemetry",
        "central-node-1:kics",
        "administration-server",
    }


def test_a_file_brings_back_what_was_written(tmp_path: Path, figures: RunFigures) -> None:
    entries = (Entry(figure="wall_s", worse_by="30 %", or_="2s", only="warn"),)
    save_baseline(tmp_path / "b.json", {"b": figures, "a": figures}, entries)
    loaded = load_baseline(tmp_path / "b.json")
    assert dict(loaded.runs) == {"a": figures, "b": figures}
    assert list(loaded.runs) == ["a", "b"]
    assert loaded.compare == entries


def test_a_file_is_small_and_has_a_figure_a_line(tmp_path: Path, figures: RunFigures) -> None:
    save_baseline(tmp_path / "b.json", {"a": figures})
    text = (tmp_path / "b.json").read_text(encoding="ascii")
    assert len(text) < 6000
    assert max(len(line) for line in text.splitlines()) < 100
    assert text.endswith("}\n")
    save_baseline(tmp_path / "again.json", {"a": figures})
    assert (tmp_path / "again.json").read_text(encoding="ascii") == text


def test_a_run_folder_is_a_baseline_of_one_run(written: Path, figures: RunFigures) -> None:
    assert load_baseline(written).runs == {"central-node-outage": figures}


def test_a_folder_of_several_runs_is_read_by_its_index(written: Path, tmp_path: Path, figures: RunFigures) -> None:
    runs = {}
    for name, folder in (("x[cap=1]", "one"), ("x[cap=2]", "two")):
        path = Path(shutil.copytree(written, tmp_path / "out" / folder))
        manifest = json.loads((path / "run.json").read_text(encoding="utf-8"))
        manifest["scenario"]["name"] = name
        (path / "run.json").write_text(json.dumps(manifest), encoding="utf-8")
        runs[name] = summarise(RunFolder.open(path))
    entries = (Entry(figure="queue", only="warn"),)
    write_index(tmp_path / "out", list(runs.values()), entries)
    loaded = load_baseline(tmp_path / "out")
    assert {name: each.scenario for name, each in loaded.runs.items()} == {
        "x[cap=1]": "x[cap=1]",
        "x[cap=2]": "x[cap=2]",
    }
    assert {each.digest for each in loaded.runs.values()} == {figures.digest}
    assert loaded.compare == entries


def _fails(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        load_baseline(path)
    return caught.value


def test_what_is_not_there_or_nothing_of_ours_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in str(_fails(tmp_path / "none"))
    assert "neither run.json nor index.json" in str(_fails(tmp_path))
    (tmp_path / "file").write_bytes(b"\xff")
    assert str(tmp_path / "file") in str(_fails(tmp_path / "file"))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (lambda data: data.update(format=2), "format 2 is unknown"),
        (lambda data: data.update(seatrial="study"), "seatrial"),
        (lambda data: data.pop("runs"), "runs"),
        (lambda data: data["runs"]["a"]["telemetry"]["kics"].update(queued=-1), "runs.a.telemetry.kics.queued"),
        (lambda data: data["runs"]["a"]["telemetry"]["kics"].update(queued=2**63), "runs.a.telemetry.kics.queued"),
        (lambda data: data["runs"]["a"].update(verdict="good"), "runs.a.verdict"),
        (lambda data: data.update(compare=[{"figure": "queue"}]), "compare.0"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_of_its_mistake(
    tmp_path: Path, figures: RunFigures, how: Callable[[dict[str, Any]], None], told: str
) -> None:
    file = tmp_path / "b.json"
    save_baseline(file, {"a": figures})
    data = json.loads(file.read_text(encoding="utf-8"))
    how(data)
    file.write_text(json.dumps(data), encoding="utf-8")
    error = _fails(file)
    assert error.place.startswith(str(file))
    assert told in str(error)


def test_a_file_without_end_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.baseline.FILE_BYTES_MAX", 10)
    (tmp_path / "b.json").write_text("[" * 11, encoding="utf-8")
    assert "larger than 10 bytes" in str(_fails(tmp_path / "b.json"))


def test_json_of_great_depth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text("[" * 200_000, encoding="utf-8")
    assert str(tmp_path / "b.json") in str(_fails(tmp_path / "b.json"))


def test_a_run_folder_with_problems_is_refused(copy: Path) -> None:
    (copy / "telemetry" / "part-00001.parquet").write_bytes(b"half")
    assert "telemetry/part-00001.parquet cannot be read" in str(_fails(copy))


@pytest.mark.parametrize("folder", ["/etc", "../x", "a/../../x", "", ".", "a\\b"])
def test_an_index_does_not_lead_out_of_its_folder(tmp_path: Path, folder: str) -> None:
    runs = [{"name": "a", "folder": folder}]
    (tmp_path / INDEX).write_text(json.dumps({"format": 1, "runs": runs}), encoding="utf-8")
    assert "not a folder below the index" in str(_fails(tmp_path))


def test_a_link_does_not_lead_out_of_the_folder_of_the_index(tmp_path: Path, written: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").symlink_to(written)
    runs = [{"name": "a", "folder": "a"}]
    (tmp_path / "out" / INDEX).write_text(json.dumps({"format": 1, "runs": runs}), encoding="utf-8")
    assert "lies outside" in str(_fails(tmp_path / "out"))


def test_an_index_with_a_name_twice_is_refused(tmp_path: Path) -> None:
    runs = [{"name": "a", "folder": "a"}, {"name": "a", "folder": "b"}]
    (tmp_path / INDEX).write_text(json.dumps({"format": 1, "runs": runs}), encoding="utf-8")
    assert "the same name" in str(_fails(tmp_path))


def test_an_index_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text(json.dumps({"format": 7, "runs": []}), encoding="utf-8")
    assert "format 7 is unknown" in str(_fails(tmp_path))


def test_a_run_that_did_not_finish_has_a_verdict_that_tells(changed: Changed) -> None:
    assert figures_of(changed(lambda manifest: manifest.update(status="interrupted", verdict="pass"))).verdict == (
        "invalid"
    )
