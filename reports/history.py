"""The history of one device in a run: every fact of it in the order of time, to be read from start to end."""

import json
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow.compute as pc
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import words
from reports.explaining import detail_of, device_pairs, pair_table
from reports.explanation import DeviceRow, Fact, device_rows, read_detail
from reports.folder import RunFolder
from scenarios.errors import UserError
from scenarios.tables import FACTS

LINES_MAX: Final = 1_000
"""Facts that are printed; JSON has them all."""


@dataclass(frozen=True, slots=True)
class History:
    """A device with its facts in the order of time."""

    name: str
    device: DeviceRow
    facts: tuple[Fact, ...]


def history(folder: RunFolder, name: str, from_ms: int = 0, until_ms: int | None = None) -> History:
    """What a run tells of a device in [from, until). Raises UserError where it has no device of this name."""
    known = device_rows(folder, [name])
    if name not in known:
        raise UserError("--device", f"the run has no device {words.printable(name)!r}", "see its table of devices")
    condition = (pc.field("device") == name) & (pc.field("at_ms") >= from_ms)
    if until_ms is not None:
        condition &= pc.field("at_ms") < until_ms
    rows = folder.matching("facts", FACTS.names, condition).sort_by([("at_ms", "ascending"), ("sequence", "ascending")])
    facts = tuple(
        Fact(row["at_ms"], row["device"], row["kind"], read_detail(row["detail"])) for row in rows.to_pylist()
    )
    return History(name, known[name], facts)


def show(console: Console, one: History) -> None:
    """Prints the device and its facts, a line or more each, in 80 columns."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for fact in one.facts[:LINES_MAX]:
        table.add_row(
            Text(words.span(fact.at_ms), justify="right"), Text(words.printable(fact.kind)), Text(detail_of(fact))
        )
    head = Text(words.printable(one.name), style="bold")
    parts: list[RenderableType] = [head, pair_table(device_pairs(one.device)), Text(), table]
    if len(one.facts) > LINES_MAX:
        left = words.count(len(one.facts) - LINES_MAX, "fact")
        parts.append(Text(f"and {left} more; narrow it down with --from and --until, or ask for --format json"))
    elif not one.facts:
        parts.append(Text("no fact of the device in this time"))
    console.print(Group(*parts), crop=False, highlight=False)


def to_json(one: History) -> str:
    """The same as one JSON document; times are ms since the start."""
    return (
        json.dumps(
            {"device": one.name, "row": asdict(one.device), "facts": [asdict(fact) for fact in one.facts]}, indent=2
        )
        + "\n"
    )
