"""Problems of a scenario: mistakes and warnings, collected with their places and told all in one go."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from emulator.errors import UserError

Loc = tuple[str | int, ...]
"""Where a value lies inside plain data: keys and list indices from the outside in."""

ERRORS_MAX: Final = 100
"""Mistakes of one scenario that are told; a file with more is most likely not a scenario at all."""
NAMES_SHOWN_MAX: Final = 12
"""Known names that a remedy lists where none of them looks like the one that was written."""
SHOWN_MAX: Final = 60
"""Characters of a wrong value that a message repeats."""


class ScenarioErrors(UserError):  # noqa: N818 - it holds several, and its name says so
    """All mistakes of one scenario; `errors` has a UserError for each, in the order of the file.

    `place`, `cause` and `remedy` are those of the first; as a text it is one line a mistake.
    """

    def __init__(self, errors: Iterable[UserError]) -> None:
        self.errors = tuple(errors)
        first = self.errors[0]
        super().__init__(first.place, first.cause, first.remedy)
        self.args = (self.errors,)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is allowed and yet looks like a mistake, told as `place: cause; remedy`."""

    place: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}; {self.remedy}"


class LocatedError(Exception):
    """A mistake found by code that knows the data but not the file: `loc` leads to it inside that data.

    Who knows the file catches it and adds file, line and column.
    """

    def __init__(self, loc: Loc, cause: str, remedy: str) -> None:
        super().__init__(loc, cause, remedy)
        self.loc = loc
        self.cause = cause
        self.remedy = remedy


def hint(name: str, names: Iterable[str]) -> str:
    """The known name that looks most like `name`, as a remedy; a list of the names where none does."""
    known = tuple(dict.fromkeys(map(str, names)))
    folded = {candidate.casefold(): candidate for candidate in reversed(known)}
    close = difflib.get_close_matches(name[:SHOWN_MAX].casefold(), folded, n=1)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    if not known:
        return "there is none to choose from"
    rest = len(known) - NAMES_SHOWN_MAX
    listed = ", ".join(one if one.isprintable() else shown(one) for one in known[:NAMES_SHOWN_MAX])
    return f"one of: {listed}{f' and {rest} more' if rest > 0 else ''}"


def shown(value: object) -> str:
    """A wrong value as a message shows it: short, on one line, whatever was given."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN_MAX else value[:SHOWN_MAX] + "…")
    if isinstance(value, int | float):
        return str(value)
    return f"a {type(value).__name__}"
