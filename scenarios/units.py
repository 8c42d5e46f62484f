"""Quantities with units: durations, sizes and shares, read from text into exact integers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from scenarios.problems import LocatedError, shown

TEXT_MAX: Final = 40
"""Characters of a quantity: more digits than this mean nothing here."""
QUANTITY_MAX: Final = 2**53
"""The largest quantity in its base unit; above it, JSON readers begin to round."""

_QUANTITY: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([^\s0-9.][^\s]*)?")
_NEGATIVE: Final = re.compile(r"[-−]\s*[0-9.]")


@dataclass(frozen=True, slots=True)
class Dimension:
    """What is measured: its units with their size in the base unit, the smallest step, and a text that is right."""

    name: str
    units: Mapping[str, int]
    base: str
    step: str
    example: str


DURATION: Final = Dimension(
    "duration", {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}, "ms", "1ms", "28min"
)
SIZE: Final = Dimension(
    "size",
    {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30},
    "B",
    "1 B",
    "1 MB",
)
RATE: Final = Dimension(
    "rate",
    {"bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9},
    "bit/s",
    "1 bit/s",
    "10 Mbit/s",
)
SHARE: Final = Dimension("share", {"%": 10}, "1/1000", "0.1 %", "20 %")
FINE_SHARE: Final = Dimension("share", {"%": 1_000}, "1/100000", "0.001 %", "2 %")
"""For shares of a fleet: a thousandth of a million devices is still a thousand of them."""


def quantity(data: object, dimension: Dimension) -> int:
    """`data` in the base unit of `dimension`: milliseconds, bytes, per mille.

    A text is a number, which may have decimals, and a unit; blanks between them do not count. Raises LocatedError for
    a missing or wrong unit (with those that are permitted), a negative quantity, or one that does not come out whole.
    """
    permitted = ", ".join(dimension.units)
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        remedy = f"write a number and a unit ({permitted}), such as {dimension.example!r}"
        raise LocatedError((), f"{shown(data)} is not a {dimension.name}", remedy)
    text = str(data).strip()
    if _NEGATIVE.match(text):
        raise LocatedError((), f"the {dimension.name} {shown(data)} is negative", "write 0 or more")
    match = _QUANTITY.fullmatch(text) if len(text) <= TEXT_MAX and text.isascii() else None
    if match is None:
        remedy = f"write a number and a unit ({permitted}), such as {dimension.example!r}"
        raise LocatedError((), f"{shown(data)} is not a {dimension.name}", remedy)
    number, unit = match[1], match[2]
    if unit is None:
        remedy = f"add one of: {permitted}; such as {dimension.example!r}"
        raise LocatedError((), f"the {dimension.name} {shown(data)} has no unit", remedy)
    if unit not in dimension.units:
        raise LocatedError((), f"{shown(unit)} is not a unit of {dimension.name}", f"write one of: {permitted}")
    amount = Fraction(number) * dimension.units[unit]
    if amount.denominator != 1:
        remedy = f"write a multiple of {dimension.step}"
        raise LocatedError((), f"the {dimension.name} {shown(data)} is too fine", remedy)
    if amount > QUANTITY_MAX:
        raise LocatedError((), f"the {dimension.name} {shown(data)} is too large", "write a smaller one")
    return amount.numerator


def duration_ms(data: object) -> int:
    """A duration such as `28min`, `4h`, `30s`, `500ms` or `2 d`, in milliseconds."""
    return quantity(data, DURATION)


def size_bytes(data: object) -> int:
    """A size such as `1 MB` (a million bytes) or `1 MiB` (2^20), in bytes."""
    return quantity(data, SIZE)


def rate_bps(data: object) -> int:
    """A rate such as `10 Mbit/s` (ten million bits a second), in bit/s."""
    return quantity(data, RATE)


def rate_text(bps: int) -> str:
    """Bits a second in the largest unit that comes out whole, such as `10 Mbit/s`."""
    unit, factor = max(
        ((unit, factor) for unit, factor in RATE.units.items() if bps % factor == 0), key=lambda pair: pair[1]
    )
    return f"{bps // factor} {unit}"


def share_permille(data: object) -> int:
    """A share such as `20 %` or `0.5 %`, in thousandths; at most 1000."""
    permille = quantity(data, SHARE)
    if permille > 1000:
        raise LocatedError((), f"{shown(data)} is more than all", "write at most 100 %")
    return permille


def duration_text(at_ms: int) -> str:
    """Milliseconds as a reader likes them: the largest unit that comes out whole, such as `28min`."""
    for unit in ("d", "h", "min", "s"):
        factor = DURATION.units[unit]
        if at_ms and at_ms % factor == 0:
            return f"{at_ms // factor}{unit}"
    return f"{at_ms}ms" if at_ms else "0s"
