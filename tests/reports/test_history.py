"""The history of one device: its facts in the order of time, on the console and as JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import seatrial
from reports import history
from scenarios.errors import UserError
from tests.scenarios.made import loaded
from tests.scenarios.running import run

PLACED = [
    {"at": f"{at}min", "do": "place-file", "target": "pc-00001", "file": f"synthetic/f{at}"} for at in (20, 10, 30)
]


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    blocks = [{"name": "pc", "image": "quiet", "count": 2}]
    timeline = [*PLACED, {"at": "15min", "do": "place-file", "target": "pc-00002", "file": "synthetic/other"}]
    run(loaded(fleet={"blocks": blocks}, timeline=timeline, duration="1h"), tmp_path / "run")
    return tmp_path / "run"


def told(*arguments: object) -> str:
    result = CliRunner().invoke(seatrial.app, ["history", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_facts_of_the_device_and_of_no_other_come_in_the_order_of_time(ran: Path) -> None:
    text = told(ran, "--device", "pc-00001")
    assert [text.index(f"synthetic/f{at}") for at in (10, 20, 30)] == sorted(
        text.index(f"synthetic/f{at}") for at in (10, 20, 30)
    )
    assert "other" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_span_of_time_leaves_out_the_rest(ran: Path) -> None:
    text = told(ran, "--device", "pc-00001", "--from", "15min", "--until", "30min")
    assert ("f20" in text, "f10" in text, "f30" in text) == (True, False, False)
    assert "no fact" in told(ran, "--device", "pc-00002", "--from", "40min")


def test_json_has_all_of_it(ran: Path) -> None:
    document = json.loads(told(ran, "--device", "pc-00001", "--format", "json"))
    assert [fact["at_ms"] for fact in document["facts"]] == [600_000, 1_200_000, 1_800_000]
    assert document["row"]["image"] == "quiet"


def test_a_long_story_is_cut_in_words(ran: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LINES_MAX", 1)
    assert "and 2 facts more" in told(ran, "--device", "pc-00001")


def test_a_device_that_the_run_does_not_have_is_a_mistake_of_the_user(ran: Path) -> None:
    result = CliRunner().invoke(seatrial.app, ["history", str(ran), "--device", "pc-00009"])
    assert isinstance(result.exception, UserError)
