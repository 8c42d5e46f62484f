"""The reference pages are those that the code makes, and what they show is right."""

import re

import pytest
import yaml

from scenarios.actions import ACTIONS, FAULTS
from scenarios.entries import ENTRIES
from scenarios.selectors import parse_selector
from tests.scenarios.made import loaded
from tests.tools import make_reference
from tests.tools.make_reference import BARE, FOLDER, SELECTORS, pages

MADE = pages()


@pytest.mark.parametrize("name", list(MADE))
def test_a_page_is_what_the_code_makes(name: str) -> None:
    page = FOLDER / name
    assert page.is_file(), "run python -m tests.tools.make_reference"
    assert page.read_text(encoding="utf-8") == MADE[name], "run python -m tests.tools.make_reference"


def test_there_is_no_other_page() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(MADE)


def test_a_stale_page_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(make_reference.BARE, "office", "something else")
    assert pages()["selectors.md"] != MADE["selectors.md"]


def test_every_action_fault_and_form_has_its_heading() -> None:
    headings = set(re.findall(r"(?m)^#+ `(.+)`$", MADE["timeline.md"] + MADE["expectations.md"]))
    assert {*ACTIONS, *FAULTS, *ENTRIES} <= headings


def test_every_key_is_told() -> None:
    for name in ("timeline.md", "expectations.md", "selectors.md"):
        for line in MADE[name].splitlines():
            assert not re.fullmatch(r"\| `.+` \| .* \|  \|", line), (name, line)


@pytest.mark.parametrize("text", [*BARE, *(text for _, text in SELECTORS.values())])
def test_an_example_of_a_selector_can_be_read(text: str) -> None:
    assert str(parse_selector(yaml.safe_load(text)))


@pytest.mark.parametrize("key", [key for key in SELECTORS if key != "state"])
def test_an_example_of_a_selector_names_devices(key: str) -> None:
    text = SELECTORS[key][1]
    timeline = [{"at": "1h", "do": "unplug", "target": yaml.safe_load(text)}]
    (step,) = loaded(timeline=timeline).steps
    assert step.devices is not None
    assert 0 < len(step.devices) <= 45


def test_the_help_of_every_command_is_there_and_fits_80_columns() -> None:
    told = dict(make_reference.helps())
    assert {"seatrial", "seatrial run", "seatrial check", "seatrial ioc match"} <= set(told)
    assert max(len(line) for text in told.values() for line in text.splitlines()) <= 80
    assert all("Example:  seatrial" in text for text in told.values())
