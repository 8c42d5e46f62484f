"""What checks say with: what the documentation permits, what was seen, and why nothing could be told.

    Finding          the subject does not do what the clause asks: a verdict, no error
    Unobservable     nobody could look: `unknown`
    NotClaimed       the subject does not claim it: `not-applicable`

Every helper names what is permitted first, so that a finding can be read without the check.
"""

from collections.abc import Collection, Mapping
from typing import TypeVar

T = TypeVar("T")


class Finding(Exception):  # noqa: N818 - a finding about the subject is no error
    """The subject does something that the documentation does not permit."""

    def __init__(self, permitted: str, seen: str) -> None:
        super().__init__(permitted, seen)
        self.permitted = permitted
        self.seen = seen

    def __str__(self) -> str:
        return f"permitted: {self.permitted}; seen: {self.seen}"


class Unobservable(Exception):  # noqa: N818 - the same
    """What would have to be seen, and is not offered."""


class NotClaimed(Exception):  # noqa: N818 - the same
    """What the subject does not claim to have."""


def holds(truth: bool, permitted: str, seen: object) -> None:
    """Raises Finding unless something is so."""
    if not truth:
        raise Finding(permitted, str(seen))


def equal(seen: object, wanted: object, permitted: str) -> None:
    """Raises Finding unless two values are equal."""
    holds(seen == wanted, f"{permitted}: {wanted}", seen)


def at_least(seen: int, least: int, permitted: str) -> None:
    """Raises Finding unless a number reaches `least`."""
    holds(seen >= least, f"{permitted}: at least {least}", seen)


def at_most(seen: int, most: int, permitted: str) -> None:
    """Raises Finding where a number is above `most`."""
    holds(seen <= most, f"{permitted}: at most {most}", seen)


def between(seen: int, least: int, most: int, permitted: str) -> None:
    """Raises Finding unless a number is in [least, most]."""
    holds(least <= seen <= most, f"{permitted}: from {least} to {most}", seen)


def one_of(seen: object, allowed: Mapping[T, str] | Collection[T], permitted: str) -> None:
    """Raises Finding unless a value is one of those that are allowed; a mapping says why each is."""
    told = [f"{value} ({allowed[value]})" for value in allowed] if isinstance(allowed, Mapping) else map(str, allowed)
    holds(seen in allowed, f"{permitted}: one of {', '.join(told)}", seen)


def contains(inside: Collection[object], wanted: object, permitted: str) -> None:
    """Raises Finding unless something is there."""
    holds(wanted in inside, f"{permitted}: {wanted}", ", ".join(map(str, inside)) or "nothing")


def refused(error: object, permitted: str, *, names: str, because: str) -> None:
    """Raises Finding unless something was refused for the right cause: `error` names the place and the reason.

    `error` is None where it was accepted.
    """
    told = "accepted" if error is None else str(error)
    right = error is not None and names in told and because in told
    holds(right, f"{permitted}: a refusal that names {names!r} and says {because!r}", told)
