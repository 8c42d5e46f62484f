"""Tables of a run that tests write by hand: rows name what matters, the rest has a neutral value."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from scenarios.tables import SCHEMAS


def table(name: str, *rows: Mapping[str, Any]) -> pa.Table:
    """A table of a run; texts that are not given are empty, counts 0, lists empty."""
    schema = SCHEMAS[name]
    neutral = {field.name: _neutral(field.type) for field in schema}
    return pa.Table.from_pylist([{**neutral, **row} for row in rows], schema=schema)


def _neutral(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind):
        return ""
    return [] if pa.types.is_list(kind) else 0


def telemetry(*rows: Mapping[str, Any]) -> pa.Table:
    """Rows of `telemetry`, of the Central Node, high importance and one type unless they say otherwise."""
    usual = {
        "target": "central-node",
        "group": "Managed devices/HQ",
        "image": "windows-office",
        "type": "process-start",
        "importance": "high",
    }
    return table("telemetry", *({**usual, **row} for row in rows))
