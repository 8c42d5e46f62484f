"""Entries: the forms of an expectation as they are written in a scenario."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from emulator.ports import PORT_OF_TARGET
from scenarios.facts import FACTS, RUN_FACTS
from scenarios.fields import Clause, Devices, Many, Model, Span, Text, Title, enumeration, names_of, reader
from scenarios.figures import COUNTS, QUANTILE, SERIES, STORED, TALLIED, TEXTS, TOTALS
from scenarios.problems import LocatedError, hint, shown
from scenarios.source import Plain

ALL_OF_THEM: Final = "100 %"
ORDER_MAX: Final = 50
"""Facts of one order."""
QUALIFIERS: Final[Mapping[str, str]] = {
    "connect": "server",
    "timeout": "server",
    "fail-over": "to",
    "policy-applied": "policy",
    "process-started": "process",
    "file-placed": "file",
    "file-removed": "file",
    "planted": "file",
    "ioc-match": "file",
    "sweep-finished": "task",
    "sweep-failed": "file",
    "isolated": "isolation",
    "released": "by",
    "response-refused": "reason",
    "user-notified": "of",
    "execution-blocked": "rule",
    "execution-detected": "rule",
}
"""What `KIND:VALUE` asks of the detail of a fact: the key whose value it is."""
SERVER_KINDS: Final = ("connect", "timeout", "fail-over")
"""Of these, those whose value is a server."""

_DEVICE_FACTS: Final = tuple(kind for kind in FACTS if kind not in RUN_FACTS)
FactKind = Annotated[str, names_of(lambda: _DEVICE_FACTS, "fact of a device called"), enumeration(_DEVICE_FACTS)]
AnyFact = Annotated[str, names_of(lambda: tuple(FACTS), "fact"), enumeration(tuple(FACTS))]
TotalFigure = Annotated[str, names_of(lambda: tuple(TOTALS), "figure"), enumeration(tuple(TOTALS))]
DeviceFigure = Annotated[
    str,
    names_of(lambda: (*COUNTS, *TEXTS, *TALLIED), "figure of a device called"),
    enumeration((*COUNTS, *TEXTS, *TALLIED)),
]
OBSERVED: Final = {f"{port}.stored": port for port in PORT_OF_TARGET.values()}
"""What servers can be asked, with the port that it is asked of."""
Observed = Annotated[str, names_of(lambda: tuple(OBSERVED), "observation"), enumeration(tuple(OBSERVED))]
StoredFigure = Annotated[str, names_of(lambda: tuple(STORED), "figure of `stored`"), enumeration(tuple(STORED))]
DeviceCount = Annotated[str, names_of(lambda: tuple(COUNTS), "count of a device called"), enumeration(tuple(COUNTS))]


def _series_figure(data: object) -> str:
    if isinstance(data, str) and (data in SERIES or QUANTILE.fullmatch(data)):
        return data
    remedy = hint(str(data), SERIES) if isinstance(data, str) else "write one such as servers.requests"
    raise LocatedError((), f"there is no figure by interval {shown(data)}", remedy)


def qualified(data: object) -> tuple[str, str | None]:
    """KIND or KIND:VALUE, as a fact of a device and what tells it apart. Raises LocatedError."""
    if not isinstance(data, str):
        raise LocatedError((), f"{shown(data)} is not a fact", "write a kind of fact, such as isolated")
    kind, colon, value = data.partition(":")
    if kind not in _DEVICE_FACTS:
        raise LocatedError((), f"there is no fact of a device called {shown(kind)}", hint(kind, _DEVICE_FACTS))
    if colon and kind not in QUALIFIERS:
        cause = f"the fact {kind} has nothing to tell apart"
        raise LocatedError((), cause, f"leave {shown(colon + value)} out; others have: {', '.join(QUALIFIERS)}")
    if colon and not value:
        raise LocatedError((), f"{shown(data)} names no {QUALIFIERS[kind]}", f"write one behind `{kind}:`")
    return kind, value if colon else None


Qualified = Annotated[
    tuple[str, str | None],
    PlainValidator(reader(qualified)),
    WithJsonSchema({"type": "string", "pattern": f"^({'|'.join(_DEVICE_FACTS)})(:.+)?$"}),
]
"""A kind of fact, with `KIND:VALUE` those of one server, policy, process, file or task."""


def _fact_pair(data: object) -> tuple[str, str]:
    if not isinstance(data, list) or len(data) != 2:
        raise LocatedError((), f"{shown(data)} is no pair of facts", "write such as [isolated, released]")
    for index, kind in enumerate(data):
        if kind not in _DEVICE_FACTS:
            remedy = hint(kind, _DEVICE_FACTS) if isinstance(kind, str) else "write a kind of fact, such as isolated"
            raise LocatedError((index,), f"there is no fact of a device called {shown(kind)}", remedy)
    if data[0] == data[1]:
        raise LocatedError((), f"nothing lies between {data[0]} and {data[1]}", "name two kinds of facts")
    return data[0], data[1]


FactPair = Annotated[
    tuple[str, str],
    PlainValidator(reader(_fact_pair)),
    WithJsonSchema({"type": "array", "items": {"enum": list(_DEVICE_FACTS)}, "minItems": 2, "maxItems": 2}),
]
SeriesFigure = Annotated[
    str,
    PlainValidator(reader(_series_figure)),
    WithJsonSchema({"anyOf": [{"enum": list(SERIES)}, {"type": "string", "pattern": f"^{QUANTILE.pattern}$"}]}),
]
_Moment: Final = {"type": "string", "description": "a step, `STEP.end`, a time since the start, or `end`"}
Bounds = Annotated[
    Any,  # read by `scenarios.bounds`, which knows the steps
    WithJsonSchema({"type": "array", "items": _Moment, "minItems": 2, "maxItems": 2}),
]
Quantiles = Annotated[
    Any,  # read by `scenarios.expectations`
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": r"^p[0-9]{1,3}(\.[0-9]{1,3})?$"},
            "additionalProperties": {"type": "string"},
            "minProperties": 1,
        }
    ),
]
Written = Annotated[Any, WithJsonSchema({"type": ["integer", "number", "string"]})]
"""A condition: read by `scenarios.conditions`, which needs to know of what."""


class Entry(Model):
    """What every expectation has."""

    example: ClassVar[str]

    name: Annotated[Title, Field(description="how the report calls it")]
    clause: Annotated[Clause | None, Field(description="the requirement that it judges")] = None
    otherwise: Annotated[
        Literal["fail", "warn", "unknown", "invalid"],
        Field(alias="else", description="the verdict where it is not so"),
    ] = "fail"
    may_be_empty: Annotated[bool, Field(description="pass also where there is nothing to judge")] = False


class Bounded(Entry):
    """An expectation on a part of the run."""

    between: Annotated[Bounds | None, Field(description="from when to when; without it, the whole run")] = None


class Faulted(Bounded):
    """An expectation on the times with or without faults."""

    during: Annotated[Literal["faults"] | None, Field(description="only while a server has a fault")] = None
    outside: Annotated[Literal["faults"] | None, Field(description="only while no server has one")] = None


class TotalEntry(Bounded):
    """A figure of the whole run, or of the rows that `where` leaves; with `of`, as a share of another figure."""

    example = "{name: none lost, total: telemetry.throttled, where: {importance: high}, is: 0}"
    total: Annotated[TotalFigure, Field(description="the figure")]
    of: Annotated[TotalFigure | None, Field(description="the figure that it is a share of")] = None
    where: Annotated[dict[str, Any], Field(default_factory=dict, description="column: value, or a list of values")]
    condition: Annotated[Written, Field(alias="is", description="such as `0`, `> 0`, `10..20`, `>= 90 %`")]


class EachEntry(Entry):
    """A figure of each device of a selection, for all of them or as many as `for` says."""

    example = "{name: throttle bites, each: {tag: noisy}, that: throttled, is: '> 0', for: '>= 90 %'}"
    each: Annotated[Devices, Field(description="which devices")]
    that: Annotated[DeviceFigure, Field(description="the figure")]
    of: Annotated[DeviceCount | None, Field(description="the figure that it is a share of")] = None
    condition: Annotated[Written, Field(alias="is", description="such as `0`, `> 0`, `10..20`, `>= 90 %`, a text")]
    between: Annotated[
        FactPair | None,
        Field(description="two facts of each device's own, for `other_traffic`: from the first to the next second one"),
    ] = None
    share: Annotated[Written, Field(alias="for", description="how many of the devices, such as `>= 90 %`")] = (
        ALL_OF_THEM
    )


class FactEntry(Model):
    """A kind of fact."""

    fact: FactKind


class SetEntry(Bounded):
    """The devices that have a fact are exactly those of a selection: no more, no fewer."""

    example = "{name: found exactly, set: {fact: ioc-match}, equals: infected}"
    set: FactEntry
    equals: Annotated[Devices, Field(description="which devices")]


class SeriesEntry(Bounded):
    """A figure by interval: the largest and smallest of its values, their mean, how they rise."""

    example = "{name: storm bounded, series: servers.requests, per: 1min, max: <= 5 x mean(0s..1h), between: [1h, 2h]}"
    series: Annotated[SeriesFigure, Field(description="the figure; a latency as servers.latency.p99")]
    where: Annotated[dict[str, Any], Field(default_factory=dict, description="column: value, or a list of values")]
    per: Annotated[Span | None, Field(description="the interval, a multiple of the recording interval")] = None
    max: Annotated[Written | None, Field(description="every value, such as `< 100`, `<= 5 x mean(A..B)`")] = None
    min: Annotated[Written | None, Field(description="every value, such as `> 0`")] = None
    mean: Annotated[Written | None, Field(description="their mean, such as `< 100`")] = None
    slope: Annotated[str | None, Field(description="their rise, as a share of the mean: `< 5 %/min`")] = None


class LatencyEntry(Faulted):
    """Quantiles of the time in which a server answers."""

    example = "{name: answers, server: telemetry, latency: {p50: < 200ms, p99: < 2s}}"
    server: Annotated[Text, Field(description="a server, or the port with all its servers")]
    latency: Annotated[Quantiles, Field(description="such as `{p50: < 200ms, p99.9: < 8s}`")]


class RatioEntry(Faulted):
    """A share of a server's requests, such as of those that it refuses."""

    example = "{name: errors, server: telemetry, ratio: refused / requests, is: < 0.1 %, outside: faults}"
    server: Annotated[Text, Field(description="a server, or the port with all its servers")]
    ratio: Annotated[Text, Field(description="two counts of servers, such as `refused / requests`")]
    condition: Annotated[Written, Field(alias="is", description="such as `< 0.1 %`")]


