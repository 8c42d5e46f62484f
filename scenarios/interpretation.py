"""Interpretation: from an expectation as it is written to one as it is judged, with what it names looked up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import Any, Final, TypeVar

from emulator.policy.groups import GroupTree
from emulator.ports import I64
from emulator.world import Tally, Watch
from scenarios import sql
from scenarios.bounds import END, Between, Moments
from scenarios.conditions import (
    Condition,
    parse_condition,
    parse_limit,
    parse_relative,
    parse_slope,
    parse_watched,
)
from scenarios.entries import (
    OBSERVED,
    QUALIFIERS,
    SERVER_KINDS,
    AlwaysEntry,
    Bounded,
    EachEntry,
    Entry,
    EventuallyEntry,
    FactsEntry,
    Faulted,
    LatencyEntry,
    NeverEntry,
    ObserveEntry,
    RatioEntry,
    SeriesEntry,
    SetEntry,
    SqlEntry,
    TakesEntry,
    TotalEntry,
    qualified,
)
from scenarios.expectations import (
    PERCENT,
    Check,
    Each,
    EachBetween,
    Expectation,
    FactOf,
    Latency,
    Never,
    Observe,
    Order,
    Outcome,
    OverTime,
    Part,
    Quantile,
    Query,
    Ratio,
    Series,
    SetEquals,
    Takes,
    Total,
    Where,
)
from scenarios.facts import FACTS
from scenarios.figures import COUNTS, FILTERS, QUANTILE, TALLIED, TEXTS, TOTALS, VALUES
from scenarios.findings import detail_pattern
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.selectors import BELOW, Selector
from scenarios.source import Plain
from scenarios.units import duration_text

T = TypeVar("T")

EMPTY: Final = "empty"
"""What the rows of a query are, unless it says otherwise."""
CHECKS: Final = ("max", "min", "mean", "slope")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an expectation may name that depends on the scenario.

    `nodes` are the servers with their addresses, `ports` those of each port.
    """

    groups: GroupTree
    images: tuple[str, ...]
    nodes: Mapping[str, str]
    ports: Mapping[str, tuple[str, ...]]
    moments: Moments

    def values(self, table: str, column: str) -> Iterable[str] | None:
        """The values of a column, None where any may be."""
        own: dict[tuple[str, str], Iterable[str]] = {
            ("telemetry", "group"): self.groups,
            ("telemetry", "image"): self.images,
            ("servers", "server"): tuple(self.nodes),
        }
        return own.get((table, column)) or VALUES.get((table, column))

    def servers(self, name: str) -> tuple[str, ...]:
        """The servers that a name means: one, or all of a port. Raises LocatedError."""
        if name in self.ports:
            return self.ports[name]
        if name not in self.nodes:
            names = (*self.ports, *self.nodes)
            raise LocatedError(("server",), f"there is no server {shown(name)}", hint(name, names))
        return (name,)

    def faulty(self, nodes: tuple[str, ...]) -> tuple[str, ...]:
        """The names under which a fault may be put on one of these servers."""
        return (*nodes, *(port for port, own in self.ports.items() if set(own) & set(nodes) and port not in nodes))


@dataclass(frozen=True, slots=True)
class _Around:
    """What an entry is read with: where it stands, what it may name, the devices of its selector."""

    place: str
    vocabulary: Vocabulary
    devices: I64 | None

    def common(self, entry: Entry) -> dict[str, Any]:  # the fields of Judged
        return {
            "name": entry.name,
            "clause": entry.clause,
            "otherwise": Outcome(entry.otherwise),
            "may_be_empty": entry.may_be_empty,
            "place": self.place,
        }

    def selected(self, entry: Entry) -> dict[str, Any]:  # those, and the devices
        selector = selector_of(entry)
        assert selector is not None
        assert self.devices is not None
        return {**self.common(entry), "devices": self.devices, "selector": selector[0].text}

    def part(self, entry: Bounded, *, table: str, servers: tuple[str, ...] = ()) -> Part:
        moments = self.vocabulary.moments
        between = None
        if entry.between is not None:
            read = moments.between if table == "facts" else moments.on_grid
            between = _inside(("between",), read, entry.between)
        faults = None
        if isinstance(entry, Faulted):
            if entry.during and entry.outside:
                raise LocatedError(("outside",), "an expectation has both during and outside", "write two expectations")
            faults = True if entry.during else False if entry.outside else None
        return Part(between=between, grid=moments.grid, faults=faults, servers=servers)


