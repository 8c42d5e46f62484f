"""Queries: one SELECT over the tables of a run, on a DuckDB connection that reaches nothing else and has limits.

A query is text that a user was given by somebody. It is parsed by DuckDB and looked through before it runs: one SELECT,
over tables of the run, with functions that give the same answer every time and do not reach outside.
"""

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from scenarios.expectations import Outcome, Query
from scenarios.findings import EXAMPLES_MAX, CounterExample, Evidence, Finding, Nothing
from scenarios.problems import LocatedError, hint, shown
from scenarios.tables import SCHEMAS

if TYPE_CHECKING:
    import duckdb

CHARACTERS_MAX: Final = 10_000
"""Characters of one query."""
SECONDS_MAX: Final = 60
"""Seconds of wall time that one query takes."""
PLAN_SECONDS_MAX: Final = 5
"""Seconds of wall time in which a query is parsed and planned, before the run."""
MEMORY_MAX: Final = "1GB"
"""Memory that one query takes beside the tables."""
ROWS_MAX: Final = 10_000
"""Rows of an answer that are taken."""
VALUE_MAX: Final = 120
"""Characters of a value that a counter-example shows."""
TABLE_FUNCTIONS: Final = ("generate_series", "range", "unnest")
"""Functions in FROM that a query may use."""
CLOCKS: Final = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
"""Words that are the wall clock."""

_CONFIG: Final[Mapping[str, str | bool | int]] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "python_enable_replacements": False,
    "temp_directory": "",
    "memory_limit": MEMORY_MAX,
    "threads": 1,  # with several, rows come in an order of their own
}
_ONE_SELECT: Final = "write one SELECT over the tables facts, devices, telemetry and servers"


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, at most ROWS_MAX; `more` tells that there are others."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]  # values of any type of SQL
    more: bool

    def item(self) -> Any:  # a value of any type of SQL
        """The only value. Raises ValueError where there is none, or more than one."""
        if len(self.rows) != 1 or len(self.columns) != 1:
            raise ValueError(f"the answer has {len(self.rows)} rows of {len(self.columns)} columns, not one value")
        return self.rows[0][0]

    def number(self) -> Fraction | None:
        """The number that is the single value; None where there are others, or it is no number."""
        value = self.rows[0][0] if len(self.rows) == 1 and len(self.columns) == 1 else None
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not isfinite(value):
            return None
        return Fraction(value)


class Stopped(Exception):  # noqa: N818 - no error of ours, an end
    """A query was stopped, or failed on the data; the text says why."""


def checked(text: str) -> tuple[str, ...]:
    """The tables that a query reads. Raises LocatedError where it is not one that may run.

    The query is planned, over empty tables, and not executed.
    """
    if len(text) > CHARACTERS_MAX:
        raise LocatedError((), "the query is too long", f"write at most {CHARACTERS_MAX} characters (CHARACTERS_MAX)")
    import duckdb

    with _connection({name: schema.empty_table() for name, schema in SCHEMAS.items()}) as connection:
        try:
            with _limited(connection, PLAN_SECONDS_MAX):
                tables = _read(connection, text)
                connection.execute(f"EXPLAIN {text}")
        except duckdb.Error as error:
            raise LocatedError((), f"DuckDB: {_first_line(error)}", _proposed(error) or _ONE_SELECT) from error
    if not tables:
        raise LocatedError((), "the query asks nothing of the run", _ONE_SELECT)
    return tables


def answer(text: str, tables: Mapping[str, pa.Table], *, seconds_max: float = SECONDS_MAX) -> Answer:
    """The rows of a query that was `checked`. Raises Stopped where it exceeds a limit or fails."""
    import duckdb

    with _connection(tables) as connection:
        try:
            with _limited(connection, seconds_max):
                result = connection.execute(text)
                rows = result.fetchmany(ROWS_MAX + 1)
            columns = tuple(str(column[0]) for column in result.description or ())
        except duckdb.InterruptException as error:
            raise Stopped(f"stopped after {seconds_max:g} s (SECONDS_MAX)") from error
        except duckdb.OutOfMemoryException as error:
            raise Stopped(f"stopped, since it took more than {MEMORY_MAX} of memory (MEMORY_MAX)") from error
        except duckdb.Error as error:
            raise Stopped(f"the query failed: {_first_line(error)}") from error
    return Answer(columns, rows[:ROWS_MAX], len(rows) > ROWS_MAX)


def judge_query(expectation: Query, evidence: Evidence) -> Finding:
    """Whether a query returns no rows, or the number that it should; each row is a counter-example.

    A query that could not be answered is `unknown`.
    """
    tables = {name: evidence.table(name) for name in SCHEMAS}
    for name in expectation.tables:
        if tables[name].num_rows == 0:
            raise Nothing(f"the table {name} has no rows")
    try:
        found = answer(expectation.text, tables)
    except Stopped as stopped:
        return Finding(holds=False, seen=str(stopped), outcome=Outcome.UNKNOWN)
    count = f"more than {ROWS_MAX}" if found.more else str(len(found.rows))
    rows = "1 row" if count == "1" else f"{count} rows"
    if expectation.condition is None:
        return Finding(not found.rows, rows, _examples(found))
    number = found.number()
    if number is None:
        return Finding(holds=False, seen=f"{rows} of {len(found.columns)} columns, not one number")
    seen = str(found.rows[0][0])
    example = CounterExample("", found.columns[0], seen, str(expectation.condition))
    return Finding(expectation.condition.holds(number, 1), seen, (example,))


