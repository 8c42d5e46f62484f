"""Each form of expectation: a case that passes, one that fails, and faults planted into the judging code.

`CASES` are (what the file says, tables, verdict, counter-examples); the planted faults at the end have to change the
answer to at least one of them.
"""

from types import ModuleType
from typing import Any

import pytest

from scenarios import conditions, findings, order, verdicts
from scenarios.expectations import Outcome
from scenarios.model import Scenario
from scenarios.verdicts import evaluate
from tests.scenarios.judging import Case, Tables, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.run_tables import table, telemetry

TELEMETRY = telemetry(
    {"at_ms": 0, "throttled": 3, "generated": 10, "queued": 7, "importance": "low", "type": "file-change"},
    {"at_ms": 0, "throttled": 0, "generated": 10, "queued": 6},
    {"at_ms": 0, "throttled": 40, "generated": 80, "target": "kics", "group": "Managed devices/HQ2"},
    {"at_ms": 30_000, "throttled": 2, "generated": 10, "queued": 1, "importance": "low", "type": "file-change"},
    {"at_ms": 30_000, "queued": 2, "group": "Managed devices/HQ/Servers", "image": "linux-server"},
)
SERVERS = table(
    "servers",
    {"at_ms": 0, "server": "telemetry", "port": "telemetry", "kind": "send", "requests": 90, "refused": 9},
    {"at_ms": 0, "server": "telemetry", "port": "telemetry", "kind": "synchronise", "requests": 10, "refused": 0},
    {"at_ms": 0, "server": "kics", "port": "kics", "kind": "send", "requests": 5, "refused": 5},
)
FACTS = table(
    "facts",
    {"at_ms": 500, "device": "office-00002", "kind": "ioc-match"},
    {"at_ms": 400, "device": "office-00001", "kind": "ioc-match"},
    {"at_ms": 900, "device": "office-00001", "kind": "ioc-match"},
    {"at_ms": 100, "device": "office-00003", "kind": "off-line"},
    {"at_ms": 0, "device": "", "kind": "step"},
)
# Not in the order of the fleet: rows are found by name.
DEVICES = table(
    "devices",
    {"device": "db-00001", "block": "db", "throttled": 0, "generated": 10, "state": "connected"},
    {"device": "db-00002", "block": "db", "throttled": 4, "generated": 0, "state": "off-line"},
    {
        "device": "office-00003",
        "block": "office",
        "throttled": 30,
        "generated": 100,
        "queued_max": 5,
        "queued_max_at_ms": 77,
    },
    {
        "device": "office-00001",
        "block": "office",
        "throttled": 10,
        "generated": 100,
        "queued_max": 9,
        "queued_max_at_ms": 88,
    },
    {"device": "office-00002", "block": "office", "throttled": 0, "generated": 100, "state": "connected"},
    {"device": "office-00004", "block": "office", "throttled": 20, "generated": 100, "state": "connected"},
)
ALL: Tables = {"telemetry": TELEMETRY, "servers": SERVERS, "facts": FACTS, "devices": DEVICES}
FLEET = {
    "blocks": [
        {"name": "office", "image": "windows-office", "count": 4, "group": "Managed devices/HQ", "tags": ["noisy"]},
        {"name": "db", "image": "linux-server", "count": 2, "group": "Managed devices/HQ/Servers"},
        {"name": "far", "image": "linux-server", "count": 1, "group": "Managed devices/HQ2"},
    ]
}


def scenario(**entry: Any) -> Scenario:
    return loaded(fleet=FLEET, expect=[{"name": "check", **entry}])


def where(figure: str, condition: Any, **columns: Any) -> dict[str, Any]:
    return {"total": figure, "where": columns, "is": condition}


def each(devices: Any, figure: str, condition: Any, **more: Any) -> dict[str, Any]:
    return {"each": devices, "that": figure, "is": condition, **more}


def exactly(fact: str, devices: Any, **more: Any) -> dict[str, Any]:
    return {"set": {"fact": fact}, "equals": devices, **more}


