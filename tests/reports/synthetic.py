"""A made-up run folder that looks like a real one: a day's curve, an outage with backlog and storm, two targets.

To look at its report: `python -m tests.reports.synthetic FOLDER` writes a day of 5,000 devices and `report.html`.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scenarios.tables import (
    DEVICES,
    FACTS,
    FLOWS,
    KEYS,
    LATENCY_BOUNDS_US,
    SCHEMAS,
    SERVERS,
    STOCKS,
    TELEMETRY,
    TERMS,
)

I64 = NDArray[np.int64]

HOURS: Final = (2, 2, 2, 2, 3, 4, 8, 20, 70, 95, 100, 96, 70, 88, 98, 92, 84, 60, 30, 14, 8, 5, 3, 2)
"""Activity by hour of day, in per cent of the busiest hour."""

TYPES: Final = {
    # name: importance, events an hour and device at the busiest hour, bytes
    "threat-detection": ("high", 1, 720),
    "process-start": ("high", 160, 640),
    "script-run": ("high", 18, 600),
    "system-event": ("high", 30, 480),
    "process-end": ("low", 150, 200),
    "module-load": ("low", 240, 300),
    "file-change": ("low", 320, 360),
    "registry-change": ("low", 210, 340),
    "network-activity": ("low", 380, 260),
    "basic-communications": ("low", 140, 180),
}
KICS_TYPES: Final = ("process-start", "network-activity", "basic-communications")
CAP_PER_HOUR: Final = {"file-change": 260, "registry-change": 190, "network-activity": 300}


@dataclass(frozen=True)
class Shape:
    """How large the run is, and when its Central Node is down."""

    devices: int = 480
    start_hour: int = 7
    duration_ms: int = 6 * 3_600_000
    interval_ms: int = 60_000
    down_ms: int = 2 * 3_600_000
    outage_ms: int = 28 * 60_000
    parts: int = 3

    @property
    def up_ms(self) -> int:
        return self.down_ms + self.outage_ms

    @property
    def intervals(self) -> int:
        return self.duration_ms // self.interval_ms

    @property
    def at_ms(self) -> I64:
        return np.arange(self.intervals, dtype=np.int64) * self.interval_ms

    def blocks(self) -> list[dict[str, Any]]:
        servers = max(1, self.devices // 12)
        remote = self.devices // 5
        return [
            {
                "name": "office",
                "image": "windows-office",
                "group": "Managed devices/HQ/Office",
                "count": self.devices - servers - remote,
            },
            {"name": "remote", "image": "windows-laptop", "group": "Managed devices/Field", "count": remote},
            {"name": "db", "image": "linux-database", "group": "Managed devices/HQ/Servers", "count": servers},
        ]


SMALL: Final = Shape()
DAY: Final = Shape(
    devices=5000,
    start_hour=0,
    duration_ms=24 * 3_600_000,
    interval_ms=30_000,
    down_ms=10 * 3_600_000,
    outage_ms=28 * 60_000,
    parts=4,
)


@dataclass
class Names:
    """Texts that a test may replace by hostile ones."""

    scenario: str = "central-node-outage"
    about: str = "The Central Node refuses connections for 28 minutes in the morning; how does the fleet come back?"
    server: str = "central-node-1"
    step: str = "outage"
    type: str = "file-change"
    device: str = "{block}-{index:05}"
    expectation: str = "storm bounded"
    group: str = "Managed devices/HQ/Office"


@dataclass
class Run:
    """The tables and the manifest, before they are written."""

    manifest: dict[str, Any]
    tables: dict[str, pa.Table] = field(default_factory=dict)


def noise(length: int, seed: int) -> I64:
    """Per mille around 1000, the same on every machine."""
    index = np.arange(length, dtype=np.uint64)
    mixed = (index * np.uint64(2_654_435_761) + np.uint64(seed) * np.uint64(40_503)) % np.uint64(2**32)
    mixed = (mixed ^ (mixed >> np.uint64(13))) * np.uint64(1_274_126_177) % np.uint64(2**32)
    return 970 + (mixed >> np.uint64(16)).astype(np.int64) % 61


def activity(shape: Shape) -> I64:
    """Per mille of the busiest hour, for each interval."""
    minutes = shape.at_ms // 60_000 + shape.start_hour * 60
    hour, minute = minutes // 60 % 24, minutes % 60
    table = np.array(HOURS, dtype=np.int64)
    return (table[hour] * (60 - minute) + table[(hour + 1) % 24] * minute) * 10 // 60


def make(shape: Shape = SMALL, names: Names | None = None) -> Run:
    """The run of `shape`; every number follows from it."""
    names = names or Names()
    telemetry = [*_target(shape, names, "central-node"), *_target(shape, names, "kics")]
    run = Run(_manifest(shape, names, telemetry))
    table = pa.concat_tables(telemetry)
    run.tables["telemetry"] = table.sort_by([(key, "ascending") for key in KEYS["telemetry"]])
    run.tables["servers"] = _servers(shape, names)
    run.tables["devices"] = _devices(shape, names, table)
    run.tables["facts"] = _facts(shape)
    return run


def write(run: Run, folder: Path, *, parts: int = 3) -> Path:
    """Writes the run as a folder with some parts a table, and returns the folder."""
    folder.mkdir(parents=True)
    for name, table in run.tables.items():
        (folder / name).mkdir()
        rows = -(-table.num_rows // parts)
        for part in range(parts):
            pq.write_table(
                table.slice(part * rows, rows).cast(SCHEMAS[name]),
                folder / name / f"part-{part:05}.parquet",
                compression="zstd",
            )
    (folder / "run.json").write_text(json.dumps(run.manifest, indent=1), encoding="utf-8")
    return folder


def _target(shape: Shape, names: Names, target: str) -> list[pa.Table]:
    tables = []
    for block_index, block in enumerate(shape.blocks()):
        for type_index, (kind, (importance, per_hour, size)) in enumerate(TYPES.items()):
            if target == "kics" and (kind not in KICS_TYPES or block["name"] == "remote"):
                continue
            seed = 100 * block_index + type_index + (7 if target == "kics" else 0)
            counts = _books(shape, target, block, kind, per_hour, seed)
            left = counts["acknowledged"] + np.where(shape.at_ms == shape.down_ms, counts["unanswered"], 0)
            rows = shape.intervals
            tables.append(
                pa.table(
                    {
                        "at_ms": shape.at_ms,
                        "target": [target] * rows,
                        "group": [names.group if block["name"] == "office" else block["group"]] * rows,
                        "image": [block["image"]] * rows,
                        "type": [names.type if kind == "file-change" else kind] * rows,
                        "importance": [importance] * rows,
                        **counts,
                        "bytes": left * size,
                    },
                    schema=TELEMETRY,
                )
            )
    return tables


def _books(shape: Shape, target: str, block: Mapping[str, Any], kind: str, per_hour: int, seed: int) -> dict[str, I64]:
    rows = shape.intervals
    zero = np.zeros(rows, dtype=np.int64)
    level = np.full(rows, 450, dtype=np.int64) if block["name"] == "db" else activity(shape)
    mean_millionth = block["count"] * per_hour * level * noise(rows, seed) * (shape.interval_ms // 1000) // 3600
    generated = np.diff(np.concatenate(([0], np.cumsum(mean_millionth) // 1_000_000)))
    excluded = generated * 3 // 100
    optimised = generated * 3 // 10 if kind in ("network-activity", "basic-communications") else zero
    repeated = generated * 2 // 10 if kind == "process-start" else zero
    rest = generated - excluded - optimised - repeated
    cap = block["count"] * CAP_PER_HOUR.get(kind, 10**6) * shape.interval_ms // 3_600_000 * 6 // 10
    throttled = np.maximum(rest - cap, 0) if target == "central-node" and block["name"] != "db" else zero
    not_collected = (rest - throttled) // 50 if block["name"] == "remote" else zero
    offered = rest - throttled - not_collected
    acknowledged, queued, unanswered, crashed, expired = (zero.copy() for _ in range(5))
    waiting = flying = 0
    for row, at_ms in enumerate(shape.at_ms.tolist()):
        fresh = int(offered[row])
        if target == "central-node" and shape.down_ms <= at_ms < shape.up_ms:
            if at_ms == shape.down_ms:
                flying = fresh // 3
                fresh -= flying
            waiting += fresh
        else:
            waiting, flying = waiting + flying + fresh, 0
            if at_ms == shape.up_ms + 5 * shape.interval_ms:
                crashed[row] = waiting // 200
                waiting -= int(crashed[row])
            sent = min(waiting, fresh + (waiting - fresh) // 8 + 1)
            acknowledged[row] = sent
            waiting -= sent
        if at_ms == shape.up_ms and kind == "script-run":
            expired[row] = waiting // 90
            waiting -= int(expired[row])
        queued[row], unanswered[row] = waiting, flying
    isolated = shape.down_ms + 30 * 60_000 <= shape.at_ms
    suppressed = np.where(isolated & (kind == "network-activity") & (block["name"] == "remote"), 2, 0)
    return {
        "generated": generated,
        "excluded": excluded,
        "optimised": optimised,
        "repeated": repeated,
        "throttled": throttled,
        "not_collected": not_collected,
        "acknowledged": acknowledged,
        "crashed": crashed,
        "expired": expired,
        "suppressed": suppressed.astype(np.int64),
        "queued": queued,
        "unanswered": unanswered,
    }


def _servers(shape: Shape, names: Names) -> pa.Table:
    at_ms = shape.at_ms
    rows = shape.intervals
    down = (shape.down_ms <= at_ms) & (at_ms < shape.up_ms)
    since_up = at_ms - shape.up_ms
    storm = (since_up >= 0) & (since_up < 15 * 60_000)
    swell = np.where(storm, 1000 + 2600 * (15 * 60_000 - since_up) // (15 * 60_000), 1000)
    devices = shape.devices * shape.interval_ms // 30_000
    sends = devices * (300 + activity(shape) * 7 // 10) // 1000 * swell * noise(rows, 1) // 1_000_000
    sends = np.where(down, devices * noise(rows, 2) // 1000, sends)
    synchronises = shape.devices * shape.interval_ms // 900_000 * noise(rows, 3) // 1000
    first = np.where(at_ms == shape.down_ms, 700, 60)
    flows = [
        (
            names.server,
            "telemetry",
            "send",
            sends,
            down,
            first,
            np.where(storm, sends * (swell - 1000) // 9000, 0),
            9000,
        ),
        (names.server, "telemetry", "synchronise", synchronises, down, first, np.zeros(rows, np.int64), 4000),
        (
            "kics-1",
            "kics",
            "send",
            sends * 0 + devices * 6 // 10 * noise(rows, 5) // 1000,
            down & False,
            first,
            None,
            6000,
        ),
        ("administration-server", "administration", "synchronise", synchronises, down & False, first, None, 21_000),
    ]
    tables = []
    for server, port, kind, requests, out, lost, refused, median_us in flows:
        refusals = np.zeros(rows, np.int64) if refused is None else refused
        timed_out = np.where(out, requests * lost // 1000, 0)
        unreachable = np.where(out, requests - timed_out, 0)
        answered = requests - timed_out - unreachable
        load = np.where(storm, swell, 1000) if server == names.server else np.full(rows, 1000)
        buckets, counts = _latencies(answered, median_us * load * load // 1_000_000)
        stored = answered - refusals
        body = 5200 if kind == "send" else 0
        tables.append(
            pa.table(
                {
                    "at_ms": at_ms,
                    "server": [server] * rows,
                    "port": [port] * rows,
                    "kind": [kind] * rows,
                    "requests": requests,
                    "connects": requests // 40,
                    "refused": refusals,
                    "timed_out": timed_out,
                    "unreachable": unreachable,
                    "events": stored * (18 if kind == "send" else 0),
                    "bytes_in": stored * body,
                    "bytes_wire": (stored + refusals + timed_out) * body,
                    "latency_bucket": buckets,
                    "latency_count": counts,
                },
                schema=SERVERS,
            )
        )
    return pa.concat_tables(tables).sort_by([(key, "ascending") for key in KEYS["servers"]])


_WEIGHTS: Final = (1, 5, 18, 50, 98, 140, 150, 140, 118, 90, 66, 46, 30, 20, 12, 8, 4, 2, 1, 1)


def _latencies(answered: I64, median_us: I64) -> tuple[list[list[int]], list[list[int]]]:
    middle = np.searchsorted(np.array(LATENCY_BOUNDS_US), median_us)
    buckets, counts = [], []
    for answers, bucket in zip(answered.tolist(), middle.tolist(), strict=True):
        parts = [answers * weight // 1000 for weight in _WEIGHTS]
        parts[6] += answers - sum(parts)
        filled = [(bucket - 6 + 2 * index, part) for index, part in enumerate(parts) if part]
        buckets.append([index for index, _ in filled])
        counts.append([part for _, part in filled])
    return buckets, counts


def _devices(shape: Shape, names: Names, telemetry: pa.Table) -> pa.Table:
    tables = []
    books = telemetry.group_by(["target", "image"]).aggregate([(term, "sum") for term in FLOWS]).to_pylist()
    last = telemetry.filter(pc.equal(telemetry["at_ms"], pa.scalar(int(shape.at_ms[-1]), pa.int64())))
    stocks = last.group_by(["target", "image"]).aggregate([(term, "sum") for term in STOCKS]).to_pylist()
    for block_index, block in enumerate(shape.blocks()):
        devices = block["count"]
        index = np.arange(devices, dtype=np.int64)
        columns: dict[str, Any] = {}
        for target in ("central_node", "kics"):
            for term in (*FLOWS, *STOCKS):
                total = sum(
                    row[f"{term}_sum"]
                    for row in (books if term in FLOWS else stocks)
                    if row["image"] == block["image"] and row["target"].replace("-", "_") == target
                )
                columns[f"{target}_{term}"] = total // devices + (index < total % devices)
        for term in (*FLOWS, *STOCKS):
            columns[term] = columns[f"central_node_{term}"] + columns[f"kics_{term}"]
        level = 3 * (noise(devices, 50 + block_index) - 968)
        queue = 40 + (300, 180, 90)[block_index] * level // 100
        queue = np.where(level > 184, queue * (4 + index % 5), queue)
        tables.append(
            pa.table(
                {
                    "device": [names.device.format(block=block["name"], index=one) for one in range(devices)],
                    "block": [block["name"]] * devices,
                    "group": [names.group if block["name"] == "office" else block["group"]] * devices,
                    "site": ["main"] * devices,
                    "image": [block["image"]] * devices,
                    "os": [block["image"].partition("-")[0]] * devices,
                    "tags": [[]] * devices,
                    "state": ["waiting" if one % 97 == 13 else "connected" for one in range(devices)],
                    **columns,
                    "queued_max": queue,
                    "queued_max_at_ms": shape.up_ms - 1000 * (index % 30),
                    "contacts": [[{"server": names.server, "first_ms": 0, "last_ms": shape.duration_ms}]] * devices,
                },
                schema=DEVICES,
            )
        )
    return pa.concat_tables(tables).sort_by([("device", "ascending")])


def _facts(shape: Shape) -> pa.Table:
    rows = [
        (shape.down_ms, "", 0, "fault-begins", '{"server": "telemetry"}'),
        (shape.up_ms, "", 0, "fault-ends", '{"server": "telemetry"}'),
    ]
    return pa.table(dict(zip(FACTS.names, zip(*rows, strict=True), strict=True)), schema=FACTS)


def _manifest(shape: Shape, names: Names, telemetry: list[pa.Table]) -> dict[str, Any]:
    books: dict[str, dict[str, int]] = {}
    for table in telemetry:
        terms = books.setdefault(table["target"][0].as_py(), dict.fromkeys(TERMS, 0))
        for term in TERMS:
            column = table[term].to_numpy()
            terms[term] += int(column[-1] if term in STOCKS else column.sum())
    calm_ms = shape.up_ms + 30 * 60_000
    return {
        "format": 1,
        "version": "0.1.0",
        "status": "finished",
        "scenario": {
            "name": names.scenario,
            "about": names.about,
            "file": "trials/outage.yaml",
            "sha256": "5b1d" * 16,
            "tags": ["nightly", "storm"],
        },
        "seed": 7,
        "start": f"2026-03-02T{shape.start_hour:02}:00:00+01:00",
        "duration_ms": shape.duration_ms,
        "simulated_ms": shape.duration_ms,
        "devices": shape.devices,
        "blocks": shape.blocks(),
        "workers": 1,
        "command": f"seatrial run trials/outage.yaml --seed 7 --devices {shape.devices}",
        "backends": {"administration": "fake", "kics": "fake", "telemetry": "fake"},
        "interval_ms": shape.interval_ms,
        "steps": [
            {"name": "warm", "action": "mark", "at_ms": 0, "end_ms": None, "detail": "the fleet is at its usual load"},
            {
                "name": "office-policy",
                "action": "policy",
                "at_ms": shape.down_ms - 40 * 60_000,
                "end_ms": None,
                "detail": "request-throttling under policy: 600 events an hour",
            },
            {
                "name": names.step,
                "action": "refused-connection",
                "at_ms": shape.down_ms,
                "end_ms": shape.up_ms,
                "detail": "trials/outage.yaml:16:5: timeline.outage",
            },
            {"name": "up", "action": "mark", "at_ms": shape.up_ms, "end_ms": None, "detail": ""},
            {"name": "calm", "action": "mark", "at_ms": calm_ms, "end_ms": None, "detail": "30 min after up"},
        ],
        "verdict": "fail",
        "expectations": [
            {
                "name": "nothing important dropped",
                "clause": "KEA-TEL-008",
                "verdict": "pass",
                "seen": "0",
                "expected": "0",
                "place": "trials/outage.yaml:21:5",
                "counter_examples": [],
            },
            {
                "name": names.expectation,
                "clause": None,
                "verdict": "fail",
                "seen": "3.4 x mean(warm..outage)",
                "expected": "<= 3 x mean(warm..outage)",
                "place": "trials/outage.yaml:22:5",
                "counter_examples": [
                    {"device": "", "seen": 1720, "permitted": "<= 1512", "at_ms": shape.up_ms},
                    {"device": "", "seen": 1698, "permitted": "<= 1512", "at_ms": shape.up_ms + shape.interval_ms},
                ],
            },
            {
                "name": "queue drains within 20 min of up",
                "clause": "KEA-CEN-014",
                "verdict": "pass",
                "seen": "100 % of devices",
                "expected": ">= 99.9 % of devices",
                "place": "trials/outage.yaml:23:5",
                "counter_examples": [],
            },
            {
                "name": "no duplicates kept",
                "clause": None,
                "verdict": "unknown",
                "seen": None,
                "expected": 0,
                "place": "trials/outage.yaml:24:5",
                "counter_examples": [],
            },
        ],
        "telemetry": books,
        "digest": "sha256:" + "9c0a51de" * 8,
        "wall_s": 14.2,
        "cpu_s": 13.8,
        "environment": {"python": "3.11.2", "numpy": "2.4.6", "simpy": "4.1.2"},
        "warnings": ["no duplicates kept: the backend of telemetry cannot be asked what it stored"],
    }


if __name__ == "__main__":
    from reports.render import write_report

    print(write_report(write(make(DAY), Path(sys.argv[1]), parts=DAY.parts)))
