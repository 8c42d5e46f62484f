"""Selectors: one language for naming devices, in steps, expectations and on the command line.

A selector is `all`, a name (of a selection, block, tag or device), or a mapping whose terms all have to hold. Terms are
`block`, `group` (with `/**` for a group and all below it), `image`, `os`, `site`, `tag`, `state` (at the moment of the
step, for an expectation at the end of the run), `all`, `any`, `not`, `from`; then `except` takes devices away, and
`pick` keeps as many of the rest as it says, those with the lowest hash of their key.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Final

import numpy as np

from emulator.chance import draw_columns
from emulator.ports import I64
from scenarios.fleet import Block, Fleet, Mask
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.source import Plain
from scenarios.units import FINE_SHARE, quantity

ALL: Final = "all"
BELOW: Final = "/**"
SHARE_ALL: Final = FINE_SHARE.units["%"] * 100
PICK: Final = "pick"
"""The name under which the hash of a pick is drawn: picks of one set are subsets of each other."""


@dataclass(frozen=True, slots=True)
class Everything:
    """All devices."""


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name."""

    name: str
    loc: Loc


@dataclass(frozen=True, slots=True)
class Having:
    """The devices of blocks with a property: `column` is one of COLUMNS."""

    column: str
    value: str
    loc: Loc


@dataclass(frozen=True, slots=True)
class InState:
    """The devices that are in a state, one of STATES."""

    state: str
    loc: Loc


@dataclass(frozen=True, slots=True)
class Both:
    """What all parts name."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """What any part names."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Other:
    """What the part does not name."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Pick:
    """Those of `part` with the lowest hash: `count` of them, or `share` in hundred-thousandths."""

    part: "Node"
    count: int | None
    share: int | None
    loc: Loc


Node = Everything | Name | Having | InState | Both | Either | Other | Pick


@dataclass(frozen=True, slots=True)
class Selector:
    """A selector that has been read; `text` is how it was written."""

    node: Node
    text: str

    def __str__(self) -> str:
        return self.text


EVERYTHING: Final = Selector(Everything(), ALL)

COLUMNS: Final[Mapping[str, Callable[[Block], tuple[str, ...]]]] = {
    "block": lambda block: (block.name,),
    "group": lambda block: (block.group,),
    "image": lambda block: (block.image,),
    "os": lambda block: (block.os,),
    "site": lambda block: (block.site,),
    "tag": lambda block: block.tags,
}
"""What a selector can ask of a device; all of it is a property of the device's block."""
STATE: Final = "state"
STATES: Final[Mapping[str, str]] = {
    "off-line": "it has no network",
    "away": "it is outside of the corporate network",
    "switched-off": "it does not run",
    "isolated": "it is isolated from the network",
    "stopped": "Endpoint Agent does not run: stopped, crashed, or not enrolled yet",
}
"""What `state` can ask for, with what it means."""
KEYS: Final = (*COLUMNS, STATE, "all", "any", "not", "from", "except", "pick")


def parse_selector(data: Plain) -> Selector:
    """A selector from plain data. Raises LocatedError with the place inside it."""
    return Selector(_node(data, ()), _text(data))


@dataclass(frozen=True, slots=True)
class Around:
    """What a selector is resolved in: the fleet, the named selectors, and who tells which devices are in a state.

    Without `in_state`, no moment is meant, and a selector that asks for a state is refused.
    """

    fleet: Fleet
    selections: Mapping[str, I64]
    in_state: Callable[[str], Mask] | None = None


def resolve(
    selector: Selector,
    fleet: Fleet,
    selections: Mapping[str, I64] | None = None,
    *,
    in_state: Callable[[str], Mask] | None = None,
    may_be_empty: bool = False,
) -> I64:
    """The devices that a selector names, as ascending indices.

    `selections` are the named selectors of the scenario, resolved; `in_state` tells which devices are in a state, at
    the moment that is meant. Raises LocatedError for a name that does not exist, a state where no moment is meant and,
    unless it may be empty, where no device is named.
    """
    devices = np.flatnonzero(_mask(selector.node, Around(fleet, selections or {}, in_state))).astype(np.int64)
    if not len(devices) and not may_be_empty:
        raise LocatedError((), f"{selector.text} matches no device", "name devices that are in the fleet")
    return devices


def names_in(selector: Selector) -> set[str]:
    """The bare names that a selector uses."""
    return {node.name for node in _nodes(selector) if isinstance(node, Name)}


def state_in(selector: Selector) -> Loc | None:
    """Where a selector asks for a state, None where it does not."""
    return next((node.loc for node in _nodes(selector) if isinstance(node, InState)), None)


def _nodes(selector: Selector) -> Iterator[Node]:
    waiting: list[Node] = [selector.node]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Both | Either):
            waiting += node.parts
        elif isinstance(node, Other | Pick):
            waiting.append(node.part)


def _node(data: Plain, loc: Loc) -> Node:
    if data == ALL:
        return Everything()
    if isinstance(data, str):
        return Name(data, loc)
    if not isinstance(data, dict) or not data:
        remedy = "write `all`, a name, or a mapping such as {tag: noisy}"
        raise LocatedError(loc, f"{shown(data)} does not select devices", remedy)
    for key in data:
        if key not in KEYS:
            raise LocatedError((*loc, key), f"a selector has no {shown(key)}", hint(key, KEYS))
    parts = [_term(key, data[key], (*loc, key)) for key in data if key not in ("except", "pick")]
    if "except" in data:
        parts.append(Other(_node(data["except"], (*loc, "except"))))
    node: Node = parts[0] if len(parts) == 1 else Both(tuple(parts)) if parts else Everything()
    return _pick(node, data["pick"], (*loc, "pick")) if "pick" in data else node


