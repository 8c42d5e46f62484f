"""The pytest plug-in, in a pytest of its own: what it collects, what it shows, and that it is light."""

import json
import tomllib

import pytest

from tests.commandline import ENVIRONMENT, FEW, RIGHT, ROOT, WRONG
from tests.scenarios.made import text_of

pytest_plugins = ["pytester"]

PLUGIN = "reports.pytest_plugin"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    write(pytester, "trials/right.yaml", name="right", tags=["smoke"], **RIGHT)
    write(pytester, "trials/wrong.yaml", name="wrong", **WRONG)
    return pytester


def write(pytester: pytest.Pytester, path: str, **sections: object) -> None:
    file = pytester.path / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text_of(**{"fleet": FEW, "duration": "10min", **sections}), encoding="utf-8")


def pytest_of(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", *arguments)


def test_scenarios_are_tests_where_the_option_asks_for_them(project: pytest.Pytester) -> None:
    done = pytest_of(project, "--seatrial", "trials")
    done.assert_outcomes(passed=1, failed=1)
    told = done.stdout.str()
    for part in ("FAIL: 1 of 2 expectations failed", "silence", "seen", "expected", "seatrial run ./trials/wrong.yaml"):
        assert part in told, part
    assert "Traceback" not in told
    assert "site-packages" not in told
    assert "def check" not in told


def test_a_scenario_that_judges_nothing_is_no_passing_test(project: pytest.Pytester) -> None:
    write(project, "load/load.yaml", name="load")
    done = pytest_of(project, "--seatrial", "load")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["UNJUDGED: nothing was judged: the scenario expects nothing*"])


LATE = """
import scenarios.limits

class Hours:
    now_s = 0.0

    def perf_counter(self):
        self.now_s += 3600
        return self.now_s

scenarios.limits.time = Hours()
"""


@pytest.mark.parametrize(
    ("limits", "passed", "told"),
    [
        ({}, 3, []),
        ({"wall": "150min"}, 2, ["INVALID: not run, the suite has used up its `limits.wall`"]),
        ({"wall": "150min", "each": "1ms"}, 0, ["INVALID: out of wall time at *"]),
    ],
)
def test_a_suite_has_its_limits(project: pytest.Pytester, limits: dict[str, str], passed: int, told: list[str]) -> None:
    project.makeconftest(LATE)
    entry = {"scenario": "right.yaml", "matrix": {"seed": [1, 2, 3]}}
    text = json.dumps({"suite": "night", "run": [entry], "limits": limits})
    (project.path / "trials" / "night.yaml").write_text(text)
    done = pytest_of(project, "--seatrial", "trials/night.yaml")
    done.assert_outcomes(passed=passed, failed=3 - passed)
    done.stdout.fnmatch_lines(told)


def test_scenarios_are_tests_where_the_settings_ask_for_them(project: pytest.Pytester) -> None:
    project.makeini("[pytest]\nseatrial_paths = trials\ntestpaths = tests\n")
    project.mkdir("tests").joinpath("test_unit.py").write_text("def test_one(): pass\n")
    pytest_of(project).assert_outcomes(passed=2, failed=1)
    pytest_of(project, "tests").assert_outcomes(passed=1)
    pytest_of(project, "trials/right.yaml").assert_outcomes(passed=1)
    pytest_of(project, "trials", "-k", "smoke").assert_outcomes(passed=1, deselected=1)


def test_nothing_is_collected_where_nobody_asks(project: pytest.Pytester) -> None:
    assert pytest_of(project, "trials").ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_a_folder_passes_over_what_is_no_scenario_and_a_suite_is_named(project: pytest.Pytester) -> None:
    (project.path / "trials" / "wrong.yaml").unlink()
    (project.path / "trials" / "part.yaml").write_text("blocks: []\n")
    suite = "suite: nightly\nrun:\n  - {scenario: right.yaml, matrix: {seed: [1, 2]}}\n"
    (project.path / "trials" / "nightly.yaml").write_text(suite)
    pytest_of(project, "--seatrial", "trials").assert_outcomes(passed=1)
    pytest_of(project, "--seatrial", "trials/nightly.yaml").assert_outcomes(passed=2)


def test_a_mistake_in_a_file_is_a_line_and_a_missing_path_is_told(project: pytest.Pytester) -> None:
    write(project, "trials/right.yaml", name="right", duration="never")
    done = pytest_of(project, "--seatrial", "trials/right.yaml")
    done.assert_outcomes(errors=1)
    assert "./trials/right.yaml:2:" in done.stdout.str()
    assert "Traceback" not in done.stdout.str()
    assert "there is no such file or folder" in pytest_of(project, "--seatrial", "trails").stderr.str()


def test_workers_of_xdist_share_the_scenarios(project: pytest.Pytester) -> None:
    pytest_of(project, "-p", "xdist", "-n", "2", "--seatrial", "trials").assert_outcomes(passed=1, failed=1)


def test_the_plugin_is_registered_and_light(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pytest finds it: through the entry point of an installed distribution."""
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["pytest11"]
    installed = project.mkdir("installed") / "trial_of_the_plugin-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: trial-of-the-plugin\nVersion: 1\n")
    lines = [f"{name} = {module}" for name, module in points.items()]
    (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}:{installed.parent}")
    project.makepyfile(
        "import sys\n\n\ndef test_light(request):\n"
        "    assert request.config.pluginmanager.has_plugin('seatrial')\n"
        "    assert 'reports.pytest_plugin' in sys.modules\n"
        "    heavy = {'numpy', 'pyarrow', 'duckdb', 'simpy', 'pydantic', 'yaml', 'typer', 'plotly'}\n"
        "    assert heavy & set(sys.modules) == set()\n"
    )
    done = project.runpytest_subprocess("-p", "no:cacheprovider")
    done.assert_outcomes(passed=1)
