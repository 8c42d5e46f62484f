"""Kinds of values: how untrusted plain data becomes a whole number, a duration, a size, a text, a choice or
a list.

The `read` of a kind is idempotent: what it returned, it takes again unchanged. That is how a record checks itself when
it is built from Python and not from a file.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

import re2

from emulator.policy.errors import SettingError, located

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

NUMBER_MAX: Final = 2**31 - 1
"""The largest number a setting takes: the emulator counts in 64 bits and multiplies settings by milliseconds."""
TEXT_MAX: Final = 1_024
"""Characters of one text."""
LIST_MAX: Final = 1_000
"""Entries of one list."""
SHOWN_MAX: Final = 60
"""Characters of a refused value that a message repeats."""
HINTS_MAX: Final = 20
"""Known names that a message lists."""

UNIT_MS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
UNIT_BYTES: Final = {"B": 1, "kB": 1_024, "MB": 1_048_576, "GB": 1_073_741_824}
_AMOUNT: Final = re2.compile(r"([0-9]{1,12}) ?([A-Za-z]{1,12})")


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """One kind of value. `read` turns plain data into it or raises SettingError with a path inside the data.

    The rest describes it for a schema and for the reference pages: `minimum` and `maximum` in `unit`, `range_clause`
    where the documentation gives the range (None: it is the emulator's), `choices` of a text, `items` of a list,
    `record` of a mapping.
    """

    name: str
    read: Callable[[object], T_co]
    minimum: int | None = None
    maximum: int | None = None
    unit: str = ""
    range_clause: str | None = None
    choices: tuple[str, ...] = ()
    items: "Kind[object] | None" = None
    record: type | None = None


def shown(value: object) -> str:
    """A refused value as a message shows it: short, whatever was given."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and value.bit_length() > 64:
        return "a number of more than 64 bits"
    if isinstance(value, (str, int)):
        text = value if isinstance(value, str) else str(value)
        text = text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "…"
        return repr(text) if isinstance(value, str) else text
    return f"a {type(value).__name__}"


def nearest(name: str, names: Iterable[str]) -> str:
    """The known name that looks most like `name`, as a hint for a remedy; a list of names where none does."""
    known = tuple(names)
    close = difflib.get_close_matches(name[:SHOWN_MAX], known, n=1)
    return f"did you mean {close[0]!r}?" if close else one_of(known)


def one_of(names: Iterable[str]) -> str:
    """A remedy that lists the known names."""
    known = tuple(names)
    return f"one of: {', '.join(known[:HINTS_MAX])}{', …' if len(known) > HINTS_MAX else ''}"


def flag() -> Kind[bool]:
    """True or false; texts such as `on` are not taken for one."""

    def read(data: object) -> bool:
        if isinstance(data, bool):
            return data
        raise SettingError((), f"{shown(data)} is not true or false", "write true or false")

    return Kind("boolean", read)


def whole(minimum: int, maximum: int = NUMBER_MAX, *, unit: str = "", range_clause: str | None = None) -> Kind[int]:
    """A whole number from `minimum` to `maximum`, in `unit`."""

    def read(data: object) -> int:
        return _ranged(data, minimum, maximum, unit, range_clause)

    return Kind("integer", read, minimum, maximum, unit, range_clause)


def duration(unit: str, minimum: int, maximum: int = NUMBER_MAX, *, range_clause: str | None = None) -> Kind[int]:
    """A duration in `unit`: a number of them, or a text with its own unit such as `30s`, which has to come out even."""

    def read(data: object) -> int:
        number = _converted(data, unit, UNIT_MS, "duration") if isinstance(data, str) else data
        return _ranged(number, minimum, maximum, unit, range_clause)

    return Kind("duration", read, minimum, maximum, unit, range_clause)


def size(unit: str, minimum: int, maximum: int = NUMBER_MAX) -> Kind[int]:
    """A size in `unit`: a number of them, or a text with its own unit such as `50MB`, which has to come out even."""

    def read(data: object) -> int:
        number = _converted(data, unit, UNIT_BYTES, "size") if isinstance(data, str) else data
        return _ranged(number, minimum, maximum, unit, None)

    return Kind("size", read, minimum, maximum, unit)


def verbatim(maximum: int = TEXT_MAX) -> Kind[str]:
    """A text of up to `maximum` characters that nothing is asked of; the empty one is one too."""

    def read(data: object) -> str:
        if not isinstance(data, str):
            raise SettingError(
                (), f"{shown(data)} is not a text", "write a text, in quotes where it looks like a number"
            )
        if len(data) > maximum:
            raise SettingError((), f"the text has {len(data)} characters", f"write at most {maximum}")
        return data

    return Kind("text", read, minimum=0, maximum=maximum, unit="characters")


def text() -> Kind[str]:
    """A text of 1 to TEXT_MAX characters without such as XML cannot hold."""

    def read(data: object) -> str:
        if not isinstance(data, str):
            raise SettingError(
                (), f"{shown(data)} is not a text", "write a text, in quotes where it looks like a number"
            )
        if not data:
            raise SettingError((), "the text is empty", "write a text, or leave the setting out")
        if len(data) > TEXT_MAX:
            raise SettingError((), f"the text has {len(data)} characters", f"write at most {TEXT_MAX}")
        for position, character in enumerate(data, 1):
            if not xml_can_hold(character):
                cause = f"character {position} is the control character U+{ord(character):04X}, which XML cannot hold"
                raise SettingError((), cause, "leave it out")
        return data

    return Kind("text", read, minimum=1, maximum=TEXT_MAX, unit="characters")


def choice(values: type[E]) -> Kind[E]:
    """One of the members of an enumeration of texts."""
    names = tuple(member.value for member in values)

    def read(data: object) -> E:
        return values(_one_of(data, names))

    return Kind("choice", read, choices=names)


def named(names: Iterable[str]) -> Kind[str]:
    """One of the given texts."""
    known = tuple(names)

    def read(data: object) -> str:
        return _one_of(data, known)

    return Kind("choice", read, choices=known)


def many(items: Kind[T], minimum: int = 0, maximum: int = LIST_MAX) -> Kind[tuple[T, ...]]:
    """A list of `minimum` to `maximum` values of one kind."""

    def read(data: object) -> tuple[T, ...]:
        if not isinstance(data, (list, tuple)):
            raise SettingError((), f"{shown(data)} is not a list", "write a list")
        if len(data) > maximum:
            raise SettingError((), f"the list has {len(data)} entries", f"write at most {maximum}")
        if len(data) < minimum:
            raise SettingError((), f"the list has {len(data)} entries", f"write at least {minimum}, or leave it out")
        values = []
        for index, entry in enumerate(data):
            with located(index):
                values.append(items.read(entry))
        return tuple(values)

    return Kind("list", read, minimum, maximum, unit="entries", items=items)


def xml_can_hold(character: str) -> bool:
    """True for the characters of XML 1.0."""
    code = ord(character)
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _one_of(data: object, names: tuple[str, ...]) -> str:
    if isinstance(data, str) and data in names:
        return data
    hint = nearest(data, names) if isinstance(data, str) else one_of(names)
    raise SettingError((), f"{shown(data)} is not known here", hint)


def _ranged(data: object, minimum: int, maximum: int, unit: str, clause: str | None) -> int:
    permitted = f"{minimum} or more" if maximum == NUMBER_MAX else f"from {minimum} to {maximum}"
    source = clause or "the emulator's range, the documentation gives none"
    remedy = f"write a whole number, {permitted}{f' {unit}' if unit else ''} ({source})"
    if not isinstance(data, int) or isinstance(data, bool):
        raise SettingError((), f"{shown(data)} is not a whole number", remedy)
    if not minimum <= data <= maximum:
        raise SettingError((), f"{shown(data)} is out of range", remedy)
    return data


def _converted(data: str, unit: str, units: Mapping[str, int], what: str) -> int:
    match = _AMOUNT.fullmatch(data[:SHOWN_MAX]) if data.isascii() else None
    if match is None:
        raise SettingError((), f"{shown(data)} is not a {what}", f"write a number and a unit, such as '30{unit}'")
    number, given = int(match[1]), match[2]
    if given not in units:
        of = "time" if what == "duration" else "size"
        raise SettingError((), f"{given!r} is not a unit of {of}", nearest(given, units))
    amount, rest = divmod(number * units[given], units[unit])
    if rest:
        raise SettingError((), f"{shown(data)} is not a whole number of {unit}", f"write a multiple of 1{unit}")
    return amount
