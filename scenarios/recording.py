"""Recording: what shards hand over becomes rows of the run's tables (`scenarios.tables`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emulator.asking import asked
from emulator.events import EVENT_TYPES
from emulator.journal import RUN, Fact
from emulator.ports import I64, Port, Target
from emulator.services import Via
from emulator.telemetry.ledger import FLOWS, STOCKS, Ledger, Traffic
from fakes.services import PROXY
from scenarios.fleet import Fleet
from scenarios.model import Scenario
from scenarios.tables import DEVICES, FACTS, KEYS, SERVERS, TELEMETRY

Ledgers = Mapping[int, Ledger]
"""The ledgers of closed intervals, by the start of the interval in ms."""
STATES: Final = ("connected", "waiting", "off-line", "stopped")
"""State of a device at the end of a run, by its code."""


@dataclass(frozen=True, slots=True)
class Cells:
    """What the cells of a ledger are: image and administration group of each."""

    images: tuple[str, ...]
    groups: tuple[str, ...]


def cells_of(scenario: Scenario) -> Cells:
    """The cells of a scenario's ledgers, in their order: by image, then by administration group."""
    blocks = scenario.fleet.blocks
    pairs = sorted({(block.image, block.group) for block in blocks})
    return Cells(tuple(image for image, _ in pairs), tuple(group for _, group in pairs))


@dataclass(frozen=True, slots=True)
class DeviceColumns:
    """The end of the devices of one shard: columns by name, a row for each of `devices` (fleet indices, ascending).

    `terms[target][term]` int64; `contacts[server]` is (first, last) in ms, -1 for none; `state` indexes `STATES`.
    """

    devices: I64
    terms: Mapping[Target, Mapping[str, I64]]
    queued_max: I64
    queued_max_at_ms: I64
    contacts: Mapping[str, tuple[I64, I64]]
    state: NDArray[np.uint8]


def merged(shards: Iterable[Sequence[tuple[int, Ledger]]]) -> dict[int, Ledger]:
    """The sums of the shards' ledgers, by interval."""
    result: dict[int, Ledger] = {}
    for ledgers in shards:
        for at_ms, ledger in ledgers:
            if at_ms in result:
                result[at_ms].add(ledger)
            else:
                result[at_ms] = ledger
    return dict(sorted(result.items()))


def telemetry_table(ledgers: Ledgers, cells: Cells) -> pa.Table:
    """Rows for whatever is not nought."""
    targets = sorted({target for ledger in ledgers.values() for target in ledger.flows})
    tables = [_telemetry(target, ledgers, cells) for target in targets]
    return in_order("telemetry", pa.concat_tables(tables) if tables else TELEMETRY.empty_table())


def _telemetry(target: Target, ledgers: Ledgers, cells: Cells) -> pa.Table:
    """The rows of one target; all intervals at once, since each of them has few."""
    flows = np.stack([ledger.flows[target] for ledger in ledgers.values()])
    stocks = np.stack([ledger.stocks[target] for ledger in ledgers.values()])
    interval, cell, kind = np.nonzero(flows.any(axis=1) | stocks.any(axis=1))

    def named(names: Sequence[str], index: I64) -> "pa.Array[Any]":
        return pa.array(names, pa.string()).take(pa.array(index, pa.int64()))

    columns: dict[str, Any] = {
        "at_ms": np.array(list(ledgers), np.int64)[interval],
        "target": named([str(target)], np.zeros_like(cell)),
        "group": named(cells.groups, cell),
        "image": named(cells.images, cell),
        "type": named([item.name for item in EVENT_TYPES], kind),
        "importance": named([str(item.importance) for item in EVENT_TYPES], kind),
    }
    columns |= {term: flows[interval, place, cell, kind] for place, term in enumerate(FLOWS)}
    columns |= {term: stocks[interval, place, cell, kind] for place, term in enumerate(STOCKS)}
    columns["bytes"] = flows[interval, -1, cell, kind]
    return pa.table({name: pa.array(columns[name], TELEMETRY.field(name).type) for name in columns}, schema=TELEMETRY)


def servers_table(ledgers: Ledgers, names: Mapping[str, str]) -> pa.Table:
    """Rows for each server and kind of request; `names` gives the name of the node at an address.

    What comes to a node through the proxy server is in a row of the proxy server too.
    """
    rows = []
    for at_ms, ledger in ledgers.items():
        for (server, port, kind), traffic in _by_node(ledger, names).items():
            if traffic.requests == 0:
                continue
            buckets = sorted(traffic.latency)
            rows.append(
                {
                    "at_ms": at_ms,
                    "server": server,
                    "port": str(port),
                    "kind": kind,
                    "requests": traffic.requests,
                    "connects": traffic.connects,
                    "refused": traffic.refused,
                    "timed_out": traffic.timed_out,
                    "unreachable": traffic.unreachable,
                    "events": traffic.events,
                    "bytes_in": traffic.bytes_in,
                    "bytes_wire": traffic.bytes_wire,
                    "latency_bucket": buckets,
                    "latency_count": [traffic.latency[bucket] for bucket in buckets],
                }
            )
    return in_order("servers", pa.Table.from_pylist(rows, schema=SERVERS))


