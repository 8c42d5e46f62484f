"""What a scenario extends and includes."""

from pathlib import Path

import pytest

from scenarios import library, parts
from scenarios.errors import UserError
from scenarios.loader import load, load_text
from scenarios.merge import merged
from scenarios.parts import FILES_MAX, LEVELS_MAX
from scenarios.source import Document
from tests.scenarios.made import FLEET, text_of

BASE = """
name: base
tags: [slow]
seed: 5
duration: 2h
params: {gone: {default: 5min, min: 1min}}
fleet: {blocks: [{name: office, image: windows-office, count: 10}, {name: db, image: linux-server, count: 5}]}
timeline:
  - {name: down, at: 10min, fault: {server: telemetry, kind: outage, for: "${gone}"}}
  - {name: up, after: down.end}
expect:
  - {name: felt, total: servers.timed_out, is: "> 0"}
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_scenario_has_all_of_what_it_extends_and_what_differs(tmp_path: Path) -> None:
    write(tmp_path, base=BASE)
    write(
        tmp_path,
        longer="extends: base.yaml\nname: longer\nparams: {gone: {default: 28min}}\n"
        "fleet: {blocks: [{name: office, count: 20}]}\ntimeline: [{name: calm, after: up, delay: 5min}]\n",
    )
    scenario = load(tmp_path / "longer.yaml")
    assert (scenario.name, scenario.seed, scenario.tags, scenario.duration_ms) == ("longer", 5, ("slow",), 7_200_000)
    assert [(block.name, block.count) for block in scenario.fleet.blocks] == [("office", 20), ("db", 5)]
    assert [(step.name, step.at_ms // 60_000) for step in scenario.steps] == [("down", 10), ("up", 38), ("calm", 43)]
    assert scenario.expectations[0].place == f"{tmp_path}/base.yaml:12:5: expect.felt"


def test_includes_lie_between_what_is_extended_and_the_file_itself(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, parts__first="seed: 6\nduration: 3h\n", parts__second="seed: 7\nname: second\n")
    write(tmp_path, own="extends: base.yaml\ninclude: [parts/first.yaml, parts/second.yaml]\nname: own\n")
    scenario = load(tmp_path / "own.yaml")
    assert (scenario.name, scenario.seed, scenario.duration_ms) == ("own", 7, 10_800_000)


def test_parts_have_parts_with_paths_of_their_own(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, parts__all="include: [fleet.yaml, ../seed.yaml]\n", seed="seed: 9\n")
    write(tmp_path, parts__fleet="fleet: {blocks: [{name: db, count: 1}]}\n", own="extends: middle.yaml\nname: own\n")
    write(tmp_path, middle="extends: base.yaml\ninclude: [parts/all.yaml]\nname: middle\n")
    scenario = load(tmp_path / "own.yaml")
    assert (scenario.name, scenario.seed, [block.count for block in scenario.fleet.blocks]) == ("own", 9, [10, 1])


def test_a_scenario_may_extend_one_of_the_library() -> None:
    text = "extends: library:central-node-outage\nname: short\nfleet: {blocks: [{name: office, count: 20}]}\n"
    scenario = load_text(text.encode(), "trial.yaml", folder=Path(), sets={"outage": "2min"})
    assert [block.count for block in scenario.fleet.blocks] == [20, 100]
    assert next(step for step in scenario.steps if step.name == "up").at_ms == 62 * 60_000
    assert scenario.expectations[0].place.startswith("library:central-node-outage:")
    whole = load("central-node-outage")
    assert [step.name for step in scenario.steps] == [step.name for step in whole.steps]


def test_files_that_a_part_names_lie_beside_the_part(tmp_path: Path) -> None:
    text = "extends: library:exclusions\nname: own\n"
    scenario = load_text(text.encode(), "trial.yaml", folder=tmp_path)
    files = [getattr(step.action, "file", "") for step in scenario.steps]
    assert str(library.FOLDER / "exclusions.xml") in files


def test_the_hash_does_not_know_how_a_scenario_was_put_together(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, own="extends: base.yaml\n")
    assert load(tmp_path / "own.yaml").sha256 == load(tmp_path / "base.yaml").sha256


def test_a_parameter_of_the_base_is_set_from_outside(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, own="extends: base.yaml\n")
    assert load(tmp_path / "own.yaml", sets={"gone": "7min"}).params == {"gone": "7min"}
    with pytest.raises(UserError, match="--set gone: '1s' is out of range"):
        load(tmp_path / "own.yaml", sets={"gone": "1s"})


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, trials__own="extends: base.yaml\n")
    (tmp_path / "trials" / "base.yaml").symlink_to(tmp_path / "base.yaml")
    with pytest.raises(UserError, match="leads out of the scenario's folder"):
        load(tmp_path / "trials" / "own.yaml")


def chain(folder: Path, length: int) -> Path:
    """Files that extend each other; the last is whole."""
    for number in range(length):
        write(folder, **{f"part{number}": f"extends: part{number + 1}.yaml\n"})
    write(folder, **{f"part{length}": BASE})
    return folder / "part0.yaml"


def test_a_chain_is_as_long_as_its_limit(tmp_path: Path) -> None:
    assert load(chain(tmp_path, LEVELS_MAX)).name == "base"
    with pytest.raises(UserError, match=r"part10.yaml:1:10: extends: more than 10 files .* \(LEVELS_MAX\)"):
        load(chain(tmp_path, LEVELS_MAX + 1))


def test_there_are_as_many_files_as_their_limit(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, seed="seed: 3\n")
    many = ", ".join(["seed.yaml"] * (FILES_MAX - 1))
    write(
        tmp_path,
        own=f"extends: base.yaml\ninclude: [{many}]\n",
        more=f"extends: base.yaml\ninclude: [{many}, seed.yaml]",
    )
    assert load(tmp_path / "own.yaml").seed == 3
    with pytest.raises(UserError, match="FILES_MAX"):
        load(tmp_path / "more.yaml")


def test_files_that_include_each_other_many_times_end_soon(tmp_path: Path) -> None:
    for number in range(LEVELS_MAX - 1):
        again = ", ".join([f"part{number + 1}.yaml"] * 9)
        write(tmp_path, **{f"part{number}": f"include: [{again}]\n"})
    write(tmp_path, **{f"part{LEVELS_MAX - 1}": "seed: 1\n"}, own=text_of(fleet=FLEET) + "include: [part0.yaml]\n")
    with pytest.raises(UserError, match="FILES_MAX"):
        load(tmp_path / "own.yaml")


def test_a_suite_is_no_scenario() -> None:
    with pytest.raises(UserError, match=r"trial\.yaml:1:1: suite: this is a suite, not a scenario"):
        load_text(b"suite: nightly\nrun: []\n", "trial.yaml", folder=Path())


def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(parts, "merged", merged_backwards)
    with pytest.raises((AssertionError, UserError)):
        test_a_scenario_has_all_of_what_it_extends_and_what_differs(tmp_path)


def merged_backwards(base: Document, over: Document) -> Document:
    return merged(over, base)
