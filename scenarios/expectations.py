"""Expectations: what a run is judged by, read from a scenario and checked before the run begins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from emulator.policy.groups import GroupTree
from emulator.ports import I64
from scenarios.conditions import Condition, parse_condition
from scenarios.facts import FACTS, RUN_FACTS
from scenarios.fields import Clause, Devices, Model, Title, enumeration, names_of
from scenarios.figures import COUNTS, FILTERS, TEXTS, TOTALS, VALUES, Figure
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.selectors import BELOW, Selector
from scenarios.source import Plain

ALL_OF_THEM: Final = "100 %"

_DEVICE_FACTS: Final = tuple(kind for kind in FACTS if kind not in RUN_FACTS)
FactKind = Annotated[str, names_of(lambda: _DEVICE_FACTS, "fact of a device called"), enumeration(_DEVICE_FACTS)]
AnyFact = Annotated[str, names_of(lambda: tuple(FACTS), "fact"), enumeration(tuple(FACTS))]
TotalFigure = Annotated[str, names_of(lambda: tuple(TOTALS), "figure"), enumeration(tuple(TOTALS))]
DeviceFigure = Annotated[
    str,
    names_of(lambda: (*COUNTS, *TEXTS), "figure of a device called"),
    enumeration((*COUNTS, *TEXTS)),
]
DeviceCount = Annotated[str, names_of(lambda: tuple(COUNTS), "count of a device called"), enumeration(tuple(COUNTS))]


class Outcome(StrEnum):
    """What came of a check. All but the first can be the `else` of an expectation."""

    PASS = "pass"  # noqa: S105 - no password, a verdict
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    INVALID = "invalid"


# --- as it is written ------------------------------------------------------------------------------------------------


class _Entry(Model):
    """What every expectation has."""

    example: ClassVar[str]

    name: Annotated[Title, Field(description="how the report calls it")]
    clause: Annotated[Clause | None, Field(description="the requirement that it judges")] = None
    otherwise: Annotated[
        Literal["fail", "warn", "unknown", "invalid"],
        Field(alias="else", description="the verdict where it is not so"),
    ] = "fail"
    may_be_empty: Annotated[bool, Field(description="pass also where there is nothing to judge")] = False


class TotalEntry(_Entry):
    """A figure of the whole run, or of the rows that `where` leaves; with `of`, as a share of another figure."""

    example = "{name: none lost, total: telemetry.throttled, where: {importance: high}, is: 0}"
    total: Annotated[TotalFigure, Field(description="the figure")]
    of: Annotated[TotalFigure | None, Field(description="the figure that it is a share of")] = None
    where: Annotated[dict[str, Any], Field(default_factory=dict, description="column: value, or a list of values")]
    condition: Annotated[Any, Field(alias="is", description="such as `0`, `> 0`, `10..20`, `>= 90 %`")]


class EachEntry(_Entry):
    """A figure of each device of a selection, for all of them or as many as `for` says."""

    example = "{name: throttle bites, each: {tag: noisy}, that: throttled, is: '> 0', for: '>= 90 %'}"
    each: Annotated[Devices, Field(description="which devices")]
    that: Annotated[DeviceFigure, Field(description="the figure")]
    of: Annotated[DeviceCount | None, Field(description="the figure that it is a share of")] = None
    condition: Annotated[Any, Field(alias="is", description="such as `0`, `> 0`, `10..20`, `>= 90 %`, a text")]
    share: Annotated[Any, Field(alias="for", description="how many of the devices, such as `>= 90 %`")] = ALL_OF_THEM


class FactEntry(Model):
    """A kind of fact."""

    fact: FactKind


class SetEntry(_Entry):
    """The devices that have a fact are exactly those of a selection: no more, no fewer."""

    example = "{name: found exactly, set: {fact: ioc-match}, equals: infected}"
    set: FactEntry
    equals: Annotated[Devices, Field(description="which devices")]


ENTRIES: Final[Mapping[str, type[_Entry]]] = {"total": TotalEntry, "each": EachEntry, "set": SetEntry}
"""The forms of an expectation, by the key that tells them apart."""
ENTRY_KEYS: Final = ("name", "clause", "else", "may_be_empty")


# --- as it is judged -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What every expectation has. `place` is where it stands; `otherwise` the verdict where it is not so."""

    name: str
    clause: str | None
    otherwise: Outcome
    may_be_empty: bool
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One column and the values of it that count; `below` are groups that count with all below them."""

    column: str
    values: tuple[str, ...]
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Judged):
    """A figure of the run."""

    figure: Figure
    of: Figure | None
    where: tuple[Where, ...]
    condition: Condition


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Each(Judged):
    """A figure of each device: a condition on a count, or a text that it equals."""

    devices: I64
    selector: str
    figure: Figure
    of: Figure | None
    condition: Condition | str
    share: Condition


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetEquals(Judged):
    """The devices with a fact."""

    devices: I64
    selector: str
    fact: str


Expectation = Total | Each | SetEquals


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a `where` may name that depends on the scenario."""

    groups: GroupTree
    images: tuple[str, ...]
    servers: tuple[str, ...]

    def values(self, table: str, column: str) -> Iterable[str] | None:
        """The values of a column, None where any may be."""
        own: dict[tuple[str, str], Iterable[str]] = {
            ("telemetry", "group"): self.groups,
            ("telemetry", "image"): self.images,
            ("servers", "server"): self.servers,
        }
        return own.get((table, column)) or VALUES.get((table, column))