def judged(entry: Entry, place: str, vocabulary: Vocabulary, devices: I64 | None) -> Expectation:
    """An expectation as it is judged; `devices` are those of its selector, if it has one. Raises LocatedError."""
    return _judged(entry, _Around(place, vocabulary, devices))


def selector_of(entry: Entry) -> tuple[Selector, Loc] | None:
    """The selector of an expectation and where it stands, None for one without."""
    if isinstance(entry, SetEntry):
        return entry.equals, ("equals",)
    selector: Selector | None = getattr(entry, "each", None)
    return None if selector is None else (selector, ("each",))


@singledispatch
def _judged(entry: Entry, around: _Around) -> Expectation:
    raise TypeError(f"no expectation is read from a {type(entry).__name__}")


# --- figures ---------------------------------------------------------------------------------------------------------


@_judged.register
def _total(entry: TotalEntry, around: _Around) -> Total:
    figure = TOTALS[entry.total]
    of = TOTALS[entry.of] if entry.of else None
    if of is not None and of.table != figure.table:
        raise LocatedError(("of",), f"{of} is in another table than {figure}", f"take a figure of {figure.table}")
    return Total(
        **around.common(entry),
        figure=figure,
        of=of,
        where=_wheres(figure.table, entry.where, around.vocabulary),
        condition=_condition(entry.condition, "is", share=of is not None),
        part=around.part(entry, table=figure.table),
    )


@_judged.register
def _each(entry: EachEntry, around: _Around) -> Each | EachBetween:
    if entry.that in TALLIED:
        return _each_between(entry, around)
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
    return Each(**around.selected(entry), figure=figure, of=of, condition=condition, share=share)


def _each_between(entry: EachEntry, around: _Around) -> EachBetween:
    if entry.between is None:
        cause = f"{entry.that} is counted between two facts of each device"
        raise LocatedError(("that",), cause, "add `between: [isolated, released]` or other facts")
    if entry.of is not None:
        raise LocatedError(("of",), f"{entry.that} is no share of another figure", "leave `of` out")
    begin, end = entry.between
    selected = around.selected(entry)
    return EachBetween(
        **selected,
        figure=entry.that,
        begin=begin,
        end=end,
        condition=_condition(entry.condition, "is", share=False),
        share=_condition(entry.share, "for", share=True),
        tally=Tally(selected["devices"], begin, end),
    )


@_judged.register
def _series(entry: SeriesEntry, around: _Around) -> Series:
    latency = QUANTILE.fullmatch(entry.series)
    figure = None if latency else TOTALS[entry.series]
    part = around.part(entry, table="servers")
    interval_ms = part.grid.interval_ms
    per_ms = entry.per or interval_ms
    if per_ms % interval_ms:
        cause = f"{duration_text(per_ms)} is no multiple of the recording interval, {duration_text(interval_ms)}"
        raise LocatedError(("per",), cause, f"write a multiple of {duration_text(interval_ms)}")
    length_ms = part.grid.duration_ms if part.between is None else part.between.length_ms
    if length_ms is not None and length_ms < per_ms:
        cause = f"no interval of {duration_text(per_ms)} fits into {duration_text(length_ms)}"
        raise LocatedError(("per",), cause, "take a shorter one")
    given = {name: getattr(entry, name) for name in CHECKS if getattr(entry, name) is not None}
    if not given:
        raise LocatedError((), "a series without a condition", f"add one of: {', '.join(CHECKS)}")
    return Series(
        **around.common(entry),
        title=entry.series,
        figure=figure,
        quantile=_share(latency[1], ("series",)) if latency else 0,
        where=_wheres("servers" if figure is None else figure.table, entry.where, around.vocabulary),
        per_ms=per_ms,
        checks=tuple(
            _inside((name,), _check, name, data, figure is None, around.vocabulary.moments)
            for name, data in given.items()
        ),
        part=part,
    )


