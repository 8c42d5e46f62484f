"""Orders of facts, facts that never come, times between facts: cases of each, and planted faults."""

from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios import expectations, findings, order, series
from scenarios.verdicts import evaluate
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.run_tables import table

S = 1000
SECTIONS: dict[str, Any] = {
    "duration": "10min",
    "fleet": {"blocks": [{"name": "pc", "image": "windows-office", "count": 4}]},
    "servers": {"telemetry": {"nodes": ["cn-1", "cn-2"]}},
    "timeline": [
        {"name": "start", "at": "1min"},
        {"name": "calm", "at": "5min"},
        {"name": "seen", "when": {"fact": "connect"}},
    ],
}


def fact(device: int, at_s: int, kind: str, detail: str = "{}", sequence: int = 0) -> dict[str, Any]:
    name = f"pc-{device:05d}" if device else ""
    return {"at_ms": at_s * S, "device": name, "kind": kind, "detail": detail, "sequence": sequence}


CN_1 = '{"server":"cn-1.seatrial.example:443"}'
CN_2 = '{"server":"cn-2.seatrial.example:443"}'
FACTS = table(
    "facts",
    fact(0, 100, "fault-began", '{"fault":"outage","server":"cn-1"}'),
    fact(0, 150, "fault-ended", '{"fault":"outage","server":"cn-1"}'),
    fact(0, 200, "step", '{"name":"seen"}'),
    # The first device has all of it in order, with something else between.
    fact(1, 70, "file-placed"),
    fact(1, 80, "off-line"),
    fact(1, 120, "isolated"),
    fact(1, 180, "released"),
    # The second is released before it is isolated, at one time in the order of `sequence`.
    fact(2, 65, "file-placed"),
    fact(2, 130, "released", sequence=1),
    fact(2, 130, "file-placed", sequence=0),
    fact(2, 140, "isolated"),
    # The third is isolated twice, and goes from one server to the other.
    fact(3, 110, "isolated"),
    fact(3, 115, "released"),
    fact(3, 125, "isolated"),
    fact(3, 165, "released"),
    fact(3, 126, "connect", CN_2),
    fact(3, 250, "connect", CN_1),
)
ALL = {"facts": FACTS}
NO_FACTS = "nothing: the run has no facts"
ORDER = "file-placed, isolated, released"


def in_order(devices: Any, *facts: str, **more: Any) -> dict[str, Any]:
    return {"each": devices, "facts": list(facts), **more}


def never(devices: Any, kind: str, **more: Any) -> dict[str, Any]:
    return {"each": devices, "never": {"fact": kind}, **more}


def takes(begin: str, end: str, devices: Any = "all", **limits: str) -> dict[str, Any]:
    return {"each": devices, "from": begin, "to": end, "takes": limits}


