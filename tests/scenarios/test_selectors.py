import json
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.chance import draw
from scenarios.fleet import Block, Fleet
from scenarios.problems import LocatedError
from scenarios.selectors import names_in, parse_selector, resolve

BLOCKS = (
    Block("office", "windows-office", "windows", "Managed devices/HQ/Office", ("noisy", "laptop"), 7, 0),
    Block("branch", "windows-office", "windows", "Managed devices/HQ2", ("noisy",), 4, 7),
    Block("db", "linux-server", "linux", "Managed devices/HQ/Servers", (), 3, 11),
    Block("web", "linux-server", "linux", "Managed devices/HQ", ("vip",), 1, 14),
)
FLEET = Fleet(11, BLOCKS)
SELECTIONS = {"few": np.array([1, 8, 12], np.int64)}


# --- a reference that asks each device ------------------------------------------------------------------------------


def named(data: Any, device: int, block: Block) -> bool:
    if data == "all":
        return True
    if isinstance(data, str):
        return data in (block.name, *block.tags, FLEET.name(device)) or (
            data in SELECTIONS and device in SELECTIONS[data].tolist()
        )
    checks: dict[str, Callable[[Any], bool]] = {
        "block": lambda value: block.name == value,
        "group": lambda value: (
            block.group == value.removesuffix("/**") or (value.endswith("/**") and block.group.startswith(value[:-2]))
        ),
        "image": lambda value: block.image == value,
        "os": lambda value: block.os == value,
        "tag": lambda value: value in block.tags,
        "all": lambda value: all(device in reference(part) for part in value),
        "any": lambda value: any(device in reference(part) for part in value),
        "not": lambda value: device not in reference(value),
        "from": lambda value: device in reference(value),
        "except": lambda value: device not in reference(value),
        "pick": lambda value: True,
    }
    return all(checks[key](value) for key, value in data.items())


def reference(data: Any) -> list[int]:
    return list(_reference(json.dumps(data)))


@cache
def _reference(text: str) -> tuple[int, ...]:
    data = json.loads(text)
    found = [
        block.first + index
        for block in BLOCKS
        for index in range(block.count)
        if named(data, block.first + index, block)
    ]
    if not isinstance(data, dict) or "pick" not in data:
        return tuple(found)
    wanted = data["pick"]
    if isinstance(wanted, str):
        exact = Fraction(wanted.rstrip("% ")) / 100 * len(found)
        wanted = 0 if not found else max(1, int(exact + Fraction(1, 2)))
    return tuple(sorted(sorted(found, key=lambda device: draw(int(FLEET.keys[device]), "pick"))[:wanted]))


NAMES = ["all", "office", "db", "noisy", "vip", "few", "branch-00002", "db-00003"]
VALUES = {
    "block": ["office", "branch", "db", "web"],
    "group": ["Managed devices/HQ", "Managed devices/HQ/**", "Managed devices/**", "Managed devices/HQ2/**"],
    "image": ["windows-office", "linux-server"],
    "os": ["windows", "linux"],
    "tag": ["noisy", "laptop", "vip"],
    "pick": ["1 %", "10 %", "33.3 %", "50 %", "100 %"],
}


@st.composite
def selectors(draw: st.DrawFn, depth: int = 3) -> Any:
    """Plain data of a selector that can be resolved."""
    if draw(st.booleans()) or depth == 0:
        return draw(st.sampled_from(NAMES))
    keys = draw(st.lists(st.sampled_from([*VALUES, "all", "any", "not", "from", "except"]), min_size=1, max_size=3))
    inner = selectors(depth - 1)
    return {
        key: draw(st.sampled_from(VALUES[key]))
        if key in VALUES
        else draw(st.lists(inner, min_size=1, max_size=3) if key in ("all", "any") else inner)
        for key in dict.fromkeys(keys)
    }


@settings(deadline=None)
@given(selectors())
def test_a_selector_names_what_asking_each_device_names(data: Any) -> None:
    chosen = resolve(parse_selector(data), FLEET, SELECTIONS, may_be_empty=True)
    assert chosen.dtype == np.int64
    assert chosen.tolist() == reference(data)