def _check(name: str, data: Plain, is_time: bool, moments: Moments) -> Check:
    if name == "slope":
        return Check(name, parse_slope(data))
    relative = parse_relative(data)
    if relative is not None:
        return Check(name, relative, moments.on_grid([relative.first, relative.last]))
    return Check(name, parse_limit(data) if is_time else parse_condition(data, share=False))


@_judged.register
def _latency(entry: LatencyEntry, around: _Around) -> Latency:
    nodes = around.vocabulary.servers(entry.server)
    return Latency(
        **around.common(entry),
        server=entry.server,
        nodes=nodes,
        quantiles=_quantiles(entry.latency, "latency"),
        part=around.part(entry, table="servers", servers=around.vocabulary.faulty(nodes)),
    )


@_judged.register
def _ratio(entry: RatioEntry, around: _Around) -> Ratio:
    nodes = around.vocabulary.servers(entry.server)
    names = {figure.column: figure for figure in TOTALS.values() if figure.table == "servers"}
    parts = [part.strip() for part in entry.ratio.split("/")]
    if len(parts) != 2:
        raise LocatedError(("ratio",), f"{shown(entry.ratio)} is no ratio", "write one such as `refused / requests`")
    for part in parts:
        if part not in names:
            raise LocatedError(("ratio",), f"servers have no count {shown(part)}", hint(part, names))
    return Ratio(
        **around.common(entry),
        server=entry.server,
        nodes=nodes,
        figure=names[parts[0]],
        of=names[parts[1]],
        condition=_condition(entry.condition, "is", share=True),
        part=around.part(entry, table="servers", servers=around.vocabulary.faulty(nodes)),
    )


@_judged.register
def _observe(entry: ObserveEntry, around: _Around) -> Observe:
    return Observe(
        **around.common(entry),
        port=OBSERVED[entry.observe],
        figure=entry.that,
        condition=_condition(entry.condition, "is", share=False),
    )


# --- facts -----------------------------------------------------------------------------------------------------------


@_judged.register
def _set(entry: SetEntry, around: _Around) -> SetEquals:
    part = around.part(entry, table="facts")
    return SetEquals(**around.selected(entry), fact=entry.set.fact, part=part)


@_judged.register
def _never(entry: NeverEntry, around: _Around) -> Never:
    return Never(**around.selected(entry), fact=entry.never.fact, part=around.part(entry, table="facts"))


@_judged.register
def _facts(entry: FactsEntry, around: _Around) -> Order:
    if not entry.facts:
        raise LocatedError(("facts",), "it is empty", "name the facts in their order")
    return Order(
        **around.selected(entry),
        facts=tuple(
            _inside(("facts", index), _fact, fact, around.vocabulary) for index, fact in enumerate(entry.facts)
        ),
        strictly=entry.strictly,
        share=_condition(entry.share, "for", share=True),
        part=around.part(entry, table="facts"),
    )


@_judged.register
def _takes(entry: TakesEntry, around: _Around) -> Takes:
    moments = around.vocabulary.moments
    begin: FactOf | Between
    if entry.begin.partition(":")[0] in FACTS:
        begin = _inside(("from",), lambda: _fact(qualified(entry.begin), around.vocabulary))
    elif entry.begin in moments.names or entry.begin[:1].isdigit():
        begin = _inside(("from",), moments.between, [entry.begin, END])
    else:
        names = (*FACTS, *moments.names)
        raise LocatedError(("from",), f"there is no fact and no step {shown(entry.begin)}", hint(entry.begin, names))
    return Takes(
        **around.selected(entry),
        begin=begin,
        end=_inside(("to",), _fact, entry.end, around.vocabulary),
        quantiles=_quantiles(entry.takes, "takes"),
        part=around.part(entry, table="facts"),
    )


def _fact(fact: tuple[str, str | None], vocabulary: Vocabulary) -> FactOf:
    kind, value = fact
    if value is None:
        return FactOf(kind, kind)
    values = [value]
    if kind in SERVER_KINDS:
        values = [vocabulary.nodes[node] for node in vocabulary.servers(value)]
    return FactOf(f"{kind}:{value}", kind, tuple(detail_pattern(QUALIFIERS[kind], text) for text in values))