def _term(key: str, value: Plain, loc: Loc) -> Node:
    if key in COLUMNS:
        if not isinstance(value, str):
            raise LocatedError(loc, f"{shown(value)} is not a {key}", "write one name; join several with `any`")
        return Having(key, value, loc)
    if key == STATE:
        if not isinstance(value, str) or value not in STATES:
            cause = f"{shown(value)} is not a state that is known before the run"
            raise LocatedError(loc, cause, hint(str(value), STATES))
        return InState(value, loc)
    if key == "from":
        return _node(value, loc)
    if key == "not":
        return Other(_node(value, loc))
    if not isinstance(value, list) or not value:
        raise LocatedError(loc, f"{shown(value)} is not a list of selectors", f"write `{key}: [first, second]`")
    parts = tuple(_node(part, (*loc, index)) for index, part in enumerate(value))
    return Both(parts) if key == "all" else Either(parts)


def _pick(part: Node, data: Plain, loc: Loc) -> Pick:
    if isinstance(data, int) and not isinstance(data, bool):
        if data < 1:
            raise LocatedError(loc, f"{data} is not a number of devices", "pick 1 or more")
        return Pick(part, data, None, loc)
    try:
        share = quantity(data, FINE_SHARE)
    except LocatedError as error:
        raise LocatedError(loc, error.cause, "pick a number of devices or a share such as `2 %`") from error
    if not 0 < share <= SHARE_ALL:
        raise LocatedError(loc, f"{shown(data)} of the devices cannot be picked", "write more than 0 %, at most 100 %")
    return Pick(part, None, share, loc)


def _mask(node: Node, around: Around) -> Mask:
    if isinstance(node, Everything):
        return np.ones(len(around.fleet), np.bool_)
    if isinstance(node, Name):
        return _named(node, around)
    if isinstance(node, Having):
        return _having(node, around.fleet)
    if isinstance(node, InState):
        if around.in_state is None:
            remedy = "ask for it in a step or an expectation"
            raise LocatedError(node.loc, "a state is that of a moment, and none is meant here", remedy)
        return around.in_state(node.state)
    if isinstance(node, Both):
        return reduce(np.logical_and, (_mask(part, around) for part in node.parts))
    if isinstance(node, Either):
        return reduce(np.logical_or, (_mask(part, around) for part in node.parts))
    if isinstance(node, Other):
        return ~_mask(node.part, around)
    return _picked(node, _mask(node.part, around), around.fleet)


def _named(node: Name, around: Around) -> Mask:
    name, fleet, selections = node.name, around.fleet, around.selections
    tags = {tag for block in fleet.blocks for tag in block.tags}
    found: dict[str, Mask] = {}
    if name in selections:
        found["a selection"] = np.zeros(len(fleet), np.bool_)
        found["a selection"][selections[name]] = True
    blocks = [block for block in fleet.blocks if block.name == name]
    if blocks:
        found["a block"] = fleet.where(blocks)
    if name in tags:
        found["a tag"] = fleet.where(block for block in fleet.blocks if name in block.tags)
    index = fleet.index_of(name)
    if index is not None:
        found["a device"] = np.zeros(len(fleet), np.bool_)
        found["a device"][index] = True
    if not found:
        known = [*selections, *(block.name for block in fleet.blocks), *sorted(tags), ALL]
        raise LocatedError(node.loc, f"nothing is named {shown(name)}", hint(name, known))
    if len(found) > 1:
        cause = f"{shown(name)} names {' and '.join(found)}"
        raise LocatedError(node.loc, cause, f"write {{block: {name}}}, {{tag: {name}}}, or rename one")
    return next(iter(found.values()))


def _having(node: Having, fleet: Fleet) -> Mask:
    values = COLUMNS[node.column]
    if node.column == "group" and node.value.endswith(BELOW):
        top = node.value.removesuffix(BELOW)
        blocks = [block for block in fleet.blocks if block.group == top or block.group.startswith(top + "/")]
    else:
        blocks = [block for block in fleet.blocks if node.value in values(block)]
    if not blocks:
        known = [value for block in fleet.blocks for value in values(block)]
        cause = f"no device has the {node.column} {shown(node.value)}"
        raise LocatedError(node.loc, cause, hint(node.value.removesuffix(BELOW), known))
    return fleet.where(blocks)


def _picked(node: Pick, mask: Mask, fleet: Fleet) -> Mask:
    candidates = np.flatnonzero(mask)
    size = len(candidates)
    if node.count is not None and node.count > size:
        raise LocatedError(node.loc, f"{node.count} devices cannot be picked from {size}", f"pick at most {size}")
    count = node.count if node.count is not None else _rounded(Fraction((node.share or 0) * size, SHARE_ALL))
    hashes = draw_columns(fleet.keys[candidates], PICK)
    chosen = candidates[np.argsort(hashes, kind="stable")[:count]]
    picked = np.zeros(len(fleet), np.bool_)
    picked[chosen] = True
    return picked


def _rounded(amount: Fraction) -> int:
    """Half up, and one at least of what is not nothing."""
    return max(1, (2 * amount.numerator + amount.denominator) // (2 * amount.denominator)) if amount else 0


def _text(data: Plain) -> str:
    if isinstance(data, dict):
        return "{" + ", ".join(f"{key}: {_text(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(_text, data)) + "]"
    return str(data)
