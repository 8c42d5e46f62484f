"""Administration groups: the tree of `Managed devices/HQ/Office` in which policies and devices have their place."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Final

from emulator.policy.errors import GroupError
from emulator.policy.kinds import shown

ROOT: Final = "Managed devices"
SEPARATOR: Final = "/"
DEPTH_MAX: Final = 64
"""Levels of groups, the root included."""
GROUPS_MAX: Final = 10_000
NAME_MAX: Final = 200
"""Characters of the name of one group."""


class GroupTree:
    """The administration groups of one Administration Server, each known by its path from the root.

    The root always exists. Iteration gives every path, parents before children, siblings by name.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._children: dict[str, set[str]] = {ROOT: set()}
        for path in paths:
            self.add(path)

    @classmethod
    def from_parents(cls, parents: Mapping[str, str]) -> "GroupTree":
        """The tree of a table `group -> its parent`, as another system exports it; top groups have the parent ROOT.

        Raises GroupError for a parent that is not in the table and for a cycle, which it names.
        """
        if len(parents) > GROUPS_MAX:
            raise GroupError(f"the table has {len(parents)} groups", f"give at most {GROUPS_MAX}")
        if ROOT in parents:
            raise GroupError(f"{ROOT!r} is given a parent", "leave the root out of the table")
        paths: dict[str, str] = {ROOT: ROOT}
        for start in parents:
            if SEPARATOR in start:
                raise GroupError(f"the group name {shown(start)} has a slash", "give names, not paths")
            line: dict[str, None] = {}
            name = start
            while name not in paths:
                if name in line:
                    cycle = [*list(line)[list(line).index(name) :], name]
                    raise GroupError(f"the groups {_arrows(cycle)} are a cycle", f"let one of them be under {ROOT!r}")
                if name not in parents:
                    child = list(line)[-1]
                    raise GroupError(f"the parent {shown(name)} of {shown(child)} is unknown", "add it to the table")
                if len(line) >= DEPTH_MAX:
                    raise GroupError(f"{shown(start)} lies deeper than {DEPTH_MAX} levels", "use fewer levels")
                line[name] = None
                name = parents[name]
            for child in reversed(line):
                paths[child] = paths[parents[child]] + SEPARATOR + child
        return cls(paths.values())

    def add(self, path: str) -> None:
        """Creates a group with the parents it needs; one that exists stays as it is (KEA-POL-016).

        Raises GroupError for a path that does not start at the root, an empty or overlong name, too many levels.
        """
        names = path.split(SEPARATOR)
        if names[0] != ROOT:
            raise GroupError(f"the group {shown(path)} is not under the root", f"let it start with {ROOT!r}")
        if len(names) > DEPTH_MAX:
            raise GroupError(f"the group has {len(names)} levels", f"use at most {DEPTH_MAX}")
        for name in names:
            _check_name(name)
        line = [SEPARATOR.join(names[:length]) for length in range(1, len(names) + 1)]
        missing = sum(place not in self._children for place in line)
        if len(self._children) + missing > GROUPS_MAX:
            raise GroupError(f"there are {len(self._children)} groups already", f"use at most {GROUPS_MAX}")
        for parent, child in pairwise(line):
            if child not in self._children:
                self._children[parent].add(child)
                self._children[child] = set()

    def __contains__(self, path: str) -> bool:
        return path in self._children

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[str]:
        yield ROOT
        yield from self.descendants(ROOT)

    def ancestors(self, path: str) -> tuple[str, ...]:
        """The groups above `path`, nearest first; empty for the root."""
        self._require(path)
        names = path.split(SEPARATOR)
        return tuple(SEPARATOR.join(names[:length]) for length in range(len(names) - 1, 0, -1))

    def descendants(self, path: str) -> tuple[str, ...]:
        """The groups below `path`, parents before children, siblings by name."""
        self._require(path)
        found = []
        waiting = sorted(self._children[path], reverse=True)
        while waiting:
            child = waiting.pop()
            found.append(child)
            waiting += sorted(self._children[child], reverse=True)
        return tuple(found)

    def contains(self, upper: str, lower: str) -> bool:
        """True where `lower` is `upper` or lies below it."""
        self._require(upper)
        self._require(lower)
        return lower == upper or lower.startswith(upper + SEPARATOR)

    def _require(self, path: str) -> None:
        if path not in self._children:
            raise GroupError(f"there is no group {shown(path)}", "create it first")


def _check_name(name: str) -> None:
    if not name or name != name.strip():
        raise GroupError(
            f"the group name {shown(name)} is empty or has blanks around it", "write names between slashes"
        )
    if len(name) > NAME_MAX:
        raise GroupError(f"a group name has {len(name)} characters", f"use at most {NAME_MAX}")
    if any(unicodedata.category(character).startswith("C") for character in name):
        raise GroupError(f"the group name {shown(name)} has a control character", "leave it out")


def _arrows(names: list[str]) -> str:
    return " -> ".join(shown(name) for name in names)
