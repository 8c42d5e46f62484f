"""Conditions: what an expectation says a figure is, such as `0`, `> 0`, `10..20`, `>= 90 %` or `< 2s`."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64
from scenarios.problems import LocatedError, hint, shown
from scenarios.source import Plain
from scenarios.units import DURATION, duration_ms, duration_text

TEXT_MAX: Final = 60
"""Characters of a condition."""
SHARE_MAX: Final = 1_000
"""Per cent: more than ten times the whole is a slip. It also keeps the products of a comparison in 64 bits."""
ALL_OF_IT: Final = 100_000
"""100 % in thousandths."""
RANGE: Final = ".."

_OPERATOR: Final = r"(==|!=|<=|>=|<|>)"
_NUMBER: Final = r"([0-9]{1,15}(?:\.[0-9]{1,3})?)"
_COMPARISON: Final = re.compile(rf"{_OPERATOR}?\s*{_NUMBER}\s*(%)?")
_RANGE: Final = re.compile(rf"{_NUMBER}\s*\.\.\s*{_NUMBER}\s*(%)?")
_LIMIT: Final = re.compile(rf"{_OPERATOR}?\s*([^<>=!].*)")
_RELATIVE: Final = re.compile(rf"{_OPERATOR}\s*{_NUMBER}\s*x\s*mean\s*\((.+?)\.\.(.+)\)")
_SLOPE: Final = re.compile(rf"(<=|>=|<|>)\s*(-?){_NUMBER}\s*%\s*/\s*(s|min|h|d)")
_WATCHED: Final = re.compile(rf"([a-z_]+)\s*{_OPERATOR}\s*([0-9]{{1,15}})")
_REMEDY: Final = "write a number, a comparison such as '> 0' or '>= 90 %', or a range such as '10..20'"

# The functions of `operator` compare two numbers and, through numpy, two columns.
_COMPARE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a count with bounds in thousandths; `share` says that the bounds are per cent of another count.

    `comparison` is one of ``== != < <= > >= ..``; a range has both ends in it, the others have `low` and `high` equal.
    """

    comparison: str
    low: int
    high: int
    share: bool

    def __str__(self) -> str:
        unit = " %" if self.share else ""
        if self.comparison == RANGE:
            return f"{_decimal(self.low)}..{_decimal(self.high)}{unit}"
        return f"{'' if self.comparison == '==' else self.comparison + ' '}{_decimal(self.low)}{unit}"

    def holds(self, part: int | Fraction, whole: int) -> bool:
        """Whether `part` fulfils it, for a share as `part` of `whole`. A share of nothing fulfils no condition."""
        if not self.share:
            return bool(self._compared(part * 1000, 1))
        return whole != 0 and bool(self._compared(part * 100_000, whole))

    def holds_ratio(self, part: int, whole: int) -> bool:
        """Whether the number `part` / `whole`, such as a mean, fulfils it; not for a share."""
        return bool(self._compared(part * 1000, whole))

    def holds_all(self, parts: I64, wholes: I64) -> NDArray[np.bool_]:
        """`holds` for columns of int64."""
        if not self.share:
            return np.asarray(self._compared(parts * 1000, np.int64(1)), np.bool_)
        return np.asarray(self._compared(parts * 100_000, wholes) & (wholes != 0), np.bool_)

    def cannot_fail(self, *, whole: bool = False) -> bool:
        """True where every count fulfils it or, with `whole`, every share of something that is not more than all."""
        if whole and self.comparison == RANGE:
            return self.low == 0 and self.high >= ALL_OF_IT
        if whole and self.comparison in ("<=", "<", "!="):
            return self.high > ALL_OF_IT or (self.comparison == "<=" and self.high == ALL_OF_IT)
        return self.comparison == ">=" and self.low == 0

    def _compared(self, part: Any, whole: Any) -> Any:  # numbers or columns
        if self.comparison == RANGE:
            return (part >= self.low * whole) & (part <= self.high * whole)
        return _COMPARE[self.comparison](part, self.low * whole)


@dataclass(frozen=True, slots=True)
class Limit:
    """A comparison of a time with a duration, or with both ends of a range."""

    comparison: str
    low_ms: int
    high_ms: int

    def __str__(self) -> str:
        if self.comparison == RANGE:
            return f"{duration_text(self.low_ms)}..{duration_text(self.high_ms)}"
        return f"{'' if self.comparison == '==' else self.comparison + ' '}{duration_text(self.low_ms)}"

    def holds_ratio(self, part_us: int, whole: int) -> bool:
        """Whether the time `part_us` / `whole` fulfils it."""
        if self.comparison == RANGE:
            return self.low_ms * 1000 * whole <= part_us <= self.high_ms * 1000 * whole
        return bool(_COMPARE[self.comparison](part_us, self.low_ms * 1000 * whole))

    def cannot_fail(self) -> bool:
        """True where every time fulfils it."""
        return self.comparison == ">=" and self.low_ms == 0


@dataclass(frozen=True, slots=True)
class Relative:
    """A comparison of a figure with `factor` thousandths of its mean between the moments `first` and `last`."""

    comparison: str
    factor: int
    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.comparison} {_decimal(self.factor)} x mean({self.first}..{self.last})"

    def holds(self, part: int, whole: int, mean_part: int, mean_whole: int) -> bool:
        """Whether `part` / `whole` fulfils it, where the mean is `mean_part` / `mean_whole`."""
        return bool(_COMPARE[self.comparison](part * 1000 * mean_whole, self.factor * mean_part * whole))

    def cannot_fail(self) -> bool:
        """True where every count fulfils it."""
        return self.comparison == ">=" and self.factor == 0


