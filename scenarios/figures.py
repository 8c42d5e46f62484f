"""Figures: what expectations can ask of a run's tables, and by which columns they can narrow it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from emulator.components.central import OBJECT
from emulator.events import EVENT_TYPES, Importance
from emulator.ports import Port, Target
from scenarios.facts import FACTS
from scenarios.tables import DEVICES, SCHEMAS, STOCKS

COUNT: Final = "count"
"""The figure of the journal: how many facts there are."""
REQUEST_KINDS: Final = ("send", "synchronise", OBJECT)

FILTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "telemetry": ("target", "group", "image", "type", "importance"),
    "servers": ("server", "port", "kind"),
    "facts": ("kind", "device"),
}
"""The columns that `where` narrows a total by."""

VALUES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("telemetry", "target"): tuple(Target),
    ("telemetry", "type"): tuple(kind.name for kind in EVENT_TYPES),
    ("telemetry", "importance"): tuple(Importance),
    ("servers", "port"): tuple(Port),
    ("servers", "kind"): REQUEST_KINDS,
    ("facts", "kind"): tuple(FACTS),
}
"""The values of such a column, where they do not depend on the scenario."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of a table. `stock` tells that it is a state at the end of an interval, and not a sum over it."""

    table: str
    column: str
    about: str
    stock: bool = False

    def __str__(self) -> str:
        return self.column if self.table == "devices" else f"{self.table}.{self.column}"


def _about(field: "pa.Field[pa.DataType]") -> str:
    return (field.metadata or {}).get(b"about", b"").decode()


def _totals() -> dict[str, Figure]:
    found = [Figure("facts", COUNT, "facts in the journal")]
    for table in ("telemetry", "servers"):
        for field in SCHEMAS[table]:
            if field.type == pa.int64() and field.name != "at_ms":
                found.append(Figure(table, field.name, _about(field), stock=field.name in STOCKS))
    return {str(figure): figure for figure in found}


TOTALS: Final[Mapping[str, Figure]] = _totals()
"""The figures of the whole run, for `total`: sums, but stocks as they are at the end."""
SERIES: Final = tuple(name for name, figure in TOTALS.items() if figure.table != "facts")
"""Of these, the figures that have a value in each interval, for `series`."""
QUANTILE: Final = re.compile(r"servers\.latency\.(p[0-9]{1,3}(?:\.[0-9]{1,3})?)")
"""What else has: a quantile of the latency of servers."""
COUNTS: Final[Mapping[str, Figure]] = {
    field.name: Figure("devices", field.name, _about(field)) for field in DEVICES if field.type == pa.int64()
}
"""The figures of one device, for `each`."""
TEXTS: Final[Mapping[str, Figure]] = {
    name: Figure("devices", name, _about(DEVICES.field(name))) for name in ("state", "group", "image", "os", "block")
}
"""What else can be asked of one device: a text, which `is` compares as a whole."""
TALLIED: Final[Mapping[str, str]] = {
    "other_traffic": "events that use the network, without what agents exchange with their servers",
}
"""The figures of one device between two facts of its own, for `each` with `between`."""
STORED: Final[Mapping[str, str]] = {
    "events": "events that are held, each counted once",
    "duplicate_ids": "events that are held more than once, by one server of the port or by several",
    "missing_ids": "acknowledged events that are not held; at least so many, since expired ones may be held too",
}
"""The figures of what servers hold, for `observe`."""
TIMES: Final[Mapping[str, str]] = {"queued_max": "queued_max_at_ms"}
"""For a figure of one device, the column that tells when it was so."""
