"""Recording: tables against rows made one by one, sums against the books and against what servers counted."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.events import EVENT_TYPES
from emulator.journal import RUN, Fact
from emulator.ports import Port, Target
from emulator.telemetry.ledger import FLOWS, STOCKS, Ledger
from fakes.telemetry import TelemetryNodes
from scenarios import recording
from scenarios.recording import Cells, DeviceColumns, cells_of
from scenarios.shard import LocalShard
from scenarios.tables import DEVICES, FACTS, KEYS, SCHEMAS, SERVERS, TELEMETRY, TERMS
from tests.scenarios.made import loaded
from tests.scenarios.running import InPlace, manifest, rows, run, table

CELLS = Cells(("quiet", "windows-office", "windows-office"), ("a", "a", "b"))
AT_MS = (0, 30_000, 90_000)

entries = st.tuples(
    st.sampled_from(AT_MS),
    st.sampled_from(list(Target)),
    st.integers(0, len(CELLS.groups) - 1),
    st.integers(0, len(EVENT_TYPES) - 1),
    st.sampled_from([*FLOWS, *STOCKS, "bytes"]),
    st.integers(0, 2**40),
)


def put(ledger: Ledger, target: Target, cell: int, kind: int, term: str, value: int) -> None:
    if term in STOCKS:
        ledger.stocks[target][STOCKS.index(term), cell, kind] += value
    else:
        sums = ledger.bytes(target) if term == "bytes" else ledger.flow(target, term)
        sums[cell, kind] += value


# --- telemetry --------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=25))
def test_telemetry_has_the_rows_that_one_would_write_by_hand(
    written: list[tuple[int, Target, int, int, str, int]],
) -> None:
    ledgers: dict[int, Ledger] = {}
    naive: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys([*FLOWS, *STOCKS, "bytes"], 0))
    for at_ms, target, cell, kind, term, value in written:
        ledger = ledgers.setdefault(at_ms, Ledger(tuple(Target), len(CELLS.groups)))
        put(ledger, target, cell, kind, term, value)
        event = EVENT_TYPES[kind]
        key = at_ms, str(target), CELLS.groups[cell], CELLS.images[cell], event.name, str(event.importance)
        naive[key][term] += value
    expected = [
        dict(zip(("at_ms", "target", "group", "image", "type", "importance"), key, strict=True)) | terms
        for key, terms in naive.items()
        if any(terms.values())
    ]
    expected.sort(key=lambda row: tuple(row[name] for name in KEYS["telemetry"]))
    made = recording.telemetry_table(ledgers, CELLS)
    assert made.schema.equals(TELEMETRY)
    assert made.to_pylist() == expected


def test_cells_are_in_order_of_image_and_group() -> None:
    scenario = loaded(
        fleet={
            "blocks": [
                {"name": "b", "image": "windows-office", "count": 1, "group": "Managed devices/B"},
                {"name": "a", "image": "windows-office", "count": 1, "group": "Managed devices/A"},
                {"name": "c", "image": "linux-server", "count": 1, "group": "Managed devices/B"},
                {"name": "d", "image": "linux-server", "count": 1, "group": "Managed devices/B"},
            ]
        }
    )
    assert cells_of(scenario) == Cells(
        ("linux-server", "windows-office", "windows-office"),
        ("Managed devices/B", "Managed devices/A", "Managed devices/B"),
    )


@given(st.lists(st.lists(entries, max_size=6), min_size=1, max_size=4))
@settings(max_examples=40, deadline=None)
def test_shards_add_up(shards: list[list[tuple[int, Target, int, int, str, int]]]) -> None:
    handed, whole = [], {at_ms: Ledger(tuple(Target), len(CELLS.groups)) for at_ms in AT_MS}
    for shard in shards:
        own: dict[int, Ledger] = {}
        for at_ms, *entry in shard:
            put(own.setdefault(at_ms, Ledger(tuple(Target), len(CELLS.groups))), *entry)  # type: ignore[arg-type]
            put(whole[at_ms], *entry)  # type: ignore[arg-type]
        handed.append(sorted(own.items()))
    merged = recording.merged(handed)
    assert list(merged) == sorted(merged)
    for at_ms, ledger in merged.items():
        for target in Target:
            assert np.array_equal(ledger.flows[target], whole[at_ms].flows[target])
            assert np.array_equal(ledger.stocks[target], whole[at_ms].stocks[target])


# --- servers ----------------------------------------------------------------------------------------------------------

COUNTS = ("requests", "connects", "refused", "timed_out", "unreachable", "events", "bytes_in", "bytes_wire")
NODES = {"cn-1.example.com:443": "cn-1", "cn-2.example.com:443": "cn-2"}
visits = st.tuples(
    st.sampled_from(AT_MS),
    st.sampled_from([*NODES, "unknown.example.com:443"]),
    st.sampled_from([Port.TELEMETRY, Port.KICS]),
    st.sampled_from(["send", "synchronise"]),
    st.sampled_from(COUNTS),
    st.integers(0, 2**40),
    st.lists(st.integers(0, 5_000_000), max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(visits, max_size=15))
def test_servers_has_the_rows_that_one_would_write_by_hand(
    written: list[tuple[int, str, Port, str, str, int, list[int]]],
) -> None:
    ledgers: dict[int, Ledger] = {}
    counts: dict[tuple[Any, ...], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTS, 0))
    latencies: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for at_ms, address, port, kind, name, value, latency_us in written:
        traffic = ledgers.setdefault(at_ms, Ledger((), 0)).of(address, port, kind)
        setattr(traffic, name, getattr(traffic, name) + value)
        traffic.answered(np.array(latency_us, np.int64))
        key = at_ms, NODES.get(address, address), str(port), kind
        counts[key][name] += value
        latencies[key] += latency_us
    made = recording.servers_table(ledgers, NODES)
    assert made.schema.equals(SERVERS)
    told = made.to_pylist()
    assert [tuple(row[name] for name in KEYS["servers"]) for row in told] == sorted(
        key for key, terms in counts.items() if terms["requests"]
    )
    for row in told:
        key = tuple(row[name] for name in KEYS["servers"])
        assert {name: row[name] for name in COUNTS} == counts[key]
        assert row["latency_bucket"] == sorted(set(row["latency_bucket"]))
        assert sum(row["latency_count"]) == len(latencies[key])
        assert all(row["latency_count"])


# --- facts and devices ------------------------------------------------------------------------------------------------


def test_facts_are_named_and_in_order() -> None:
    fleet = loaded().fleet
    given_facts = [
        Fact(5, 40, 0, "isolated", "{}"),
        Fact(5, RUN, 1, "step", '{"name":"x"}'),
        Fact(5, RUN, 0, "step", '{"name":"y"}'),
        Fact(5, 0, 0, "isolated", "{}"),
        Fact(4, 44, 0, "isolated", "{}"),
    ]
    made = recording.facts_table(given_facts, fleet)
    assert made.schema.equals(FACTS)
    assert [(row["at_ms"], row["device"], row["sequence"], row["detail"]) for row in made.to_pylist()] == [
        (4, "db-00005", 0, "{}"),
        (5, "", 0, '{"name":"y"}'),
        (5, "", 1, '{"name":"x"}'),
        (5, "db-00001", 0, "{}"),
        (5, "office-00001", 0, "{}"),
    ]
    assert recording.facts_table([], fleet).equals(FACTS.empty_table())


def columns(devices: list[int], start: int) -> DeviceColumns:
    """A shard in which every figure of a device is its index, moved by where the term stands."""
    index = np.array(devices, np.int64)
    terms = {
        target: {term: index + 100 * place + start for place, term in enumerate((*FLOWS, *STOCKS))}
        for start, target in enumerate((Target.CENTRAL_NODE, Target.KICS))
    }
    never = np.full(len(index), -1, np.int64)
    return DeviceColumns(
        devices=index,
        terms=terms,
        queued_max=index * 3,
        queued_max_at_ms=index * 1_000,
        contacts={
            "cn-2.example.com:443": (index + 5, index + 6),
            "cn-1.example.com:443": (np.where(index % 2, index, never), np.where(index % 2, index + 1, never)),
        },
        state=(index % 4).astype(np.uint8),
    )


def test_devices_has_the_rows_that_one_would_write_by_hand() -> None:
    fleet = loaded().fleet
    made = recording.devices_table([columns([0, 3, 41], 0), columns([2, 44], 0)], fleet, NODES)
    assert made.schema.equals(DEVICES)
    expected = []
    for index in (41, 44, 0, 2, 3):
        db = index >= 40
        row: dict[str, Any] = {
            "device": f"db-{index - 39:05}" if db else f"office-{index + 1:05}",
            "block": "db" if db else "office",
            "group": "Managed devices/HQ/Servers" if db else "Managed devices/HQ",
            "site": "main",
            "image": "linux-server" if db else "windows-office",
            "os": "linux" if db else "windows",
            "tags": [] if db else ["noisy"],
            "state": ("connected", "waiting", "off-line", "stopped")[index % 4],
        }
        for place, term in enumerate((*FLOWS, *STOCKS)):
            row[f"central_node_{term}"] = index + 100 * place
            row[f"kics_{term}"] = index + 100 * place + 1
            row[term] = row[f"central_node_{term}"] + row[f"kics_{term}"]
        row |= {"queued_max": index * 3, "queued_max_at_ms": index * 1_000}
        first = [{"server": "cn-1", "first_ms": index, "last_ms": index + 1}] if index % 2 else []
        row["contacts"] = [*first, {"server": "cn-2", "first_ms": index + 5, "last_ms": index + 6}]
        expected.append(row)
    assert made.to_pylist() == expected


# --- a run ------------------------------------------------------------------------------------------------------------

TIMELINE = [
    {"at": "20min", "fault": {"server": "cn-1", "kind": "outage", "for": "20min"}},
    {"at": "50min", "do": "isolate", "target": {"block": "db"}, "for": "20min"},
    {"at": "30min", "fault": {"server": "cn-2", "kind": "refused-connection", "for": "20min"}},
    {"at": "75min", "fault": {"server": "kics", "kind": "outage"}},
    {"at": "80min", "do": "crash-agent", "target": {"pick": 9, "from": "all"}, "for": "5min"},
]
SERVER_NODES = {"telemetry": {"nodes": ["cn-1", "cn-2", "cn-3"]}}
POLICIES = [
    {"name": "tight", "settings": {"request-throttling": {"switch": "under-policy", "max-events-per-hour": 500}}}
]
FLEET = {
    "blocks": [
        {"name": "office", "image": "windows-office", "count": 20, "group": "Managed devices/HQ"},
        {"name": "db", "image": "linux-server", "count": 5, "group": "Managed devices/HQ/Servers"},
    ],
    "integrate": {"central-node": True, "kics": True},
}


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eventful")
    run(loaded(fleet=FLEET, timeline=TIMELINE, servers=SERVER_NODES, policies=POLICIES, duration="95min"), folder)
    return folder


def test_the_tables_of_a_run_are_of_their_schema_and_in_the_order_of_their_key(eventful: Path) -> None:
    for name, schema in SCHEMAS.items():
        made = table(eventful, name)
        assert made.schema.equals(schema)
        keys = list(zip(*(made[key].to_pylist() for key in KEYS[name]), strict=True))
        assert keys == sorted(set(keys))
        assert len(keys) > 20


def test_telemetry_and_devices_add_up_to_the_books(eventful: Path) -> None:
    telemetry, devices = rows(eventful, "telemetry"), rows(eventful, "devices")
    last_ms = max(row["at_ms"] for row in telemetry)
    for target, books in manifest(eventful)["telemetry"].items():
        assert set(books) == set(TERMS)
        assert books["generated"] == sum(number for term, number in books.items() if term != "generated")
        own = [row for row in telemetry if row["target"] == target]
        for term in TERMS:
            counted = [row[term] for row in own if term not in STOCKS or row["at_ms"] == last_ms]
            assert sum(counted) == books[term], (target, term)
            assert sum(row[f"{target.replace('-', '_')}_{term}"] for row in devices) == books[term], (target, term)
    for row in devices:
        for term in (*FLOWS, *STOCKS):
            assert row[term] == row[f"central_node_{term}"] + row[f"kics_{term}"]


def test_the_run_went_through_all_of_it(eventful: Path) -> None:
    books = manifest(eventful)["telemetry"]
    assert all(books["central-node"][term] for term in ("throttled", "acknowledged", "crashed", "not_collected"))
    assert books["kics"]["queued"] + books["kics"]["unanswered"] > 0
    assert sum(row["suppressed"] for row in rows(eventful, "telemetry")) > 0
    assert {row["server"] for row in rows(eventful, "servers") if row["events"]} == {"cn-1", "cn-2", "cn-3", "kics"}


def test_servers_tells_what_the_servers_counted_themselves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shards: list[LocalShard] = []

    class Kept(InPlace):
        def close(self) -> None:
            shards.append(self)
            super().close()

    monkeypatch.setattr("tests.scenarios.running.InPlace", Kept)
    run(loaded(fleet=FLEET, timeline=TIMELINE, servers=SERVER_NODES, duration="95min"), tmp_path, workers=3)
    assert len(shards) == 3
    told = rows(tmp_path, "servers")
    for target, names in ((Target.CENTRAL_NODE, ("cn-1", "cn-2", "cn-3")), (Target.KICS, ("kics",))):
        for name in names:
            servers = [shard._stage.servers[target] for shard in shards]
            counted = [server.ledger(name) for server in servers if isinstance(server, TelemetryNodes)]
            own = [row for row in told if row["server"] == name]
            assert sum(row["events"] for row in own) == sum(ledger.events for ledger in counted) > 0
            assert sum(ledger.duplicates for ledger in counted) == 0
            answered = sum(
                row["requests"] - row["timed_out"] - row["unreachable"] for row in own if row["kind"] == "send"
            )
            assert answered == sum(ledger.packages for ledger in counted)


def test_latencies_are_told_for_every_answer(eventful: Path) -> None:
    for row in rows(eventful, "servers"):
        answers = row["requests"] - row["timed_out"] - row["unreachable"]
        if row["kind"] == "synchronise":
            assert sum(row["latency_count"]) == answers
        else:
            assert 0 < sum(row["latency_count"]) <= answers or answers == 0  # one a device, which may send several


def test_recording_less_finely_loses_nothing(tmp_path: Path) -> None:
    fine, coarse = tmp_path / "fine", tmp_path / "coarse"
    for folder, interval in ((fine, "30s"), (coarse, "10min")):
        recorded = {"interval": interval}
        scenario = loaded(fleet=FLEET, timeline=TIMELINE, servers=SERVER_NODES, recording=recorded, duration="95min")
        run(scenario, folder)
    assert rows(fine, "devices") == rows(coarse, "devices")
    assert rows(fine, "facts") == rows(coarse, "facts")
    assert manifest(fine)["telemetry"] == manifest(coarse)["telemetry"]
    sums = [{name: sum(row[name] for row in rows(folder, "servers")) for name in COUNTS} for folder in (fine, coarse)]
    assert sums[0] == sums[1]
    assert {row["at_ms"] % 600_000 for row in rows(coarse, "telemetry")} == {0}
