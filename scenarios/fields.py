"""Kinds of fields of the scenario format: how plain data becomes a checked value, and its JSON Schema."""

import difflib
import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, TypeVar
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, Strict, WithJsonSchema
from pydantic_core import PydanticCustomError

from scenarios.problems import LocatedError, hint, shown
from scenarios.selectors import Selector, parse_selector
from scenarios.units import (
    DURATION,
    RATE,
    SHARE,
    SIZE,
    Dimension,
    duration_ms,
    duration_text,
    rate_bps,
    share_permille,
    size_bytes,
)

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

NAME_MAX: Final = 80
"""Characters of a name."""
TEXT_MAX: Final = 1_024
"""Characters of any other text."""
SITE_LATENCY_MAX_MS: Final = 60_000
"""The longest latency of a site; by way of a satellite it takes less than a second."""
LIST_MAX: Final = 10_000
"""Entries of one list."""
BLOCK_NAME: Final = r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38}[A-Za-z0-9])?"
SCENARIO_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}"
TAG: Final = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"
CLAUSE: Final = r"(KEA|PORT)-[A-Z]{3}-[0-9]{3}"
MD5: Final = r"[0-9a-f]{32}"
SHA256: Final = r"[0-9a-f]{64}"
SELECTOR_FORMAT: Final = "selector"
"""Marks a selector in the schema of a model; `scenarios.schema` puts in its place what a selector is."""


RECORD_FORMAT: Final = "record-{name}"
"""Marks a record of the emulator in the schema of a model, which describes it."""


class Model(BaseModel):
    """Base of the format's models: frozen, strict, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class Refers:
    """Marks a field whose value names something else: `kind` is server, policy, group, account, or a kind of file."""

    def __init__(self, kind: str) -> None:
        self.kind = kind


CUSTOM: Final = "seatrial"
"""The type of the errors that hold our own words, as pydantic collects them."""


def refused(error: LocatedError) -> PydanticCustomError:
    """A LocatedError in the form in which pydantic collects it, with the rest of the file's errors."""
    return PydanticCustomError(CUSTOM, "{cause}", {"cause": error.cause, "remedy": error.remedy, "loc": error.loc})


def reader(read: Callable[[Any], T]) -> Callable[[Any], T]:
    """The validator of a field that `read` reads, and which may raise LocatedError."""

    def validate(data: Any) -> T:  # whatever stands in the file
        try:
            return read(data)
        except LocatedError as error:
            raise refused(error) from error

    return validate


def _quantity_schema(dimension: Dimension) -> dict[str, Any]:
    units = "|".join(map(re.escape, dimension.units))
    return {
        "type": "string",
        "pattern": rf"^\s*[0-9]+(\.[0-9]+)?\s*({units})\s*$",
        "description": f"a {dimension.name} such as `{dimension.example}`; units: {', '.join(dimension.units)}",
    }


def _read_positive(data: object) -> int:
    value = duration_ms(data)
    if value == 0:
        raise LocatedError((), f"the duration {shown(data)} is nothing", "write more than 0")
    return value


def _read_delay(data: object) -> int:
    value = duration_ms(data)
    if value > SITE_LATENCY_MAX_MS:
        raise LocatedError((), f"no answer takes {shown(data)}", f"write at most {duration_text(SITE_LATENCY_MAX_MS)}")
    return value


def _read_rate(data: object) -> int:
    value = rate_bps(data)
    if value == 0:
        raise LocatedError((), f"the rate {shown(data)} is nothing", "write more than 0, or cut the site with `unplug`")
    return value