# --- over time -------------------------------------------------------------------------------------------------------


@_judged.register
def _eventually(entry: EventuallyEntry, around: _Around) -> OverTime:
    moments = around.vocabulary.moments
    from_ms = 0 if entry.of is None else _inside(("of",), moments.early, entry.of)
    until_ms = moments.grid.duration_ms
    told = f" after {entry.of}" if entry.of else ""
    if entry.within is not None:
        if from_ms + entry.within > until_ms:
            cause = f"the run ends before {duration_text(entry.within)} are over"
            raise LocatedError(("within",), cause, f"the run lasts {duration_text(until_ms)}")
        until_ms = from_ms + entry.within + 1  # at the last moment it is within
        told = f" within {duration_text(entry.within)}{told or ' of the start'}"
    return _over_time(entry, around, "eventually", from_ms, until_ms, told)


@_judged.register
def _always(entry: AlwaysEntry, around: _Around) -> OverTime:
    moments = around.vocabulary.moments
    if entry.between is None:
        return _over_time(entry, around, "always", 0, moments.grid.duration_ms, "")
    between = _inside(("between",), moments.between, entry.between)
    bounds = (between.first, between.last)
    from_ms, until_ms = (_inside(("between",), moments.early, bound.text) for bound in bounds)
    return _over_time(entry, around, "always", from_ms, until_ms, f", {between}")


def _over_time(
    entry: EventuallyEntry | AlwaysEntry, around: _Around, key: str, from_ms: int, until_ms: int, told: str
) -> OverTime:
    condition = _inside((key,), parse_watched, getattr(entry, key))
    if from_ms >= until_ms:
        raise LocatedError((key,), "the time in which devices are watched is empty", "let it begin before the end")
    selected = around.selected(entry)
    watch = Watch(selected["devices"], condition.figure, condition.comparison, condition.bound, from_ms, until_ms)
    return OverTime(
        **selected,
        condition=condition,
        always=key == "always",
        share=_condition(entry.share, "for", share=True),
        span=told,
        watch=watch,
    )


# --- queries ---------------------------------------------------------------------------------------------------------


@_judged.register
def _sql(entry: SqlEntry, around: _Around) -> Query:
    tables = _inside(("sql",), sql.checked, entry.sql)
    condition = None if entry.condition == EMPTY else _condition(entry.condition, "is", share=False)
    return Query(**around.common(entry), text=entry.sql, tables=tables, condition=condition)


# --- parts of them ---------------------------------------------------------------------------------------------------


def _inside(loc: Loc, read: Callable[..., T], *given: Any, **options: Any) -> T:  # what `read` takes
    """What `read` returns; where it raises a LocatedError, that stands inside of `loc`."""
    try:
        return read(*given, **options)
    except LocatedError as error:
        raise LocatedError((*loc, *error.loc), error.cause, error.remedy) from error


def _condition(data: Plain, key: str, *, share: bool) -> Condition:
    return _inside((key,), parse_condition, data, share=share)


def _quantiles(data: Plain, key: str) -> tuple[Quantile, ...]:
    if not isinstance(data, dict) or not data:
        cause = "it names no quantile" if data == {} else f"{shown(data)} is no mapping of quantiles"
        raise LocatedError((key,), cause, "write {p50: < 200ms, p99: < 2s}")
    return tuple(
        Quantile(name, _share(name, (key, name)), _inside((key, name), parse_limit, limit))
        for name, limit in data.items()
    )


def _share(name: str, loc: Loc) -> int:
    """The share of a quantile, such as `p99.9`, in thousandths of a per cent."""
    match = QUANTILE.fullmatch(f"servers.latency.{name}")
    share = int(Fraction(match[1][1:]) * PERCENT) if match else 0
    if not 0 < share <= 100 * PERCENT:
        raise LocatedError(loc, f"{shown(name)} is no quantile", "write one such as p50, p99 or p99.9")
    return share


def _wheres(table: str, given: Mapping[str, Plain], vocabulary: Vocabulary) -> tuple[Where, ...]:
    return tuple(_where(table, column, value, vocabulary) for column, value in given.items())


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
