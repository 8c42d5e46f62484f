"""Cases of expectations, put to the judging code as it is and with a fault planted into it."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any

import pyarrow as pa
import pytest

from emulator.ports import Port
from emulator.telemetry.tally import TallyResult
from emulator.telemetry.watch import WatchResult
from scenarios.model import Scenario
from scenarios.observation import Stored
from scenarios.verdicts import evaluate
from tests.scenarios.made import loaded

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Case:
    """What the file says, of which tables, and what should come of it: passes, seen, counter-examples."""

    says: dict[str, Any]
    passes: bool
    seen: str
    examples: tuple[tuple[Any, ...], ...] = ()
    tables: Tables | None = None
    watched: Mapping[str, WatchResult] = field(default_factory=dict)
    tallied: Mapping[str, TallyResult] = field(default_factory=dict)
    stored: Mapping[Port, Stored | None] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(f"{key}={value}" for key, value in self.says.items())


def made(case: Case, **sections: Any) -> Scenario:
    return loaded(expect=[{"name": "check", **case.says}], **sections)


def answer(case: Case, scenario: Scenario, tables: Tables) -> tuple[Any, ...]:
    chosen = tables if case.tables is None else case.tables
    verdict = evaluate(
        scenario.expectations[0],
        chosen,
        scenario.fleet,
        watched=case.watched,
        tallied=case.tallied,
        stored=case.stored,
    )
    examples = tuple(
        (example.device, example.what, example.seen, example.permitted, example.at_ms)
        for example in verdict.counter_examples
    )
    return verdict.verdict == "pass", verdict.seen, examples


def answers(cases: Sequence[Case], scenarios: Sequence[Scenario], tables: Tables) -> list[Any]:
    """What comes of every case; a planted fault may as well crash, which is seen too."""
    found: list[Any] = []
    for case, scenario in zip(cases, scenarios, strict=True):
        try:
            found.append(answer(case, scenario, tables))
        except Exception as error:
            found.append(type(error))
    return found


def plant(module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes one piece of a module's source, wherever its functions have been imported to."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"the planted fault has not one piece to change: {old}"
    copy = ModuleType("planted")
    monkeypatch.setitem(sys.modules, "planted", copy)
    exec(compile(source.replace(old, new), "planted", "exec"), copy.__dict__)
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__:
            if isinstance(value, type):
                for attribute, part in vars(value).items():
                    _replace(_function(part), _function(vars(getattr(copy, name)).get(attribute)), monkeypatch)
            else:
                _replace(_function(value), _function(getattr(copy, name)), monkeypatch)
        elif isinstance(value, dict | int | str) and not name.startswith("__"):
            monkeypatch.setattr(module, name, getattr(copy, name))


def _function(value: Any) -> Callable[..., Any] | None:
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(value) if callable(value) else value
    return value if isinstance(value, FunctionType) else None


def _replace(old: Callable[..., Any] | None, new: Callable[..., Any] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if old is not None and new is not None and old.__code__.co_filename.endswith(".py"):
        monkeypatch.setattr(old, "__code__", new.__code__)
