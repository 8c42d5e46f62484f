"""Tolerances: what an entry allows, which figures it means, and which entries are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tolerances import ENTRIES_MAX, Entry, Unit, parse_entries
from scenarios.errors import UserError


def entry(**fields: Any) -> Entry:
    return Entry.model_validate({"figure": "servers.requests", **fields})


@pytest.mark.parametrize(
    ("fields", "base", "unit", "allowed"),
    [
        ({"differs_by": 0}, 1000, Unit.COUNT, 0),
        ({"differs_by": 7}, 1000, Unit.COUNT, 7),
        ({"differs_by": 7}, 1000, Unit.BYTES, 7),
        ({"worse_by": "10 %"}, 1000, Unit.COUNT, 100),
        ({"worse_by": "0.5%"}, 1000, Unit.COUNT, 5),
        ({"worse_by": "250 %"}, 1000, Unit.COUNT, 2500),
        ({"worse_by": "10 %", "or": "20ms"}, 100_000, Unit.US, 20_000),
        ({"worse_by": "10 %", "or": "20ms"}, 900_000, Unit.US, 90_000),
        ({"worse_by": "2s"}, 100, Unit.MS, 2000),
        ({"differs_by": "5 MB"}, 100, Unit.BYTES, 5_000_000),
        ({"differs_by": 0}, 100, Unit.US, 0),
        ({"only": "warn"}, 100, Unit.COUNT, 0),
    ],
)
def test_an_entry_allows_the_larger_of_its_amounts(fields: dict[str, Any], base: int, unit: Unit, allowed: int) -> None:
    assert entry(**fields).allowed(base, unit) == allowed


@pytest.mark.parametrize(
    ("amount", "unit"), [("20ms", Unit.COUNT), ("5 MB", Unit.US), (7, Unit.US), (7, Unit.MS), ("1s", Unit.BYTES)]
)
def test_an_amount_in_another_unit_than_the_figure_is_refused(amount: int | str, unit: Unit) -> None:
    with pytest.raises(UserError, match="different units"):
        entry(differs_by=amount).allowed(100, unit)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"differs_by": 0, "worse_by": 0},
        {"or": 3},
        {"differs_by": -1},
        {"differs_by": 1.5},
        {"differs_by": True},
        {"differs_by": "many"},
        {"differs_by": "-3 %"},
        {"differs_by": "3 parsecs"},
        {"worse_by": "9" * 60 + " %"},
        {"only": "fail"},
        {"differs_by": 0, "tolerance": 3},
        {"figure": "", "differs_by": 0},
        {"figure": "x" * 301, "differs_by": 0},
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(fields: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        parse_entries([{"figure": "wall_s", "only": "warn"}, {"figure": "queue", **fields}], "suite.yaml:9:5: compare")
    assert caught.value.place.startswith("suite.yaml:9:5: compare.1")


def test_what_is_no_mapping_is_refused() -> None:
    for data in (3, None, "wall_s", ["wall_s"]):
        with pytest.raises(UserError):
            parse_entries([data], "place")


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(UserError, match="more than"):
        parse_entries([{"figure": "queue", "only": "warn"}] * (ENTRIES_MAX + 1), "place")


@pytest.mark.parametrize(
    ("figure", "covered"),
    [
        ("servers", True),
        ("servers.node-1", True),
        ("servers.node-1.latency", True),
        ("servers.node-1.latency.p99", True),
        ("servers.latency.p99", True),
        ("servers.latency", True),
        ("servers.latency.p9", False),
        ("servers.node", False),
        ("latency", False),
        ("telemetry", False),
    ],
)
def test_an_entry_means_figures_by_the_beginning_of_their_names(figure: str, covered: bool) -> None:
    names = ("servers.node-1.latency.p99", "servers.latency.p99")
    assert Entry(figure=figure, differs_by=0).covers(names) is covered


def test_an_entry_is_written_as_it_was_read() -> None:
    for plain in (
        {"figure": "servers.latency.p99", "worse_by": "10 %", "or": "20ms"},
        {"figure": "wall_s", "worse_by": "30 %", "only": "warn"},
        {"figure": "telemetry", "differs_by": 0},
    ):
        assert parse_entries([plain], "place")[0].plain() == plain


@given(st.integers(0, 2**50), st.integers(0, 1000))
def test_a_share_is_never_more_than_it_says(base: int, per_cent: int) -> None:
    allowed = entry(differs_by=f"{per_cent} %").allowed(base, Unit.COUNT)
    assert allowed * 100 <= base * per_cent < (allowed + 1) * 100
