"""Reads one value as the type it is compared as; None where it cannot be read so.

Outer white space is ignored for integers, dates and durations, on both sides of a comparison.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Final

from emulator.ioc.limits import NUMBER_LENGTH_MAX
from emulator.ioc.snapshot import Scalar

_INTEGER: Final = re.compile(r"[+-]?[0-9]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9A-Fa-f]+")
_DATE: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?Z",
)
_SECONDS: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_DURATION: Final = re.compile(
    r"P(?:([0-9]+)D)?(T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+(?:\.[0-9]+)?)S)?)?",
)
_DAY_S: Final = 86_400
_FIRST_DAY: Final = datetime(1, 1, 1, tzinfo=UTC)


def text_of(value: Scalar) -> str | None:
    """The text that a string comparison sees: decimal digits for a number, `true` or `false` for a boolean."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if isfinite(value) else None
    return str(value) if _is_short(value) else None


def integer_of(value: Scalar) -> int | None:
    """An integer, or the text of one: decimal digits with an optional sign, or `0x` and hexadecimal digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if len(text) > NUMBER_LENGTH_MAX:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    return None


def date_of(value: Scalar) -> int | None:
    """The text of a moment, `YYYY-MM-DDThh:mm:ssZ` with 0 to 6 digits of a fraction, as microseconds."""
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    fraction_us = int((found[7] or "0").ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, second, fraction_us, tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _FIRST_DAY) // timedelta(microseconds=1)


def duration_of(value: Scalar) -> Fraction | None:
    """Seconds: a number or the decimal text of one, or an ISO 8601 duration in days, hours, minutes and seconds."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(Decimal(repr(value))) if isfinite(value) else None
    text = value.strip()
    if len(text) > NUMBER_LENGTH_MAX:
        return None
    if _SECONDS.fullmatch(text):
        return Fraction(text)
    found = _DURATION.fullmatch(text)
    # `P` alone and a `T` with nothing after it name no duration.
    if found is None or text.endswith(("P", "T")):
        return None
    days, _, hours, minutes, seconds = found.groups()
    whole_s = int(days or 0) * _DAY_S + int(hours or 0) * 3_600 + int(minutes or 0) * 60
    return whole_s + Fraction(seconds or 0)


def _is_short(value: int) -> bool:
    # A decimal digit holds more than three bits, so this many bits take fewer digits than the bound.
    return value.bit_length() <= 3 * NUMBER_LENGTH_MAX
