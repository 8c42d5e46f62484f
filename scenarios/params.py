"""Parameters of a scenario: `${name}` in its values, set from outside by `--set name=value`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from emulator.policy.settings import SECRET_KEYS
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.source import Document, Plain, scalar
from scenarios.units import DURATION, SHARE, Dimension, quantity

ENVIRONMENT: Final = "env:"
"""`${env:NAME}` is read from the environment when a backend is opened, in the options of a server only."""
PARAM_KEYS: Final = ("default", "min", "max", "unit", "about")
TEXT_MAX: Final = 1_024
"""Characters of a value after substitution."""

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter. `minimum` and `maximum` are in the base unit where `dimension` tells one."""

    name: str
    kind: str
    default: Value
    minimum: Value | None
    maximum: Value | None
    unit: str
    about: str
    dimension: Dimension | None = None

    def read(self, given: object) -> Value:
        """A value from outside, a text or a plain scalar, as this parameter takes it; raises LocatedError."""
        value = given
        if isinstance(given, str) and self.kind != "text":
            text = given.strip()
            if self.unit and text.endswith(self.unit):
                text = text.removesuffix(self.unit).rstrip()
            try:
                value = scalar(text)
            except ValueError as error:
                raise LocatedError((), str(error), self._remedy()) from error
        if self.kind == "text" and not isinstance(given, str):
            value = "true" if given is True else "false" if given is False else str(given)
        if self.dimension is not None:
            self._check_range(quantity(value, self.dimension), shown(given))
            return str(value)
        return self._checked(value, given)

    def _checked(self, value: object, given: object) -> Value:
        kind = _kind_of(value)
        if self.kind == "number" and kind == "whole number":
            kind = "number"
        if kind != self.kind or not isinstance(value, str | int | float):
            raise LocatedError((), f"{shown(given)} is not a {self.kind}", self._remedy())
        self._check_range(value, shown(given))
        return value

    def _check_range(self, value: Value, text: str) -> None:
        low, high = self.minimum, self.maximum
        below = low is not None and value < low  # type: ignore[operator]  # texts have no range, the others compare
        above = high is not None and value > high  # type: ignore[operator]  # as above
        if below or above:
            raise LocatedError((), f"{text} is out of range", self._remedy())

    def _remedy(self) -> str:
        bounds = [
            f"{word} {self._bound(bound)}"
            for word, bound in (("at least", self.minimum), ("at most", self.maximum))
            if bound is not None
        ]
        what = self.kind + (f" of {self.unit}" if self.unit and self.dimension is None else "")
        return f"`{self.name}` takes a {', '.join([what, *bounds])}; its default is {self.default}"

    def _bound(self, bound: Value) -> str:
        return f"{bound}{self.dimension.base}" if self.dimension is not None else str(bound)


def read_param(name: str, data: Plain) -> Param:
    """A declaration from plain data. Raises LocatedError with the place inside `data`."""
    if not _NAME.fullmatch(name):
        raise LocatedError((), f"{shown(name)} is not a name", "write a letter, then letters, digits, `-` and `_`")
    if not isinstance(data, dict):
        raise LocatedError((), f"{shown(data)} does not declare a parameter", "write `{default: …, about: …}`")
    for key in data:
        if key not in PARAM_KEYS:
            raise LocatedError((key,), f"unknown key {shown(key)}", hint(key, PARAM_KEYS))
    if "default" not in data:
        raise LocatedError((), "the key 'default' is missing", "give the value that holds without `--set`")
    default = data["default"]
    kind = _kind_of(default)
    dimension = None
    if kind == "text":
        dimension = next((found for found in (DURATION, SHARE) if _measures(default, found)), None)
        kind = dimension.name if dimension else kind
    if not kind:
        raise LocatedError(("default",), f"{shown(default)} is not a value", "write a text, a number, true or false")
    for key in ("unit", "about"):
        if not isinstance(data.get(key, ""), str):
            raise LocatedError((key,), f"{shown(data[key])} is not a text", "quote it")
    if dimension is not None and "unit" in data:
        raise LocatedError(("unit",), f"the default {shown(default)} has its unit", "leave `unit` out")
    bounds = {key: _bound(key, data, kind, dimension) for key in ("min", "max")}
    param = Param(
        name, kind, default, bounds["min"], bounds["max"], data.get("unit", ""), data.get("about", ""), dimension
    )
    try:
        param.read(default)
    except LocatedError as error:
        raise LocatedError(("default",), error.cause, error.remedy) from error
    return param


def _bound(key: str, data: dict[str, Plain], kind: str, dimension: Dimension | None) -> Value | None:
    if key not in data:
        return None
    value = data[key]
    if kind in ("text", "flag"):
        raise LocatedError((key,), f"a {kind} has no {key}", "leave it out")
    if dimension is not None:
        try:
            return quantity(value, dimension)
        except LocatedError as error:
            raise LocatedError((key,), error.cause, error.remedy) from error
    if _kind_of(value) not in ("whole number", kind) or not isinstance(value, int | float):
        raise LocatedError((key,), f"{shown(value)} is not a {kind}", "write it like the default")
    return value


