"""Answers of a rule about a template: yes, no, or only each device can tell."""

from collections.abc import Iterable
from enum import IntEnum


class Answer(IntEnum):
    """What a rule says of an event class: YES and NO hold for every filling of its slots."""

    NO = 0
    DEPENDS = 1
    YES = 2


def of(value: bool) -> Answer:
    """The answer of something that has no slots."""
    return Answer.YES if value else Answer.NO


def all_of(answers: Iterable[Answer]) -> Answer:
    """The answer of criteria that are ANDed."""
    return min(answers, default=Answer.YES)


def any_of(answers: Iterable[Answer]) -> Answer:
    """The answer of a list of rules, of which one is enough."""
    return max(answers, default=Answer.NO)
