"""Suites: files that list scenarios, with what to set in each, how often to vary it, limits and a baseline."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from emulator.ports import Port
from scenarios.fields import Many, Model, ScenarioName, Span, Tag, Text, reader
from scenarios.format import SEED_MAX, PortName
from scenarios.params import Value
from scenarios.parts import SUITE
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.source import Document
from scenarios.units import DURATION, QUANTITY_MAX, SHARE, SIZE, quantity
from scenarios.validation import Checker, keys

MATRIX_MAX: Final = 1_000
"""Runs of one matrix."""
SEED: Final = "seed"
"""In a matrix: not a parameter, but the seed."""


# --- as it is written ------------------------------------------------------------------------------------------------


def _read_value(data: object) -> Value:
    if not isinstance(data, str | int | float):
        raise LocatedError((), f"{shown(data)} is not a single value", "write a text, a number, true or false")
    return data


def _read_amount(data: object) -> int | str:
    if isinstance(data, int) and not isinstance(data, bool) and 0 <= data <= QUANTITY_MAX:
        return data
    if isinstance(data, str):
        dimension = SHARE if "%" in data else SIZE if data.strip().endswith(("B", "b")) else DURATION
        quantity(data, dimension)
        return data
    raise LocatedError((), f"{shown(data)} is not an amount", "write a number, or such as '10 %', 20ms or 5 MB")


_SCALAR: Final = {"type": ["string", "number", "boolean"]}
Single = Annotated[Value, PlainValidator(reader(_read_value)), WithJsonSchema(_SCALAR)]
Amount = Annotated[
    int | str,
    PlainValidator(reader(_read_amount)),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]}),
]
"""A number, a share, a duration or a size, as it is written."""
Source = Annotated[Text, Field(min_length=1)]


class DefaultsEntry(Model):
    """What holds for all runs of a suite that do not say otherwise."""

    seed: Annotated[int | None, Field(ge=0, le=SEED_MAX, description="instead of the seeds of the scenarios")] = None
    set: Annotated[
        dict[str, Single], Field(default_factory=dict, description="parameters, in the scenarios that have them")
    ]
    backend: Annotated[
        dict[PortName, Text],
        Field(default_factory=dict, description="by port, where a scenario leaves the port to the fake"),
    ]


class RunEntry(Model):
    """One scenario, or all of the library, that a suite runs."""

    scenario: Annotated[
        Source, Field(description="a path below the folder of the suite, `library:NAME`, or `library:*`")
    ]
    set: Annotated[
        dict[str, Single], Field(default_factory=dict, description="parameters, and values at dotted paths, by name")
    ]
    matrix: Annotated[
        dict[str, Many[Single]],
        Field(default_factory=dict, description="lists of values, by parameter, path or `seed`: a run for each choice"),
    ]
    tag: Annotated[Tag | None, Field(description="only scenarios with this tag")] = None
    not_tag: Annotated[Tag | None, Field(description="only scenarios without this tag")] = None


class LimitsEntry(Model):
    """How long it may take in wall time. What was cut short is invalid, not failed."""

    wall: Annotated[Span | None, Field(description="all runs of the suite together")] = None
    each: Annotated[Span | None, Field(description="one run")] = None


class CompareEntry(Model):
    """How far a figure may lie from its baseline."""

    figure: Annotated[
        Text, Field(min_length=1, description="such as servers.latency.p99, telemetry.acknowledged or wall_s")
    ]
    worse_by: Annotated[Amount | None, Field(description="may be worse by this: a share or an amount")] = None
    differs_by: Annotated[Amount | None, Field(description="may differ by this, in both directions")] = None
    other: Annotated[Amount | None, Field(alias="or", description="another amount: the larger one holds")] = None
    only: Annotated[Literal["warn"] | None, Field(description="`warn`: what is beyond is no finding")] = None


class BaselineEntry(Model):
    """What the runs are compared with."""

    file: Annotated[Source, Field(description="below the folder of the suite; `seatrial compare --accept` writes it")]
    compare: Annotated[Many[CompareEntry], Field(description="figures that are compared")] = ()


class SuiteFile(Model):
    """A suite of Seatrial: scenarios that are run together."""

    suite: ScenarioName
    about: Annotated[Text, Field(description="one sentence: what the suite is for")] = ""
    defaults: Annotated[DefaultsEntry, Field(description="for all runs")] = DefaultsEntry.model_validate({})
    run: Annotated[Many[RunEntry], Field(description="what is run, in this order")]
    limits: Annotated[LimitsEntry, Field(description="wall time")] = LimitsEntry()
    baseline: Annotated[BaselineEntry | None, Field(description="what the runs are compared with")] = None


# --- as it is run ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """Wall time in ms that all runs of a suite, and each of them, may take; None for no limit."""

    wall_ms: int | None = None
    each_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """The file that runs are compared with, which may not be there yet, and the entries of `compare` as written."""

    file: Path
    compare: tuple[Mapping[str, Any], ...]  # plain data, which has been checked
    place: str


@dataclass(frozen=True, slots=True)
class Setting:
    """A value that a suite sets in a scenario; `place` is where it stands."""

    value: Value
    place: str


@dataclass(frozen=True, slots=True)
class Variant:
    """One choice out of a matrix. `suffix` is what it adds to the name of the run, empty without a matrix."""

    suffix: str
    sets: Mapping[str, Setting]
    seed: Setting | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of `run`: which scenario, with what set, in which variants. `place` is where it stands."""

    scenario: str
    sets: Mapping[str, Setting]
    variants: tuple[Variant, ...]
    tag: str | None
    not_tag: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite that has been read; paths are left as they are written, relative to `folder`.

    `defaults` are set in those scenarios that know them. `backends` answer a port where a scenario leaves it to the
    fake.
    """

    label: str
    folder: Path
    name: str
    about: str
    seed: Setting | None
    defaults: Mapping[str, Setting]
    backends: Mapping[Port, Setting]
    entries: tuple[Entry, ...]
    limits: Limits
    baseline: Baseline | None


def is_suite(document: Document) -> bool:
    """Whether a file is a suite, rather than a scenario."""
    return isinstance(document.data, dict) and SUITE in document.data


def read_suite(document: Document, folder: Path) -> Suite:
    """The suite of a document; `folder` is what its paths are relative to. Raises ScenarioErrors with all mistakes."""
    checker = Checker(document)
    known = keys(SuiteFile)
    for key in document.data:
        if key not in known:
            checker.error((key,), f"unknown key {shown(key)}", hint(key, known), key=True)
    data = {key: value for key, value in document.data.items() if key in known}
    entry = checker.model(SuiteFile, data, ())
    if entry is None:
        checker.finish()
        raise AssertionError("a model without mistakes")
    if not entry.run:
        checker.error(("run",), "the suite runs nothing", "add an entry such as {scenario: library:first-day}")
    suite = Suite(
        label=document.label,
        folder=folder,
        name=entry.suite,
        about=entry.about,
        seed=None if entry.defaults.seed is None else Setting(entry.defaults.seed, document.place(("defaults", SEED))),
        defaults=_settings(document, entry.defaults.set, ("defaults", "set")),
        backends={
            Port(port): Setting(spec, document.place(("defaults", "backend", port)))
            for port, spec in entry.defaults.backend.items()
        },
        entries=tuple(_entry(checker, each, ("run", index)) for index, each in enumerate(entry.run)),
        limits=Limits(entry.limits.wall, entry.limits.each),
        baseline=None if entry.baseline is None else _baseline(checker, entry.baseline, folder),
    )
    checker.finish()
    return suite


def _settings(document: Document, values: Mapping[str, Value], loc: Loc) -> dict[str, Setting]:
    return {name: Setting(value, document.place((*loc, name))) for name, value in values.items()}


def _entry(checker: Checker, entry: RunEntry, loc: Loc) -> Entry:
    document = checker.document
    for name in sorted(entry.matrix.keys() & entry.set.keys()):
        cause = f"{shown(name)} stands in `set` and in `matrix`"
        checker.error((*loc, "matrix", name), cause, "keep one of them", key=True)
    count = 1
    for values in entry.matrix.values():
        count *= len(values)
    if count > MATRIX_MAX:
        cause = f"the matrix has {count} runs"
        checker.error((*loc, "matrix"), cause, f"let it have at most {MATRIX_MAX} (MATRIX_MAX)")
    variants = tuple(_variants(checker, entry.matrix, (*loc, "matrix"))) if count <= MATRIX_MAX else ()
    return Entry(
        scenario=entry.scenario,
        sets=_settings(document, entry.set, (*loc, "set")),
        variants=variants,
        tag=entry.tag,
        not_tag=entry.not_tag,
        place=document.place(loc),
    )


def _variants(checker: Checker, matrix: Mapping[str, tuple[Value, ...]], loc: Loc) -> Iterator[Variant]:
    """Every choice of one value each, the last name varying fastest."""
    for name, values in matrix.items():
        seen: set[str] = set()
        if not values:
            checker.error((*loc, name), "the list of values is empty", "name one, or leave it out")
        for index, value in enumerate(values):
            if str(value) in seen:
                checker.error((*loc, name, index), f"{shown(value)} a second time", "leave it out")
            seen.add(str(value))
            wrong = _wrong_seed(value) if name == SEED else None
            if wrong is not None:
                checker.located((*loc, name, index), wrong)
    for choice in itertools.product(*(enumerate(values) for values in matrix.values())):
        chosen = dict(zip(matrix, choice, strict=True))
        settings = {
            name: Setting(value, checker.document.place((*loc, name, index))) for name, (index, value) in chosen.items()
        }
        written = ",".join(f"{name}={_written(value)}" for name, (_, value) in chosen.items())
        seed = settings.pop(SEED, None)
        yield Variant(f"[{written}]" if written else "", settings, seed)


def _wrong_seed(value: Value) -> LocatedError | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= SEED_MAX:
        return None
    return LocatedError((), f"{shown(value)} is not a seed", f"write a whole number from 0 to {SEED_MAX}")


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _baseline(checker: Checker, entry: BaselineEntry, folder: Path) -> Baseline:
    path = folder / entry.file
    loc: Loc = ("baseline", "file")
    if "\0" in entry.file or not path.resolve().is_relative_to(folder.resolve()):
        cause = f"{shown(entry.file)} leads out of the suite's folder"
        checker.error(loc, cause, "keep the baseline below it, beside the scenarios")
    figures: set[str] = set()
    for index, each in enumerate(entry.compare):
        here: Loc = ("baseline", "compare", index)
        if each.worse_by is not None and each.differs_by is not None:
            checker.error(here, "`worse_by` and `differs_by` stand together", "keep one of them")
        if each.worse_by is None and each.differs_by is None:
            if each.other is not None:
                checker.error((*here, "or"), "`or` stands alone", "add `worse_by` or `differs_by`", key=True)
            elif each.only is None:
                checker.error(here, "this does not say how far the figure may lie", "add `worse_by` or `differs_by`")
        if each.figure in figures:
            checker.error((*here, "figure"), f"{shown(each.figure)} a second time", "leave it out")
        figures.add(each.figure)
    compare = tuple(each.model_dump(by_alias=True, exclude_none=True) for each in entry.compare)
    return Baseline(path, compare, checker.document.place(("baseline",)))
