"""Seeded defects: what is planted in the reference for the length of a trial, to see which check notices.

A file in `conformance/defects/` is all it takes to add some. A defect is a function that carries `@defect` and plants
one small fault with what it is given: a change of settings or profile, a hook on a step, or another answer.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any, Final, TypeVar
from unittest import mock

from conformance import defects
from emulator.policy.settings import AgentSettings
from emulator.telemetry import profiles
from emulator.telemetry.profiles import Profile, Profiles

ATTRIBUTE: Final = "__defect__"


class Plant:
    """Puts things in the place of others, until the trial is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def replace(self, owner: object, name: str, value: object) -> None:
        """Puts `value` where `owner` has `name`. Raises AttributeError where it has no such thing."""
        self._stack.enter_context(mock.patch.object(owner, name, value))

    def around(self, owner: object, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Puts what `make` makes of a function in its place."""
        self.replace(owner, name, make(getattr(owner, name)))

    def settings(self, change: Callable[[AgentSettings], AgentSettings]) -> None:
        """Has Endpoint Agent follow other settings than those it was given."""
        self.around(Profiles, "index", lambda true: lambda self, settings: true(self, change(settings)))

    def profile(self, change: Callable[[Profile], Profile]) -> None:
        """Has Endpoint Agent work with other numbers than its settings come to."""
        self.around(profiles, "compile_profile", lambda true: lambda *given: change(true(*given)))


F = TypeVar("F", bound=Callable[[Plant], None])


@dataclass(frozen=True, slots=True)
class Defect:
    """One seeded defect: a name, the clause that it breaks, what it does in a few words, and what plants it."""

    name: str
    clause: str
    about: str
    plant: Callable[[Plant], None]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """The reference is broken inside."""
        with ExitStack() as stack:
            self.plant(Plant(stack))
            yield


def defect(clause: str, about: str) -> Callable[[F], F]:
    """Makes a function a defect that breaks `clause`; its name is the function's."""

    def mark(function: F) -> F:
        name = function.__name__.replace("_", "-")
        setattr(function, ATTRIBUTE, Defect(name, clause, about, function))
        return function

    return mark


@cache
def planted_defects() -> tuple[Defect, ...]:
    """Everything in `conformance/defects/`, by the order of the files."""
    names = sorted(found.name for found in pkgutil.iter_modules(defects.__path__))
    return read_defects([importlib.import_module(f"{defects.__name__}.{name}") for name in names])


def read_defects(modules: Iterable[ModuleType]) -> tuple[Defect, ...]:
    """The defects of some files. Raises ValueError where two have one name."""
    found: dict[str, Defect] = {}
    for module in modules:
        for function in filter(inspect.isfunction, vars(module).values()):
            one = getattr(function, ATTRIBUTE, None)
            if isinstance(one, Defect) and function.__module__ == module.__name__:
                if one.name in found:
                    raise ValueError(f"two defects are called {one.name}")
                found[one.name] = one
    return tuple(found.values())