class ObserveEntry(Entry):
    """What the servers of a port hold at the end of the run, as they say themselves.

    Where the backend does not offer to be asked, the verdict is `unknown`.
    """

    example = "{name: no duplicates kept, observe: telemetry.stored, that: duplicate_ids, is: 0}"
    observe: Annotated[Observed, Field(description="the port, and what is asked of it")]
    that: Annotated[StoredFigure, Field(description="the figure, over all devices")]
    condition: Annotated[Written, Field(alias="is", description="such as `0`, `> 0`, `10..20`")]


class TakesEntry(Bounded):
    """Quantiles of the time between two facts of a device, or from a step to a fact."""

    example = "{name: prompt, each: all, from: off-line, to: on-line, takes: {p95: <= 2h}}"
    each: Annotated[Devices, Field(description="which devices")]
    begin: Annotated[Text, Field(alias="from", description="a fact, `KIND:VALUE`, or else a step")]
    end: Annotated[Qualified, Field(alias="to", description="the next such fact of the device")]
    takes: Annotated[Quantiles, Field(description="such as `{p50: < 1min, p95: < 10min}`")]


class FactsEntry(Faulted):
    """The order in which each device of a selection has facts; others may lie between them."""

    example = "{name: order, each: all, facts: [isolated, released], strictly: true}"
    each: Annotated[Devices, Field(description="which devices")]
    facts: Annotated[Many[Qualified], Field(max_length=ORDER_MAX, description="in this order")]
    strictly: Annotated[bool, Field(description="of these kinds the device has no other facts")] = False
    share: Annotated[Written, Field(alias="for", description="how many of the devices, such as `>= 90 %`")] = (
        ALL_OF_THEM
    )


