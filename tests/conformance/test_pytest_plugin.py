"""The pytest plug-in, in a pytest of its own: checks are items, and tests of one's own are judged alike."""

import subprocess
import sys
import tomllib

import pytest

from tests.commandline import ENVIRONMENT, ROOT

pytest_plugins = ["pytester"]

OWN = """
from conformance.judging import equal, NotClaimed, Unobservable
from conformance.registry import clause

@clause("KEA-TEL-018")
def test_right(agent):
    equal(agent.name, "columns", "the agent")

@clause("KEA-TEL-019")
def test_wrong(server):
    equal(1, 2, "a number")

@clause("KEA-TEL-019", needs=["wings"])
def test_not_claimed(server):
    raise AssertionError

@clause("KEA-TEL-019")
def test_unknown(server):
    raise Unobservable("nobody looks")

@clause("KEA-TEL-019")
def test_observes(server) -> str:
    return "seven"

def test_other():
    assert True
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", ENVIRONMENT["PYTHONPATH"])
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return pytester


def pytest_of(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "conformance.pytest_plugin", "-p", "no:cacheprovider", *arguments)


def test_checks_are_items_chosen_by_their_clause(project: pytest.Pytester) -> None:
    done = pytest_of(
        project, "--conformance", "--seatrial-clause", "KEA-TEL-018", "--seatrial-clause", "KEA-EDX-029", "-v"
    )
    done.assert_outcomes(passed=2, deselected=done.parseoutcomes()["deselected"])
    assert "check_with_throttling_off_nothing_is_withheld" in done.stdout.str()


def test_another_agent_is_judged_and_what_it_does_not_claim_is_skipped(project: pytest.Pytester) -> None:
    done = pytest_of(project, "--conformance", "--seatrial-agent", "plain", "-k", "KEA-IOF-001 or KEA-TEL-018", "-rs")
    outcomes = done.parseoutcomes()
    assert (outcomes["passed"], outcomes["skipped"]) == (1, 1)
    assert "not claimed: ioc" in done.stdout.str()


def test_tests_of_ones_own_are_judged_alike(project: pytest.Pytester) -> None:
    project.makepyfile(test_own=OWN)
    done = pytest_of(project)
    done.assert_outcomes(passed=3, failed=2, skipped=1)
    told = done.stdout.str()
    for part in ("KEA-TEL-019", "permitted  a number: 2", "seen       1", "unknown: nobody looks"):
        assert part in told, part
    assert "Traceback" not in told


def test_nothing_is_collected_where_nobody_asks_and_a_wrong_agent_is_told(project: pytest.Pytester) -> None:
    assert pytest_of(project).ret == pytest.ExitCode.NO_TESTS_COLLECTED
    done = pytest_of(project, "--conformance", "--seatrial-agent", "nobody", "--seatrial-clause", "KEA-TEL-018")
    assert done.ret != 0
    assert "there is no agent 'nobody'" in done.stdout.str()


def test_the_plug_in_is_registered_and_light() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"]["seatrial_conformance"] == "conformance.pytest_plugin"
    heavy = "numpy", "pyarrow", "pydantic", "yaml", "simpy"
    code = f"import sys, conformance.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    assert done.stdout == "[]\n"
