"""`seatrial run` with suites, folders and tags, as users meet them."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenarios import limits
from seatrial import ExitCode
from tests.commandline import RIGHT, WRONG, Command, own, trial
from tests.scenarios.running import manifest


def suite(*entries: dict[str, Any], **sections: Any) -> Path:
    path = Path("night.yaml")
    path.write_text(yaml.safe_dump({"suite": "night", "run": list(entries), **sections}), encoding="utf-8")
    return path


def index(folder: str = "out") -> list[tuple[str, str]]:
    data = json.loads(Path(folder, "index.json").read_text(encoding="utf-8"))
    return [(run["name"], run["folder"]) for run in data["runs"]]


def test_a_suite_writes_a_folder_for_each_run_and_an_index(command: Command) -> None:
    trial("one", **RIGHT)
    done = command("run", suite({"scenario": "one.yaml", "matrix": {"seed": [1, 2]}}, {"scenario": "one.yaml"}))
    assert done.code == ExitCode.OK
    assert index() == [("one[seed=1]", "one.seed=1"), ("one[seed=2]", "one.seed=2"), ("one", "one")]
    told = [manifest(Path("out", folder)) for _, folder in index()]
    assert [each["scenario"]["name"] for each in told] == ["one[seed=1]", "one[seed=2]", "one"]
    assert [each["seed"] for each in told] == [1, 2, 1]
    assert told[0]["digest"] == told[2]["digest"] != told[1]["digest"]


def test_the_line_of_a_run_gives_the_same_run_alone(command: Command) -> None:
    trial("one", **WRONG, params={"many": {"default": 3, "min": 1}}, about="many: ${many}")
    entry = {"scenario": "one.yaml", "matrix": {"seed": [1, 2], "many": [4]}}
    assert command("run", suite(entry), "--backend", own("Observed")).code == ExitCode.FINDING
    for _, folder in index():
        told = manifest(Path("out", folder))
        program, *words = shlex.split(told["command"])
        assert program == "seatrial"
        assert command(*words, "--out", f"again/{folder}").code == ExitCode.FINDING
        again = manifest(Path("again", folder))
        assert (again["digest"], again["scenario"]["sha256"]) == (told["digest"], told["scenario"]["sha256"])


def test_tags_choose_in_a_folder(command: Command) -> None:
    trial("one", **WRONG, tags=["slow"])
    trial("two", **RIGHT, tags=["smoke"])
    suite({"scenario": "one.yaml"})
    done = command("run", ".", "--tag", "smoke")
    assert done.code == ExitCode.OK
    assert "./night.yaml: passed over, a suite" in done.err
    assert manifest(Path("out"))["scenario"]["name"] == "two"


def test_a_selection_that_runs_nothing_ends_with_2(command: Command) -> None:
    trial("one", **RIGHT, tags=["smoke"])
    done = command("run", "one.yaml", "--tag", "smok")
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert done.err == "--tag smok: no scenario has the tag 'smok'; did you mean 'smoke'?\n"
    assert not Path("out").exists()
    Path("empty").mkdir()
    assert command("run", "empty").code == ExitCode.USER


def test_two_runs_of_one_name_are_refused(command: Command) -> None:
    trial("one", **RIGHT)
    done = command("run", suite({"scenario": "one.yaml"}, {"scenario": "one.yaml", "set": {"seed": 3}}))
    assert done.code == ExitCode.USER
    assert "a second scenario 'one' in one command" in done.err


def test_a_backend_of_the_suite_answers_and_one_of_the_command_line_comes_before_it(command: Command) -> None:
    trial("one", **RIGHT)
    spec, other = own("Server"), own("Moody")
    path = suite({"scenario": "one.yaml"}, defaults={"backend": {"telemetry": spec.partition("=")[2]}})
    assert command("run", path).code == ExitCode.OK
    assert manifest(Path("out"))["backends"]["telemetry"] == "own_server:Server"
    assert command("run", path, "--backend", other).code == ExitCode.OK
    assert manifest(Path("out"))["backends"]["telemetry"] == "own_moody:Moody"


class Hours:
    """A clock on which every look takes an hour."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def perf_counter(self) -> float:
        self.now_s += 3600
        return self.now_s


def test_a_suite_that_has_used_up_its_time_leaves_the_rest_out_as_invalid(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "time", Hours())
    trial("one", **RIGHT)
    path = suite({"scenario": "one.yaml", "matrix": {"seed": [1, 2, 3]}}, limits={"wall": "150min"})
    done = command("run", path)
    assert done.code == ExitCode.INVALID
    assert done.err.endswith("one[seed=3]: not run, the suite has used up its `limits.wall`\n")
    assert [name for name, _ in index()] == ["one[seed=1]", "one[seed=2]"]


