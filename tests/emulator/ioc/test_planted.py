"""The traps of the semantics, each as one case, and faults of a reader that must fall into them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import pytest

from emulator.ioc import Instance, Match, Scalar, condition, evaluate
from emulator.ioc import document as document_module
from emulator.ioc.document import Item, Question
from tests.emulator.ioc.documents import holds, indicator, item
from tests.emulator.ioc.makers import Maker, read

NAME = item("FileItem/FileName", "is", "a")
SIZE = item("FileItem/SizeInBytes", "is", "1", "int")
NOT_NAME = item("FileItem/FileName", "is", "a", negate="true")


@dataclass(frozen=True)
class Trap:
    name: str
    body: str
    files: tuple[Instance, ...]
    matches: bool


A: Instance = {"FileName": "a"}
B: Instance = {"FileName": "b"}
BOTH: Instance = {"FileName": ["b", "a"]}
ONE: Instance = {"SizeInBytes": 1}
FIVE: Instance = {"FileName": "5"}
UNREADABLE = item("FileItem/FileName", "is", "x", "int", negate="true")
UNSUPPORTED = item("FileItem/FileName", "isnot", "x")
TRAPS = (
    Trap("two files for one AND", indicator("AND", NAME, SIZE), (A, ONE), False),
    Trap("two files for an inner OR", indicator("AND", NAME, indicator("OR", SIZE)), (A, ONE), True),
    Trap("negation beside another file", indicator("OR", NOT_NAME), (A, B), True),
    Trap("negation of an absent field", indicator("OR", NOT_NAME), (ONE,), False),
    Trap("negation of one value of two", indicator("OR", NOT_NAME), (BOTH,), False),
    Trap("broken item, negated", indicator("OR", UNREADABLE), (FIVE,), False),
    Trap("unsupported item in an AND", indicator("AND", NAME, UNSUPPORTED), (A,), False),
)


def verdicts() -> list[bool]:
    return [holds("1.1", trap.body, *trap.files) for trap in TRAPS]


def untied(items: list[Item]) -> tuple[Question, ...]:
    return tuple(Question(one.item_type, (one,)) for one in items)


def absent_is_negated(self: condition.Condition, values: Sequence[Scalar]) -> bool:
    return any(self.test.holds(value) for value in values) is not self.negated


def any_other_value(self: condition.Condition, values: Sequence[Scalar]) -> bool:
    told = [verdict for value in values if (verdict := self.test.holds(value)) is not None]
    return any(verdict is not self.negated for verdict in told)


def test_every_trap_is_avoided() -> None:
    assert verdicts() == [trap.matches for trap in TRAPS]


FAULTS = [
    pytest.param(document_module, "_tied", untied, "two files for one AND", id="untied"),
    pytest.param(
        condition.Condition, "satisfied_by", absent_is_negated, "negation of an absent field", id="absent is negated"
    ),
    pytest.param(
        condition.Condition, "satisfied_by", any_other_value, "negation of one value of two", id="any other value"
    ),
]


@pytest.mark.parametrize(("owner", "name", "fault", "caught"), FAULTS)
def test_a_faulty_reader_falls_into_its_trap(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, fault: Callable[..., object], caught: str
) -> None:
    monkeypatch.setattr(owner, name, fault)
    fallen = [trap.name for trap, verdict in zip(TRAPS, verdicts(), strict=True) if verdict is not trap.matches]
    assert fallen == [caught]


@pytest.mark.parametrize(("owner", "name", "fault", "caught"), FAULTS)
def test_a_faulty_reader_shows_among_random_documents(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, fault: Callable[..., object], caught: str
) -> None:
    """The comparison with the plain reading tries a thousand of these, so a few in 600 are enough."""
    sound = random_verdicts()
    monkeypatch.setattr(owner, name, fault)
    assert sum(one != other for one, other in zip(sound, random_verdicts(), strict=True)) >= 8, caught


def random_verdicts() -> list[Match]:
    made = [Maker(Random(seed), 1 + seed % 4) for seed in range(600)]
    return [evaluate(read(*maker.document()), maker.device()) for maker in made]


def test_random_verdicts_go_both_ways() -> None:
    assert 100 < sum(verdict.matched for verdict in random_verdicts()) < 500
