"""What this package refuses, and why.

SeatrialError
├── SettingError     a value from outside: where in the data, cause, remedy
├── GroupError       an administration group that cannot be
└── PolicyError      an operation on policies that cannot be
"""

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.errors import SeatrialError


class SettingError(SeatrialError):
    """A value is refused. `path` leads to it inside the data that was read, keys and list indices from the outside in.

    Who knows the file adds file, line and column; `cause` and `remedy` are ready to be shown.
    """

    def __init__(self, path: tuple[str | int, ...], cause: str, remedy: str) -> None:
        super().__init__(path, cause, remedy)
        self.path = path
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))
        return f"{where}: {self.cause}; {self.remedy}" if where else f"{self.cause}; {self.remedy}"


@contextmanager
def located(*prefix: str | int) -> Iterator[None]:
    """Puts `prefix` before the path of a SettingError raised inside."""
    try:
        yield
    except SettingError as error:
        raise SettingError((*prefix, *error.path), error.cause, error.remedy) from error


class GroupError(SeatrialError):
    """An administration group is not possible as given, told as `cause; remedy`."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


class PolicyError(SeatrialError):
    """An operation on policies is not possible, told as `cause; remedy`."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"
