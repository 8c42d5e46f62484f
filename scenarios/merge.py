"""Merging: one document over another, with every value keeping the file, line and column that it came from."""

from dataclasses import replace
from typing import Final

from scenarios.problems import Loc
from scenarios.source import Document, Mark, Plain

NAMED: Final[frozenset[Loc]] = frozenset({("fleet", "blocks"), ("sites",), ("policies",), ("timeline",), ("expect",)})
"""The lists whose entries are merged by `name`; any other list is replaced as a whole."""


def merged(base: Document, over: Document) -> Document:
    """`over` laid over `base`: maps by key, the lists of NAMED by name, anything else replaced.

    What `base` has keeps its order; what is new comes after it. A key that `over` gives nothing (`~`) is taken away.
    An entry without a name is new, and so is a second one of the same name, so that it is told as a mistake.
    """
    merge = _Merge(base, over)
    merge.result.data = merge.laid(base.data, over.data, (), (), ())
    return merge.result


class _Merge:
    """Two documents on their way to one. Each value has three places: in `base`, in `over` and in the result."""

    def __init__(self, base: Document, over: Document) -> None:
        self._base = base
        self._over = over
        self.result = Document(over.label, None, errors=[*base.errors, *over.errors])
        self.result.folders = {**over.folders, **base.folders}

    def laid(self, base: Plain, over: Plain, base_loc: Loc, over_loc: Loc, loc: Loc) -> Plain:
        """The value at `loc` of the result."""
        if isinstance(base, dict) and isinstance(over, dict):
            self._note(self._over, over_loc, loc)
            return self._by_key(base, over, base_loc, over_loc, loc)
        if loc in NAMED and isinstance(base, list) and isinstance(over, list):
            self._note(self._over, over_loc, loc)
            return self._by_name(base, over, base_loc, over_loc, loc)
        return self._taken(self._over, over, over_loc, loc)

    def _by_key(self, base: Plain, over: Plain, base_loc: Loc, over_loc: Loc, loc: Loc) -> Plain:
        result = {}
        for key, value in base.items():
            if key not in over:
                result[key] = self._taken(self._base, value, (*base_loc, key), (*loc, key))
            elif over[key] is not None:
                result[key] = self.laid(value, over[key], (*base_loc, key), (*over_loc, key), (*loc, key))
        for key, value in over.items():
            if key not in base and value is not None:
                result[key] = self._taken(self._over, value, (*over_loc, key), (*loc, key))
        return result

    def _by_name(self, base: Plain, over: Plain, base_loc: Loc, over_loc: Loc, loc: Loc) -> Plain:
        places: dict[str, int] = {}
        for index, entry in enumerate(base):
            name = _name(entry)
            if name is not None:
                places.setdefault(name, index)
        changes = {}  # entries of `over`, by the index of the entry of `base` that they change
        added = []
        for index, entry in enumerate(over):
            place = places.pop(_name(entry) or "", None)
            if place is None:
                added.append(index)
            else:
                changes[place] = index
        result: list[Plain] = []
        for index, entry in enumerate(base):
            here: Loc = (*loc, len(result))
            if index in changes:
                change = changes[index]
                result.append(self.laid(entry, over[change], (*base_loc, index), (*over_loc, change), here))
            else:
                result.append(self._taken(self._base, entry, (*base_loc, index), here))
        for index in added:
            result.append(self._taken(self._over, over[index], (*over_loc, index), (*loc, len(result))))
        return result

    def _taken(self, document: Document, value: Plain, from_loc: Loc, loc: Loc) -> Plain:
        """A value of one document as it is, with the places of all that is in it."""
        self._note(document, from_loc, loc)
        inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, part in inner:
            self._taken(document, part, (*from_loc, step), (*loc, step))
        return value

    def _note(self, document: Document, from_loc: Loc, loc: Loc) -> None:
        for marks, own in ((self.result.marks, document.marks), (self.result.keys, document.keys)):
            mark = own.get(from_loc)
            if mark is not None:
                marks[loc] = _filed(mark, document.label)
        if from_loc in document.broken:
            self.result.broken.add(loc)


def _filed(mark: Mark, label: str) -> Mark:
    return mark if mark.file else replace(mark, file=label)


def _name(entry: Plain) -> str | None:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) and name else None