CASES = (
    # facts: in this order, others may lie between
    Case(in_order("pc-00001", "file-placed", "isolated", "released"), True, "1 of 1 devices (100 %)"),
    Case(in_order("all", "file-placed", "isolated", "released"), False, "1 of 4 devices (25 %)", (
        ("pc-00002", "released", "file-placed, file-placed, released, isolated", ORDER, 140 * S),
        ("pc-00003", "file-placed", "isolated, released, isolated, released", ORDER, None),
        ("pc-00004", "file-placed", "none of them", ORDER, None),
    )),
    Case(in_order("all", "isolated", **{"for": ">= 75 %"}), True, "3 of 4 devices (75 %)"),
    Case(in_order("all", "isolated", **{"for": "< 75 %"}), False, "3 of 4 devices (75 %)", (
        ("pc-00001", "facts", "isolated", "not isolated", 120 * S),
        ("pc-00002", "facts", "isolated", "not isolated", 140 * S),
        ("pc-00003", "facts", "isolated, isolated", "not isolated", 110 * S),
    )),
    Case(in_order("pc-00003", "isolated", "released", "isolated", "released"), True, "1 of 1 devices (100 %)"),
    Case(in_order("pc-00003", "isolated", "isolated", "isolated"), False, "0 of 1 devices (0 %)", (
        ("pc-00003", "isolated", "isolated, isolated", "isolated, isolated, isolated", 125 * S),
    )),
    # … strictly: no others of these kinds
    Case(in_order("pc-00001", "file-placed", "isolated", "released", strictly=True), True, "1 of 1 devices (100 %)"),
    Case(in_order({"any": ["pc-00002", "pc-00003"]}, "isolated", "released", strictly=True), False,
         "0 of 2 devices (0 %)", (
        ("pc-00002", "isolated", "released, isolated", "exactly isolated, released", 130 * S),
        ("pc-00003", "no other", "isolated, released, isolated, released", "exactly isolated, released", 115 * S),
    )),
    Case(in_order("pc-00002", "released", strictly=True), True, "1 of 1 devices (100 %)"),
    Case(in_order("pc-00002", "released", "isolated", "released", strictly=True), False, "0 of 1 devices (0 %)", (
        ("pc-00002", "released", "released, isolated", "exactly released, isolated, released", 140 * S),
    )),
    # … told apart by a server
    Case(in_order("pc-00003", "connect:cn-2", "connect:cn-1", strictly=True), True, "1 of 1 devices (100 %)"),
    Case(in_order("pc-00003", "connect:cn-1", "connect:cn-2"), False, "0 of 1 devices (0 %)", (
        ("pc-00003", "connect:cn-2", "connect, connect", "connect:cn-1, connect:cn-2", 250 * S),
    )),
    Case(in_order("pc-00003", "connect:telemetry", "connect:telemetry"), True, "1 of 1 devices (100 %)"),
    # … in a part of the run, and while a server has a fault
    Case(in_order("pc-00003", "isolated", "released", strictly=True, between=["2min", "calm"]), True,
         "1 of 1 devices (100 %)"),
    Case(in_order("pc-00001", "released", between=["start", "3min"]), False, "0 of 1 devices (0 %)", (
        ("pc-00001", "released", "none of them", "released", None),
    )),
    Case(in_order("pc-00003", "connect", strictly=True, during="faults"), True, "1 of 1 devices (100 %)"),
    Case(in_order("pc-00003", "connect:cn-1", strictly=True, outside="faults"), True, "1 of 1 devices (100 %)"),
    Case(in_order("pc-00003", "connect:cn-1", strictly=True, between=["seen", "end"]), True, "1 of 1 devices (100 %)"),
    # … over nothing
    Case(in_order("all", "isolated"), False, NO_FACTS, tables={}),
    Case(in_order("all", "isolated", may_be_empty=True), True, NO_FACTS, tables={}),
    Case(in_order({"all": ["pc-00001", "pc-00002"]}, "isolated", may_be_empty=True), True,
         "nothing: no device is meant"),
    # never
    Case(never("pc-00004", "isolated"), True, "0 on 0 of 1 devices"),
    Case(never({"not": "pc-00001"}, "isolated"), False, "3 on 2 of 3 devices", (
        ("pc-00003", "isolated", "isolated", "none", 110 * S),
        ("pc-00003", "isolated", "isolated", "none", 125 * S),
        ("pc-00002", "isolated", "isolated", "none", 140 * S),
    )),
    Case(never("all", "isolated", between=["calm", "end"]), True, "0 on 0 of 4 devices"),
    Case(never("all", "isolated", outside="faults"), True, "0 on 0 of 4 devices"),
    Case(never("all", "released", outside="faults", between=["2min", "170s"]), False, "1 on 1 of 4 devices", (
        ("pc-00003", "released", "released", "none", 165 * S),
    )),
    Case(never("all", "file-placed", outside="faults", between=["0s", "99s"]), False, "2 on 2 of 4 devices", (
        ("pc-00002", "file-placed", "file-placed", "none", 65 * S),
        ("pc-00001", "file-placed", "file-placed", "none", 70 * S),
    )),
    Case(never("all", "agent-crashed"), False, NO_FACTS, tables={}),
    Case(never("all", "agent-crashed", may_be_empty=True), True, NO_FACTS, tables={}),
    # takes: 60 s on the first, 5 and 40 s on the third; on the second it does not end
    Case(takes("isolated", "released", "pc-00003", p50="<= 5s", p100="<= 40s"), True, "p50 5s, p100 40s, of 2"),
    Case(takes("isolated", "released", p75="<= 50s"), False, "p75 60s, of 4, 1 without an end", (
        ("pc-00002", "to released", "never", "p75 <= 50s", 140 * S),
        ("pc-00001", "to released", "60s", "p75 <= 50s", 120 * S),
        ("pc-00003", "to released", "40s", "p75 <= 50s", 125 * S),
        ("pc-00003", "to released", "5s", "p75 <= 50s", 110 * S),
    )),
    Case(takes("isolated", "released", p76="<= 1d"), False, "p76 no end, of 4, 1 without an end", (
        ("pc-00002", "to released", "never", "p76 <= 1d", 140 * S),
        ("pc-00001", "to released", "60s", "p76 <= 1d", 120 * S),
        ("pc-00003", "to released", "40s", "p76 <= 1d", 125 * S),
        ("pc-00003", "to released", "5s", "p76 <= 1d", 110 * S),
    )),
    Case(takes("isolated", "isolated", "pc-00003", p50="<= 15s"), True, "p50 15s, of 2, 1 without an end"),
    Case(takes("connect:cn-2", "connect:cn-1", "pc-00003", p50="124s"), True, "p50 124s, of 1"),
    # … from a step, which is one moment for all
    Case(takes("start", "isolated", {"not": "pc-00004"}, p33="50s", p100="80s"), True, "p33 50s, p100 80s, of 3"),
    Case(takes("2min", "isolated", {"any": ["pc-00001", "pc-00003"]}, p50="0s", p100="5s"), True,
         "p50 0ms, p100 5s, of 2"),
    Case(takes("seen", "connect:cn-1", "pc-00003", p50="50s"), True, "p50 50s, of 1"),
    Case(takes("seen", "connect:cn-1", "pc-00003", p50="50s"), False, "nothing: the step 'seen' did not happen",
         tables={"facts": FACTS.slice(3)}),
    Case(takes("isolated", "released", p50="<= 40s") | {"between": ["0s", "2min"]}, True, "p50 5s, of 1"),
    # … over nothing
    Case(takes("isolated", "released", "pc-00004", p50="1s"), False, "nothing: no device has the fact isolated"),
    Case(takes("isolated", "released", p50="1s"), False, NO_FACTS, tables={}),
    Case(takes("isolated", "released", p50="1s") | {"may_be_empty": True}, True, NO_FACTS, tables={}),
)  # fmt: skip
LOADED = [made(case, **SECTIONS) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, **SECTIONS), ALL) == (case.passes, case.seen, case.examples)


