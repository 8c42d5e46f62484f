"""Errors of the emulator, by whose they are.

    SeatrialError
    ├── UserError        a mistake of the person using us: place, cause, remedy; exit code 2
    └── BooksError       the agents' own books do not balance: a bug of ours; exit code 3

A finding about the system under test is never an exception: it is a value that goes to the report.
"""


class SeatrialError(Exception):
    """Base of every error that Seatrial raises on purpose."""


class UserError(SeatrialError):
    """A mistake in the input, told as `place: cause; remedy`.

    `place` is what the user can open (``file:line:column: path``, an argument, a folder), `cause` what is wrong there,
    `remedy` what would be right.
    """

    def __init__(self, place: str, cause: str, remedy: str) -> None:
        super().__init__(place, cause, remedy)
        self.place = place
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.place}: {self.cause}; {self.remedy}"


class BooksError(SeatrialError):
    """The terms of the books of one target do not add up to what was generated: a fault of the emulator."""
