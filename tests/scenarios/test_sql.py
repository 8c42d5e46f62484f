"""Queries: what may be asked of a run, what is refused or stopped, and what comes of the rows."""

import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

from scenarios import sql
from scenarios.expectations import Outcome
from scenarios.problems import LocatedError
from scenarios.sql import Stopped, checked
from scenarios.tables import SCHEMAS
from scenarios.verdicts import evaluate
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.run_tables import table

FACTS = table(
    "facts",
    {"at_ms": 100, "device": "office-00001", "kind": "isolated"},
    {"at_ms": 200, "device": "office-00001", "kind": "released"},
    {"at_ms": 150, "device": "office-00002", "kind": "isolated", "detail": '{"by":"task"}'},
    {"at_ms": 170, "device": "office-00003", "kind": "isolated"},
)
DEVICES = table("devices", *({"device": f"office-{number:05d}", "expired": number} for number in range(1, 16)))
ALL = {"facts": FACTS, "devices": DEVICES}
UNRELEASED = """
    SELECT device, min(at_ms) AS at_ms, count(*) AS times FROM facts GROUP BY device
    HAVING count(*) FILTER (kind = 'isolated') <> count(*) FILTER (kind = 'released') ORDER BY device
"""


def query(text: str, **more: Any) -> dict[str, Any]:
    return {"sql": text, **more}


CASES = (
    Case(query("SELECT device FROM facts WHERE kind = 'crashed'"), True, "0 rows"),
    Case(query("select device from FACTS where kind = 'crashed';", **{"is": "empty"}), True, "0 rows"),
    Case(query(UNRELEASED), False, "2 rows", (
        ("office-00002", "row", "times=1", "no row", 150),
        ("office-00003", "row", "times=1", "no row", 170),
    )),
    Case(query("SELECT detail ->> 'by' AS by FROM facts WHERE detail <> ''"), False, "1 row", (
        ("", "row", "by=task", "no row", None),
    )),
    Case(query("SELECT device FROM devices ORDER BY device"), False, "15 rows", tuple(
        (f"office-{number:05d}", "row", "a row", "no row", None) for number in range(1, 11)
    )),
    Case(query("WITH late AS (SELECT * FROM facts WHERE at_ms > 190) SELECT device, kind FROM late"), False, "1 row", (
        ("office-00001", "row", "kind=released", "no row", None),
    )),
    # a single value
    Case(query("SELECT count(*) FROM facts", **{"is": 4}), True, "4"),
    Case(query("SELECT max(expired) AS worst FROM devices", **{"is": "< 15"}), False, "15", (
        ("", "worst", "15", "< 15", None),
    )),
    Case(query("SELECT avg(at_ms) FROM facts", **{"is": "155"}), True, "155.0"),
    Case(query("SELECT sum(expired) / 0 FROM devices", **{"is": "> 0"}), False, "1 row of 1 columns, not one number"),
    Case(query("SELECT min(kind) FROM facts", **{"is": "> 0"}), False, "1 row of 1 columns, not one number"),
    Case(query("SELECT at_ms FROM facts", **{"is": "> 0"}), False, "4 rows of 1 columns, not one number"),
    Case(query("SELECT 1, count(*) FROM facts", **{"is": "> 0"}), False, "1 row of 2 columns, not one number"),
    Case(query("SELECT count(*) > 0 FROM facts", **{"is": 1}), False, "1 row of 1 columns, not one number"),
    # over nothing: a table that is read and has no rows
    Case(query("SELECT * FROM servers"), False, "nothing: the table servers has no rows"),
    Case(query("SELECT count(*) FROM servers", **{"is": 0}), False, "nothing: the table servers has no rows"),
    Case(query("SELECT device FROM facts WHERE at_ms IN (SELECT at_ms FROM servers)"), False,
         "nothing: the table servers has no rows"),
    Case(query("SELECT * FROM servers", may_be_empty=True), True, "nothing: the table servers has no rows"),
)  # fmt: skip
LOADED = [made(case) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case), ALL) == (case.passes, case.seen, case.examples)