def form(data: Plain) -> type[_Entry]:
    """The form of an expectation. Raises LocatedError where it is none, or several."""
    if not isinstance(data, dict):
        raise LocatedError((), f"{shown(data)} is not an expectation", "write `{name: …, total: …, is: …}`")
    found = [key for key in ENTRIES if key in data]
    if len(found) == 1:
        return ENTRIES[found[0]]
    if found:
        raise LocatedError((found[1],), f"an expectation has {' and '.join(found)}", "write two expectations")
    strange = next((key for key in data if key not in ENTRY_KEYS), "")
    remedy = f"it has one of the keys {', '.join(ENTRIES)}"
    if strange:
        raise LocatedError((strange,), f"there is no form of expectation {shown(strange)}", remedy)
    raise LocatedError((), "this does not say what is expected", remedy)


def judged(entry: _Entry, place: str, vocabulary: Vocabulary, devices: I64 | None) -> Expectation:
    """An expectation as it is judged; `devices` are those of its selector, if it has one. Raises LocatedError."""
    if isinstance(entry, TotalEntry):
        return _total(entry, place, vocabulary)
    assert devices is not None
    if isinstance(entry, EachEntry):
        return _each(entry, place, devices)
    assert isinstance(entry, SetEntry)
    return SetEquals(**_common(entry, place), devices=devices, selector=entry.equals.text, fact=entry.set.fact)


def _total(entry: TotalEntry, place: str, vocabulary: Vocabulary) -> Total:
    figure = TOTALS[entry.total]
    of = TOTALS[entry.of] if entry.of else None
    if of is not None and of.table != figure.table:
        raise LocatedError(("of",), f"{of} is in another table than {figure}", f"take a figure of {figure.table}")
    where = tuple(_where(figure.table, column, value, vocabulary) for column, value in entry.where.items())
    condition = _condition(entry.condition, "is", share=of is not None)
    return Total(**_common(entry, place), figure=figure, of=of, where=where, condition=condition)


def _each(entry: EachEntry, place: str, devices: I64) -> Each:
    of = COUNTS[entry.of] if entry.of else None
    condition: Condition | str
    if entry.that in TEXTS:
        figure = TEXTS[entry.that]
        if of is not None:
            raise LocatedError(("of",), f"{entry.that} is a text, no share", "leave `of` out")
        if not isinstance(entry.condition, str):
            raise LocatedError(("is",), f"{shown(entry.condition)} is not a text", f"write a {entry.that}")
        condition = entry.condition
    else:
        figure = COUNTS[entry.that]
        condition = _condition(entry.condition, "is", share=of is not None)
    share = _condition(entry.share, "for", share=True)
    return Each(
        **_common(entry, place),
        devices=devices,
        selector=entry.each.text,
        figure=figure,
        of=of,
        condition=condition,
        share=share,
    )


def selector_of(entry: _Entry) -> tuple[Selector, Loc] | None:
    """The selector of an expectation and where it stands, None for one without."""
    if isinstance(entry, EachEntry):
        return entry.each, ("each",)
    return (entry.equals, ("equals",)) if isinstance(entry, SetEntry) else None


def cannot_fail(expectation: Expectation) -> bool:
    """True where no run could break it."""
    if isinstance(expectation, Total):
        return expectation.condition.cannot_fail()
    if isinstance(expectation, Each):
        counts = isinstance(expectation.condition, Condition) and expectation.condition.cannot_fail()
        return counts or expectation.share.cannot_fail()
    return False


def _common(entry: _Entry, place: str) -> dict[str, Any]:  # the fields of Judged
    return {
        "name": entry.name,
        "clause": entry.clause,
        "otherwise": Outcome(entry.otherwise),
        "may_be_empty": entry.may_be_empty,
        "place": place,
    }


def _condition(data: Plain, key: str, *, share: bool) -> Condition:
    try:
        return parse_condition(data, share=share)
    except LocatedError as error:
        raise LocatedError((key,), error.cause, error.remedy) from error


def _where(table: str, column: str, given: Plain, vocabulary: Vocabulary) -> Where:
    loc: Loc = ("where", column)
    if column not in FILTERS[table]:
        raise LocatedError(loc, f"{table} is not narrowed by {shown(column)}", hint(column, FILTERS[table]))
    values = given if isinstance(given, list) else [given]
    known = vocabulary.values(table, column)
    below = []
    for value in values:
        if not isinstance(value, str):
            raise LocatedError(loc, f"{shown(value)} is not a text", "write a name or a list of names")
        name = value.removesuffix(BELOW) if column == "group" else value
        if known is not None and name not in known:
            raise LocatedError(loc, f"there is no {column} {shown(name)}", hint(name, known))
        if name != value:
            below.append(name)
    exact = tuple(value for value in values if column != "group" or not value.endswith(BELOW))
    if not values:
        raise LocatedError(loc, "the list of values is empty", "name one, or leave the column out")
    return Where(column=column, values=exact, below=tuple(below))
