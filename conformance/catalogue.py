"""The catalogue: what the documentation asks, a clause each, and beside it our own contract with servers.

`catalogue/*.yaml` holds the clauses of the documentation (`KEA-…`) in the catalogue's own words, `contract/*.yaml` ours
(`PORT-…`); the two are never counted together. Ids are for ever: a file is only added to at its end.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from emulator.errors import UserError
from scenarios.fields import CLAUSE, Many, Model
from scenarios.problems import ScenarioErrors, hint, shown
from scenarios.source import parse, read_file
from scenarios.validation import Checker

STATED_FOLDER: Final = Path(__file__).with_name("catalogue")
CONTRACT_FOLDER: Final = Path(__file__).with_name("contract")
DOCUMENTED, OURS = "KEA", "PORT"
UNKNOWN_VALUE: Final = "unknown-in-seed"
"""Stands for a value that the documentation at hand does not give."""
FINGERPRINT_LENGTH: Final = 8
"""Hexadecimal digits of a statement's hash: enough to tell two wordings of one clause apart."""

Kind = Literal["behaviour", "default", "range", "limit", "state", "event", "negative", "recommendation", "ui"]
Basis = Literal["stated", "derived"]
Party = Literal["agent", "administration-server", "central-node", "operator"]
MUST_KINDS: Final[frozenset[Kind]] = frozenset(("behaviour", "default", "range", "limit", "state", "event", "negative"))
"""Kinds of clauses that bind the software: recommendations bind the operator, `ui` tells where something is found."""

_Text = Annotated[str, Field(min_length=1, max_length=2_000)]
_Id = Annotated[str, Field(pattern=f"^{CLAUSE}$")]
_Scalar = str | int | float | bool


class _Value(Model):
    """The setting that a clause is about, with what the documentation says of it."""

    setting: _Text
    default: _Scalar | None = None
    min: _Scalar | None = None
    max: _Scalar | None = None
    allowed: Many[_Scalar] = ()
    unit: _Text | None = None
    event_code: int | None = None
    subject: _Text | None = None


class _Entry(Model):
    """One clause as it stands in a file."""

    id: _Id
    section: _Text
    statement: _Text
    kind: Kind
    basis: Basis
    os: Many[Literal["windows", "linux"]]
    linux: Literal["unknown"] | None = None
    value: _Value | Literal["unknown-in-seed"] | None = None
    observable: _Text
    party: Party
    depends_on: Many[_Id] = ()
    note: _Text | None = None