class NeverEntry(Faulted):
    """A fact that no device of a selection has."""

    example = "{name: nobody else, each: {not: infected}, never: {fact: isolated}}"
    each: Annotated[Devices, Field(description="which devices")]
    never: FactEntry


class EventuallyEntry(Entry):
    """A condition that each device of a selection fulfils at some moment."""

    example = "{name: queue drains, each: all, eventually: queued == 0, within: 20min, of: 1h, for: '>= 99.9 %'}"
    each: Annotated[Devices, Field(description="which devices")]
    eventually: Annotated[Text, Field(description="such as `queued == 0`")]
    within: Annotated[Span | None, Field(description="how long after `of`; without it, to the end of the run")] = None
    of: Annotated[Text | None, Field(description="a step or a time; without it, the start of the run")] = None
    share: Annotated[Written, Field(alias="for", description="how many of the devices, such as `>= 90 %`")] = (
        ALL_OF_THEM
    )


class AlwaysEntry(Bounded):
    """A condition that each device of a selection fulfils at all moments."""

    example = "{name: stays drained, each: all, always: queued < 50, between: [1h, end]}"
    each: Annotated[Devices, Field(description="which devices")]
    always: Annotated[Text, Field(description="such as `queued < 50`")]
    share: Annotated[Written, Field(alias="for", description="how many of the devices, such as `>= 90 %`")] = (
        ALL_OF_THEM
    )


