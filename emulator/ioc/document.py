"""Reads an OpenIOC file, 1.0 or 1.1, into the questions that it puts to a device."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from lxml import etree

from emulator.errors import SeatrialError
from emulator.ioc.condition import Condition, UnsupportedError, condition_of
from emulator.ioc.limits import (
    ELEMENT_COUNT_MAX,
    FILE_SIZE_MAX_BYTES,
    ITEM_COUNT_MAX,
    NESTING_DEPTH_MAX,
    PARSER_WORDS_MAX,
    TEXT_LENGTH_MAX,
    shown,
)
from emulator.ioc.snapshot import ITEM_TYPES, Instance, values_of

EXTENSIONS: Final = (".ioc", ".xml")
"""Endings of the name of an indicator file, in any case (KEA-IOF-001)."""

_VERSIONS: Final = {"ioc": ("1.0", "definition"), "OpenIOC": ("1.1", "criteria")}
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Item:
    """An IndicatorItem that can be evaluated; `position` counts the IndicatorItems of the file.

    `text` says what it asks.
    """

    position: int
    id: str | None
    item_type: str
    field: str
    condition: Condition
    text: str = dataclasses.field(default="", compare=False)

    def satisfied_by(self, instance: Instance) -> bool:
        """Whether this instance, which must be of the item's type, satisfies it."""
        return self.condition.satisfied_by(values_of(instance, self.field))


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """Items of one type that one and the same instance has to satisfy; compared by identity."""

    item_type: str
    items: tuple[Item, ...]

    def satisfied_by(self, instance: Instance) -> bool:
        """Whether this instance, which must be of that type, satisfies all the items."""
        return all(item.satisfied_by(instance) for item in self.items)