FAULTS = (
    (order, "fulfilled = reached == len(expectation.facts)", "fulfilled = reached > 0"),
    (order, "fulfilled &= counts == len(expectation.facts)", "pass"),
    (order, "holds = expectation.share.holds(count, size)", "holds = True"),
    (order, "too_many = expectation.share.holds(0, size)", "too_many = False"),
    (order, 'side="right")\n    found = np.append(rows,', 'side="left")\n    found = np.append(rows,'),
    (order, "going & (owner == np.arange(len(journal.names)))", "going & (owner >= 0)"),
    (order, "cursor = np.where(going, found, cursor)", "pass"),
    (order, "last[going] = found[going]", "pass"),
    (order, "here = going & (owner[row] == np.arange(len(journal.names)))", "here = going"),
    (order, "going = here & matches[row]", "going = here"),
    (order, "if fact.texts:", "if False:"),
    (order, "for text in texts[1:]:", "for text in ():"),
    (order, "np.lexsort((table[\"sequence\"].to_numpy(), at_ms, device))", "np.lexsort((device, at_ms))"),
    (order, "np.lexsort((table[\"sequence\"].to_numpy(), at_ms, device))", "np.lexsort((at_ms, device))[::-1]"),
    (order, "pa.array(sorted(set(kinds)), pa.string())", "pa.array(['isolated'], pa.string())"),
    (order, 'pc.greater_equal(table["at_ms"], pa.scalar(from_ms))', 'pc.greater(table["at_ms"], pa.scalar(-1))'),
    (order, "pc.less(table", "pc.less_equal(table"),
    (order, "length_ms=1)", "length_ms=100_000)"),
    (order, "    if len(names) == 0:", "    if False:"),
    (order, "np.lexsort((journal.device, journal.at_ms))", "np.arange(len(journal.device))"),
    (order, "return Finding(not examples, seen, examples)\n\n\ndef judge_set",
            "return Finding(bool(examples), seen, examples)\n\n\ndef judge_set"),
    (order, "came = np.append(journal.device, -1)[found] == device", "came = found >= 0"),
    (order, "came, np.append(journal.at_ms, 0)[found] - began, never)", "came, journal.at_ms[0] - began, 0)"),
    (order, "(len(ordered) * quantile.share + 99_999) // 100_000 - 1", "len(ordered) // 2"),
    (order, "ends = ends[journal.at_ms[ends] >= from_ms]", "pass"),
    (order, "np.lexsort((began, device, -took))", "np.lexsort((began, device, took))"),
    (order, "if not len(device):", "if False:"),
    (findings, 'raise Nothing("the run has no facts")', "pass"),
    (findings, "raise Nothing(f\"the step", "return 0\n            raise Nothing(f\"the step"),
    (expectations, "{'exactly ' if self.strictly else ''}", ""),
    (series, "if value is None or not quantile", "if value is not None and not quantile"),
)  # fmt: skip


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return answers(CASES, LOADED, ALL)