NO_ROW = "nothing: no row of the table is meant"
NOBODY = {"all": ["office", "db"]}
THROTTLED_SHARE = {"total": "telemetry.throttled", "of": "telemetry.generated"}
SHARE_OF_REQUESTS = {"of": "servers.requests"}

CASES = (
    # total: sums of a table, and of the rows that `where` leaves
    Case({"total": "telemetry.throttled", "is": 45}, True, "45"),
    Case({"total": "telemetry.throttled", "is": 44}, False, "45", (
        ("", "kics, Managed devices/HQ2, windows-office, process-start, high", "40", "44 in all", 0),
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "3", "44 in all", 0),
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "2", "44 in all", 30_000),
    )),
    Case(where("telemetry.throttled", 0, importance="high", target="central-node"), True, "0"),
    Case(where("telemetry.throttled", 0, importance="low"), False, "5", (
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "3", "0 in all", 0),
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "2", "0 in all", 30_000),
    )),
    Case(where("telemetry.throttled", 45, importance=["low", "high"]), True, "45"),
    Case(where("telemetry.throttled", 5, group="Managed devices/HQ"), True, "5"),
    Case(where("telemetry.throttled", 5, group="Managed devices/HQ/**"), True, "5"),
    Case(where("telemetry.throttled", 45, group=["Managed devices/HQ", "Managed devices/HQ2"]), True, "45"),
    Case(where("telemetry.queued", 2, group="Managed devices/HQ/Servers"), True, "2"),
    Case(where("telemetry.queued", 3, group="Managed devices/HQ/**"), True, "3"),
    # … of a stock only what stands at the end
    Case({"total": "telemetry.queued", "is": 3}, True, "3"),
    Case(where("telemetry.queued", 1, importance="low"), True, "1"),
    Case(where("telemetry.queued", 0, type="process-start", image="windows-office"), True, "0"),
    Case(where("telemetry.queued", "> 0", target="kics"), False, "0"),
    # … of a part of the run
    Case({"total": "telemetry.throttled", "is": 2, "between": ["30s", "1min"]}, True, "2"),
    Case({"total": "telemetry.throttled", "is": 43, "between": ["0s", "31s"]}, True, "43"),
    Case({"total": "telemetry.throttled", "is": 0, "between": ["29s", "1min"]}, False, "2", (
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "2", "0 in all", 30_000),
    )),
    Case({"total": "telemetry.queued", "is": 13, "between": ["0s", "30s"]}, True, "13"),
    Case({"total": "telemetry.throttled", "is": 0, "between": ["1h", "2h"]}, False, NO_ROW),
    Case(where("facts.count", 1, kind="ioc-match") | {"between": ["450ms", "900ms"]}, True, "1"),
    # … as a share
    Case(THROTTLED_SHARE | {"is": "< 41 %"}, True, "45 of 110 (40.9 %)"),
    Case(THROTTLED_SHARE | {"is": "<= 40.9 %"}, False, "45 of 110 (40.9 %)", (
        ("", "kics, Managed devices/HQ2, windows-office, process-start, high", "40", "<= 40.9 % in all", 0),
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "3", "<= 40.9 % in all", 0),
        ("", "central-node, Managed devices/HQ, windows-office, file-change, low", "2", "<= 40.9 % in all", 30_000),
    )),
    Case(where("servers.refused", "10 %", server="telemetry", kind="send") | SHARE_OF_REQUESTS, True, "9 of 90 (10 %)"),
    Case(where("telemetry.expired", "0 %", importance="low") | {"of": "telemetry.crashed"}, False, "0 of 0"),
    # … of servers and of facts
    Case(where("servers.requests", 100, port="telemetry"), True, "100"),
    Case(where("servers.requests", 105, kind=["send", "synchronise"]), True, "105"),
    Case(where("facts.count", 3, kind="ioc-match"), True, "3"),
    Case(where("facts.count", 0, kind="fail-over"), True, "0"),
    Case(where("facts.count", "< 3", kind="ioc-match"), False, "3", (
        ("office-00002", "ioc-match", "1", "< 3 in all", 500),
        ("office-00001", "ioc-match", "1", "< 3 in all", 400),
        ("office-00001", "ioc-match", "1", "< 3 in all", 900),
    )),
    # … over nothing
    Case(where("telemetry.throttled", 0, type="driver-load"), False, NO_ROW),
    Case(where("telemetry.throttled", 0, type="driver-load") | {"may_be_empty": True}, True, NO_ROW),
    Case({"total": "telemetry.throttled", "is": 0}, False, NO_ROW, tables={}),
    Case({"total": "facts.count", "is": 0}, False, NO_ROW, tables={"facts": table("facts")}),
    # each: every device of a selection, or as many as `for` says
    Case(each({"block": "office"}, "generated", 100), True, "4 of 4 devices (100 %)"),
    Case(each("office", "throttled", "> 0", **{"for": ">= 75 %"}), True, "3 of 4 devices (75 %)"),
    Case(each("office", "throttled", "> 0", **{"for": "> 75 %"}), False, "3 of 4 devices (75 %)", (
        ("office-00002", "throttled", "0", "> 0", None),
    )),
    Case(each("office", "throttled", "> 0"), False, "3 of 4 devices (75 %)", (
        ("office-00002", "throttled", "0", "> 0", None),
    )),
    Case(each({"any": ["office", "db"]}, "throttled", "0..10"), False, "4 of 6 devices (66.6 %)", (
        ("office-00003", "throttled", "30", "0..10", None),
        ("office-00004", "throttled", "20", "0..10", None),
    )),
    Case(each("office", "queued_max", "< 9"), False, "3 of 4 devices (75 %)", (
        ("office-00001", "queued_max", "9", "< 9", 88),
    )),
    # … where too many do
    Case(each("office", "throttled", "> 0", **{"for": "<= 50 %"}), False, "3 of 4 devices (75 %)", (
        ("office-00001", "throttled", "10", "not > 0", None),
        ("office-00003", "throttled", "30", "not > 0", None),
        ("office-00004", "throttled", "20", "not > 0", None),
    )),
    # … as a share, which nothing of nothing never fulfils
    Case(each("office", "throttled", "<= 30 %", of="generated"), True, "4 of 4 devices (100 %)"),
    Case(each("db", "throttled", "<= 30 %", of="generated"), False, "1 of 2 devices (50 %)", (
        ("db-00002", "throttled", "4 of 0", "<= 30 %", None),
    )),
    Case(each("db", "crashed", "<= 30 %", of="expired"), False, "0 of 2 devices (0 %)", (
        ("db-00001", "crashed", "0 of 0", "<= 30 %", None),
        ("db-00002", "crashed", "0 of 0", "<= 30 %", None),
    )),
    Case(each("office", "throttled", "<= 29.9 %", of="generated"), False, "3 of 4 devices (75 %)", (
        ("office-00003", "throttled", "30 of 100", "<= 29.9 %", None),
    )),
    # … a text
    Case(each("db", "block", "db"), True, "2 of 2 devices (100 %)"),
    Case(each("db", "state", "connected"), False, "1 of 2 devices (50 %)", (
        ("db-00002", "state", "off-line", "connected", None),
    )),
    # … over nothing, and over devices that are not there
    Case(each("far", "throttled", 0), False, "nothing: no device is meant"),
    Case(each("far", "throttled", 0, may_be_empty=True), True, "nothing: no device is meant"),
    Case(each({"any": ["db", "far"]}, "throttled", ">= 0"), False, "2 of 3 devices (66.6 %)", (
        ("far-00001", "throttled", "not in the table of devices", ">= 0", None),
    )),
    Case(each("all", "throttled", 0), False, "nothing: no device is meant", tables={}),
    # set: no more, no fewer
    Case(exactly("ioc-match", {"any": ["office-00001", "office-00002"]}), True, "2 of the 2 devices, and 0 others"),
    Case(exactly("ioc-match", "office"), False, "2 of the 4 devices, and 0 others", (
        ("office-00003", "ioc-match", "none", "ioc-match", None),
        ("office-00004", "ioc-match", "none", "ioc-match", None),
    )),
    Case(exactly("ioc-match", "office-00002"), False, "1 of the 1 devices, and 1 others", (
        ("office-00001", "ioc-match", "ioc-match", "none", 400),
    )),
    Case(exactly("ioc-match", {"any": ["office-00001", "db-00001"]}), False, "1 of the 2 devices, and 1 others", (
        ("office-00002", "ioc-match", "ioc-match", "none", 500),
        ("db-00001", "ioc-match", "none", "ioc-match", None),
    )),
    Case(exactly("ioc-match", "office-00001", between=["0s", "500ms"]), True, "1 of the 1 devices, and 0 others"),
    Case(exactly("released", "office-00001"), False, "0 of the 1 devices, and 0 others", (
        ("office-00001", "released", "none", "released", None),
    )),
    Case(exactly("released", NOBODY, may_be_empty=True), True, "0 of the 0 devices, and 0 others"),
    Case(exactly("ioc-match", NOBODY, may_be_empty=True), False, "0 of the 0 devices, and 2 others", (
        ("office-00001", "ioc-match", "ioc-match", "none", 400),
        ("office-00002", "ioc-match", "ioc-match", "none", 500),
    )),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, fleet=FLEET), ALL) == (case.passes, case.seen, case.examples)


