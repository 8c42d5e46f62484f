"""Conditions: what an expectation says a figure is, such as `0`, `> 0`, `10..20` or `>= 90 %`."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64
from scenarios.problems import LocatedError, shown
from scenarios.source import Plain

TEXT_MAX: Final = 60
"""Characters of a condition."""
SHARE_MAX: Final = 1_000
"""Per cent: more than ten times the whole is a slip. It also keeps the products of a comparison in 64 bits."""
RANGE: Final = ".."

_NUMBER: Final = r"([0-9]{1,15}(?:\.[0-9]{1,3})?)"
_COMPARISON: Final = re.compile(rf"(==|!=|<=|>=|<|>)?\s*{_NUMBER}\s*(%)?")
_RANGE: Final = re.compile(rf"{_NUMBER}\s*\.\.\s*{_NUMBER}\s*(%)?")
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

    def holds(self, part: int, whole: int) -> bool:
        """Whether `part` fulfils it, for a share as `part` of `whole`. A share of nothing fulfils no condition."""
        if not self.share:
            return bool(self._compared(part * 1000, 1))
        return whole != 0 and bool(self._compared(part * 100_000, whole))

    def holds_all(self, parts: I64, wholes: I64) -> NDArray[np.bool_]:
        """`holds` for columns of int64."""
        if not self.share:
            return np.asarray(self._compared(parts * 1000, np.int64(1)), np.bool_)
        return np.asarray(self._compared(parts * 100_000, wholes) & (wholes != 0), np.bool_)

    def cannot_fail(self) -> bool:
        """True where every count fulfils it."""
        return self.comparison == ">=" and self.low == 0

    def _compared(self, part: Any, whole: Any) -> Any:  # numbers or columns
        if self.comparison == RANGE:
            return (part >= self.low * whole) & (part <= self.high * whole)
        return _COMPARE[self.comparison](part, self.low * whole)


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