def _examples(found: Answer) -> tuple[CounterExample, ...]:
    """Rows as counter-examples: columns that are called device and at_ms tell whose and when."""
    examples = []
    for row in found.rows[:EXAMPLES_MAX]:
        values = dict(zip(found.columns, row, strict=True))
        device, at_ms = values.pop("device", ""), values.pop("at_ms", None)
        told = ", ".join(f"{column}={str(value)[:VALUE_MAX]}" for column, value in values.items())
        examples.append(
            CounterExample(
                device=str(device)[:VALUE_MAX],
                what="row",
                seen=told or "a row",
                permitted="no row",
                at_ms=at_ms if isinstance(at_ms, int) else None,
            )
        )
    return tuple(examples)


@contextmanager
def _connection(tables: Mapping[str, pa.Table]) -> Iterator["duckdb.DuckDBPyConnection"]:
    """A connection that sees these tables and nothing else, and whose configuration is locked."""
    import duckdb

    with duckdb.connect(":memory:", config=dict(_CONFIG)) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute("SET lock_configuration = true")
        yield connection


@contextmanager
def _limited(connection: "duckdb.DuckDBPyConnection", seconds_max: float) -> Iterator[None]:
    """Interrupts what the connection does after this long."""
    timer = threading.Timer(seconds_max, connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _read(connection: "duckdb.DuckDBPyConnection", text: str) -> tuple[str, ...]:
    """Looks a query through; returns its tables, in the order of `SCHEMAS`.

    Raises LocatedError, or an error of DuckDB.
    """
    import duckdb

    statements = connection.extract_statements(text)
    if len(statements) != 1:
        raise LocatedError((), f"the query has {len(statements)} statements", _ONE_SELECT)
    kind = statements[0].type
    if kind != duckdb.StatementType.SELECT:
        raise LocatedError((), f"the query is no SELECT but {kind.name}", _ONE_SELECT)
    row = connection.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    assert row is not None
    try:
        parsed = json.loads(row[0])
    except RecursionError as error:
        raise LocatedError((), "the query is nested too deeply", "write it with fewer brackets") from error
    if parsed.get("error"):
        raise LocatedError((), "the query is no plain SELECT", _ONE_SELECT)
    nodes = tuple(_nodes(parsed["statements"]))
    _check_functions(connection, nodes)
    named = {entry["key"].lower() for node in nodes for entry in node.get("cte_map", {}).get("map", ())}
    tables = [node["table_name"] for node in nodes if node.get("type") == "BASE_TABLE"]
    for node in nodes:
        if node.get("type") == "BASE_TABLE" and (node.get("schema_name") or node.get("catalog_name")):
            raise LocatedError((), f"{shown(node['table_name'])} is in a schema", "name tables by a single word")
        if node.get("type") == "SHOW_REF":
            raise LocatedError((), "the query is no SELECT but a description", _ONE_SELECT)
        if node.get("sample"):
            raise LocatedError((), "the query draws a sample", "take all rows: a sample differs from run to run")
    for table in tables:
        if table.lower() not in SCHEMAS and table.lower() not in named:
            raise LocatedError((), f"there is no table {shown(table)}", hint(table, SCHEMAS))
    read = {table.lower() for table in tables}
    return tuple(name for name in SCHEMAS if name in read)


def _check_functions(connection: "duckdb.DuckDBPyConnection", nodes: Sequence[Mapping[str, Any]]) -> None:
    for node in nodes:
        if node.get("type") == "TABLE_FUNCTION":
            name = node["function"].get("function_name", "")
            if name.lower() not in TABLE_FUNCTIONS:
                remedy = f"read from the run's tables, or {', '.join(TABLE_FUNCTIONS)}"
                raise LocatedError((), f"the function {shown(name)} is not for queries", remedy)
        names = [str(name).lower() for name in node.get("column_names", ())]
        if len(names) == 1 and names[0] in CLOCKS:
            raise LocatedError((), f"{names[0]} is the wall clock", "compare with at_ms, the time of the run")
    used = sorted({str(node["function_name"]).lower() for node in nodes if node.get("function_name")})
    unsteady = connection.execute(
        "SELECT function_name FROM duckdb_functions()"
        " WHERE list_contains(?, lower(function_name)) AND stability IS NOT NULL"
        " GROUP BY function_name HAVING bool_and(stability <> 'CONSISTENT') ORDER BY function_name",
        [used],
    ).fetchall()
    if unsteady:
        cause = f"the function {shown(unsteady[0][0])} differs from run to run"
        raise LocatedError((), cause, "write a query whose answer depends on the tables alone")


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:  # JSON
    """All objects of a tree."""
    waiting = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(" !")


def _proposed(error: Exception) -> str:
    """What DuckDB proposes."""
    found = re.search(r"^(Candidate|Did you mean).*$", str(error), re.MULTILINE)
    return found[0] if found else ""