@settings(deadline=None)
@given(selectors())
def test_matching_nothing_is_a_mistake(data: Any) -> None:
    selector = parse_selector(data)
    if reference(data):
        resolve(selector, FLEET, SELECTIONS)
    else:
        with pytest.raises(LocatedError, match="matches no device"):
            resolve(selector, FLEET, SELECTIONS)


@given(st.integers(1, 11), st.integers(1, 11))
def test_picks_of_one_set_are_nested(first: int, second: int) -> None:
    few, many = sorted((first, second))
    noisy = {"tag": "noisy"}
    small = resolve(parse_selector({"pick": few, "from": noisy}), FLEET)
    large = resolve(parse_selector({"pick": many, "from": noisy}), FLEET)
    assert len(small) == few
    assert set(small.tolist()) <= set(large.tolist())


def test_a_pick_does_not_depend_on_devices_elsewhere() -> None:
    grown = Fleet(11, (*BLOCKS[:3], Block("web", "linux-server", "linux", "Managed devices/HQ", ("vip",), 100, 14)))
    pick = parse_selector({"pick": 2, "from": {"block": "office"}})
    assert resolve(pick, FLEET).tolist() == resolve(pick, grown).tolist()


def test_another_seed_picks_other_devices() -> None:
    pick = parse_selector({"pick": 5})
    picks = {tuple(resolve(pick, Fleet(seed, BLOCKS)).tolist()) for seed in range(10)}
    assert len(picks) > 5


def test_a_share_is_rounded_and_picks_one_at_least() -> None:
    office = {"block": "office"}
    sizes = [len(resolve(parse_selector({"pick": share, "from": office}), FLEET)) for share in ("1 %", "21 %", "22 %")]
    assert sizes == [1, 1, 2]


def test_a_selector_remembers_how_it_was_written() -> None:
    assert str(parse_selector({"pick": "2 %", "from": {"any": ["a", {"tag": "b"}]}})) == (
        "{pick: 2 %, from: {any: [a, {tag: b}]}}"
    )


def test_bare_names_are_found_wherever_they_stand() -> None:
    selector = parse_selector({"any": ["a", {"not": "b"}], "except": {"pick": 1, "from": "c"}, "tag": "d"})
    assert names_in(selector) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("data", "loc", "cause"),
    [
        ({"any": ["office", {"tag": "nosy"}]}, ("any", 1, "tag"), "no device has the tag 'nosy'"),
        ({"from": "offices"}, ("from",), "nothing is named 'offices'"),
        ({"pick": 4, "from": {"block": "db"}}, ("pick",), "4 devices cannot be picked from 3"),
        ({"group": "Managed devices/HQ/Off/**"}, ("group",), "no device has the group"),
    ],
)
def test_what_is_not_there_is_told_with_its_place(data: Any, loc: tuple[Any, ...], cause: str) -> None:
    with pytest.raises(LocatedError) as caught:
        resolve(parse_selector(data), FLEET)
    assert caught.value.loc == loc
    assert cause in caught.value.cause


@pytest.mark.parametrize(
    ("data", "loc"),
    [
        ({}, ()),
        (5, ()),
        (None, ()),
        (["a"], ()),
        ({"blok": "a"}, ("blok",)),
        ({"block": ["a"]}, ("block",)),
        ({"all": []}, ("all",)),
        ({"any": "a"}, ("any",)),
        ({"any": ["a", 3]}, ("any", 1)),
        ({"not": {"tag": 3}}, ("not", "tag")),
        ({"pick": 0}, ("pick",)),
        ({"pick": True}, ("pick",)),
        ({"pick": "0 %"}, ("pick",)),
        ({"pick": "101 %"}, ("pick",)),
        ({"pick": "5"}, ("pick",)),
    ],
)
def test_what_is_no_selector_is_told_with_its_place(data: Any, loc: tuple[Any, ...]) -> None:
    with pytest.raises(LocatedError) as caught:
        parse_selector(data)
    assert caught.value.loc == loc


def test_a_name_of_two_things_is_refused() -> None:
    blocks = (
        Block("db", "quiet", "windows", "Managed devices", (), 1, 0),
        Block("x", "quiet", "windows", "Managed devices", ("db",), 1, 1),
    )
    with pytest.raises(LocatedError, match="'db' names a block and a tag"):
        resolve(parse_selector("db"), Fleet(1, blocks))