def _measures(text: str, dimension: Dimension) -> bool:
    try:
        quantity(text, dimension)
    except LocatedError:
        return False
    return True


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, int):
        return "whole number"
    if isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else ""


def is_hidden(loc: Loc) -> bool:
    """Whether the value at a place of a scenario may be a secret: an option of a server, or a secret setting."""
    return (len(loc) > 2 and loc[0] == "servers" and loc[2] == "options") or any(key in SECRET_KEYS for key in loc)


def hidden_params(data: Plain, loc: Loc = ()) -> frozenset[str]:
    """The parameters that stand where secrets may be, found before any of them has a value."""
    if isinstance(data, str):
        return frozenset(_REFERENCE.findall(data)) if is_hidden(loc) else frozenset()
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return frozenset(name for key, value in inner for name in hidden_params(value, (*loc, key)))


@dataclass(slots=True)
class Substitution:
    """Puts the values of parameters in place of `${name}`.

    A value that is one `${name}` and nothing else takes the parameter's type; in a longer text it is written out.
    `arguments` tells which parameters were set from outside, and by what. `used` collects the names that occur,
    `hidden` those that occur where secrets may be, `wrong` what cannot be done.
    """

    values: Mapping[str, Value]
    arguments: Mapping[str, str]
    used: set[str] = field(default_factory=set)
    hidden: set[str] = field(default_factory=set)
    wrong: list[LocatedError] = field(default_factory=list)

    def apply(self, document: Document) -> None:
        """Substitutes everywhere in the document; values that came from outside are noted in its `arguments`."""
        document.data = self._filled(document, document.data, ())

    def _filled(self, document: Document, data: Plain, loc: Loc) -> Plain:
        if isinstance(data, dict):
            return {key: self._filled(document, value, (*loc, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [self._filled(document, value, (*loc, index)) for index, value in enumerate(data)]
        if not isinstance(data, str) or "${" not in data:
            return data
        try:
            value, outside = self._value(data, loc)
        except LocatedError as error:
            self.wrong.append(error)
            return data
        if outside is not None:
            document.arguments[loc] = outside
        return value

    def _value(self, text: str, loc: Loc) -> tuple[Value, str | None]:
        if loc[0] == "params":
            raise LocatedError(loc, "a parameter refers to a parameter", "write the value out")
        names = _REFERENCE.findall(text)
        if text.count("${") > len(names):
            raise LocatedError(loc, f"{shown(text)} has a `${{` without its `}}`", "write ${name}")
        outside = None
        for name in names:
            if name in self.values:
                self.used.add(name)
                if is_hidden(loc):
                    self.hidden.add(name)
                outside = outside or self.arguments.get(name)
            elif not name.startswith(ENVIRONMENT):
                raise LocatedError(loc, f"there is no parameter {shown(name)}", hint(name, self.values))
            elif loc[0] != "servers":
                raise LocatedError(loc, f"${{{name}}} stands outside `servers`", "use a parameter, set by --set")
        whole = _REFERENCE.fullmatch(text)
        if whole and whole[1] in self.values:
            return self.values[whole[1]], outside
        filled = _REFERENCE.sub(self._written, text)
        if len(filled) > TEXT_MAX:
            raise LocatedError(loc, "the text is too long with its parameters", f"use at most {TEXT_MAX} characters")
        return filled, outside

    def _written(self, match: re.Match[str]) -> str:
        value = self.values.get(match[1], match[0])
        return str(value).lower() if isinstance(value, bool) else str(value)


def _replaced(data: Plain, loc: Loc, value: Plain) -> Plain:
    # What lies on the way is copied, since aliases share it.
    if not loc:
        return value
    head, *rest = loc
    if isinstance(data, list):
        assert isinstance(head, int)
        entries = list(data)
        entries[head] = _replaced(entries[head], tuple(rest), value)
        return entries
    inner = data.get(head) if isinstance(data, dict) else None
    return {**(data or {}), head: _replaced(inner, tuple(rest), value)}


def set_path(document: Document, path: str, value: Plain, argument: str) -> None:
    """Sets what a dotted path leads to, as in `fleet.blocks.office.count`; entries of lists go by name or number.

    A last key that is not there is added. Raises LocatedError, with an empty place, for a path that leads nowhere.
    """
    loc: list[str | int] = []
    here = document.data
    for part in path.split("."):
        if isinstance(here, list):
            step = _entry(here, part)
            if step is None:
                names = [entry["name"] for entry in here if isinstance(entry, dict) and "name" in entry]
                where = document.path(tuple(loc))
                raise LocatedError((), f"`{where}` has no entry {shown(part)}", hint(part, map(str, names)))
            loc.append(step)
            here = here[step]
        elif isinstance(here, dict) or here is None:
            loc.append(part)
            here = here.get(part) if here is not None else None
        else:
            raise LocatedError((), f"`{document.path(tuple(loc))}` is a single value", "set it, not a part of it")
    document.data = _replaced(document.data, tuple(loc), value)
    document.arguments[tuple(loc)] = argument


def _entry(entries: list[Plain], part: str) -> int | None:
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get("name") == part:
            return index
    return int(part) if part.isascii() and part.isdigit() and len(part) < 6 and int(part) < len(entries) else None
