"""Suites and selections: which runs come of a command line, with what set in each."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.ports import Port
from scenarios import library, selection
from scenarios.arguments import parse_set
from scenarios.errors import UserError
from scenarios.loader import load
from scenarios.parts import read_document
from scenarios.selection import Run, Selection, select
from scenarios.suite import Suite, is_suite, read_suite
from tests.scenarios.made import FLEET, text_of

PARAMS = {"gone": {"default": "5min", "min": "1min"}, "cap": {"default": 500}, "level": {"default": "low"}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def scenario(name: str, path: str | None = None, **sections: Any) -> str:
    """Writes a scenario with three parameters and returns its path."""
    used = [{"name": "down", "at": "10min", "fault": {"server": "telemetry", "kind": "outage", "for": "${gone}"}}]
    about = "cap ${cap}, level ${level}"
    text = text_of(**{"name": name, "about": about, "params": PARAMS, "timeline": used, **sections})
    file = Path(path or f"{name}.yaml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return str(file)


def suite(*entries: dict[str, Any], **sections: Any) -> Suite:
    """Writes a suite as `night.yaml` and reads it."""
    data = {"suite": "night", "run": list(entries), **sections}
    Path("night.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    document, folder = read_document("night.yaml")
    assert is_suite(document)
    return read_suite(document, folder)


def names(chosen: Selection) -> list[str]:
    return [run.scenario.name for run in chosen.runs]


def reproduced(run: Run) -> Any:
    """The scenario that the arguments of a run come to."""
    source, *options = run.arguments
    pairs = list(zip(options[::2], options[1::2], strict=True))
    numbers = {option.removeprefix("--"): int(value) for option, value in pairs if option in ("--seed", "--devices")}
    return load(source, sets=dict(parse_set(value) for option, value in pairs if option == "--set"), **numbers)


# --- what is named ---------------------------------------------------------------------------------------------------


def test_scenarios_folders_and_names_of_the_library_are_taken_in_their_order() -> None:
    paths = [scenario("b", "trials/x/b.yaml"), scenario("a", "trials/a.yaml"), scenario("c")]
    assert names(select(["c.yaml", "trials", "first-day", "library:throttling"])) == [
        "c",
        "a",
        "b",
        "first-day",
        "throttling",
    ]
    assert names(select(paths)) == ["b", "a", "c"]


def test_all_of_the_library_can_be_named() -> None:
    assert tuple(names(select(["library:*"]))) == library.names()


def test_a_folder_called_as_a_scenario_of_the_library_needs_its_slash() -> None:
    scenario("own", "first-day/own.yaml")
    assert names(select(["first-day"])) == ["first-day"]
    assert names(select(["./first-day"])) == ["own"]


def test_what_is_no_scenario_is_passed_over_in_a_folder_and_told() -> None:
    scenario("a", "trials/a.yaml")
    Path("trials/part.yaml").write_text("seed: 1\n")
    Path("trials/waivers.yaml").write_text("- id: a\n")
    Path("trials/night.yaml").write_text("suite: night\nrun: []\n")
    Path("trials/notes.txt").write_text("nothing")
    Path("trials/child.yaml").write_text("extends: a.yaml\ntags: [x]\n")
    chosen = select(["trials"])
    assert names(chosen) == ["a", "a"]
    assert [str(notice).split(";")[0] for notice in chosen.notices] == [
        "trials/night.yaml: passed over, a suite",
        "trials/part.yaml: passed over, no scenario: it has neither a name nor `extends`",
        "trials/waivers.yaml: passed over, no scenario: it has neither a name nor `extends`",
    ]


def test_mistakes_of_all_files_are_told() -> None:
    paths = [scenario("a", duration="soon"), scenario("b"), scenario("c", seed=-1)]
    with pytest.raises(UserError) as caught:
        select(paths)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["a.yaml", "c.yaml"]


def test_a_folder_without_scenarios_runs_nothing() -> None:
    Path("empty").mkdir()
    with pytest.raises(UserError, match="empty: there is no scenario below it"):
        select(["empty"])


def test_a_folder_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario("a", "trials/a.yaml")
    scenario("b", "trials/b.yaml")
    monkeypatch.setattr(selection, "FILES_MAX", 1)
    with pytest.raises(UserError, match="FILES_MAX"):
        select(["trials"])


# --- tags ------------------------------------------------------------------------------------------------------------


def test_only_scenarios_with_one_of_the_tags_are_taken() -> None:
    paths = [scenario("a", tags=["smoke"]), scenario("b", tags=["slow", "wire"]), scenario("c")]
    assert names(select(paths, tags=["smoke"])) == ["a"]
    assert names(select(paths, tags=["smoke", "wire"])) == ["a", "b"]


def test_a_tag_that_nothing_has_is_told_with_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"--tag smok: no scenario has the tag 'smok'; did you mean 'smoke'\?"):
        select([scenario("a", tags=["smoke"])], tags=["smok"])


def test_what_no_tag_selects_is_not_read_further() -> None:
    paths = [scenario("a", tags=["smoke"]), scenario("b", duration="soon")]
    assert names(select(paths, tags=["smoke"])) == ["a"]


def test_an_entry_of_a_suite_takes_by_tag_and_by_its_absence() -> None:
    suite({"scenario": "library:*", "tag": "policy", "not_tag": "kics"})
    taken = names(select(["night.yaml"]))
    assert taken == [name for name in library.names() if "policy" in load(name).tags and "kics" not in load(name).tags]
    assert len(taken) > 1
    assert len(names(select(["night.yaml"], tags=["smoke"]))) < len(taken)


# --- suites ----------------------------------------------------------------------------------------------------------


def test_a_suite_is_read_with_everything_that_it_says() -> None:
    compare = [{"figure": "wall_s", "worse_by": "30 %", "or": "1s", "only": "warn"}, {"figure": "x", "differs_by": 0}]
    read = suite(
        {"scenario": "a.yaml", "set": {"cap": 1}, "matrix": {"gone": ["2min"]}, "tag": "x", "not_tag": "y"},
        about="all of it",
        defaults={"seed": 3, "set": {"cap": 2}, "backend": {"telemetry": "a:B"}},
        limits={"wall": "40min", "each": "5min"},
        baseline={"file": "baselines/night.json", "compare": compare},
    )
    assert (read.name, read.about, read.label) == ("night", "all of it", "night.yaml")
    assert read.seed is not None
    assert (read.seed.value, read.seed.place) == (3, "night.yaml:13:9: defaults.seed")
    assert (read.defaults["cap"].value, read.backends[Port.TELEMETRY].value) == (2, "a:B")
    (entry,) = read.entries
    assert (entry.scenario, entry.tag, entry.not_tag, entry.sets["cap"].value) == ("a.yaml", "x", "y", 1)
    assert [variant.suffix for variant in entry.variants] == ["[gone=2min]"]
    assert (read.limits.wall_ms, read.limits.each_ms) == (2_400_000, 300_000)
    assert read.baseline is not None
    assert (read.baseline.file, list(read.baseline.compare)) == (Path("baselines/night.json"), compare)


def test_a_suite_that_says_little_has_no_limits_and_no_baseline() -> None:
    read = suite({"scenario": "a.yaml"})
    assert (read.seed, read.limits.wall_ms, read.limits.each_ms, read.baseline) == (None, None, None, None)
    assert [variant.suffix for variant in read.entries[0].variants] == [""]


@given(
    matrix=st.dictionaries(
        st.sampled_from(["gone", "cap", "seed"]), st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True)
    )
)
@settings(deadline=None, max_examples=40)
def test_a_matrix_has_each_choice_once_and_in_order(matrix: dict[str, list[int]]) -> None:
    (entry,) = suite({"scenario": "a.yaml", "matrix": matrix}).entries
    count = 1
    for values in matrix.values():
        count *= len(values)
    assert len(entry.variants) == count
    assert len({variant.suffix for variant in entry.variants}) == count
    ranks = []
    for variant in entry.variants:
        seed = {} if variant.seed is None else {"seed": variant.seed}
        chosen = {**variant.sets, **seed}
        assert chosen.keys() == matrix.keys()
        assert all(setting.value in matrix[name] for name, setting in chosen.items())
        written = ",".join(f"{name}={chosen[name].value}" for name in matrix)
        assert variant.suffix == (f"[{written}]" if written else "")
        ranks.append([matrix[name].index(int(chosen[name].value)) for name in matrix])
    assert ranks == sorted(ranks)


def test_a_matrix_over_parameters_and_seed_gives_runs_of_their_own() -> None:
    scenario("outage")
    suite({"scenario": "outage.yaml", "matrix": {"gone": ["2min", "3min"], "seed": [1, 2]}})
    runs = select(["night.yaml"]).runs
    assert [(run.scenario.name, run.scenario.params["gone"], run.scenario.seed) for run in runs] == [
        ("outage[gone=2min,seed=1]", "2min", 1),
        ("outage[gone=2min,seed=2]", "2min", 2),
        ("outage[gone=3min,seed=1]", "3min", 1),
        ("outage[gone=3min,seed=2]", "3min", 2),
    ]
    assert [run.folder for run in runs][:2] == ["outage.gone=2min,seed=1", "outage.gone=2min,seed=2"]
    assert len({run.scenario.sha256 for run in runs}) == 4


def test_folders_have_no_signs_of_a_shell() -> None:
    scenario("outage")
    suite({"scenario": "outage.yaml", "matrix": {"level": ["a b", "../x", "$(y)", True]}})
    assert [run.folder for run in select(["night.yaml"]).runs] == [
        "outage.level=a_b",
        "outage.level=.._x",
        "outage.level=__y_",
        "outage.level=true",
    ]


def test_the_arguments_of_a_run_come_to_the_same_scenario() -> None:
    scenario("outage", fleet=FLEET)
    suite(
        {"scenario": "outage.yaml", "matrix": {"gone": ["2min"], "seed": [1, 2], "level": ["a b"]}},
        {"scenario": "outage.yaml", "set": {"fleet.blocks.office.count": 7, "cap": 9}},
        defaults={"seed": 8, "set": {"cap": 3}},
    )
    for options in ({}, {"devices": 20, "sets": {"recording.interval": "1min"}}):
        for run in select(["night.yaml"], **options).runs:  # type: ignore[arg-type]  # of different kinds
            assert shlex.split(shlex.join(run.arguments)) == list(run.arguments)
            assert reproduced(run).sha256 == run.scenario.sha256


def test_what_is_nearer_to_the_run_wins() -> None:
    scenario("a", seed=1)
    entries: list[dict[str, Any]] = [{"scenario": "a.yaml"}, {"scenario": "a.yaml", "set": {"cap": 7, "seed": 7}}]
    suite(*entries, defaults={"seed": 5, "set": {"cap": 5}})
    by_suite = [(run.scenario.params["cap"], run.scenario.seed) for run in select(["night.yaml"]).runs]
    assert by_suite == [(5, 5), (7, 7)]
    given = select(["night.yaml"], sets={"cap": "9"}, seed=9).runs
    assert [(run.scenario.params["cap"], run.scenario.seed) for run in given] == [(9, 9), (9, 9)]


def test_a_default_is_for_the_scenarios_that_have_the_parameter() -> None:
    scenario("a")
    scenario("b", params={}, about="", timeline=[])
    suite({"scenario": "a.yaml"}, {"scenario": "b.yaml"}, defaults={"set": {"cap": 5}})
    assert [run.scenario.params.get("cap") for run in select(["night.yaml"]).runs] == [5, None]


def test_a_backend_of_a_suite_is_for_ports_that_are_left_to_the_fake() -> None:
    scenario("a")
    scenario("b", servers={"telemetry": {"backend": "own:Server"}})
    suite({"scenario": "a.yaml"}, {"scenario": "b.yaml"}, defaults={"backend": {"telemetry": "m:S"}})
    first, second = select(["night.yaml"]).runs
    assert [str(spec.value) for spec in first.backends.values()] == ["m:S"]
    assert not second.backends
    assert first.arguments[-2:] == ("--backend", "telemetry=m:S")


def test_what_a_matrix_varies_is_not_held_from_outside() -> None:
    scenario("a")
    suite({"scenario": "a.yaml", "matrix": {"gone": ["2min"], "seed": [1]}})
    with pytest.raises(UserError, match=r"--seed: the matrix at night\.yaml:8:7: run\.0\.matrix\.seed\.0 varies"):
        select(["night.yaml"], seed=1)
    with pytest.raises(UserError, match=r"--set gone: the matrix at night\.yaml:6:7"):
        select(["night.yaml"], sets={"gone": "3min"})


def test_paths_are_relative_to_the_suite() -> None:
    scenario("a", "trials/a.yaml")
    suite({"scenario": "a.yaml"})
    Path("night.yaml").rename("trials/night.yaml")
    (run,) = select(["trials/night.yaml"]).runs
    assert run.scenario.label == "trials/a.yaml"
    assert run.arguments == ("trials/a.yaml",)
    assert [each.name for each in select(["trials/night.yaml", "trials/a.yaml"]).suites] == ["night"]