def test_a_finding_comes_before_what_was_left_out(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "time", Hours())
    trial("one", **WRONG)
    path = suite({"scenario": "one.yaml", "matrix": {"seed": [1, 2, 3]}}, limits={"wall": "150min"})
    assert command("run", path).code == ExitCode.FINDING


def test_without_limits_nothing_is_left_out(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "time", Hours())
    trial("one", **RIGHT)
    assert command("run", suite({"scenario": "one.yaml", "matrix": {"seed": [1, 2, 3]}})).code == ExitCode.OK
    assert len(index()) == 3


def test_tolerances_of_the_suite_go_into_the_index(command: Command) -> None:
    trial("one", **RIGHT)
    compare = [{"figure": "telemetry.sent", "differs_by": 0}, {"figure": "wall_s", "worse_by": "30 %", "only": "warn"}]
    entry = {"scenario": "one.yaml", "matrix": {"seed": [1, 2]}}
    assert command("run", suite(entry, baseline={"file": "base.json", "compare": compare})).code == ExitCode.OK
    assert json.loads(Path("out/index.json").read_text(encoding="utf-8"))["compare"] == compare


def test_the_index_tells_verdict_and_digest_of_each_run(command: Command) -> None:
    files = [trial("one", **RIGHT), trial("two", **WRONG), trial("three")]
    assert command("run", *files, "--report", "none").code == ExitCode.USER
    told = json.loads(Path("out/index.json").read_text(encoding="utf-8"))["runs"]
    assert [(run["name"], run["verdict"]) for run in told] == [("one", "pass"), ("two", "fail"), ("three", "unjudged")]
    assert [run["digest"] for run in told] == [manifest(Path("out", run["folder"]))["digest"] for run in told]
    assert len({run["digest"] for run in told}) == 1  # the same life, whatever is expected of it


# --- the baseline of a suite ------------------------------------------------------------------------------------------

P99 = "servers.telemetry.latency.p99"
SENT = {"figure": "telemetry.acknowledged", "differs_by": 0}


def nightly(compare: list[dict[str, Any]], slow: str = "40ms") -> Path:
    """A suite whose server can be made slower, and which then acknowledges as much."""
    trial(
        "one",
        **RIGHT,
        params={"slow": {"default": slow}},
        timeline=[{"at": "1min", "fault": {"server": "telemetry", "kind": "slow-answer", "latency": "${slow}"}}],
    )
    entry = {"scenario": "one.yaml", "matrix": {"seed": [1, 2]}}
    return suite(entry, baseline={"file": "base.json", "compare": compare})


@pytest.mark.parametrize(
    ("entry", "slow", "code"),
    [
        ({"worse_by": "10 %", "or": "20ms"}, "55ms", ExitCode.OK),  # within `or`, the larger of the two
        ({"worse_by": "10 %"}, "55ms", ExitCode.FINDING),
        ({"worse_by": "90 %"}, "55ms", ExitCode.OK),
        ({"worse_by": "10 %"}, "25ms", ExitCode.OK),  # another, and not worse
        ({"differs_by": "10 %"}, "25ms", ExitCode.FINDING),
        ({"worse_by": "10 %", "or": "20ms"}, "80ms", ExitCode.FINDING),
        ({"worse_by": "10 %", "or": "20ms", "only": "warn"}, "80ms", ExitCode.OK),
    ],
)
def test_what_a_suite_wants_compared_is_what_the_comparison_judges(
    entry: dict[str, Any], slow: str, code: int, command: Command
) -> None:
    compare = [{"figure": "servers.latency.p99", **entry}, SENT]
    loose = [{"figure": figure, "only": "warn"} for figure in ("servers.latency.p50", "verdict")]
    path = nightly([*compare, *loose])
    assert command("run", path, "--report", "none").code == ExitCode.OK
    assert command("compare", "out", "out", "--accept", "base.json").code == ExitCode.OK
    assert command("run", path, "--set", f"slow={slow}", "--report", "none", "--out", "head").code == ExitCode.OK
    done = command("compare", "base.json", "head", "--gate", "--format", "json")
    assert done.code == code, done.out
    rows = [row for run in json.loads(done.out)["runs"] for row in run["figures"] if row["figure"] == P99]
    assert [row["head"] != row["base"] for row in rows] == [True, True]
    for file in ("base.json", "head/index.json"):
        assert json.loads(Path(file).read_text(encoding="utf-8"))["compare"] == [*compare, *loose]


def test_a_figure_that_no_run_has_is_a_mistake_of_the_suite(command: Command) -> None:
    path = nightly([{"figure": "telemetry.snet", "differs_by": 0}])
    assert command("run", path, "--report", "none").code == ExitCode.OK
    done = command("compare", "out", "out")
    assert (done.code, done.out) == (ExitCode.USER, "")
    assert done.err.startswith("compare: telemetry.snet: no run has such a figure; did you mean")