def _by_node(ledger: Ledger, names: Mapping[str, str]) -> dict[tuple[str, Port, str], Traffic]:
    """The traffic of a ledger by the nodes that had to do with it, whatever the road."""
    nodes: dict[tuple[str, Port, str], Traffic] = {}
    for (text, port, kind), traffic in ledger.traffic.items():
        server = asked(text)
        there = [names.get(server.address, server.address), *([PROXY] if server.road.via is Via.PROXY else ())]
        for node in there:
            nodes.setdefault((node, port, kind), Traffic()).add(traffic)
    return nodes


def facts_table(facts: Sequence[Fact], fleet: Fleet) -> pa.Table:
    """Rows for facts of devices and of the run."""
    device = np.array([fact.device for fact in facts], np.int64)
    names = fleet.names(np.maximum(device, 0))
    table = pa.table(
        {
            "at_ms": pa.array([fact.at_ms for fact in facts], pa.int64()),
            "device": pa.array(
                ["" if index == RUN else name for index, name in zip(device.tolist(), names.to_pylist(), strict=True)],
                pa.string(),
            ),
            "sequence": pa.array([fact.sequence for fact in facts], pa.int32()),
            "kind": pa.array([fact.kind for fact in facts], pa.string()),
            "detail": pa.array([fact.detail for fact in facts], pa.string()),
        },
        schema=FACTS,
    )
    return in_order("facts", table)


def devices_table(shards: Sequence[DeviceColumns], fleet: Fleet, names: Mapping[str, str]) -> pa.Table:
    """A row a device."""
    return in_order("devices", pa.concat_tables([_devices(columns, fleet, names) for columns in shards]))


def _devices(columns: DeviceColumns, fleet: Fleet, names: Mapping[str, str]) -> pa.Table:
    count = len(columns.devices)
    firsts = np.array([block.first for block in fleet.blocks])
    block = np.searchsorted(firsts, columns.devices, side="right") - 1

    def of_block(values: Sequence[Any], kind: pa.DataType) -> "pa.Array[Any]":
        return pa.array(values, kind).take(pa.array(block, pa.int64()))

    data: dict[str, Any] = {
        "device": fleet.names(columns.devices),
        "block": of_block([item.name for item in fleet.blocks], pa.string()),
        "group": of_block([item.group for item in fleet.blocks], pa.string()),
        "site": of_block([item.site for item in fleet.blocks], pa.string()),
        "image": of_block([item.image for item in fleet.blocks], pa.string()),
        "os": of_block([item.os for item in fleet.blocks], pa.string()),
        "tags": of_block([list(item.tags) for item in fleet.blocks], pa.list_(pa.string())),
        "state": pa.array(STATES).take(pa.array(columns.state, pa.int64())),
    }
    nothing = np.zeros(count, np.int64)
    for term in (*FLOWS, *STOCKS):
        own = {target: columns.terms.get(target, {}).get(term, nothing) for target in Target}
        data[term] = sum(own.values(), nothing)
        data |= {f"{str(target).replace('-', '_')}_{term}": values for target, values in own.items()}
    data["queued_max"] = columns.queued_max
    data["queued_max_at_ms"] = columns.queued_max_at_ms
    data["contacts"] = _contacts(columns, names)
    return pa.table({name: pa.array(data[name], DEVICES.field(name).type) for name in DEVICES.names}, schema=DEVICES)


def _contacts(columns: DeviceColumns, names: Mapping[str, str]) -> list[list[dict[str, Any]]]:
    rows: list[list[dict[str, Any]]] = [[] for _ in range(len(columns.devices))]
    for address in sorted(columns.contacts, key=lambda address: names.get(address, address)):
        first, last = columns.contacts[address]
        server = names.get(address, address)
        for row in np.flatnonzero(first >= 0).tolist():
            rows[row].append({"server": server, "first_ms": int(first[row]), "last_ms": int(last[row])})
    return rows


def in_order(name: str, table: pa.Table) -> pa.Table:
    """The rows of a table in the order of its key."""
    return table.sort_by([(key, "ascending") for key in KEYS[name]]).combine_chunks()