def test_each_form_has_cases_of_both_kinds() -> None:
    for form in ("total", "each", "set"):
        outcomes = {case.passes for case in CASES if form in case.says}
        assert outcomes == {True, False}


@pytest.mark.parametrize("otherwise", ["fail", "warn", "unknown", "invalid"])
def test_else_is_the_verdict_where_it_is_not_so(otherwise: str) -> None:
    one = scenario(total="telemetry.throttled", **{"is": 0, "else": otherwise, "clause": "KEA-TEL-008"})
    verdict = evaluate(one.expectations[0], ALL, one.fleet)
    assert verdict.verdict is Outcome(otherwise)
    assert (verdict.name, verdict.clause) == ("check", "KEA-TEL-008")
    assert verdict.place == "trial.yaml:20:3: expect.check"
    assert verdict.expected == "telemetry.throttled: 0"


def test_what_was_expected_is_told() -> None:
    says = each({"tag": "noisy"}, "throttled", "> 0", of="generated", **{"for": ">= 90 %"}) | {"is": "> 0 %"}
    one = scenario(**says)
    expected = evaluate(one.expectations[0], ALL, one.fleet).expected
    assert expected == "throttled of generated is > 0 %, for >= 90 % of {tag: noisy}"
    one = scenario(**exactly("ioc-match", "office"))
    assert evaluate(one.expectations[0], ALL, one.fleet).expected == "ioc-match on exactly office, 4 devices"


