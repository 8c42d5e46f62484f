"""The figures of a run: each equals a plain recount of the tables, and a wrong one is found."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.folder import RunFolder
from reports.series import collect
from reports.summary import Load, Summary, summarise
from scenarios.tables import LATENCY_BOUNDS_US, SCHEMAS, TERMS

Changed = Callable[[Callable[[dict[str, Any]], None]], Path]
PASSED = {"name": "life", "verdict": "pass"}
SERVER_COUNTS = ("requests", "connects", "refused", "timed_out", "unreachable", "events", "bytes_in", "bytes_wire")


def summary_of(path: Path) -> Summary:
    return summarise(RunFolder.open(path))


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    parts = [pq.read_table(part) for part in sorted((path / table).glob("part-*.parquet"))]
    return [row for part in parts for row in part.to_pylist()]


def replaced(path: Path, table: str, column: str, how: Callable[[list[Any]], list[Any]]) -> None:
    """Changes one column of the first part."""
    part = path / table / "part-00000.parquet"
    content = pq.read_table(part, schema=SCHEMAS[table])
    field = SCHEMAS[table].field(column)
    values = pa.array(how(content[column].to_pylist()), field.type)
    pq.write_table(content.set_column(SCHEMAS[table].names.index(column), field, values), part)


@pytest.fixture(scope="module")
def summary(written: Path) -> Summary:
    return summary_of(written)


def test_a_sound_run_has_no_problem(summary: Summary) -> None:
    assert summary.problems == ()
    assert [book.difference for book in summary.books] == [0, 0]


def test_the_books_are_those_of_the_run(summary: Summary, written: Path) -> None:
    telemetry = rows(written, "telemetry")
    last_ms = max(row["at_ms"] for row in telemetry)
    for book in summary.books:
        mine = [row for row in telemetry if row["target"] == book.target]
        for term in TERMS:
            counted = [row for row in mine if term not in ("queued", "unanswered") or row["at_ms"] == last_ms]
            assert book.terms[term] == sum(row[term] for row in counted)
        assert book.suppressed == sum(row["suppressed"] for row in mine)
        assert sum(summary.throttled[book.target].values()) == book.terms["throttled"]
    assert summary.books[0].terms["throttled"] > 0


def test_every_servers_load_is_a_recount_of_its_rows(summary: Summary, written: Path) -> None:
    servers = rows(written, "servers")
    for load in summary.servers:
        mine = [row for row in servers if row["server"] == load.server and load.kind in ("", row["kind"])]
        assert [getattr(load, name) for name in SERVER_COUNTS] == [
            sum(row[name] for row in mine) for name in SERVER_COUNTS
        ]
        by_time: dict[int, int] = {}
        for row in mine:
            by_time[row["at_ms"]] = by_time.get(row["at_ms"], 0) + row["requests"]
        assert load.peak_requests == max(by_time.values())
        assert load.peak_at_ms == min(at_ms for at_ms, number in by_time.items() if number == load.peak_requests)
        buckets = [
            bucket
            for row in mine
            for bucket, number in zip(row["latency_bucket"], row["latency_count"], strict=True)
            for _ in range(number)
        ]
        buckets.sort()
        middle = buckets[-(-len(buckets) // 2) - 1]
        assert load.p50_us == (int(LATENCY_BOUNDS_US[middle - 1]) + int(LATENCY_BOUNDS_US[middle])) // 2


def test_the_busiest_server_comes_first_and_kinds_stand_below_their_server(summary: Summary) -> None:
    assert [(load.server, load.kind) for load in summary.servers] == [
        ("central-node-1", ""),
        ("central-node-1", "send"),
        ("central-node-1", "synchronise"),
        ("kics-1", ""),
        ("administration-server", ""),
    ]


def test_the_kinds_of_a_server_add_up_to_it(summary: Summary) -> None:
    whole, *kinds = (load for load in summary.servers if load.server == "central-node-1")
    for name in SERVER_COUNTS:
        assert getattr(whole, name) == sum(getattr(load, name) for load in kinds)


def test_the_longest_queue_is_that_of_a_device(summary: Summary, written: Path) -> None:
    devices = rows(written, "devices")
    longest = max(devices, key=lambda row: row["queued_max"])
    assert summary.queues is not None
    assert summary.queues.outliers[0].queued_max == longest["queued_max"]
    assert summary.queues.devices == len(devices) == sum(summary.queues.counts)
    lengths = sorted((row["queued_max"] for row in devices), reverse=True)
    assert [one.queued_max for one in summary.queues.outliers] == lengths[:20]
    assert summary.queues.median == lengths[::-1][(len(lengths) - 1) // 2]


def test_parts_cut_elsewhere_change_nothing(summary: Summary, copy: Path) -> None:
    for table in SCHEMAS:
        parts = sorted((copy / table).glob("part-*.parquet"))
        whole = pa.concat_tables([pq.read_table(part, schema=SCHEMAS[table]) for part in parts])
        cut = whole.num_rows // 7
        for part in parts:
            part.unlink()
        pq.write_table(whole.slice(0, cut), copy / table / "part-00000.parquet")
        pq.write_table(whole.slice(cut), copy / table / "part-00001.parquet")
    other = summary_of(copy)
    assert (other.books, other.servers, other.queues) == (summary.books, summary.servers, summary.queues)


# --- planted faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("term", TERMS)
def test_a_wrong_term_in_the_manifest_is_found(changed: Changed, term: str) -> None:
    def spoil(manifest: dict[str, Any]) -> None:
        manifest["telemetry"]["central-node"][term] += 1

    found = summary_of(changed(spoil))
    unbalanced, *disagreeing = found.problems
    assert unbalanced.startswith("the books of central-node do not balance: 1 event stand")
    assert len(disagreeing) == 2
    assert all(term.replace("_", " ") in problem for problem in disagreeing)
    assert found.books[0].difference == (1 if term == "generated" else -1)


def test_two_wrong_terms_that_cancel_out_are_found_in_the_tables(changed: Changed) -> None:
    def spoil(manifest: dict[str, Any]) -> None:
        manifest["telemetry"]["kics"]["acknowledged"] -= 5
        manifest["telemetry"]["kics"]["optimised"] += 5

    found = summary_of(changed(spoil))
    assert all(book.difference == 0 for book in found.books)
    assert [problem.partition(":")[0] for problem in found.problems] == ["kics", "kics"]


@pytest.mark.parametrize("column", ["generated", "throttled", "acknowledged"])
def test_a_wrong_row_of_the_telemetry_table_is_found(copy: Path, column: str) -> None:
    replaced(copy, "telemetry", column, lambda values: [values[0] + 1, *values[1:]])
    assert any("the telemetry table disagree" in problem for problem in summary_of(copy).problems)


def test_a_wrong_row_of_the_devices_table_is_found(copy: Path) -> None:
    replaced(copy, "devices", "kics_excluded", lambda values: [values[0] + 1, *values[1:]])
    assert ["kics" in problem and "excluded" in problem for problem in summary_of(copy).problems] == [True]


def test_a_lost_part_is_told_and_so_is_what_it_held(copy: Path) -> None:
    (copy / "telemetry" / "part-00001.parquet").write_bytes(b"PAR1")
    lost, *disagreeing = summary_of(copy).problems
    assert "part-00001" in lost
    assert len(disagreeing) == 2


def test_a_target_that_the_manifest_leaves_out_is_found(changed: Changed) -> None:
    found = summary_of(changed(lambda manifest: manifest["telemetry"].pop("kics")))
    assert any("kics is in the telemetry table" in problem for problem in found.problems)
    assert [book.target for book in found.books] == ["central-node", "kics"]


@pytest.mark.parametrize(("bucket", "number"), [(-1, 5), (3, -5), (None, 5), (3, None), (3, 2**62)])
def test_a_broken_latency_is_left_out_and_told(copy: Path, bucket: int | None, number: int | None) -> None:
    replaced(copy, "servers", "latency_bucket", lambda values: [[bucket], *values[1:]])
    replaced(copy, "servers", "latency_count", lambda values: [[number], *values[1:]])
    found = summary_of(copy)
    assert any("latency bucket" in problem for problem in found.problems)
    assert all(load.p50_us for load in found.servers)


def test_buckets_without_counts_are_left_out_and_told(copy: Path) -> None:
    replaced(copy, "servers", "latency_bucket", lambda values: [[1, 2, 3], *values[1:]])
    assert any("more latency buckets than counts" in problem for problem in summary_of(copy).problems)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_tables_of_any_numbers_never_raise(written: Path, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "odd"
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(written, path)
    table, column = data.draw(
        st.sampled_from(
            [(table, field.name) for table in SCHEMAS for field in SCHEMAS[table] if field.type == pa.int64()]
        )
    )
    odd = data.draw(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=4))
    replaced(path, table, column, lambda values: [*odd, *values[len(odd) :]][: len(values)])
    run = RunFolder.open(path)
    collect(run, summarise(run))


# --- how a run ended --------------------------------------------------------------------------------------------------


def ended(changed: Changed, **keys: Any) -> Summary:
    return summary_of(changed(lambda manifest: manifest.update(keys)))


def test_a_failed_expectation_fails_the_run(summary: Summary) -> None:
    assert (summary.verdict, summary.banner.word, summary.banner.tone) == ("fail", "FAIL", "bad")
    assert summary.banner.sentence == "1 of 4 expectations failed"
    assert [one.name for one in summary.failures] == ["storm bounded"]


def test_a_pass_says_what_stayed_unclear(changed: Changed, summary: Summary) -> None:
    kept = [one.model_dump() for one in summary.manifest.expectations if one.verdict != "fail"]
    passed = ended(changed, verdict="pass", expectations=kept)
    assert (passed.verdict, passed.banner.word, passed.banner.tone) == ("pass", "PASS", "good")
    assert passed.banner.sentence == "3 expectations judged, none failed; 1 without a clear pass"


def test_a_pass_over_a_broken_folder_is_not_plain_good(changed: Changed, copy: Path) -> None:
    (copy / "servers" / "part-00000.parquet").write_bytes(b"")
    passed = ended(changed, verdict="pass", expectations=[PASSED])
    assert (passed.banner.word, passed.banner.tone) == ("PASS", "caution")


@pytest.mark.parametrize(
    ("verdict", "expectations", "word", "code"),
    [
        ("pass", [PASSED], "PASS", 0),
        ("pass", [], "UNJUDGED", 2),
        ("unjudged", [], "UNJUDGED", 2),
        ("unjudged", [PASSED], "UNJUDGED", 2),
        ("fail", [PASSED], "FAIL", 1),
        ("invalid", [PASSED], "INVALID", 4),
        ("error", [], "ERROR", 3),
    ],
)
def test_word_and_exit_code_come_from_one_place(
    changed: Changed, verdict: str, expectations: list[dict[str, str]], word: str, code: int
) -> None:
    told = ended(changed, verdict=verdict, expectations=expectations)
    assert (told.banner.word, told.banner.code) == (word, code)
    assert (told.banner.tone == "good") is (code == 0)


def test_what_only_a_fake_was_judged_by_is_told_apart(changed: Changed) -> None:
    sentence = ended(changed, verdict="unjudged", expectations=[PASSED]).banner.sentence
    assert sentence == (
        "nothing was judged: the scenario expects nothing; what a fake holds is no finding about a server"
    )


@pytest.mark.parametrize(
    ("status", "verdict", "judged", "word"),
    [
        ("running", None, "invalid", "UNFINISHED"),
        ("running", "pass", "invalid", "UNFINISHED"),
        ("interrupted", "pass", "invalid", "INTERRUPTED"),
        ("interrupted", "fail", "fail", "INTERRUPTED"),
        ("interrupted", "unjudged", "invalid", "INTERRUPTED"),
        ("cut-short", "invalid", "invalid", "INVALID"),
        ("failed", "error", "error", "ERROR"),
        ("finished", "error", "error", "ERROR"),
        ("finished", "invalid", "invalid", "INVALID"),
        ("finished", None, "invalid", "INVALID"),
        ("finished", "unjudged", "unjudged", "UNJUDGED"),
    ],
)
def test_only_a_finished_run_passes(changed: Changed, status: str, verdict: str | None, judged: str, word: str) -> None:
    found = ended(changed, status=status, verdict=verdict)
    assert (found.verdict, found.banner.word) == (judged, word)
    assert found.banner.tone != "good"


def test_a_run_that_broke_says_why(changed: Changed) -> None:
    broke = ended(changed, status="failed", verdict="error", error="shard 1:\nMemoryError", simulated_ms=3_600_000)
    assert broke.banner.sentence == "the run broke at 6:00:00 of 6:00:00: shard 1: MemoryError"


def test_a_killed_run_is_counted_from_its_tables(changed: Changed, copy: Path, summary: Summary) -> None:
    for table in ("telemetry", "servers"):
        (copy / table / "part-00002.parquet").unlink()
    shutil.rmtree(copy / "devices")
    killed = ended(changed, status="running", verdict=None, telemetry={}, simulated_ms=0, expectations=[], digest=None)
    assert 0 < killed.books[0].terms["generated"] < summary.books[0].terms["generated"]
    assert 0 < killed.reached_ms < summary.reached_ms == 21_600_000
    assert killed.queues is None
    assert "the table devices is missing" in killed.problems


def test_a_run_without_a_row_is_readable(changed: Changed, copy: Path) -> None:
    for table in SCHEMAS:
        shutil.rmtree(copy / table)
    empty = ended(changed, status="running", verdict=None, telemetry={})
    assert (empty.books, empty.servers, empty.queues) == ((), (), None)


def test_loads_are_told_apart_by_port_too(copy: Path) -> None:
    replaced(copy, "servers", "server", lambda values: ["one" for _ in values])
    ports = [(load.server, load.port) for load in summary_of(copy).totals if load.server == "one"]
    assert sorted(ports) == [("one", "administration"), ("one", "kics"), ("one", "telemetry")]


def test_failed_requests_are_the_three_kinds_of_failure() -> None:
    load = Load("s", "telemetry", "", 10, 1, 2, 3, 4, 0, 0, 0, 5, 0, None, None)
    assert load.failed == 9
