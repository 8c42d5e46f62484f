"""Profiles: what an implementation claims to be good for, from a file, over what it claims itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from conformance.registry import Registry
from scenarios.fields import Model
from scenarios.problems import hint
from scenarios.source import parse, read_file
from scenarios.validation import Checker


class _File(Model):
    """A profile: capabilities, each claimed or not."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = ""
    claims: dict[str, bool]


def read_profile(path: Path, registry: Registry, claims: frozenset[str]) -> Mapping[str, bool]:
    """What the profile of a file claims and does not claim.

    Raises ScenarioErrors, with the place, for a capability that no check needs and that nobody claims.
    """
    checker = Checker(parse(read_file(path, str(path)), str(path)))
    file = checker.model(_File, checker.document.data, ())
    known = sorted(claims | {need for check in registry.checks for need in check.needs})
    for name in {} if file is None else file.claims:
        if name not in known:
            checker.error(("claims", name), f"no check asks for the capability {name!r}", hint(name, known), key=True)
    checker.finish()
    assert file is not None
    return file.claims


def applied(claims: frozenset[str], profile: Mapping[str, bool]) -> frozenset[str]:
    """The claims that hold under a profile."""
    return (claims - {name for name, claimed in profile.items() if not claimed}) | {
        name for name, claimed in profile.items() if claimed
    }
