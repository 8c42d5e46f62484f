"""Explanations: for each counter-example of an expectation what the run's tables know about it, and nothing else."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from reports.folder import RunFolder
from reports.manifest import CounterExample, Expectation, Manifest, Step
from scenarios.errors import UserError
from scenarios.problems import hint
from scenarios.tables import FACTS, FLOWS, STOCKS

AROUND_MS: Final = 10 * 60_000
"""Facts up to so long before and after a counter-example are told with it."""
FACTS_MAX: Final = 40
"""Facts of one counter-example: those nearest to it in time."""

_DEVICE: Final = (
    "device",
    "block",
    "group",
    "image",
    "os",
    "state",
    *FLOWS,
    *STOCKS,
    "queued_max",
    "queued_max_at_ms",
    "contacts",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the journal; `device` is empty for a fact of the run. `detail` is plain data, or the text as it is."""

    at_ms: int
    device: str
    kind: str
    detail: Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Contact:
    """The first and the last answered contact of a device with a server."""

    server: str
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """What the devices table says of one device at the end. `terms` are those of its telemetry that are not nought."""

    device: str
    block: str
    group: str
    image: str
    os: str
    state: str
    terms: Mapping[str, int]
    queued_max: int
    queued_max_at_ms: int
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """One counter-example and what lies around it.

    `device` is None where it is no device's, or where the table does not know it. `facts` are those of the device,
    or of the run where there is none, within `AROUND_MS`; where the counter-example has no time, the first ones.
    `facts_left` more are not told. `steps` are the steps and faults that lasted then, or within `AROUND_MS` of it.
    """

    example: CounterExample
    device: DeviceRow | None
    steps: tuple[Step, ...]
    facts: tuple[Fact, ...]
    facts_left: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """An expectation with all its counter-examples explained."""

    expectation: Expectation
    examples: tuple[Explained, ...]


def explain(folder: RunFolder, name: str | None = None) -> tuple[Explanation, ...]:
    """Explains each expectation that did not pass, or the one called `name` whatever its verdict.

    Only rows of the devices in question are read. Raises `UserError` where no expectation has that name.
    """
    chosen = _chosen(folder, name)
    examples = [example for one in chosen for example in one.counter_examples]
    names = sorted({example.device for example in examples if example.device})
    devices = device_rows(folder, names)
    facts = _facts(folder, names, examples)
    return tuple(
        Explanation(
            one, tuple(_explained(example, devices, facts, folder.manifest) for example in one.counter_examples)
        )
        for one in chosen
    )


def _chosen(folder: RunFolder, name: str | None) -> list[Expectation]:
    expectations = folder.manifest.expectations
    if name is None:
        return [one for one in expectations if one.verdict != "pass"]
    chosen = [one for one in expectations if one.name == name]
    if not chosen:
        remedy = hint(name, (one.name for one in expectations))
        raise UserError(str(folder.path), f"the run has no expectation {name!r}", remedy)
    return chosen


def device_rows(folder: RunFolder, names: Sequence[str]) -> dict[str, DeviceRow]:
    """The rows of devices in the table of devices, by name."""
    if not names:
        return {}
    rows = folder.matching("devices", _DEVICE, pc.field("device").isin(names)).to_pylist()
    return {row["device"]: _device(row) for row in rows}


def _device(row: Mapping[str, Any]) -> DeviceRow:
    return DeviceRow(
        **{name: row[name] for name in ("device", "block", "group", "image", "os", "state")},
        terms={term: row[term] for term in (*FLOWS, *STOCKS) if row[term]},
        queued_max=row["queued_max"],
        queued_max_at_ms=row["queued_max_at_ms"],
        contacts=tuple(Contact(**contact) for contact in row["contacts"]),
    )


def _facts(folder: RunFolder, names: Sequence[str], examples: Sequence[CounterExample]) -> pa.Table:
    """The facts of the devices in question, and of the run where a counter-example is no device's."""
    wanted = [*names, *([""] if any(not example.device for example in examples) else [])]
    if not wanted:
        return FACTS.empty_table()
    condition = pc.field("device").isin(wanted)
    times = [example.at_ms for example in examples]
    known = [at_ms for at_ms in times if at_ms is not None]
    if known and len(known) == len(times):
        # Facts are written in the order of time, so that whole parts of the table are skipped.
        condition &= (pc.field("at_ms") >= min(known) - AROUND_MS) & (pc.field("at_ms") <= max(known) + AROUND_MS)
    return folder.matching("facts", FACTS.names, condition)


def _explained(
    example: CounterExample, devices: Mapping[str, DeviceRow], facts: pa.Table, manifest: Manifest
) -> Explained:
    rows = facts.filter(pc.field("device") == pa.scalar(example.device or ""))
    at_ms = example.at_ms
    if at_ms is None:
        told = rows.slice(0, FACTS_MAX)
    else:
        rows = rows.filter((pc.field("at_ms") >= at_ms - AROUND_MS) & (pc.field("at_ms") <= at_ms + AROUND_MS))
        distance = pc.abs(pc.subtract(rows["at_ms"], pa.scalar(at_ms, pa.int64())))
        nearest = pc.sort_indices(distance).slice(0, FACTS_MAX)
        told = rows.take(nearest).sort_by([("at_ms", "ascending"), ("sequence", "ascending")])
    return Explained(
        example,
        devices.get(example.device or ""),
        () if at_ms is None else tuple(step for step in manifest.steps if _lay_around(step, at_ms)),
        tuple(Fact(row["at_ms"], row["device"], row["kind"], read_detail(row["detail"])) for row in told.to_pylist()),
        rows.num_rows - told.num_rows,
    )


def _lay_around(step: Step, at_ms: int) -> bool:
    end_ms = step.at_ms if step.end_ms is None else step.end_ms
    return step.at_ms <= at_ms + AROUND_MS and end_ms >= at_ms - AROUND_MS


def read_detail(text: str) -> Mapping[str, Any] | str:
    """The detail of a fact as it stands in the table: a JSON object, or where it is none the text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return data if isinstance(data, dict) else text
