"""The source of a scenario: YAML read into plain data with the place of each value, within limits that have names.

The scalars are those of YAML 1.2's core schema, and stricter: `on`, `off`, `22:00`, `0123456`, `1_000` and times stay
text. Files come from anywhere, so nothing in them runs, grows or recurses: no tags, a bound on bytes, depth, values and
aliases, and a builder that works on parser events with a stack of its own.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from scenarios.errors import UserError
from scenarios.problems import ERRORS_MAX, Loc, ScenarioErrors, hint, shown

SOURCE_BYTES_MAX: Final = 1_048_576
"""Size of one file."""
VALUES_MAX: Final = 50_000
"""Values of one file, those behind aliases counted each time they are used."""
DEPTH_MAX: Final = 40
"""Levels of mappings and lists."""
ALIASES_MAX: Final = 1_000
"""Uses of an anchor."""
NUMBER_MAX: Final = 20
"""Characters of a number."""

EMPTY_REMEDY: Final = "write a scenario; it has at least name, duration and fleet"

Plain = Any  # what YAML holds: a mapping with text keys, a list, a text, a number, true, false or nothing

_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
# What YAML calls printable, the byte order mark excepted.
_UNPRINTABLE: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; lines and columns count from 1. `file` is its label, empty for the document's own."""

    line: int
    column: int
    file: str = ""


@dataclass(slots=True)
class Document:
    """One file as plain data, with the places of its values (`marks`) and of its keys (`keys`).

    `label` is what the user calls the file. `arguments` tells what was not read from the file: for a place in the
    data, the argument that set it. `errors` are the mistakes that left the rest of the file readable, `broken` the
    places of values that are not what was meant, since a mistake there has been told. One that was put together from
    several files has the folder of each in `folders`, by its label, its own first.
    """

    label: str
    data: Plain
    marks: dict[Loc, Mark] = field(default_factory=dict)
    keys: dict[Loc, Mark] = field(default_factory=dict)
    arguments: dict[Loc, str] = field(default_factory=dict)
    errors: list[UserError] = field(default_factory=list)
    broken: set[Loc] = field(default_factory=set)
    folders: dict[str, Path] = field(default_factory=dict)

    def place(self, loc: Loc, *, key: bool = False) -> str:
        """`file:line:column: path` of a value, or of its key; of what encloses it where it is not in the file."""
        for length in range(len(loc), -1, -1):
            argument = self.arguments.get(loc[:length])
            if argument is not None:
                return argument
            mark = self.keys.get(loc[:length]) if key and length == len(loc) else None
            mark = mark or self.marks.get(loc[:length])
            if mark is not None:
                label = mark.file or self.label
                return ": ".join(filter(None, [f"{label}:{mark.line}:{mark.column}", self.path(loc[:length])]))
        return self.label

    def order(self, loc: Loc) -> tuple[int, int, int]:
        """A key that sorts places by file and as they stand in it; what came from arguments stands before them."""
        for length in range(len(loc), -1, -1):
            if loc[:length] in self.arguments:
                break
            mark = self.marks.get(loc[:length])
            if mark is not None:
                return list(self.folders).index(mark.file) if mark.file else 0, mark.line, mark.column
        return -1, 0, 0

    def folder_of(self, loc: Loc) -> Path | None:
        """The folder of the file that a value stands in, None where all of it is one file."""
        for length in range(len(loc), -1, -1):
            mark = self.marks.get(loc[:length])
            if mark is not None and mark.file:
                return self.folders[mark.file]
        return None

    def path(self, loc: Loc) -> str:
        """The path as users write it: `fleet.blocks.office.count`, entries of lists by name where they have one."""
        parts = []
        here = self.data
        for step in loc:
            here = _inside(here, step)
            name = here.get("name") if isinstance(step, int) and isinstance(here, dict) else None
            if not isinstance(name, str) or not name.isprintable():
                name = str(step)
            parts.append(name if name.isprintable() else shown(name))
        return ".".join(parts)


