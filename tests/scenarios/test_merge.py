"""Merging: the rules, and that every value keeps its place."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import merge
from scenarios.merge import merged
from scenarios.problems import Loc
from scenarios.source import Document, Mark, parse

NAMES = ("office", "db", "plant", "jump")

scalars = st.integers(-3, 3) | st.sampled_from(["a", "b", "${c}"]) | st.booleans()
entries = st.fixed_dictionaries(
    {}, optional={"count": st.integers(1, 9), "group": st.sampled_from("xyz"), "tags": st.lists(scalars, max_size=2)}
)


@st.composite
def named(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Entries with different names."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4))
    return [{"name": name, **draw(entries)} for name in names]


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Parts of a scenario, each key of one kind."""
    optional = {
        "seed": scalars,
        "tags": st.lists(scalars, max_size=3),
        "params": st.dictionaries(st.sampled_from("pq"), st.dictionaries(st.sampled_from(["default", "min"]), scalars)),
        "fleet": st.fixed_dictionaries({}, optional={"blocks": named(), "devices": st.integers(1, 9)}),
        "policies": named(),
        "timeline": named(),
        "expect": named(),
    }
    return draw(st.fixed_dictionaries({}, optional=optional))


def document(data: Any, label: str = "over.yaml") -> Document:
    return parse(json.dumps(data).encode(), label)


def laid(base: Any, over: Any) -> Any:
    return merged(document(base, "base.yaml"), document(over)).data


def places(data: Any, loc: Loc = ()) -> list[Loc]:
    """The places of all values."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [loc, *(place for step, value in inner for place in places(value, (*loc, step)))]


@given(base=files(), over=files())
def test_laying_a_file_over_twice_is_laying_it_over_once(base: Any, over: Any) -> None:
    once = laid(base, over)
    assert laid(once, over) == once


@given(base=files())
def test_nothing_changes_nothing(base: Any) -> None:
    assert laid(base, {}) == base
    assert laid(base, base) == base
    assert laid({}, base) == base


@given(first=files(), second=files(), third=files())
def test_it_does_not_matter_which_two_are_merged_first(first: Any, second: Any, third: Any) -> None:
    assert laid(laid(first, second), third) == laid(first, laid(second, third))


@given(base=files(), over=files())
def test_what_is_there_keeps_its_order_and_what_is_new_comes_after_it(base: Any, over: Any) -> None:
    result = laid(base, over)
    assert list(result)[: len(base)] == list(base)
    for section in ("policies", "timeline", "expect"):
        old, new = ([entry["name"] for entry in data.get(section, [])] for data in (base, over))
        assert [entry["name"] for entry in result.get(section, [])] == [
            *old,
            *(name for name in new if name not in old),
        ]


@given(base=files(), over=files())
def test_the_file_that_lies_over_wins(base: Any, over: Any) -> None:
    result = laid(base, over)
    if "seed" in over:
        assert result["seed"] == over["seed"]
    if "tags" in over:
        assert result["tags"] == over["tags"]
    blocks = {block["name"]: block for block in result.get("fleet", {}).get("blocks", [])}
    old = {block["name"]: block for block in base.get("fleet", {}).get("blocks", [])}
    for block in over.get("fleet", {}).get("blocks", []):
        assert blocks[block["name"]] == old.get(block["name"], {}) | block


@given(base=files(), over=files())
def test_every_value_has_a_place_in_one_of_the_files(base: Any, over: Any) -> None:
    sides = {"base.yaml": document(base, "base.yaml"), "over.yaml": document(over)}
    result = merged(*sides.values())
    for loc in places(result.data):
        mark = result.marks[loc]
        assert mark.file in sides
        assert Mark(mark.line, mark.column) in sides[mark.file].marks.values()


def test_a_value_is_told_where_it_stands() -> None:
    base = parse(b"fleet:\n  blocks:\n    - {name: office, count: 1}\n    - {name: db, count: 2}\n", "base.yaml")
    over = parse(b"fleet: {blocks: [{name: db, image: quiet}, {name: new}]}\n", "over.yaml")
    base.folders, over.folders = {}, {}
    result = merged(base, over)
    assert result.place(("fleet", "blocks", 0, "count")) == "base.yaml:3:29: fleet.blocks.office.count"
    assert result.place(("fleet", "blocks", 1, "count")) == "base.yaml:4:25: fleet.blocks.db.count"
    assert result.place(("fleet", "blocks", 1, "image")) == "over.yaml:1:36: fleet.blocks.db.image"
    assert result.place(("fleet", "blocks", 1, "image"), key=True) == "over.yaml:1:29: fleet.blocks.db.image"
    assert result.place(("fleet", "blocks", 2)) == "over.yaml:1:44: fleet.blocks.new"


def test_nothing_takes_a_key_away() -> None:
    assert laid({"a": 1, "b": {"c": 2}}, {"a": None, "b": {"c": None}, "d": None}) == {"b": {}}


def test_a_list_without_names_is_replaced() -> None:
    assert laid({"tags": ["a", "b"]}, {"tags": ["c"]}) == {"tags": ["c"]}
    nodes = {"servers": {"telemetry": {"nodes": [{"name": "a"}]}}}
    assert laid(nodes, {"servers": {"telemetry": {"nodes": [{"name": "b"}]}}})["servers"]["telemetry"]["nodes"] == [
        {"name": "b"}
    ]


def test_an_entry_without_a_name_is_added() -> None:
    assert laid({"timeline": [{"at": "1h"}]}, {"timeline": [{"at": "2h"}, {"name": "x"}]})["timeline"] == [
        {"at": "1h"},
        {"at": "2h"},
        {"name": "x"},
    ]


def test_a_second_entry_of_a_name_stays_a_second_one() -> None:
    over = [{"name": "a", "at": 1}, {"name": "a", "at": 2}]
    assert laid({"timeline": [{"name": "a", "for": 3}]}, {"timeline": over})["timeline"] == [
        {"name": "a", "for": 3, "at": 1},
        {"name": "a", "at": 2},
    ]


def test_mistakes_of_both_files_are_kept() -> None:
    base, over = parse(b"a: !!int 1\nb: 1\nb: 2\n", "base.yaml"), parse(b"c: !x 1\n", "over.yaml")
    result = merged(base, over)
    assert [str(error).split(":")[0] for error in result.errors] == ["base.yaml", "base.yaml", "over.yaml"]
    assert result.broken == {("a",), ("c",)}


def test_a_planted_fault_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "NAMED", frozenset())
    with pytest.raises(AssertionError):
        test_laying_over_by_name()


def test_laying_over_by_name() -> None:
    base = {"expect": [{"name": "a", "is": 0}, {"name": "b", "is": 1}]}
    over = {"expect": [{"name": "b", "is": 2}]}
    assert laid(base, over)["expect"] == [{"name": "a", "is": 0}, {"name": "b", "is": 2}]
