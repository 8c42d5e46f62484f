"""Explanations on the console: 80 columns, the counter-examples one below the other."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports import words
from reports.console import VERDICTS
from reports.explanation import AROUND_MS, DeviceRow, Explained, Explanation, Fact
from reports.folder import RunFolder
from reports.manifest import Manifest, Step

DETAIL_MAX: Final = 300
"""Characters of the detail of one fact."""


def show(console: Console, manifest: Manifest, explanations: Sequence[Explanation]) -> None:
    """Prints each expectation with its clause and its place in the scenario, then every counter-example."""
    name = words.printable(manifest.scenario.name)
    if not explanations:
        judged = words.count(len(manifest.expectations), "expectation")
        judged_some = manifest.expectations and manifest.verdict != "unjudged"
        told = f"{judged}, all of them passed" if judged_some else "nothing was judged"
        console.print(Text(f"{name}: {told}"), highlight=False)
        return
    parts: list[RenderableType] = [Text(f"{name}, seed {manifest.seed}", style="bold")]
    for one in explanations:
        parts += [Text(), *_expectation(one)]
    if manifest.command:
        parts += [Text(), Text(f"again   {words.printable(manifest.command)}", no_wrap=True, overflow="ignore")]
    console.print(Group(*parts), crop=False, highlight=False)


def to_json(folder: RunFolder, explanations: Sequence[Explanation]) -> str:
    """The same as one JSON document. Names and texts are the scenario's own; times are ms since the start."""
    manifest = folder.manifest
    document = {
        "scenario": manifest.scenario.name,
        "seed": manifest.seed,
        "verdict": manifest.verdict,
        "command": manifest.command,
        "expectations": [_plain(one) for one in explanations],
        "problems": list(folder.problems),
    }
    return json.dumps(document, indent=2) + "\n"


def _plain(one: Explanation) -> dict[str, Any]:
    expectation = one.expectation.model_dump(exclude={"counter_examples"})
    return {**expectation, "counter_examples": [_plain_example(example) for example in one.examples]}


def _plain_example(one: Explained) -> dict[str, Any]:
    return {
        **one.example.model_dump(),
        "row": None if one.device is None else asdict(one.device),
        "steps": [step.model_dump() for step in one.steps],
        "facts": [asdict(fact) for fact in one.facts],
        "facts_left": one.facts_left,
    }


def _expectation(one: Explanation) -> list[RenderableType]:
    expectation = one.expectation
    head = Text.assemble(
        (expectation.verdict.upper(), VERDICTS[expectation.verdict]), "  ", (words.printable(expectation.name), "bold")
    )
    facts = [
        ("clause", expectation.clause or ""),
        ("scenario", expectation.place or ""),
        ("seen", words.scalar(expectation.seen)),
        ("expected", words.scalar(expectation.expected)),
    ]
    parts: list[RenderableType] = [head, _indented(pair_table(facts), 2)]
    if not one.examples:
        parts.append(_indented(Text("no counter-example was kept"), 2))
    for number, explained in enumerate(one.examples, start=1):
        parts += [Text(), _indented(Text(f"{number}. {explained.example.sentence}"), 2)]
        parts.append(_indented(_explained(explained), 5))
    return parts


def _explained(one: Explained) -> RenderableType:
    pairs = [("about", one.example.what or "")] if one.example.device else []
    if one.device is not None:
        pairs += device_pairs(one.device)
    elif one.example.device:
        pairs.append(("device", "the devices table does not know it"))
    at_ms = one.example.at_ms
    if at_ms is not None:
        around = f"no step and no fault within {words.interval(AROUND_MS)}"
        pairs += [("step", _step(step, at_ms)) for step in one.steps] or [("step", around)]
    return Group(pair_table(pairs), _facts(one))


def device_pairs(device: DeviceRow) -> list[tuple[str, str]]:
    """What there is to say of a device, by name."""
    terms = ", ".join(f"{words.term(term)} {value:,}" for term, value in device.terms.items())
    contacts = [
        (
            "contact",
            f"{contact.server}, first {words.span(contact.first_ms)}, last {words.span(contact.last_ms)}",
        )
        for contact in device.contacts
    ]
    return [
        ("device", f"{device.image}, {device.os}, block {device.block}, {device.state} at the end"),
        ("group", device.group),
        ("telemetry", terms or "nothing"),
        ("queue", f"at most {words.count(device.queued_max, 'event')}, at {words.span(device.queued_max_at_ms)}"),
        *contacts,
    ]


def _step(step: Step, at_ms: int) -> str:
    what = f"fault {step.action}" if step.is_fault else step.action
    until = "" if step.end_ms is None else f" to {words.span(step.end_ms)}"
    lasted = step.end_ms is not None and step.at_ms <= at_ms < step.end_ms
    detail = f" ({step.detail})" if step.detail else ""
    return f"{step.name}: {what}, {words.span(step.at_ms)}{until}{', lasting then' if lasted else ''}{detail}"


def _facts(one: Explained) -> RenderableType:
    whose = "of the device" if one.example.device else "of the run"
    when = "" if one.example.at_ms is None else f" within {words.interval(AROUND_MS)}"
    if not one.facts:
        return Text(f"no fact {whose}{when}")
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for fact in one.facts:
        table.add_row(
            Text(words.span(fact.at_ms), justify="right"), Text(words.printable(fact.kind)), Text(detail_of(fact))
        )
    parts: list[RenderableType] = [Text(f"facts {whose}{when}:"), _indented(table, 2)]
    if one.facts_left:
        parts.append(_indented(Text(f"and {words.count(one.facts_left)} more"), 2))
    return Group(*parts)


def detail_of(fact: Fact) -> str:
    """The detail of a fact on one line, clipped."""
    if isinstance(fact.detail, str):
        return words.clipped(words.printable(fact.detail), DETAIL_MAX)
    text = ", ".join(f"{key} {value}" for key, value in fact.detail.items())
    return words.clipped(words.printable(text), DETAIL_MAX)


def pair_table(pairs: Sequence[tuple[str, str]]) -> Table:
    """Names and texts side by side, without those that are empty."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in pairs:
        if value:
            table.add_row(Text(name), Text(words.printable(value)))
    return table


def _indented(content: RenderableType, columns: int) -> Padding:
    return Padding(content, (0, 0, 0, columns))
