"""Previews on the console, as `seatrial check` prints them: 80 columns, as clear without colour as with it."""

import json
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from reports import words
from scenarios.preview import (
    DEVICE_HOURS_PER_CPU_S,
    ExpectationPreview,
    Preview,
    ReactionPreview,
    SitePreview,
    StepPreview,
)
from scenarios.units import duration_text, rate_text

LINES_MAX: Final = 200
"""Lines of one section; JSON has all of them."""

Row = tuple[str, ...]


def show(console: Console, previews: Sequence[Preview]) -> None:
    """Prints what each run comes to, one below the other."""
    for number, one in enumerate(previews):
        console.print(Group(*([Text()] if number else []), *_parts(one)), crop=False, highlight=False)


def to_json(previews: Sequence[Preview], notices: Sequence[str]) -> str:
    """The same as one JSON document."""
    document = {"scenarios": [one.plain() for one in previews], "notices": list(notices)}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _parts(one: Preview) -> list[RenderableType]:
    parts: list[RenderableType] = [_head(one)]
    blocks = [(block.name, f"{block.devices:,}", block.image, block.group) for block in one.blocks]
    parts += _section("Fleet", _table(("", "devices", "image", "group"), blocks))
    if len(one.sites) > 1 or any(map(_is_told, one.sites)):
        parts += _section("Sites", _table(("", "devices", "time zone", "latency", "link"), list(map(_site, one.sites))))
    if one.ramp is not None:
        told = (
            f"{one.ramp.devices_at_start:,} at the start, {one.ramp.devices_at_end:,} after "
            f"{words.span(one.ramp.over_ms)}"
        )
        parts.append(Padding(Text(told), (0, 0, 0, 2)))
    for title, sums, of in (("By image", one.images, one.blocks), ("By group", one.groups, one.blocks)):
        if len(sums) > 1 and len(sums) < len(of):
            parts += _section(title, _table(("", "devices"), [(name, f"{count:,}") for name, count in sums.items()]))
    servers = [(server.port, server.backend, ", ".join(server.nodes)) for server in one.servers]
    parts += _section("Servers", _table(("", "backend", "nodes"), servers))
    if one.policies:
        policies = [
            (policy.name, policy.status, f"{policy.devices:,}", policy.group, "\n".join(policy.under_policy))
            for policy in one.policies
        ]
        heads = ("", "", "devices", "group", "under policy")
        parts += _section("Policies at the start", _table(heads, policies))
    if one.steps:
        steps = [_step(step) for step in one.steps]
        parts += _section("Timeline", _table(("from", "to", "", "", "devices"), steps))
    if one.reactions:
        reactions = [_reaction(reaction) for reaction in one.reactions]
        parts += _section("Reactions", _table(("", "", "", "devices"), reactions))
    if one.expectations:
        parts += _section("Expectations", _table(("", "", ""), [_expectation(each) for each in one.expectations]))
    if one.warnings:
        parts += _section("Warnings", Text("\n".join(map(words.printable, one.warnings))))
    return [*parts, Text(), _estimate(one)]


def _head(one: Preview) -> Text:
    text = Text.assemble(
        (words.printable(one.scenario), "bold"),
        f"  {words.printable(one.file)}\n",
        f"{words.count(one.devices, 'device')}, {words.span(one.duration_ms)}, seed {one.seed}, starts at {one.start}",
    )
    if one.params:
        given = ", ".join(f"{name} {value}" for name, value in one.params.items())
        text.append(f"\nparams {words.printable(given)}")
    return text


def _is_told(site: SitePreview) -> bool:
    return site.time_zone is not None or bool(site.latency_ms) or site.link_bps is not None


def _site(site: SitePreview) -> Row:
    latency = duration_text(site.latency_ms) if site.latency_ms else ""
    link = "" if site.link_bps is None else rate_text(site.link_bps)
    return site.name, f"{site.devices:,}", site.time_zone or "that of the start", latency, link


def _step(step: StepPreview) -> Row:
    again = f"{step.times:,} times to {words.span(step.last_ms)}" if step.times > 1 else ""
    end = words.span(step.end_ms) if step.end_ms is not None and not again else again
    return words.span(step.at_ms), end, step.name, step.action, _devices(step.devices)


def _reaction(reaction: ReactionPreview) -> Row:
    when = [f"at the first {reaction.fact}"] if reaction.fact else []
    if reaction.within_ms is not None:
        when.append(f"within {words.span(reaction.within_ms)}")
    if reaction.after is not None:
        when.append(f"after {reaction.after}")
    if reaction.delay_ms:
        when.append(f"and {words.span(reaction.delay_ms)}")
    return reaction.name, reaction.action, " ".join(when), _devices(reaction.devices)


def _expectation(one: ExpectationPreview) -> Row:
    told = one.devices is None or f" {one.devices} devices" in one.expected
    devices = "" if told else f" ({words.count(one.devices or 0, 'device')})"
    otherwise = "" if one.otherwise == "fail" else f", else {one.otherwise}"
    return one.name, one.clause or "", f"{one.expected}{devices}{otherwise}"


def _estimate(one: Preview) -> Text:
    cost = one.estimate
    least, most = round(cost.cpu_s_min), round(cost.cpu_s_max)
    seconds = "less than a second" if not most else words.count(most, "second")
    seconds = f"{least:,} to {seconds}" if 0 < least < most else seconds
    slow, fast = DEVICE_HOURS_PER_CPU_S
    waiting = cost.memory_bytes_max > cost.memory_bytes
    backlog = f", up to {words.size(cost.memory_bytes_max)} with what waits on them" if waiting else ""
    return Text(
        f"estimate  {words.count(cost.device_hours, 'device-hour')}: {seconds} of CPU,\n"
        f"          {words.size(cost.memory_bytes)} for the devices{backlog}\n"
        f"          (measured: {slow:,} to {fast:,} device-hours a second)"
    )


def _devices(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _section(title: str, content: RenderableType) -> list[RenderableType]:
    return [Text(f"\n{title}", style="bold"), Padding(content, (0, 0, 0, 2))]


def _table(heads: Row, rows: Sequence[Row]) -> RenderableType:
    columns = [
        Column(Text(head), justify="right" if head in ("devices", "from", "to") else "left", overflow="fold")
        for head in heads
    ]
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="", show_header=any(heads))
    for row in rows[:LINES_MAX]:
        table.add_row(*(Text("\n".join(map(words.printable, cell.split("\n")))) for cell in row))
    if len(rows) <= LINES_MAX:
        return table
    return Group(table, Text(f"and {len(rows) - LINES_MAX:,} more"))