FAULTS = (
    (sql, "if tables[name].num_rows == 0:", "if False:"),
    (sql, "Finding(not found.rows, rows, _examples(found))", "Finding(True, rows, _examples(found))"),
    (sql, "Finding(not found.rows, rows, _examples(found))", "Finding(not found.rows, rows)"),
    (sql, "if number is None:", "if False:"),
    (sql, "isinstance(value, bool) or", ""),
    (sql, "len(self.rows) == 1 and", ""),
    (sql, "and len(self.columns) == 1", ""),
    (sql, "expectation.condition.holds(number, 1)", "True"),
    (sql, 'values.pop("device", "")', '""'),
    (sql, "at_ms=at_ms if isinstance(at_ms, int) else None", "at_ms=None"),
    (sql, "found.rows[:EXAMPLES_MAX]", "found.rows[:1]"),
    (sql, "tables = {name: evidence.table(name) for name in SCHEMAS}", "tables = dict(evidence.tables)"),
)


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return answers(CASES, LOADED, ALL)


@pytest.mark.parametrize(("module", "old", "new"), FAULTS)
def test_a_planted_fault_changes_an_answer(
    module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch, right: list[Any]
) -> None:
    plant(module, old, new, monkeypatch)
    assert answers(CASES, LOADED, ALL) != right


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED = (
    ("SELECT * FROM read_csv('/etc/hostname')", "the function 'read_csv' is not for queries"),
    ("SELECT * FROM facts WHERE EXISTS (SELECT 1 FROM read_text('x'))", "the function 'read_text' is not for queries"),
    ("SELECT * FROM arrow_scan(1, 2, 3)", "the function 'arrow_scan' is not for queries"),
    ("SELECT * FROM glob('/*')", "the function 'glob' is not for queries"),
    ("SELECT * FROM duckdb_settings()", "the function 'duckdb_settings' is not for queries"),
    ("SELECT * FROM query('SELECT 1')", "the function 'query' is not for queries"),
    ("SELECT * FROM '/etc/hostname'", "there is no table '/etc/hostname'"),
    ("SELECT * FROM fact", "there is no table 'fact'"),
    ("SELECT * FROM sqlite_master", "there is no table 'sqlite_master'"),
    ("SELECT * FROM information_schema.tables", "'tables' is in a schema"),
    ("COPY facts TO 'facts.csv'", "the query is no SELECT but COPY"),
    ("ATTACH 'other.db'", "the query is no SELECT but ATTACH"),
    ("INSTALL httpfs", "the query is no SELECT but LOAD"),
    ("LOAD httpfs", "the query is no SELECT but LOAD"),
    ("SET threads = 4", "the query is no SELECT but SET"),
    ("PRAGMA threads = 4", "the query is no SELECT but SET"),
    ("CALL pragma_version()", "the query is no SELECT but CALL"),
    ("EXPLAIN SELECT * FROM facts", "the query is no SELECT but EXPLAIN"),
    ("CREATE TABLE other (x INTEGER)", "the query is no SELECT but CREATE"),
    ("DELETE FROM facts", "the query is no SELECT but DELETE"),
    ("DESCRIBE facts", "the query is no SELECT but a description"),
    ("SELECT * FROM facts; SELECT * FROM devices", "the query has 2 statements"),
    ("", "the query has 0 statements"),
    ("SELECT 1", "the query asks nothing of the run"),
    ("SELECT * FROM range(3)", "the query asks nothing of the run"),
    ("SELECT random() FROM facts", "the function 'random' differs from run to run"),
    ("SELECT now() FROM facts", "the function 'now' differs from run to run"),
    ("SELECT current_setting('threads') FROM facts", "the function 'current_setting' differs from run to run"),
    ("SELECT current_timestamp FROM facts", "current_timestamp is the wall clock"),
    ("SELECT * FROM facts TABLESAMPLE 10 %", "the query draws a sample"),
    ("SELECT * FROM facts USING SAMPLE 1", "the query draws a sample"),
    ("SELEC * FROM facts", "DuckDB: Parser Error: syntax error"),
    ("SELECT devise FROM facts", 'DuckDB: Binder Error: Referenced column "devise" not found'),
    ("SELECT " + "(" * 4_000 + "1" + ")" * 4_000 + " FROM facts", ""),
    ("SELECT * FROM facts -- " + "x" * sql.CHARACTERS_MAX, "the query is too long"),
)