def test_ten_counter_examples_are_shown_at_most() -> None:
    blocks = [{"name": "office", "image": "quiet", "count": 30}]
    rows = [{"device": f"office-{number:05d}", "throttled": 1} for number in range(1, 31)]
    facts = [{"device": f"office-{number:05d}", "kind": "isolated"} for number in range(1, 16)]
    tables = {"devices": table("devices", *rows), "facts": table("facts", *facts)}
    tables["telemetry"] = telemetry(*({"at_ms": number, "throttled": 1} for number in range(30)))
    for says in (
        each("all", "throttled", 0),
        exactly("isolated", {"pick": 1}),
        {"total": "telemetry.throttled", "is": 0},
    ):
        one = loaded(fleet={"blocks": blocks}, expect=[{"name": "check", **says}])
        assert len(evaluate(one.expectations[0], tables, one.fleet).counter_examples) == 10


def test_a_selection_that_matches_nothing_is_a_mistake_unless_it_may_be_empty() -> None:
    (told,) = mistakes(fleet=FLEET, expect=[{"name": "check", **each(NOBODY, "throttled", 0)}])
    assert "matches no device" in told
    one = scenario(**each(NOBODY, "throttled", 0, may_be_empty=True))
    assert evaluate(one.expectations[0], ALL, one.fleet).verdict is Outcome.PASS