def read_file(path: Path, label: str) -> bytes:
    """The content of a file of at most SOURCE_BYTES_MAX. Raises UserError for what cannot be read or is no file."""
    if "\0" in str(path):
        raise UserError(shown(label), "this cannot be a path", "give the path of a .yaml file")
    try:
        if path.is_dir():
            raise UserError(label, "this is a folder, not a scenario", "name one of the .yaml files in it")
        if not path.exists():
            raise UserError(label, "there is no such file", _beside(path))
        if not path.is_file():
            raise UserError(label, "this is not a regular file", "give the path of a .yaml file")
        with path.open("rb") as stream:
            content = stream.read(SOURCE_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(label, f"cannot be read ({reason})", "check the path and its permissions") from error
    if len(content) > SOURCE_BYTES_MAX:
        raise UserError(
            label,
            f"the file is larger than {SOURCE_BYTES_MAX} bytes (SOURCE_BYTES_MAX)",
            "a scenario is a short text; check that this is one",
        )
    return content


def parse(content: bytes, label: str) -> Document:
    """Reads YAML into a Document, whose `errors` hold what does not belong there and can be passed over.

    Raises ScenarioErrors where the rest cannot be read: no text, no YAML, beyond a limit.
    """
    text = _decoded(content, label)
    builder = _Builder(label)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise ScenarioErrors([*builder.document.errors[:ERRORS_MAX], _syntax_error(error, label)]) from error
    if not builder.document.marks:
        raise ScenarioErrors([UserError(label, "the file is empty", EMPTY_REMEDY)])
    return builder.document


def scalar(text: str) -> Plain:
    """The value of an unquoted scalar. Raises ValueError for a number that is too long or not finite."""
    if text in _WORDS:
        return _WORDS[text]
    is_integer = _INTEGER.fullmatch(text) is not None
    if not is_integer and not _FLOAT.fullmatch(text):
        return text
    if len(text) > NUMBER_MAX:
        raise ValueError(f"the number has {len(text)} characters")
    value = int(text) if is_integer else float(text)
    if not math.isfinite(value):
        raise ValueError("the number is too large")
    return value


class _Builder:
    """Makes plain data out of parser events, on a stack of its own."""

    def __init__(self, label: str) -> None:
        self.document = Document(label, None)
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Plain, int]] = {}
        self._values = 0
        self._aliases = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "a second document begins", "write one scenario a file; a suite lists several")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        if self._awaits_key():
            self._key(event)
            return
        broken = self._refuse_tag(event)
        value: Plain = event.value
        if event.style is None:
            try:
                value = scalar(event.value)
            except ValueError as error:
                self._error(event, str(error), f"write at most {NUMBER_MAX} digits, or quote it if it is a text")
                broken = True
        self._count(event, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        loc = self._put(event, value)
        if broken:
            self.document.broken.add(loc)

    def _alias(self, event: yaml.AliasEvent) -> None:
        name = event.anchor or ""
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            self._stop(event, f"more than {ALIASES_MAX} aliases (ALIASES_MAX)", "write the values out")
        if self._awaits_key():
            self._stop(event, "a key is an alias", "write the key as a text")
        if any(name == opened.anchor for opened in self._open):
            self._stop(event, f"the alias {shown(name)} lies inside what it stands for", "write the value out")
        if name not in self._anchors:
            self._stop(event, f"the alias {shown(name)} has no anchor", hint(name, self._anchors))
        value, size = self._anchors[name]
        self._count(event, size)
        self._put(event, value)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        if self._awaits_key():
            self._stop(event, "a key is a mapping or a list", "write the key as a text; quote ${…} and other braces")
        if len(self._open) >= DEPTH_MAX:
            self._stop(event, f"more than {DEPTH_MAX} levels (DEPTH_MAX)", "a scenario has about six")
        broken = self._refuse_tag(event)
        self._count(event, 1)
        value: Plain = {} if isinstance(event, yaml.MappingStartEvent) else []
        loc = self._put(event, value)
        if broken:
            self.document.broken.add(loc)
        self._open.append(_Open(loc, value, event.anchor, self._values))

    def _end(self) -> None:
        closed = self._open.pop()
        if closed.anchor is not None:
            self._anchors[closed.anchor] = (closed.value, self._values - closed.begun + 1)

    def _key(self, event: yaml.ScalarEvent) -> None:
        self._refuse_tag(event)
        self._count(event, 1)
        parent = self._open[-1]
        parent.key = event.value
        loc = (*parent.loc, event.value)
        parent.double = event.value in parent.value
        if parent.double:
            first = self.document.keys[loc]
            cause = f"the key {shown(event.value)} stands here a second time"
            self._error(event, cause, f"keep one; the first is in line {first.line}")
        else:
            self.document.keys.setdefault(loc, _mark(event))

    def _put(self, event: yaml.Event, value: Plain) -> Loc:
        if not self._open:
            self.document.data = value
            self.document.marks[()] = _mark(event)
            return ()
        parent = self._open[-1]
        if isinstance(parent.value, list):
            loc = (*parent.loc, len(parent.value))
            parent.value.append(value)
        else:
            assert parent.key is not None
            loc = (*parent.loc, parent.key)
            if not parent.double:
                parent.value[parent.key] = value
            parent.key = None
        self.document.marks.setdefault(loc, _mark(event))
        return loc

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> bool:
        if event.tag is None:
            return False
        shorter = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._error(event, f"the tag {shown(shorter)} is not taken", "write the plain value; quotes make a text")
        return True

    def _count(self, event: yaml.Event, values: int) -> None:
        self._values += values
        if self._values > VALUES_MAX:
            self._stop(event, f"more than {VALUES_MAX} values (VALUES_MAX), aliases counted", "write a shorter file")

    def _error(self, event: yaml.Event, cause: str, remedy: str) -> None:
        mark = _mark(event)
        self.document.errors.append(UserError(f"{self.document.label}:{mark.line}:{mark.column}", cause, remedy))

    def _stop(self, event: yaml.Event, cause: str, remedy: str) -> None:
        self._error(event, cause, remedy)
        raise ScenarioErrors(self.document.errors[-ERRORS_MAX:])


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read; `begun` is how many values there were when it began."""

    loc: Loc
    value: Plain
    anchor: str | None
    begun: int
    key: str | None = None
    double: bool = False


def _mark(event: yaml.Event) -> Mark:
    assert event.start_mark is not None
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _inside(data: Plain, step: str | int) -> Plain:
    if isinstance(data, dict):
        return data.get(step)
    if isinstance(data, list) and isinstance(step, int) and step < len(data):
        return data[step]
    return None


def _decoded(content: bytes, label: str) -> str:
    if not content.strip():
        raise ScenarioErrors([UserError(label, "the file is empty", EMPTY_REMEDY)])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        cause = f"byte {error.start + 1} is not UTF-8 text"
        raise ScenarioErrors([UserError(f"{label}:{line}", cause, "save the file as UTF-8; is it a text?")]) from error
    match = _UNPRINTABLE.search(text)
    if match is not None:
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - text.rfind("\n", 0, match.start())
        cause = f"the character U+{ord(match[0]):04X} does not belong into a text file"
        raise ScenarioErrors([UserError(f"{label}:{line}:{column}", cause, "remove it; is this a text file?")])
    return text


_SYNTAX_REMEDIES: Final = (
    ("cannot start any token", "indent with blanks, and quote a text that begins with a special sign"),
    ("mapping values are not allowed here", "quote a text that holds a colon, and check the indentation"),
    ("expected <block end>", "check the indentation of this line and of the one before it"),
    ("expected ',' or", "close the bracket or brace, or separate entries with a comma"),
    ("unexpected end of stream", "close the quote"),
    ("found duplicate anchor", "give each anchor a name of its own"),
)


def _syntax_error(error: yaml.MarkedYAMLError, label: str) -> UserError:
    mark = error.problem_mark or error.context_mark
    place = f"{label}:{mark.line + 1}:{mark.column + 1}" if mark else label
    problem = " ".join((error.problem or "it cannot be read").split())
    remedy = next((text for sign, text in _SYNTAX_REMEDIES if sign in problem), "correct the line")
    return UserError(place, f"this is not YAML: {problem}", remedy)


def _beside(path: Path) -> str:
    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    return hint(path.name, names) if names else "check the path"
