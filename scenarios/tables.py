"""The tables of a run folder: their columns are a contract, here in one place for writers, readers and the docs."""

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from emulator.telemetry.ledger import FLOWS, LATENCY_BOUNDS_US, STOCKS

TERMS: Final = tuple(term for term in (*FLOWS, *STOCKS) if term != "suppressed")
"""The books of one target: generated = the sum of all others."""


def _column(name: str, kind: pa.DataType, about: str) -> "pa.Field[Any]":
    return pa.field(name, kind, nullable=False, metadata={"about": about})


def _counts(names: tuple[str, ...]) -> "list[pa.Field[Any]]":
    about = {
        "generated": "events that life and the scenario made",
        "excluded": "withheld by a process or network exclusion",
        "optimised": "withheld by volume optimisation",
        "repeated": "withheld as a repeated process start within the TTL",
        "throttled": "dropped by request throttling",
        "not_collected": "integration off, or Endpoint Agent stopped",
        "acknowledged": "stored by a server, and the agent knows",
        "crashed": "lost with a crash of Endpoint Agent",
        "expired": "older than the retention of 21 days",
        "suppressed": "never made, since the device is isolated; outside the balance",
        "queued": "waiting on the device, never sent",
        "unanswered": "sent, no answer known yet",
    }
    return [_column(name, pa.int64(), about[name]) for name in names]


TELEMETRY: Final = pa.schema(
    [
        _column("at_ms", pa.int64(), "start of the interval, ms since the start of the run"),
        _column("target", pa.string(), "central-node or kics"),
        _column("group", pa.string(), "administration group"),
        _column("image", pa.string(), "image of the devices"),
        _column("type", pa.string(), "event type"),
        _column("importance", pa.string(), "high or low"),
        *_counts(FLOWS),
        *_counts(STOCKS),
        _column("bytes", pa.int64(), "bytes of events that left the devices, repeats included"),
    ]
)

SERVERS: Final = pa.schema(
    [
        _column("at_ms", pa.int64(), "start of the interval, ms since the start of the run"),
        _column("server", pa.string(), "name of the server"),
        _column("port", pa.string(), "what it answers: telemetry, kics, administration"),
        _column("kind", pa.string(), "kind of request: send, synchronise, object"),
        _column("requests", pa.int64(), "requests that reached for the server, failed ones included"),
        _column("connects", pa.int64(), "of these, with a connection set up anew"),
        _column("refused", pa.int64(), "answered with a refusal (a status)"),
        _column("timed_out", pa.int64(), "no answer within the response time-out"),
        _column("unreachable", pa.int64(), "no connection"),
        _column("events", pa.int64(), "events carried by requests that the server stored"),
        _column("bytes_in", pa.int64(), "bytes of bodies that the server took in"),
        _column("bytes_wire", pa.int64(), "bytes of bodies that left the devices for it, failed requests included"),
        _column(
            "latency_bucket", pa.list_(pa.int32()), "indices of the logarithmic latency buckets that are not empty"
        ),
        _column("latency_count", pa.list_(pa.int64()), "answers in each of these buckets"),
    ]
)

FACTS: Final = pa.schema(
    [
        _column("at_ms", pa.int64(), "when, ms since the start of the run"),
        _column("device", pa.string(), "name of the device; empty for facts of the run"),
        _column("sequence", pa.int32(), "order among the facts of one device at one time"),
        _column("kind", pa.string(), "what happened"),
        _column("detail", pa.string(), "JSON object, keys sorted"),
    ]
)

CONTACT: Final = pa.struct([("server", pa.string()), ("first_ms", pa.int64()), ("last_ms", pa.int64())])

DEVICES: Final = pa.schema(
    [
        _column("device", pa.string(), "name"),
        _column("block", pa.string(), "block of the fleet"),
        _column("group", pa.string(), "administration group at the end"),
        _column("site", pa.string(), "site of its block"),
        _column("image", pa.string(), "image"),
        _column("os", pa.string(), "windows or linux"),
        _column("tags", pa.list_(pa.string()), "tags of its block"),
        _column("state", pa.string(), "connected, waiting, off-line or stopped at the end"),
        *_counts(FLOWS),
        *_counts(STOCKS),
        *[
            pa.field(f"{target}_{term}", pa.int64(), nullable=False, metadata={"about": f"`{term}` of {name} alone"})
            for target, name in (("central_node", "the Central Node"), ("kics", "KICS for Networks"))
            for term in (*FLOWS, *STOCKS)
        ],
        _column("queued_max", pa.int64(), "longest queue (queued and unanswered), all targets"),
        _column("queued_max_at_ms", pa.int64(), "when it was that long first"),
        _column("contacts", pa.list_(CONTACT), "first and last answered contact with each server"),
    ]
)

SCHEMAS: Final[Mapping[str, pa.Schema]] = {
    "facts": FACTS,
    "devices": DEVICES,
    "telemetry": TELEMETRY,
    "servers": SERVERS,
}

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "facts": ("at_ms", "device", "sequence"),
    "devices": ("device",),
    "telemetry": ("at_ms", "target", "group", "image", "type"),
    "servers": ("at_ms", "server", "port", "kind"),
}
"""The order of a table's rows, in which the digest takes them."""

__all__ = [
    "CONTACT",
    "DEVICES",
    "FACTS",
    "FLOWS",
    "KEYS",
    "LATENCY_BOUNDS_US",
    "SCHEMAS",
    "SERVERS",
    "STOCKS",
    "TELEMETRY",
    "TERMS",
]
