"""Checks, catalogues and sessions that tests put together."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from conformance.agents import AgentUnderTest
from conformance.catalogue import Catalogue, read_catalogue
from conformance.nulls import Idle
from conformance.registry import Registry, read
from tests.conformance.test_catalogue import entry, written


def module(name: str, **contents: Any) -> ModuleType:
    """A file of checks with these contents; functions in it are taken for its own."""
    made = ModuleType(f"conformance.checks.{name}")
    for key, value in contents.items():
        if callable(value):
            value.__module__ = made.__name__
            value.__name__ = key
        setattr(made, key, value)
    return made


def registry(**checks: Callable[..., Any]) -> Registry:
    """The registry of one file `trial` with these checks."""
    return read([module("trial", **checks)])


def clauses(folder: Path, *entries: str) -> Catalogue:
    """A catalogue with these entries."""
    return read_catalogue([written(folder, *(entries or [entry(f"KEA-TRI-{number:03}") for number in range(1, 5)]))])


def nobody(*claims: str) -> AgentUnderTest:
    """An agent that does nothing, and claims this."""
    return AgentUnderTest("nobody", Idle, frozenset(claims))