@pytest.mark.parametrize(("module", "old", "new"), FAULTS)
def test_a_planted_fault_changes_an_answer(
    module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch, right: list[Any]
) -> None:
    plant(module, old, new, monkeypatch)
    assert answers(CASES, LOADED, ALL) != right


KINDS = ("isolated", "released", "connect")
JOURNALS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 20), st.sampled_from(KINDS)), min_size=1, max_size=40)


@given(JOURNALS, st.lists(st.sampled_from(KINDS), min_size=1, max_size=4), st.booleans())
def test_an_order_is_that_of_each_devices_own_facts(
    journal: list[tuple[int, int, str]], wanted: list[str], strictly: bool
) -> None:
    rows = sorted((at_s, device, number, kind) for number, (device, at_s, kind) in enumerate(journal))
    facts = table("facts", *(fact(device, at_s, kind, sequence=number) for at_s, device, number, kind in rows))
    scenario = made(Case(in_order("all", *wanted, strictly=strictly), True, ""), **SECTIONS)
    verdict = evaluate(scenario.expectations[0], {"facts": facts}, scenario.fleet)
    count = 0
    for device in range(1, 5):
        own = [kind for _, owner, _, kind in rows if owner == device]
        rest = iter(own)
        named = [kind for kind in own if kind in wanted]
        count += named == wanted if strictly else all(kind in rest for kind in wanted)
    assert verdict.seen.startswith(f"{count} of 4 devices")


@given(JOURNALS)
def test_a_time_is_from_each_fact_to_the_next_of_the_device(journal: list[tuple[int, int, str]]) -> None:
    rows = sorted((at_s, device, number, kind) for number, (device, at_s, kind) in enumerate(journal))
    facts = table("facts", *(fact(device, at_s, kind, sequence=number) for at_s, device, number, kind in rows))
    scenario = made(Case(takes("isolated", "released", p100="<= 1s"), True, ""), **SECTIONS)
    verdict = evaluate(scenario.expectations[0], {"facts": facts}, scenario.fleet)
    times = []
    for place, (at_s, device, _, kind) in enumerate(rows):
        if kind == "isolated":
            after = (row for row in rows[place + 1 :] if row[1] == device and row[3] == "released")
            times.append(next((row[0] - at_s for row in after), 999))
    assert (verdict.verdict == "pass") is (bool(times) and max(times) <= 1)


def test_a_wrong_fact_is_refused() -> None:
    for says, told in (
        (in_order("all", "isolatd"), "facts.0: there is no fact of a device called 'isolatd'; did you mean"),
        (in_order("all", "isolated", "step"), "facts.1: there is no fact of a device called 'step'"),
        (in_order("all", "off-line:cn-1"), "facts.0: the fact off-line has nothing to tell apart; leave ':cn-1' out"),
        (in_order("all", "connect:"), "facts.0: 'connect:' names no server; write one behind `connect:`"),
        (in_order("all", "connect:cn-3"), "facts.0: there is no server 'cn-3'; did you mean 'cn-2'?"),
        (in_order("all"), "facts: it is empty; name the facts in their order"),
        (takes("isolatd", "released", p50="1s"), "from: there is no fact and no step 'isolatd'; did you mean"),
        (takes("isolated", "releasd", p50="1s"), "to: there is no fact of a device called 'releasd'"),
        (takes("isolated", "released", p500="1s"), "takes.p500: 'p500' is no quantile; write one such as p50"),
        (takes("isolated", "released", p50="5"), "takes.p50: the duration '5' has no unit"),
        (takes("isolated", "released"), "takes: it names no quantile; write {p50: < 200ms"),
        (in_order("all", "isolated", during="faults", outside="faults"), "has both during and outside"),
        ({"each": "all", "that": "throttled", "is": 0, "between": ["0s", "1min"]},
         "between: the figures of a device are those of the whole run; for a part of it take `total` or `series`"),
    ):  # fmt: skip
        (mistake,) = mistakes(expect=[{"name": "check", **says}], **SECTIONS) or [""]
        assert told in mistake


@pytest.mark.parametrize(
    "says", [in_order("all", "isolated", **{"for": ">= 0 %"}), takes("isolated", "released", p50=">= 0s")]
)
def test_what_cannot_fail_is_warned_of(says: dict[str, Any]) -> None:
    (warning,) = loaded(expect=[{"name": "check", **says}], **SECTIONS).warnings
    assert "the expectation 'check' cannot fail" in str(warning)
