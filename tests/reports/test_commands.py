"""The commands `explain`, `compare` and the files of `run`: what they print, write, and exit with."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from typer.testing import CliRunner, Result

import seatrial
from reports.folder import RunFolder
from reports.index import write_index
from reports.summary import summarise
from reports.tolerances import Entry, parse_entries
from scenarios.errors import UserError

Changed = Callable[[Callable[[dict[str, Any]], None]], Path]

HELLO = """
name: {name}
start: 2026-03-02T08:00:00+01:00
duration: 10min
fleet: {{blocks: [{{name: office, image: windows-office, count: 3, group: Managed devices/HQ}}]}}
expect:
  - {{name: busy, total: telemetry.generated, is: "{condition}"}}
"""


def called(*arguments: object) -> Result:
    return CliRunner().invoke(seatrial.app, [str(argument) for argument in arguments])


def refused(*arguments: object) -> UserError:
    result = called(*arguments)
    assert isinstance(result.exception, UserError), result.output
    return result.exception


@pytest.fixture
def worse(changed: Changed) -> Path:
    """The run with a verdict that has become worse."""

    def how(manifest: dict[str, Any]) -> None:
        manifest["expectations"][0]["verdict"] = "fail"

    return changed(how)


def test_explain_tells_what_failed(written: Path) -> None:
    result = called("explain", written)
    assert result.exit_code == 0
    assert "storm bounded" in result.output
    assert "queue drains" not in result.output
    assert "queue drains" in called("explain", written, "queue drains within 20 min of up").output


def test_explain_refuses_a_name_that_is_not_there(written: Path) -> None:
    assert "did you mean 'storm bounded'" in str(refused("explain", written, "storm bound"))


def test_explain_refuses_a_folder_of_several_runs_and_names_them(written: Path, tmp_path: Path) -> None:
    shutil.copytree(written, tmp_path / "out" / "one")
    error = refused("explain", tmp_path / "out")
    assert str(tmp_path / "out" / "one") in error.remedy


def test_explain_warns_of_what_it_could_not_read(copy: Path) -> None:
    (copy / "facts" / "part-00000.parquet").write_bytes(b"half")
    result = called("explain", copy)
    assert result.exit_code == 0
    assert "facts/part-00000.parquet cannot be read" in result.stderr


def test_compare_exits_with_1_only_at_the_gate(written: Path, worse: Path) -> None:
    assert called("compare", written, worse).exit_code == 0
    assert called("compare", written, worse, "--gate").exit_code == 1
    assert called("compare", written, written, "--gate").exit_code == 0


def test_compare_writes_a_baseline_and_compares_with_it(written: Path, worse: Path, tmp_path: Path) -> None:
    file = tmp_path / "baselines" / "nightly.json"
    assert called("compare", written, written, "--accept", file).exit_code == 0
    assert called("compare", file, written, "--gate").exit_code == 0
    assert called("compare", file, worse, "--gate").exit_code == 1
    assert called("compare", file, worse, "--accept", file).exit_code == 0
    assert called("compare", file, worse, "--gate").exit_code == 0


def test_tolerances_of_a_suite_go_into_the_baseline_and_stay_there(written: Path, tmp_path: Path) -> None:
    out, file = tmp_path / "out", tmp_path / "b.json"
    shutil.copytree(written, out / "one")
    write_index(out, [summarise(RunFolder.open(out / "one"))], [Entry(figure="servers.latency", worse_by="10 %")])
    called("compare", out, out, "--accept", file)
    called("compare", file, written, "--accept", file)
    assert json.loads(file.read_text(encoding="utf-8"))["compare"] == [
        {"figure": "servers.latency", "worse_by": "10 %"}
    ]


def test_compare_prints_one_json_document(written: Path, worse: Path, tmp_path: Path) -> None:
    result = called("compare", written, worse, "--format", "json", "--markdown", tmp_path / "diff.md")
    assert json.loads(result.stdout)["findings"] == 1
    assert "nothing important dropped" in (tmp_path / "diff.md").read_text(encoding="utf-8")


def test_compare_refuses_what_it_cannot_read(written: Path, tmp_path: Path) -> None:
    assert refused("compare", tmp_path / "none", written).place == str(tmp_path / "none")
    assert refused("compare", written, tmp_path).place == str(tmp_path)


def test_the_gate_and_accepting_contradict_each_other(written: Path, tmp_path: Path) -> None:
    assert refused("compare", written, written, "--gate", "--accept", tmp_path / "b.json").place == "--gate"


@pytest.fixture
def scenarios(tmp_path: Path) -> list[Path]:
    """One that passes and one that does not."""
    files = []
    for name, condition in (("good", "> 0"), ("bad", "0")):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(HELLO.format(name=name, condition=condition), encoding="utf-8")
    return files


def test_run_writes_one_file_for_all_runs_and_an_index(scenarios: list[Path], tmp_path: Path) -> None:
    out, junit, summary = tmp_path / "out", tmp_path / "ci" / "junit.xml", tmp_path / "ci" / "summary.md"
    result = called("run", *scenarios, "--out", out, "--report", "none", "--junit", junit, "--summary", summary)
    assert result.exit_code == 1, result.output
    suites = ElementTree.parse(junit).getroot()
    assert [suite.attrib["name"] for suite in suites] == ["good", "bad"]
    assert [suite.attrib["failures"] for suite in suites] == ["0", "1"]
    assert "| bad | **FAIL** |" in summary.read_text(encoding="utf-8")
    assert called("compare", out, out, "--gate").exit_code == 0
    assert f"why     seatrial explain {out / 'bad'}" in result.output
    assert "busy" in called("explain", out / "bad").output


def test_run_reports_a_scenario_that_left_no_folder(scenarios: list[Path], tmp_path: Path) -> None:
    out, junit = tmp_path / "out", tmp_path / "junit.xml"
    (out / "bad").mkdir(parents=True)
    (out / "bad" / "mine.txt").write_text("no run", encoding="utf-8")
    result = called("run", *scenarios, "--out", out, "--report", "none", "--junit", junit)
    assert result.exit_code == 2
    good, bad = ElementTree.parse(junit).getroot()
    assert good.attrib["errors"] == "0"
    assert bad.attrib["errors"] == "1"


def test_run_refuses_a_place_that_cannot_be_written_before_it_runs(scenarios: list[Path], tmp_path: Path) -> None:
    assert "is a folder" in str(refused("run", *scenarios, "--out", tmp_path / "out", "--junit", tmp_path))
    assert not (tmp_path / "out").exists()


DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["baselines.md", "ci.md"])
def test_the_commands_of_a_page_have_the_options_that_it_shows(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    commands = re.findall(r"^(?:    - )?seatrial (\w+)(.*)$", text, re.MULTILINE)
    assert commands
    for name, rest in commands:
        shown = called(name, "--help").output
        assert set(re.findall(r"--[a-z-]+", rest)) <= set(re.findall(r"--[a-z-]+", shown))


def test_the_job_of_the_page_is_yaml() -> None:
    (job,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "ci.md").read_text(encoding="utf-8"), re.DOTALL)
    lines = yaml.safe_load(job)["trials"]["script"]
    assert all(isinstance(line, str) for line in lines)


def test_the_tolerances_of_the_page_are_right() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", (DOCS / "baselines.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(parse_entries(json.loads(f"{{{text}}}")["compare"], "the page")) == 4
