"""The JSON for scripts: the keys of the contract, the names as they are, ASCII throughout."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reports import machine
from reports.folder import RunFolder
from reports.summary import Broken, summarise
from scenarios.tables import TERMS
from tests.reports.conftest import EVIL


def document(*paths: Path) -> Any:
    return json.loads(machine.render([summarise(RunFolder.open(path)) for path in paths]))


def test_a_run_has_the_keys_of_the_contract(written: Path) -> None:
    (run,) = document(written)["runs"]
    assert list(run) == [
        "scenario",
        "seed",
        "devices",
        "simulated_s",
        "wall_s",
        "status",
        "verdict",
        "error",
        "expectations",
        "telemetry",
        "problems",
        "digest",
        "out",
    ]
    assert (run["scenario"], run["seed"], run["devices"]) == ("central-node-outage", 7, 480)
    assert (run["simulated_s"], run["wall_s"], run["verdict"]) == (21_600, 14.2, "fail")
    assert run["expectations"][0] == {
        "name": "nothing important dropped",
        "clause": "KEA-TEL-008",
        "verdict": "pass",
        "seen": "0",
        "expected": "0",
    }
    assert run["digest"].startswith("sha256:")
    assert run["out"] == str(written)


def test_the_books_have_every_term_and_balance(written: Path) -> None:
    (run,) = document(written)["runs"]
    assert list(run["telemetry"]) == ["central-node", "kics"]
    for terms in run["telemetry"].values():
        assert list(terms) == list(TERMS)
        assert terms["generated"] == sum(number for term, number in terms.items() if term != "generated")


def test_runs_stay_in_their_order(written: Path, written_evil: Path) -> None:
    assert [run["out"] for run in document(written_evil, written)["runs"]] == [str(written_evil), str(written)]


@pytest.mark.parametrize(
    ("code", "verdict", "status"),
    [(2, "error", "failed"), (3, "error", "failed"), (4, "invalid", "failed"), (130, "invalid", "interrupted")],
)
def test_a_run_that_left_no_folder_has_the_same_keys_and_its_error(
    written: Path, code: int, verdict: str, status: str
) -> None:
    broken = Broken("other", "a.yaml: wrong; write it right", "seatrial run a.yaml", code)
    first, second = json.loads(machine.render([summarise(RunFolder.open(written)), broken]))["runs"]
    assert list(first) == list(second)
    assert (second["scenario"], second["error"]) == ("other", "a.yaml: wrong; write it right")
    assert (second["verdict"], second["status"], second["out"]) == (verdict, status, None)


def test_no_run_is_a_document_too() -> None:
    assert document() == {"runs": []}


def test_names_are_the_scenarios_own(written_evil: Path) -> None:
    (run,) = document(written_evil)["runs"]
    assert run["scenario"] == EVIL.scenario
    assert run["expectations"][1]["name"] == EVIL.expectation


def test_the_text_is_ascii_and_one_document(written_evil: Path) -> None:
    text = machine.render([summarise(RunFolder.open(written_evil))])
    assert text.isascii()
    assert text.endswith("}\n")


def test_a_part_of_a_second_is_told(changed: Callable[[Callable[[dict[str, Any]], None]], Path]) -> None:
    (run,) = document(changed(lambda manifest: manifest.update(simulated_ms=1_500)))["runs"]
    assert run["simulated_s"] == 1.5