class SqlEntry(Entry):
    """One SELECT over the tables facts, devices, telemetry and servers, whose rows are the counter-examples."""

    example = "{name: none lost, sql: SELECT device FROM devices WHERE expired > 0}"
    sql: Annotated[str, Field(description="one SELECT")]
    condition: Annotated[
        Written, Field(alias="is", description="`empty`, or what its single value is, such as `> 0`")
    ] = "empty"


ENTRIES: Final[Mapping[str, type[Entry]]] = {
    "total": TotalEntry,
    "each": EachEntry,
    "set": SetEntry,
    "series": SeriesEntry,
    "latency": LatencyEntry,
    "ratio": RatioEntry,
    "observe": ObserveEntry,
    "takes": TakesEntry,
    "facts": FactsEntry,
    "never": NeverEntry,
    "eventually": EventuallyEntry,
    "always": AlwaysEntry,
    "sql": SqlEntry,
}
"""The forms of an expectation, by the key that tells them apart."""
ENTRY_KEYS: Final = ("name", "clause", "else", "may_be_empty")
_OF_DEVICES: Final = tuple(key for key, entry in ENTRIES.items() if "each" in entry.model_fields and key != "each")


def form(data: Plain) -> type[Entry]:
    """The form of an expectation. Raises LocatedError where it is none, or several."""
    if not isinstance(data, dict):
        raise LocatedError((), f"{shown(data)} is not an expectation", "write `{name: …, total: …, is: …}`")
    found = [key for key in ENTRIES if key in data]
    if len(found) == 2 and found[0] == "each" and found[1] in _OF_DEVICES:
        found = found[1:]
    if found == ["each"] and "between" in data and data.get("that") not in TALLIED:
        remedy = f"for a part of it take `total` or `series`, or of each device {', '.join((*_OF_DEVICES, *TALLIED))}"
        raise LocatedError(("between",), "the figures of a device are those of the whole run", remedy)
    if len(found) == 1:
        return ENTRIES[found[0]]
    if found:
        raise LocatedError((found[1],), f"an expectation has {' and '.join(found)}", "write two expectations")
    strange = next((key for key in data if key not in ENTRY_KEYS), "")
    remedy = f"it has one of the keys {', '.join(ENTRIES)}"
    if strange:
        raise LocatedError((strange,), f"there is no form of expectation {shown(strange)}", remedy)
    raise LocatedError((), "this does not say what is expected", remedy)
