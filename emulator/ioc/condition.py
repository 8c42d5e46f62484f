"""Compares the values of one field with the Content of an IndicatorItem."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

import re2

from emulator.errors import SeatrialError
from emulator.ioc.limits import (
    PATTERN_LENGTH_MAX,
    PATTERN_MEMORY_MAX_BYTES,
    PATTERN_PROGRAM_MAX,
    TEXT_LENGTH_MAX,
    shown,
)
from emulator.ioc.snapshot import Scalar
from emulator.ioc.values import date_of, duration_of, integer_of, text_of

_CONDITIONS: Final = {
    "1.0": ("is", "isnot", "contains", "containsnot"),
    "1.1": ("is", "contains", "starts-with", "ends-with", "matches", "greater-than", "less-than"),
}
_NEGATIVES: Final = {"isnot": "is", "containsnot": "contains"}
_ORDERED_TYPES: Final = ("int", "date", "duration")
_ORDERINGS: Final = ("greater-than", "less-than")

_Ordered = int | Fraction
_Reader = Callable[[Scalar], _Ordered | None]


class UnsupportedError(SeatrialError):
    """An item cannot be evaluated; its text is the reason. Never leaves this package."""


class ValueTest(Protocol):
    """A positive condition on one value."""

    def holds(self, value: Scalar) -> bool | None:
        """Whether it holds; None where the value cannot be read as the compared type."""
        ...


class _Pattern(Protocol):
    """What of a compiled RE2 expression is used."""

    programsize: int

    def search(self, text: bytes) -> object | None: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """A test and whether it is negated."""

    test: ValueTest
    negated: bool

    def satisfied_by(self, values: Sequence[Scalar]) -> bool:
        """Whether the values of one field of one instance satisfy the condition.

        One value is enough for a positive condition. A negated one needs a readable value, and none that satisfies the
        positive condition. A field without a readable value satisfies neither.
        """
        readable = False
        for value in values:
            verdict = self.test.holds(value)
            if verdict:
                return not self.negated
            if verdict is not None:
                readable = True
        return readable and self.negated


def exact_text(condition: Condition) -> tuple[bool, str] | None:
    """The one text that satisfies a condition, with whether it is compared folded; None where others may."""
    test = condition.test
    if condition.negated or not isinstance(test, TextTest) or test.compare is not _equal:
        return None
    return test.folded, test.content


@dataclass(frozen=True, slots=True)
class TextTest:
    """Compares text; folded, where case does not count, on both sides."""

    compare: Callable[[str, str], bool]
    content: str
    folded: bool

    def holds(self, value: Scalar) -> bool | None:
        """Whether the comparison holds; None for a value that is no text."""
        text = text_of(value)
        if text is None:
            return None
        return self.compare(text.casefold() if self.folded else text, self.content)


@dataclass(frozen=True, slots=True)
class PatternTest:
    """Finds a regular expression anywhere in the text."""

    pattern: _Pattern

    def holds(self, value: Scalar) -> bool | None:
        """Whether the expression is found; None for a value that is no text."""
        text = text_of(value)
        if text is None:
            return None
        # Half of a surrogate pair, which JSON can carry, has no UTF-8 form.
        return self.pattern.search(text.encode("utf-8", "replace")) is not None


@dataclass(frozen=True, slots=True)
class WithinTest:
    """Asks for a number or a moment between two bounds, both included."""

    read: _Reader
    low: _Ordered
    high: _Ordered

    def holds(self, value: Scalar) -> bool | None:
        """Whether the value lies between the bounds; None where it cannot be read."""
        number = self.read(value)
        return None if number is None else self.low <= number <= self.high


@dataclass(frozen=True, slots=True)
class BeyondTest:
    """Asks for a number or a moment above or below a bound, which is excluded."""

    read: _Reader
    bound: _Ordered
    above: bool

    def holds(self, value: Scalar) -> bool | None:
        """Whether the value lies beyond the bound; None where it cannot be read."""
        number = self.read(value)
        if number is None:
            return None
        return number > self.bound if self.above else number < self.bound


_READERS: Final[dict[str, _Reader]] = {"int": integer_of, "date": date_of, "duration": duration_of}


def _equal(text: str, content: str) -> bool:
    return text == content


def _contains(text: str, content: str) -> bool:
    return content in text


_TEXT_COMPARISONS: Final[dict[str, Callable[[str, str], bool]]] = {
    "is": _equal,
    "contains": _contains,
    "starts-with": str.startswith,
    "ends-with": str.endswith,
}


def condition_of(
    version: str,
    name: str | None,
    *,
    content: str,
    content_type: str | None,
    negate: bool,
    preserve_case: bool,
) -> Condition:
    """The condition of an IndicatorItem.

    `version` is "1.0" or "1.1", `name` the attribute `condition`, `content_type` the attribute `type` of the Content.
    Raises UnsupportedError, with the reason, for whatever the agent does not evaluate (KEA-IOF-017 to KEA-IOF-023).
    """
    if name is None:
        raise UnsupportedError("it has no condition")
    if name not in _CONDITIONS[version]:
        raise UnsupportedError(f"condition {shown(name)} is not supported in OpenIOC {version}")
    if len(content) > TEXT_LENGTH_MAX:
        raise UnsupportedError(f"its Content has {len(content)} characters, and {TEXT_LENGTH_MAX} are the limit")
    positive = _NEGATIVES.get(name, name)
    negated = negate or name in _NEGATIVES
    data_type = (content_type or "").lower()
    if data_type in _ORDERED_TYPES:
        return Condition(_ordered_test(data_type, positive, content), negated)
    if positive in _ORDERINGS:
        raise UnsupportedError(f"condition {name} compares int, date and duration, not strings")
    if not content.strip():
        raise UnsupportedError("its Content is empty")
    if positive == "matches":
        return Condition(PatternTest(_compile(content, preserve_case=preserve_case)), negated)
    text = content if preserve_case else content.casefold()
    return Condition(TextTest(_TEXT_COMPARISONS[positive], text, folded=not preserve_case), negated)


def _ordered_test(data_type: str, name: str, content: str) -> ValueTest:
    """The test of an int, date or duration."""
    read = _READERS[data_type]
    if name != "is" and name not in _ORDERINGS:
        raise UnsupportedError(f"condition {name} does not compare the type {data_type}")
    ends = _ends(data_type, read, content)
    if name == "is":
        return WithinTest(read, ends[0], ends[-1])
    if len(ends) > 1:
        raise UnsupportedError(f"an interval goes with is and isnot, not with {name}")
    return BeyondTest(read, ends[0], above=name == "greater-than")


def _ends(data_type: str, read: _Reader, content: str) -> tuple[_Ordered, ...]:
    """The two ends of an interval, or one value."""
    text = content.strip()
    bracketed = text.startswith("[") and text.endswith("]")
    # Neither integers nor moments have white space inside, so words are enough.
    words = text[1:-1].split() if bracketed else text.split()
    if data_type != "duration" and len(words) == 3 and words[1] == "TO":
        low, high = read(words[0]), read(words[2])
        if low is None or high is None:
            raise UnsupportedError(f"an end of the interval {shown(text)} is not a value of type {data_type}")
        if low > high:
            raise UnsupportedError(f"the interval {shown(text)} ends before it begins")
        return low, high
    value = read(text)
    if value is None:
        raise UnsupportedError(f"its Content {shown(text)} is not a value of type {data_type}")
    return (value,)


def _compile(pattern: str, *, preserve_case: bool) -> _Pattern:
    """Compiles a regular expression of the RE2 dialect, within the limits of its length, memory and program."""
    if len(pattern) > PATTERN_LENGTH_MAX:
        raise UnsupportedError(f"its pattern has {len(pattern)} characters, and {PATTERN_LENGTH_MAX} are the limit")
    options = re2.Options()
    options.max_mem = PATTERN_MEMORY_MAX_BYTES
    options.case_sensitive = preserve_case
    options.never_capture = True
    options.log_errors = False
    try:
        compiled: _Pattern = re2.compile(pattern, options)
    except re2.error as error:
        raise UnsupportedError(f"its pattern {shown(pattern)} does not compile: {_told(error)}") from error
    if compiled.programsize > PATTERN_PROGRAM_MAX:
        raise UnsupportedError(f"its pattern {shown(pattern)} compiles to more than {PATTERN_PROGRAM_MAX} instructions")
    return compiled


def _told(error: Exception) -> str:
    """RE2's own words, which come as bytes."""
    words = error.args[0] if error.args else b""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