@dataclass(frozen=True, slots=True)
class Indicator:
    """An Indicator that can hold: AND where `every`, else OR, over its questions and the Indicators inside it.

    What can never hold is left out: a broken item of an OR is not here, and an AND with one is not here itself.
    There is at least one question or branch.
    """

    every: bool
    questions: tuple[Question, ...]
    branches: tuple["Indicator", ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a file that never matches, and why (KEA-IOF-009)."""

    element: str
    id: str | None
    term: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorFile:
    """What was read from one file.

    An unsupported file matches nothing and says why in `reason`. `oversized` tells the one reason that fails the task
    which holds the file (KEA-IOF-014). `alternatives` are the Indicators directly under the body, `terms` the terms
    of all IndicatorItems, supported or not, and `faults` the parts that never match. `content` are its bytes, empty for
    one that is too large.
    """

    name: str
    supported: bool
    reason: str | None = None
    oversized: bool = False
    id: str | None = None
    version: str | None = None
    terms: tuple[str, ...] = ()
    item_count: int = 0
    faults: tuple[Fault, ...] = ()
    alternatives: tuple[Indicator, ...] = ()
    content: bytes = dataclasses.field(default=b"", compare=False, repr=False)

    def questions(self) -> Iterator[Question]:
        """Every question of the file, in document order within each Indicator."""
        pending = list(reversed(self.alternatives))
        while pending:
            indicator = pending.pop()
            yield from indicator.questions
            pending.extend(reversed(indicator.branches))

    def item_types(self) -> tuple[str, ...]:
        """The item types that the outcome depends on, sorted."""
        return tuple(sorted({question.item_type for question in self.questions()}))


class _RefusedError(SeatrialError):
    """The file is not read further; the text is the reason."""


def parse_file(path: Path) -> IndicatorFile:
    """Reads a file from disk, never more of it than the size limit. Raises OSError where it cannot be read."""
    with path.open("rb") as file:
        return parse(file.read(FILE_SIZE_MAX_BYTES + 1), path.name)


def parse(data: bytes, name: str) -> IndicatorFile:
    """Reads the content of a file; `name` decides by its ending whether it is one for us. No content raises."""
    if len(data) > FILE_SIZE_MAX_BYTES and name.lower().endswith(EXTENSIONS):
        reason = f"larger than {FILE_SIZE_MAX_BYTES} bytes, which fails the task that holds it"
        return IndicatorFile(name=name, supported=False, reason=reason, oversized=True)
    return dataclasses.replace(_read(data, name), content=data)


def _read(data: bytes, name: str) -> IndicatorFile:
    if not name.lower().endswith(EXTENSIONS):
        return IndicatorFile(name=name, supported=False, reason="the name ends neither in .ioc nor in .xml")
    try:
        root = _tree(data)
    except _RefusedError as refusal:
        return IndicatorFile(name=name, supported=False, reason=str(refusal))
    if root.tag not in _VERSIONS:
        reason = f"the root element is {shown(root.tag)}, neither ioc (OpenIOC 1.0) nor OpenIOC (OpenIOC 1.1)"
        return IndicatorFile(name=name, supported=False, reason=reason)
    return _Reading(*_VERSIONS[root.tag]).file(name, root)


class _Node:
    """An element: its name without namespace, its attributes, the elements inside it, and the text of a Content."""

    __slots__ = ("attributes", "children", "tag", "texts")

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tag = tag
        self.attributes = dict(attributes)
        self.children: list[_Node] = []
        self.texts: list[str] = []

    def inside(self, tag: str) -> list["_Node"]:
        return [child for child in self.children if child.tag == tag]


class _Target:
    """Takes the parser's events, keeps the tree, and stops at a document type declaration or a limit."""

    def __init__(self) -> None:
        self._document = _Node("", {})
        self._open = [self._document]
        self._element_count = 0
        self._item_count = 0

    def doctype(self, name: str, public_id: str | None, system_id: str | None) -> None:
        raise _RefusedError("a document type declaration is not accepted")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        node = _Node(tag.rpartition("}")[2], attributes)
        self._element_count += 1
        self._item_count += node.tag == "IndicatorItem"
        if len(self._open) > NESTING_DEPTH_MAX:
            raise _RefusedError(f"elements are nested deeper than {NESTING_DEPTH_MAX}")
        if self._element_count > ELEMENT_COUNT_MAX:
            raise _RefusedError(f"more than {ELEMENT_COUNT_MAX} elements")
        if self._item_count > ITEM_COUNT_MAX:
            raise _RefusedError(f"more than {ITEM_COUNT_MAX} IndicatorItems")
        self._open[-1].children.append(node)
        self._open.append(node)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        if self._open[-1].tag == "Content":
            self._open[-1].texts.append(text)

    def close(self) -> _Node:
        return self._document


def _tree(data: bytes) -> _Node:
    """The element tree of well-formed XML within the limits; raises _RefusedError with the reason else."""
    parser = etree.XMLParser(
        target=_Target(),  # type: ignore[arg-type]  # the stubs ask for comment and bytes, the parser does not
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        document = cast("_Node", etree.fromstring(data, parser))
    except etree.XMLSyntaxError as error:
        raise _RefusedError(f"not well-formed XML: {' '.join(str(error.msg).split())[:PARSER_WORDS_MAX]}") from error
    return document.children[0]


class _Reading:
    """Reads the tree of one file; collects faults and terms on the way."""

    def __init__(self, version: str, body: str) -> None:
        self._version = version
        self._body = body
        self._item_count = 0
        self._terms: set[str] = set()
        self._faults: list[Fault] = []

    def file(self, name: str, root: _Node) -> IndicatorFile:
        alternatives = []
        for body in root.inside(self._body):
            for node in body.children:
                if node.tag == "Indicator":
                    indicator = self._indicator(node)
                    if indicator is not None:
                        alternatives.append(indicator)
                elif node.tag != "Comment":
                    self._fault(node, f"{shown(node.tag)} stands directly under {self._body}")
        if not root.inside(self._body):
            self._fault(root, f"there is no {self._body}")
        return IndicatorFile(
            name=name,
            supported=True,
            id=root.attributes.get("id"),
            version=self._version,
            terms=tuple(sorted(self._terms)),
            item_count=self._item_count,
            faults=tuple(self._faults),
            alternatives=tuple(alternatives),
        )

    def _indicator(self, node: _Node) -> Indicator | None:
        """What an Indicator asks; None where it can never hold. Everything inside is read, for its faults."""
        alone: list[Item] = []
        branches: list[Indicator] = []
        dead = False
        for child in node.children:
            if child.tag == "IndicatorItem":
                item = self._item(child)
                dead |= item is None
                if item is not None:
                    alone.append(item)
            elif child.tag == "Indicator":
                branch = self._indicator(child)
                dead |= branch is None
                if branch is not None:
                    branches.append(branch)
            elif child.tag != "Comment":
                self._fault(child, f"{shown(child.tag)} is not an element of an Indicator")
                dead = True
        operator = node.attributes.get("operator")
        if operator is None or operator.upper() not in ("AND", "OR"):
            told = "there is no operator" if operator is None else f"operator {shown(operator)} is neither AND nor OR"
            self._fault(node, told)
            return None
        if not alone and not branches and not dead:
            self._fault(node, "there is nothing inside")
            return None
        if operator.upper() == "OR":
            questions = [Question(item.item_type, (item,)) for item in alone]
            return Indicator(False, tuple(questions), tuple(branches)) if questions or branches else None
        return None if dead else Indicator(True, _tied(alone), tuple(branches))

    def _item(self, node: _Node) -> Item | None:
        """The item; None, and a fault, where it is unsupported or broken."""
        position = self._item_count
        self._item_count += 1
        contexts, contents = node.inside("Context"), node.inside("Content")
        term = contexts[0].attributes.get("search", "").strip() if len(contexts) == 1 else ""
        if 0 < len(term) <= TEXT_LENGTH_MAX:
            self._terms.add(term)
        try:
            if len(contexts) != 1 or len(contents) != 1:
                raise UnsupportedError(
                    f"it has {len(contexts)} Context and {len(contents)} Content, and needs one each"
                )
            if contents[0].children:
                raise UnsupportedError("its Content has elements inside")
            item_type, field = _split(term)
            negate, preserve_case = (
                (_flag(node, "negate"), _flag(node, "preserve-case")) if self._version == "1.1" else (False, False)
            )
            condition = condition_of(
                self._version,
                node.attributes.get("condition"),
                content="".join(contents[0].texts),
                content_type=contents[0].attributes.get("type"),
                negate=negate,
                preserve_case=preserve_case,
            )
        except UnsupportedError as error:
            self._fault(node, str(error), term)
            return None
        asked = (
            f"{'NOT ' if negate else ''}{term} {node.attributes.get('condition')} {shown(''.join(contents[0].texts))}"
        )
        return Item(position, node.attributes.get("id"), item_type, field, condition, asked)

    def _fault(self, node: _Node, reason: str, term: str = "") -> None:
        self._faults.append(Fault(node.tag, node.attributes.get("id"), term[:TEXT_LENGTH_MAX] or None, reason))


def _tied(items: list[Item]) -> tuple[Question, ...]:
    """One question for each item type, in the order of first appearance: what an AND asks of its items."""
    by_type: dict[str, list[Item]] = {}
    for item in items:
        by_type.setdefault(item.item_type, []).append(item)
    return tuple(Question(item_type, tuple(tied)) for item_type, tied in by_type.items())


def _split(term: str) -> tuple[str, str]:
    """Item type and field of a term; raises UnsupportedError where the agent reads no such thing (KEA-IOF-024)."""
    if not term:
        raise UnsupportedError("its Context names no term in search")
    if len(term) > TEXT_LENGTH_MAX:
        raise UnsupportedError(f"its term has {len(term)} characters, and {TEXT_LENGTH_MAX} are the limit")
    item_type, _, field = term.partition("/")
    if item_type not in ITEM_TYPES:
        raise UnsupportedError(f"item type {shown(item_type)} is not supported")
    if not field:
        raise UnsupportedError(f"term {shown(term)} names no field")
    return item_type, field


def _flag(node: _Node, name: str) -> bool:
    value = node.attributes.get(name, "false")
    flag = _FLAGS.get(value.lower())
    if flag is None:
        raise UnsupportedError(f"{name} is {shown(value)}, neither true nor false")
    return flag
