"""Exit codes of the command line."""

from collections.abc import Iterable, Mapping
from typing import Final


class ExitCode:
    """The exit codes; with several runs the order is 130, 2, 3, 1, 4."""

    OK: Final = 0
    FINDING: Final = 1
    USER: Final = 2
    HARNESS: Final = 3
    INVALID: Final = 4
    INTERRUPTED: Final = 130

    ORDER: Final = (INTERRUPTED, USER, HARNESS, FINDING, INVALID, OK)

    @classmethod
    def worst(cls, codes: Iterable[int]) -> int:
        """The code of several runs; that of a mistake where there are none."""
        return min(codes, key=cls.ORDER.index, default=cls.USER)


VERDICT_CODES: Final[Mapping[str, int]] = {
    "pass": ExitCode.OK,
    "unjudged": ExitCode.USER,
    "fail": ExitCode.FINDING,
    "invalid": ExitCode.INVALID,
    "error": ExitCode.HARNESS,
}
"""The code of a run that was not interrupted, by its verdict."""
