"""The registry: which checks judge which clause, and why a clause has none.

A file in `conformance/checks/` is all it takes to add checks. In it, a check is a function that carries `@clause`; its
one parameter, `agent` or `server`, says which of the two judges it belongs to. Two tables tell of clauses that no check
can judge: `UNTESTABLE` (why) and `OPERATOR_ONLY` (what a person does). `NEEDS` names what an agent
has to claim for the checks of the file.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeVar

from conformance import checks

F = TypeVar("F", bound=Callable[..., Any])

ATTRIBUTE: Final = "__clauses__"
"""Where a check carries its link."""
PREFIX: Final = "check_"
"""How a function in a file of checks is called, where it is one."""


class Judge(StrEnum):
    """Who is judged: an implementation of Endpoint Agent, or the servers."""

    AGENT = "agent"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Link:
    """What a check says of itself: the clauses that it judges, and what the subject has to claim for it.

    `random` tells that what it sees is drawn, so that another seed is another trial.
    """

    clauses: tuple[str, ...]
    needs: tuple[str, ...]
    random: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `id` is stable: the file and the name of its function; `place` is where it stands.

    One that `observes` tells a value that the documentation does not give, and judges nothing.
    """

    id: str
    area: str
    judge: Judge
    clauses: tuple[str, ...]
    needs: tuple[str, ...]
    random: bool
    observes: bool
    about: str
    place: str
    function: Callable[[Any], str | None]  # takes the subject of its judge; a text is a value that was observed


@dataclass(frozen=True, slots=True)
class Registry:
    """All checks in the order of their files, and the clauses that are told apart from them.

    `untestable` and `operator_only` have the reason of each clause; `unlinked` are functions that look like checks and
    carry no clause, `twice` clauses that two files tell of.
    """

    checks: tuple[Check, ...]
    untestable: Mapping[str, str]
    operator_only: Mapping[str, str]
    unlinked: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()

    def of(self, clause: str) -> tuple[Check, ...]:
        """The checks that judge a clause."""
        return tuple(check for check in self.checks if clause in check.clauses)

    @property
    def judged(self) -> frozenset[str]:
        """The clauses that some check judges, and does not only observe."""
        return frozenset(clause for check in self.checks if not check.observes for clause in check.clauses)

    @property
    def linked(self) -> frozenset[str]:
        """The clauses that some check names."""
        return frozenset(clause for check in self.checks for clause in check.clauses)


def clause(*ids: str, needs: Iterable[str] = (), random: bool = False) -> Callable[[F], F]:
    """Makes a function a check of the clauses `ids`; `needs` adds to what the file's checks need to be claimed.

    `random` says that what it sees is drawn from the seed, as the life of an image is.
    """

    def mark(function: F) -> F:
        setattr(function, ATTRIBUTE, Link(ids, tuple(needs), random))
        return function

    return mark


def link_of(function: object) -> Link | None:
    """The link that a function carries."""
    link = getattr(function, ATTRIBUTE, None)
    return link if isinstance(link, Link) else None


def judge_of(function: Callable[..., Any]) -> Judge:
    """The judge that a check belongs to, by its one parameter. Raises TypeError for another one."""
    names = list(inspect.signature(function).parameters)
    if len(names) != 1 or names[0] not in set(Judge):
        raise TypeError(f"{function.__qualname__} takes {names}; a check takes `agent` or `server`")
    return Judge(names[0])


@cache
def registry() -> Registry:
    """Everything in `conformance/checks/`."""
    names = sorted(found.name for found in pkgutil.iter_modules(checks.__path__))
    return read([importlib.import_module(f"{checks.__name__}.{name}") for name in names])


def read(modules: Iterable[ModuleType]) -> Registry:
    """The registry of some files of checks, in their order."""
    found: list[Check] = []
    untestable: dict[str, str] = {}
    operator_only: dict[str, str] = {}
    unlinked: list[str] = []
    twice: list[str] = []
    for module in modules:
        area = module.__name__.rpartition(".")[2].replace("_", "-")
        needs = tuple(getattr(module, "NEEDS", ()))
        own = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
        for function in filter(inspect.isfunction, own):
            link = link_of(function)
            if link is not None and link.clauses:
                found.append(_check(function, link, area, needs))
            elif link is not None or function.__name__.startswith(PREFIX):
                unlinked.append(f"{area}/{function.__name__}")
        for table, told in (("UNTESTABLE", untestable), ("OPERATOR_ONLY", operator_only)):
            own_table: Mapping[str, str] = getattr(module, table, {})
            twice += [name for name in own_table if name in told]
            told.update(own_table)
    return Registry(tuple(found), untestable, operator_only, tuple(unlinked), tuple(twice))


def _check(function: Callable[..., Any], link: Link, area: str, needs: tuple[str, ...]) -> Check:
    code = function.__code__
    name = function.__name__.removeprefix(PREFIX).replace("_", "-")
    about = (inspect.getdoc(function) or "").split("\n\n")[0]
    judge = judge_of(function)
    return Check(
        id=f"{area}/{name}",
        area=area,
        judge=judge,
        clauses=link.clauses,
        needs=(*(needs if judge is Judge.AGENT else ()), *link.needs),
        random=link.random,
        observes=inspect.signature(function).return_annotation in (str, "str"),
        about=" ".join(about.split()),
        place=f"{Path(code.co_filename).name}:{code.co_firstlineno}",
        function=function,
    )