class _File(Model):
    """The clauses of one area."""

    area: Annotated[str, Field(pattern="^[a-z]+(-[a-z]+)*$")]
    title: _Text
    requirements: Annotated[Many[_Entry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Value:
    """The setting of a clause; what the documentation does not give is None, or empty."""

    setting: str
    default: str | int | float | bool | None
    min: str | int | float | bool | None
    max: str | int | float | bool | None
    allowed: tuple[str | int | float | bool, ...]
    unit: str | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause. `value` is None where the clause names no setting, or its value is not known (`value_unknown`)."""

    id: str
    area: str
    section: str
    statement: str
    kind: Kind
    basis: Basis
    os: tuple[str, ...]
    linux_unknown: bool
    value: Value | None
    value_unknown: bool
    observable: str
    party: Party
    depends_on: tuple[str, ...]
    note: str
    place: str

    @property
    def ours(self) -> bool:
        """True for a clause of our own contract, which is never counted with the documentation's."""
        return self.id.startswith(OURS)

    @property
    def stated(self) -> bool:
        """True where the source says it; else it is inferred from what it says."""
        return self.basis == "stated"

    @property
    def binds(self) -> bool:
        """True where the clause binds the software, as a MUST does."""
        return self.kind in MUST_KINDS

    @property
    def fingerprint(self) -> str:
        """Hash of the statement's words: it changes with them, so that a link to the clause is looked at again."""
        words = " ".join(self.statement.split())
        return hashlib.sha256(words.encode()).hexdigest()[:FINGERPRINT_LENGTH]


@dataclass(frozen=True, slots=True)
class Area:
    """The clauses of one area, in the order of their ids."""

    name: str
    title: str
    requirements: tuple[Requirement, ...]

    @property
    def ours(self) -> bool:
        """True for an area of our own contract."""
        return self.requirements[0].ours


class Catalogue:
    """All clauses, by area and by id."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self.areas = tuple(areas)
        self._by_id = {item.id: item for area in self.areas for item in area.requirements}

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, clause: object) -> bool:
        return clause in self._by_id

    def __getitem__(self, clause: str) -> Requirement:
        return self._by_id[clause]

    def find(self, clause: str, place: str) -> Requirement:
        """The clause that a user named at `place`. Raises UserError, with the nearest id, where there is none."""
        if clause not in self._by_id:
            raise UserError(place, f"there is no clause {shown(clause)}", hint(clause, self._by_id))
        return self._by_id[clause]


@cache
def catalogue() -> Catalogue:
    """The catalogue that ships: the documentation's clauses first, then our contract."""
    return read_catalogue([STATED_FOLDER, CONTRACT_FOLDER])


def read_catalogue(folders: Sequence[Path]) -> Catalogue:
    """The catalogue of the YAML files in some folders, by the order of the folders and of the files' names.

    Raises ScenarioErrors with the place of each mistake: an unknown or missing key, a value of another kind, an id that
    is taken, out of order or of another area's code, a dependency on a clause that there is not, or in a circle.
    """
    checkers: list[tuple[Checker, _File]] = []
    wrong: list[UserError] = []
    taken: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.yaml"))):
        label = f"{path.parent.name}/{path.name}"
        checker = Checker(parse(read_file(path, label), label))
        entry = checker.model(_File, checker.document.data, ())
        if entry is not None:
            _check_ids(checker, entry, path.stem, taken)
            checkers.append((checker, entry))
        wrong += _told(checker)
    if not wrong:
        known = {item.id: item.depends_on for _, file in checkers for item in file.requirements}
        for checker, file in checkers:
            _check_dependencies(checker, file, known)
            wrong += _told(checker)
    if wrong:
        raise ScenarioErrors(wrong)
    return Catalogue([_area(checker, file) for checker, file in checkers])


def _told(checker: Checker) -> Sequence[UserError]:
    try:
        checker.finish()
    except ScenarioErrors as errors:
        return errors.errors
    return ()


def _check_ids(checker: Checker, file: _File, stem: str, taken: dict[str, str]) -> None:
    """An id is unique for ever, of one code a file, and above the one before it."""
    if file.area != stem:
        checker.error(("area",), f"the area {shown(file.area)} is not the name of the file", f"write {stem}")
    code = file.requirements[0].id.rpartition("-")[0]
    last = 0
    for index, item in enumerate(file.requirements):
        loc = "requirements", index, "id"
        prefix, _, number = item.id.rpartition("-")
        if item.id in taken:
            checker.error(loc, f"the id {item.id} is taken by {taken[item.id]}", "give it the next free number")
        elif prefix != code:
            checker.error(loc, f"{item.id} is not of the area {code}", "put it into the file of its area")
        elif int(number) <= last:
            checker.error(loc, f"{item.id} is out of order", "add clauses at the end, with the next number")
        taken.setdefault(item.id, checker.document.place(loc))
        last = int(number)


def _check_dependencies(checker: Checker, file: _File, known: Mapping[str, Sequence[str]]) -> None:
    for index, item in enumerate(file.requirements):
        for place, other in enumerate(item.depends_on):
            loc = "requirements", index, "depends_on", place
            if other not in known:
                checker.error(loc, f"there is no clause {other}", hint(other, known))
            elif _reaches(other, item.id, known):
                checker.error(loc, f"{item.id} and {other} depend on each other", "leave one of the two out")


def _reaches(start: str, goal: str, known: Mapping[str, Sequence[str]]) -> bool:
    """Whether `goal` is among the clauses that `start` depends on, or is `start` itself."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        clause = waiting.pop()
        if clause == goal:
            return True
        if clause not in seen:
            seen.add(clause)
            waiting += known.get(clause, ())
    return False


def _area(checker: Checker, file: _File) -> Area:
    items = []
    for index, entry in enumerate(file.requirements):
        value = entry.value if isinstance(entry.value, _Value) else None
        items.append(
            Requirement(
                id=entry.id,
                area=file.area,
                section=entry.section,
                statement=entry.statement,
                kind=entry.kind,
                basis=entry.basis,
                os=entry.os,
                linux_unknown=entry.linux is not None,
                value=None if value is None else _value(value),
                value_unknown=entry.value == UNKNOWN_VALUE,
                observable=entry.observable,
                party=entry.party,
                depends_on=entry.depends_on,
                note=entry.note or "",
                place=checker.document.place(("requirements", index)),
            )
        )
    return Area(file.area, file.title, tuple(items))


def _value(entry: _Value) -> Value:
    return Value(entry.setting, entry.default, entry.min, entry.max, entry.allowed, entry.unit)


def as_plain(item: Requirement) -> dict[str, Any]:
    """One clause as JSON holds it."""
    value = item.value
    return {
        "id": item.id,
        "area": item.area,
        "source": "ours" if item.ours else "documentation",
        "section": item.section,
        "statement": item.statement,
        "kind": item.kind,
        "basis": item.basis,
        "os": list(item.os),
        "linux": "unknown" if item.linux_unknown else "",
        "setting": "" if value is None else value.setting,
        "observable": item.observable,
        "party": item.party,
        "depends_on": list(item.depends_on),
        "note": item.note,
    }