@dataclass(frozen=True, slots=True)
class Slope:
    """A comparison of a rise: `bound` thousandths of a per cent of the mean in every `per_ms`."""

    comparison: str
    bound: int
    per_ms: int
    unit: str

    def __str__(self) -> str:
        return f"{self.comparison} {_decimal(self.bound)} %/{self.unit}"

    def permille_percent(self, rise: Fraction) -> Fraction:
        """A rise, as a share of the mean in every millisecond, in the unit of `bound`."""
        return rise * self.per_ms * 100_000

    def holds(self, rise: Fraction) -> bool:
        """Whether a rise, as a share of the mean in every millisecond, fulfils it."""
        return bool(_COMPARE[self.comparison](self.permille_percent(rise), self.bound))

    def cannot_fail(self) -> bool:
        """False: a figure may fall and rise without end."""
        return False


@dataclass(frozen=True, slots=True)
class Watched:
    """A comparison of a figure of a device, which is watched while the run goes on."""

    figure: str
    comparison: str
    bound: int

    def __str__(self) -> str:
        return f"{self.figure} {self.comparison} {self.bound}"

    def cannot_fail(self) -> bool:
        """True where every count fulfils it."""
        return self.comparison == ">=" and self.bound == 0


WATCHED: Final = ("queued",)
"""The figures of a device that can be watched."""


def parse_limit(data: Plain) -> Limit:
    """A limit of time from plain data, such as `< 200ms` or `1s..5s`. Raises LocatedError."""
    text = _text(data)
    if RANGE in text:
        low, high = map(duration_ms, text.split(RANGE, 1))
        if low > high:
            raise LocatedError((), f"the range {shown(data)} is empty", "write the smaller end first")
        return Limit(RANGE, low, high)
    match = _LIMIT.fullmatch(text)
    if match is None:
        units = ", ".join(DURATION.units)
        raise LocatedError((), f"{shown(data)} is no limit of time", f"write one such as '< 2s'; units: {units}")
    bound = duration_ms(match[2])
    return Limit(match[1] or "==", bound, bound)


def parse_relative(data: Plain) -> Relative | None:
    """A relative condition from plain data, such as `<= 5 x mean(warm..down)`; None where it is not one."""
    match = _RELATIVE.fullmatch(_text(data))
    return Relative(match[1], _thousandths(match[2]), match[3].strip(), match[4].strip()) if match else None


def parse_slope(data: Plain) -> Slope:
    """A slope from plain data, such as `< 5 %/min`. Raises LocatedError."""
    match = _SLOPE.fullmatch(_text(data))
    if match is None:
        raise LocatedError((), f"{shown(data)} is no slope", "write one such as '< 5 %/min'")
    bound = _thousandths(match[3]) * (-1 if match[2] else 1)
    return Slope(match[1], bound, DURATION.units[match[4]], match[4])


def parse_watched(data: Plain) -> Watched:
    """A condition on a device that is watched, such as `queued == 0`. Raises LocatedError."""
    match = _WATCHED.fullmatch(_text(data))
    if match is None:
        raise LocatedError((), f"{shown(data)} is no condition on a device", "write one such as 'queued == 0'")
    if match[1] not in WATCHED:
        raise LocatedError((), f"{shown(match[1])} is not watched", hint(match[1], WATCHED))
    return Watched(match[1], match[2], int(match[3]))


def _text(data: Plain) -> str:
    return data.strip() if isinstance(data, str) and len(data) <= TEXT_MAX else ""


def parse_condition(data: Plain, *, share: bool) -> Condition:
    """A condition from plain data, in per cent where `share` is true and without it where not.

    Raises LocatedError.
    """
    condition = _parsed(data)
    if share and not condition.share:
        raise LocatedError((), f"{shown(data)} is compared with a share", "write it in per cent, such as '>= 90 %'")
    if condition.share and not share:
        raise LocatedError((), f"{shown(data)} is per cent of nothing", "add `of: FIGURE`, or leave the % out")
    if share and condition.high > SHARE_MAX * 1000:
        raise LocatedError((), f"{shown(data)} is far more than all", f"write at most {SHARE_MAX} %")
    return condition


def _parsed(data: Plain) -> Condition:
    text = str(data).strip() if isinstance(data, str | int | float) and not isinstance(data, bool) else ""
    if len(text) <= TEXT_MAX:
        match = _RANGE.fullmatch(text)
        if match:
            low, high = _thousandths(match[1]), _thousandths(match[2])
            if low > high:
                raise LocatedError((), f"the range {shown(data)} is empty", "write the smaller end first")
            return Condition(RANGE, low, high, share=match[3] is not None)
        match = _COMPARISON.fullmatch(text)
        if match:
            bound = _thousandths(match[2])
            return Condition(match[1] or "==", bound, bound, share=match[3] is not None)
    raise LocatedError((), f"{shown(data)} is not a condition", _REMEDY)


def _thousandths(number: str) -> int:
    return int(Decimal(number) * 1000)


def _decimal(thousandths: int) -> str:
    return f"{Decimal(thousandths) / 1000:f}"