@pytest.mark.parametrize(("text", "cause"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_no_select_over_the_run_is_refused(text: str, cause: str) -> None:
    with pytest.raises(LocatedError) as caught:
        checked(text)
    assert caught.value.cause.startswith(cause)
    assert caught.value.remedy


def test_a_column_that_is_misspelt_is_told_with_the_nearest_and_its_place() -> None:
    (told,) = mistakes(expect=[{"name": "check", "sql": "SELECT devise FROM facts"}])
    assert told.startswith("trial.yaml:")
    assert "expect.check.sql: DuckDB: Binder Error" in told
    assert "device" in told.split("; ")[-1]


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT f.device FROM facts f JOIN devices d USING (device)", ("facts", "devices")),
        ("WITH x AS (SELECT * FROM Telemetry) SELECT sum(generated) FROM x", ("telemetry",)),
        ("FROM servers", ("servers",)),
        ("SELECT unnest(latency_bucket) FROM servers, range(3)", ("servers",)),
        ("SELECT list_sum(latency_count), json_extract_string('{}', '$.a') FROM servers", ("servers",)),
        ("SELECT device, row_number() OVER (PARTITION BY kind ORDER BY at_ms) FROM facts", ("facts",)),
    ],
)
def test_the_tables_that_a_query_reads_are_known(text: str, tables: tuple[str, ...]) -> None:
    assert checked(text) == tables


# --- should a query come through all the same: the connection itself -------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname.csv'",
        "SELECT * FROM glob('/*')",
        "COPY facts TO 'facts.csv'",
        "ATTACH 'other.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 4",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "PRAGMA threads = 4",
        "SELECT * FROM variable",
    ],
)
def test_the_connection_reaches_nothing_and_cannot_be_changed(text: str) -> None:
    variable = FACTS  # DuckDB would find a variable of Python by its name
    with pytest.raises(Stopped, match=r"the query failed: (Permission|Invalid Input|Catalog|Binder) Error"):
        sql.answer(text, ALL)
    assert variable.num_rows


ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b, facts"


def test_a_query_without_end_is_stopped() -> None:
    assert checked(ENDLESS) == ("facts",)
    for text in (ENDLESS, "WITH RECURSIVE r AS (SELECT 1 AS x UNION ALL SELECT x + 1 FROM r) SELECT max(x) FROM r"):
        with pytest.raises(Stopped, match=r"stopped after 0.05 s \(SECONDS_MAX\)"):
            sql.answer(text, ALL, seconds_max=0.05)


def test_a_query_that_was_stopped_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql.answer, "__kwdefaults__", {"seconds_max": 0.05})
    scenario = loaded(expect=[{"name": "check", "sql": ENDLESS, "is": "> 0"}])
    verdict = evaluate(scenario.expectations[0], ALL, scenario.fleet)
    assert verdict.verdict is Outcome.UNKNOWN
    assert verdict.seen == "stopped after 0.05 s (SECONDS_MAX)"


def test_a_query_that_fails_on_the_data_is_unknown() -> None:
    scenario = loaded(expect=[{"name": "check", "sql": "SELECT CAST(kind AS INTEGER) FROM facts"}])
    verdict = evaluate(scenario.expectations[0], ALL, scenario.fleet)
    assert verdict.verdict is Outcome.UNKNOWN
    assert verdict.seen.startswith("the query failed: Conversion Error")


def test_a_query_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "_CONFIG", {**sql._CONFIG, "memory_limit": "20MB"})
    with pytest.raises(Stopped, match=r"more than 1GB of memory \(MEMORY_MAX\)"):
        sql.answer("SELECT list(r.range) FROM range(100000000) r", ALL)


def test_rows_beyond_the_limit_are_not_taken() -> None:
    found = sql.answer("SELECT * FROM range(20000)", ALL)
    assert (len(found.rows), found.more) == (sql.ROWS_MAX, True)
    scenario = loaded(expect=[{"name": "check", "sql": "SELECT * FROM range(1001) x, facts, devices"}])
    assert evaluate(scenario.expectations[0], ALL, scenario.fleet).seen == "more than 10000 rows"


def test_rows_come_in_one_order() -> None:
    text = "SELECT device, count(*) FROM devices, range(500) GROUP BY device"
    first = sql.answer(text, ALL)
    assert all(sql.answer(text, ALL) == first for _ in range(3))


def test_the_library_is_loaded_only_where_a_query_is() -> None:
    code = "import sys, scenarios.loader, scenarios.verdicts; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_table_of_a_run_can_be_asked() -> None:
    for name in SCHEMAS:
        assert checked(f"SELECT * FROM {name}") == (name,)


def test_what_is_expected_of_a_query_is_told() -> None:
    scenario = loaded(expect=[{"name": "check", "sql": "SELECT count(*) FROM facts", "is": 4}])
    assert scenario.expectations[0].expected == "the single value is 4"
    scenario = loaded(expect=[{"name": "check", "sql": "SELECT * FROM facts"}])
    assert scenario.expectations[0].expected == "no rows"
    assert not scenario.warnings