def test_an_expectation_that_cannot_fail_is_warned_of() -> None:
    for says in ({"total": "telemetry.throttled", "is": ">= 0"}, each("all", "throttled", 0, **{"for": ">= 0 %"})):
        (warning,) = scenario(**says).warnings
        assert (
            str(warning)
            == "trial.yaml:20:3: expect.check: the expectation 'check' cannot fail; compare with more than 0"
        )


# --- planted faults --------------------------------------------------------------------------------------------------

FAULTS = (
    (verdicts, "holds = expectation.condition.holds(part, whole)", "holds = True"),
    (verdicts, "holds = expectation.share.holds(count, size)\n    seen", "holds = count > 0\n    seen"),
    (findings, "Outcome.PASS if self.holds else judged.otherwise", "judged.otherwise if self.holds else Outcome.PASS"),
    (findings, "return self.tables[name] if name in self.tables else", "return"),
    (verdicts, 'Finding(expectation.may_be_empty, f"nothing', 'Finding(True, f"nothing'),
    (verdicts, "if judged_rows.num_rows == 0:", "if False:"),
    (verdicts, "if not known.any():", "if False:"),
    (verdicts, "judged_rows = table if figure.column == COUNT else rows", "judged_rows = rows"),
    (verdicts, "judged_rows = table if figure.column == COUNT else rows", "judged_rows = table"),
    (findings, "table = table.filter(mask)", "pass"),
    (findings, 'pattern=f"{group}/"', 'pattern=f"{group}"'),
    (findings, "pc.or_(inside, pc.equal(table[where.column], pa.scalar(group)))", "inside"),
    (verdicts, "if figure.stock else rows", "if not figure.stock else rows"),
    (verdicts, 'min_count=0).as_py()', 'min_count=0).as_py() + 1'),
    (verdicts, "whole = _sum(of, rows, last_ms) if of else 1", "whole = _sum(of, table, last_ms) if of else 1"),
    (verdicts, "fulfilled &= known", "pass"),
    (verdicts, 'pc.index_in(names, value_set=table["device"])', "pa.array(expectation.devices, pa.int32())"),
    (verdicts, "wholes = _integers(taken, of) if of else", "wholes ="),
    (verdicts, "(fulfilled if too_many else ~fulfilled)[", "(~fulfilled)["),
    (verdicts, "(fulfilled if too_many else ~fulfilled)[", "(fulfilled)["),
    (verdicts, "pa.scalar(condition)).to_numpy()", "pa.scalar(condition)).to_numpy() | True"),
    (order, "pa.scalar(expectation.fact))), expectation", "pa.scalar('ioc-match'))), expectation"),
    (order, "others\"\n    return Finding(not examples,", "others\"\n    return Finding(not extra.num_rows,"),
    (order, "others\"\n    return Finding(not examples,", "others\"\n    return Finding(not len(missing),"),
    (order, '("at_ms", "min")', '("at_ms", "max")'),
    (order, 'row["at_ms_min"]', "None"),
    (verdicts, 'evidence.span(between))[1] - 1)', 'evidence.span(between))[1] - 2)'),
    (conditions, '"<": operator.lt', '"<": operator.le'),
    (conditions, '"<=": operator.le', '"<=": operator.lt'),
    (conditions, '">": operator.gt', '">": operator.ge'),
    (conditions, '">=": operator.ge', '">=": operator.gt'),
    (conditions, "part <= self.high * whole", "part < self.high * whole"),
    (conditions, "part >= self.low * whole", "part > self.low * whole"),
    (conditions, "whole != 0 and bool(", "bool("),
    (conditions, "& (wholes != 0)", ""),
    (conditions, "part * 100_000, whole)", "part * 1_000, whole)"),
    (conditions, "parts * 100_000, wholes)", "parts * 1_000, wholes)"),
)  # fmt: skip
LOADED = [made(case, fleet=FLEET) for case in CASES]


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return answers(CASES, LOADED, ALL)


@pytest.mark.parametrize(("module", "old", "new"), FAULTS)
def test_a_planted_fault_changes_an_answer(
    module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch, right: list[Any]
) -> None:
    plant(module, old, new, monkeypatch)
    assert answers(CASES, LOADED, ALL) != right