def _read_zone(data: object) -> str:
    if not isinstance(data, str) or data not in time_zones():
        near = difflib.get_close_matches(str(data)[:TEXT_MAX], time_zones(), n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "write one such as Europe/Berlin, or UTC"
        raise LocatedError((), f"there is no IANA time zone {shown(data)}", remedy)
    return data


@cache
def time_zones() -> tuple[str, ...]:
    """The names of the IANA time zones, sorted."""
    return tuple(sorted(available_timezones()))


def _read_latency(data: object) -> tuple[int, int]:
    if not isinstance(data, dict):
        latency = _read_positive(data)
        return latency, latency
    ends = data.get("between")
    if set(data) != {"between"} or not isinstance(ends, list) or len(ends) != 2:
        raise LocatedError((), "this is not a range of latencies", "write {between: [2s, 12s]}")
    first, last = map(_read_positive, ends)
    if first > last:
        raise LocatedError(("between",), "the range is empty", "write the smaller end first")
    return first, last


def _read_moment(data: object) -> datetime:
    example = "such as 2026-03-02T08:00:00+01:00, or with Z for UTC"
    if not isinstance(data, str):
        raise LocatedError((), f"{shown(data)} is not a date and time", f"write one {example}")
    try:
        moment = datetime.fromisoformat(data)
    except ValueError as error:
        raise LocatedError((), f"{shown(data)} is not a date and time", f"write one {example}") from error
    if moment.tzinfo is None:
        remedy = f"add the offset, {example}"
        raise LocatedError((), f"{shown(data)} does not say which offset from UTC it has", remedy)
    return moment


def _read_version(data: object) -> tuple[int, ...]:
    parts = data.split(".") if isinstance(data, str) and len(data) <= 40 else []
    if not parts or len(parts) > 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise LocatedError((), f"{shown(data)} is not a version", "write up to four numbers with dots, such as '3.16'")
    return tuple(map(int, parts))


def _read_selector(data: Any) -> Selector:
    return data if isinstance(data, Selector) else parse_selector(data)


def _matching(pattern: str, remedy: str) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def read(data: object) -> str:
        if not isinstance(data, str):
            raise LocatedError((), f"{shown(data)} is not a text", remedy)
        if not compiled.fullmatch(data):
            raise LocatedError((), f"{shown(data)} does not have the right form", remedy)
        return data

    return read


def one_of(names: Callable[[], tuple[str, ...]], what: str) -> Callable[[object], str]:
    """A reader that takes one of the names of `what` and hints at the nearest."""

    def read(data: object) -> str:
        known = names()
        if not isinstance(data, str) or data not in known:
            remedy = hint(data, known) if isinstance(data, str) else f"one of: {', '.join(known)}"
            raise LocatedError((), f"there is no {what} {shown(data)}", remedy)
        return data

    return read


def _form(pattern: str, remedy: str) -> BeforeValidator:
    return BeforeValidator(reader(_matching(pattern, remedy)))


def _form_schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


def names_of(names: Callable[[], tuple[str, ...]], what: str) -> BeforeValidator:
    """The validator of a field that takes one of `names`."""
    return BeforeValidator(reader(one_of(names, what)))


def member_of(members: type[E], what: str) -> BeforeValidator:
    """The validator of a field that takes the value of a member of an enumeration."""
    known = tuple(member.value for member in members)
    return BeforeValidator(reader(lambda data: members(one_of(lambda: known, what)(data))))


def enumeration(names: tuple[str, ...]) -> WithJsonSchema:
    """The schema of such a field."""
    return WithJsonSchema({"type": "string", "enum": list(names)})


Duration = Annotated[int, BeforeValidator(reader(duration_ms)), WithJsonSchema(_quantity_schema(DURATION))]
"""In milliseconds."""
Span = Annotated[int, BeforeValidator(reader(_read_positive)), WithJsonSchema(_quantity_schema(DURATION))]
"""A duration of more than nothing, in milliseconds."""
Delay = Annotated[int, BeforeValidator(reader(_read_delay)), WithJsonSchema(_quantity_schema(DURATION))]
"""What a network adds to an answer, in milliseconds."""
Rate = Annotated[int, BeforeValidator(reader(_read_rate)), WithJsonSchema(_quantity_schema(RATE))]
"""In bit/s, more than nothing."""
Zone = Annotated[
    str,
    BeforeValidator(reader(_read_zone)),
    WithJsonSchema({"type": "string", "description": "an IANA time zone such as `Europe/Berlin`"}),
]
"""The name of an IANA time zone."""
Latency = Annotated[
    tuple[int, int],
    PlainValidator(reader(_read_latency)),
    WithJsonSchema(
        {
            "anyOf": [
                _quantity_schema(DURATION),
                {
                    "type": "object",
                    "properties": {"between": {"type": "array", "items": _quantity_schema(DURATION), "minItems": 2}},
                    "required": ["between"],
                    "additionalProperties": False,
                },
            ]
        }
    ),
]
"""The first and the last of a range, in milliseconds; equal for a single one."""
Size = Annotated[int, BeforeValidator(reader(size_bytes)), WithJsonSchema(_quantity_schema(SIZE))]
"""In bytes."""
Share = Annotated[int, BeforeValidator(reader(share_permille)), WithJsonSchema(_quantity_schema(SHARE))]
"""In thousandths."""
Moment = Annotated[
    datetime, BeforeValidator(reader(_read_moment)), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An aware datetime."""
Text = Annotated[str, Field(max_length=TEXT_MAX)]
Title = Annotated[str, Field(min_length=1, max_length=NAME_MAX)]
"""A name in free words."""
BlockName = Annotated[str, _form(BLOCK_NAME, "use up to 40 letters, digits, `-` and `_`"), _form_schema(BLOCK_NAME)]
ScenarioName = Annotated[
    str, _form(SCENARIO_NAME, "use up to 80 letters, digits, `-`, `_` and `.`"), _form_schema(SCENARIO_NAME)
]
Tag = Annotated[str, _form(TAG, "use up to 40 letters, digits, `-` and `_`"), _form_schema(TAG)]
Clause = Annotated[str, _form(CLAUSE, "write the id of a requirement, such as KEA-TEL-008"), _form_schema(CLAUSE)]
Md5 = Annotated[str, _form(MD5, "write 32 hex digits in lower case"), _form_schema(MD5)]
Sha256 = Annotated[str, _form(SHA256, "write 64 hex digits in lower case"), _form_schema(SHA256)]
Version = Annotated[
    tuple[int, ...],
    PlainValidator(reader(_read_version)),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+){0,3}$"}),
]
"""The version of an application or a plug-in."""
Devices = Annotated[Selector, PlainValidator(reader(_read_selector)), WithJsonSchema({"format": SELECTOR_FORMAT})]
"""A selector."""
Many = Annotated[tuple[T, ...], Strict(False), Field(max_length=LIST_MAX)]
"""A list."""
