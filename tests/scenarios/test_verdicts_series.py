"""Series, latencies and ratios: cases of each, and faults planted into the judging code."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.telemetry.ledger import Traffic
from scenarios import bounds, conditions, findings, latency, series
from scenarios.series import latency_quantiles
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.run_tables import table, telemetry

S = 1000
SECTIONS: dict[str, Any] = {
    "duration": "10min",
    "servers": {"telemetry": {"nodes": ["cn-1", "cn-2"]}},
    "timeline": [
        {"name": "warm", "at": "0s"},
        {"name": "down", "at": "2min", "fault": {"server": "telemetry", "kind": "outage", "for": "1min"}},
        {"name": "up", "after": "down.end"},
        {"name": "calm", "after": "up", "delay": "2min"},
        {"name": "seen", "when": {"fact": "connect"}},
        {"name": "often", "every": "2min"},
    ],
}


def sent(at_ms: int, requests: int, refused: int = 0, server: str = "cn-1", **more: Any) -> dict[str, Any]:
    return {
        "at_ms": at_ms,
        "server": server,
        "port": "telemetry",
        "kind": "send",
        "requests": requests,
        "refused": refused,
        **more,
    }


def answered(*latencies_us: int) -> dict[str, Any]:
    traffic = Traffic()
    traffic.answered(np.array(latencies_us, np.int64))
    buckets = sorted(traffic.latency)
    return {"latency_bucket": buckets, "latency_count": [traffic.latency[bucket] for bucket in buckets]}


# Requests by interval of 30 s: 10, 20, 30, 20 | 0, 40 (the outage) | 200, 100, 20, 10 | then nothing.
SERVERS = table(
    "servers",
    sent(0, 10, **answered(1 * S, 1 * S, 2 * S)),
    sent(30 * S, 15, server="cn-1"),
    sent(30 * S, 5, server="cn-2", **answered(*[10 * S] * 9, 1_000 * S)),
    sent(60 * S, 30, 3),
    sent(90 * S, 20),
    sent(150 * S, 40, 40),
    sent(180 * S, 200, 20, **answered(*[100 * S] * 98, 3_000 * S, 4_000 * S)),
    sent(210 * S, 100),
    sent(240 * S, 20),
    sent(270 * S, 10),
    sent(270 * S, 7, 7, server="kics", port="kics"),
)
TELEMETRY = telemetry(
    {"at_ms": 0, "queued": 5, "generated": 10},
    {"at_ms": 30 * S, "queued": 7, "generated": 10},
    {"at_ms": 60 * S, "queued": 50, "generated": 10},
    {"at_ms": 90 * S, "queued": 3, "generated": 30},
)
OUTAGE = '{"fault":"outage","server":"telemetry"}'
FACTS = table(
    "facts",
    {"at_ms": 0, "kind": "step", "detail": '{"name":"warm"}'},
    {"at_ms": 120 * S, "kind": "fault-began", "detail": OUTAGE},
    {"at_ms": 180 * S, "kind": "fault-ended", "detail": OUTAGE},
    {"at_ms": 190 * S, "kind": "step", "detail": '{"name":"seen"}'},
    {"at_ms": 240 * S, "kind": "fault-began", "detail": '{"fault":"time-out","server":"kics"}'},
)
BRIEF = table(
    "facts",
    {"at_ms": 155 * S, "kind": "fault-began", "detail": OUTAGE},
    {"at_ms": 165 * S, "kind": "fault-ended", "detail": OUTAGE},
)
ALL = {"servers": SERVERS, "telemetry": TELEMETRY, "facts": FACTS}
NO_ROW = "nothing: no row of the table is meant"
STORM = {"series": "servers.requests", "between": ["up", "calm"], "where": {"port": "telemetry"}}
QUEUED = {"series": "telemetry.queued", "between": ["warm", "down"]}


def quantiles(server: str = "telemetry", **limits: str) -> dict[str, Any]:
    return {"server": server, "latency": {name.replace("_", "."): limit for name, limit in limits.items()}}


def ratio(condition: str, server: str = "telemetry", **more: Any) -> dict[str, Any]:
    return {"server": server, "ratio": "refused / requests", "is": condition, **more}


CASES = (
    # series: every value, the farthest off first
    Case(STORM | {"max": "<= 200"}, True, "max 200"),
    Case(STORM | {"max": "< 100", "min": "> 10"}, False, "max 200, min 10", (
        ("", "servers.requests", "200", "< 100", 180 * S),
        ("", "servers.requests", "100", "< 100", 210 * S),
        ("", "servers.requests", "10", "> 10", 270 * S),
    )),
    Case(STORM | {"max": "< 150", "per": "1min"}, False, "max 300", (
        ("", "servers.requests", "300", "< 150", 180 * S),
    )),
    # … intervals without a row are nought
    Case({"series": "servers.requests", "between": ["warm", "calm"], "min": "> 0"}, False, "min 0", (
        ("", "servers.requests", "0", "> 0", 120 * S),
    )),
    Case({"series": "servers.requests", "between": ["warm", "down"], "where": {"server": "cn-2"}, "max": 5}, False,
         "max 5", (
        ("", "servers.requests", "0", "5", 0),
        ("", "servers.requests", "0", "5", 60 * S),
        ("", "servers.requests", "0", "5", 90 * S),
    )),
    # … a part of an interval is none
    Case({"series": "servers.requests", "between": ["31s", "2min"], "per": "1min", "max": 50}, True, "max 50"),
    Case({"series": "servers.requests", "between": ["0s", "100s"], "per": "1min", "mean": 30}, True, "mean 30"),
    # … their mean
    Case(STORM | {"mean": "82.5"}, True, "mean 82.5"),
    Case(STORM | {"mean": "< 82.5"}, False, "mean 82.5", (
        ("", "mean of servers.requests", "82.5", "< 82.5", None),
    )),
    # … relative to the mean of another time
    Case(STORM | {"max": "<= 10 x mean(warm..down)"}, True, "max 200"),
    Case(STORM | {"max": "< 10 x mean(warm..down)"}, False, "max 200", (
        ("", "servers.requests", "200", "< 10 x mean(warm..down), which is 20", 180 * S),
    )),
    Case(STORM | {"mean": "<= 4.125 x mean(warm..down)"}, True, "mean 82.5"),
    Case(STORM | {"max": "<= 5 x mean(8min..9min)"}, False, NO_ROW + " between 8min and 9min"),
    # … a stock is what stands at the end of each interval
    Case(QUEUED | {"max": 50}, False, "max 50", (
        ("", "telemetry.queued", "7", "50", 30 * S),
        ("", "telemetry.queued", "5", "50", 0),
        ("", "telemetry.queued", "3", "50", 90 * S),
    )),
    Case(QUEUED | {"max": "<= 7", "per": "1min"}, True, "max 7"),
    Case({"series": "telemetry.generated", "between": ["0s", "2min"], "per": "1min", "max": "<= 39"}, False, "max 40", (
        ("", "telemetry.generated", "40", "<= 39", 60 * S),
    )),
    # … their rise: 10, 10, 10, 30 has a mean of 15 and rises by 6 every 30 s
    Case({"series": "telemetry.generated", "between": ["warm", "down"], "slope": "<= 80 %/min"}, True,
         "slope 80 %/min"),
    Case({"series": "telemetry.generated", "between": ["warm", "down"], "slope": "< 80 %/min"}, False,
         "slope 80 %/min", (
        ("", "slope of telemetry.generated", "80 %/min", "< 80 %/min", None),
    )),
    Case({"series": "telemetry.generated", "between": ["0s", "30s"], "slope": "< 80 %/min"}, False,
         "nothing: a slope needs two intervals with a value"),
    # … of latencies, where there are answers
    Case({"series": "servers.latency.p50", "max": "< 120ms"}, True, "max 100.44ms"),
    Case({"series": "servers.latency.p50", "max": "< 50ms"}, False, "max 100.44ms", (
        ("", "servers.latency.p50", "100.44ms", "< 50ms", 180 * S),
    )),
    Case({"series": "servers.latency.p50", "min": "> 5ms"}, False, "min 0.993ms", (
        ("", "servers.latency.p50", "0.993ms", "> 5ms", 0),
    )),
    Case({"series": "servers.latency.p10", "max": "< 50ms"}, False, "max 100.44ms", (
        ("", "servers.latency.p10", "100.44ms", "< 50ms", 180 * S),
    )),
    # … bounded by what only the run tells
    Case({"series": "servers.requests", "between": ["seen", "calm"], "max": 100}, False, "max 100", (
        ("", "servers.requests", "20", "100", 240 * S),
        ("", "servers.requests", "17", "100", 270 * S),
    )),
    Case({"series": "servers.requests", "between": ["seen", "calm"], "max": "< 200"}, False,
         "nothing: the step 'seen' did not happen", tables={"servers": SERVERS}),
    Case({"series": "servers.requests", "between": ["seen", "calm"], "max": "< 200", "may_be_empty": True}, True,
         "nothing: the step 'seen' did not happen", tables={"servers": SERVERS}),
    # … over nothing
    Case(STORM | {"max": 0, "where": {"server": "administration"}}, False, NO_ROW),
    Case({"series": "servers.requests", "max": 0}, False, NO_ROW, tables={}),
    Case({"series": "servers.latency.p50", "between": ["8min", "9min"], "max": "< 1s"}, False, NO_ROW),
    # latency
    Case(quantiles(p50="< 120ms", p99_9="< 5s"), True, "p50 100.44ms, p99.9 4.008s"),
    Case(quantiles("cn-2", p50="< 11ms", p90="< 11ms"), True, "p50 9.942ms, p90 9.942ms"),
    Case(quantiles("cn-2", p90="< 11ms", p91="< 11ms"), False, "p90 9.942ms, p91 1.015s", (
        ("", "p91 of cn-2", "1.015s", "< 11ms", None),
    )),
    Case(quantiles(p50="< 50ms") | {"between": ["warm", "down"]}, True, "p50 9.942ms"),
    Case(quantiles(p50="< 50ms") | {"between": ["up", "calm"]}, False, "p50 100.44ms", (
        ("", "p50 of telemetry", "100.44ms", "< 50ms", None),
    )),
    Case(quantiles(p50="< 50ms") | {"during": "faults"}, False, "nothing: telemetry gave no answer"),
    Case(quantiles("administration", p50="< 50ms"), False, "nothing: administration gave no answer"),
    Case(quantiles("administration", p50="< 50ms") | {"may_be_empty": True}, True,
         "nothing: administration gave no answer"),
    # ratio: faults of other servers do not count
    Case(ratio("14 %"), True, "63 of 450 (14 %)"),
    Case(ratio("< 14 %", between=["warm", "down"]), True, "3 of 80 (3.7 %)"),
    Case(ratio("< 5 %", outside="faults"), False, "23 of 410 (5.6 %)", (
        ("", "cn-1, send", "20 of 200", "< 5 % in all", 180 * S),
        ("", "cn-1, send", "3 of 30", "< 5 % in all", 60 * S),
    )),
    Case(ratio("100 %", during="faults"), True, "40 of 40 (100 %)"),
    Case(ratio("100 %", during="faults"), True, "40 of 40 (100 %)", tables={"servers": SERVERS, "facts": BRIEF}),
    Case(ratio("< 5 %", "cn-2"), True, "0 of 5 (0 %)"),
    Case(ratio("0 %", "administration"), False, NO_ROW),
    Case(ratio("0 %", "kics", outside="faults"), False, NO_ROW),
    Case(ratio("0 %", "kics", during="faults"), False, "7 of 7 (100 %)", (
        ("", "kics, send", "7 of 7", "0 % in all", 270 * S),
    )),
    Case(ratio("14 %", outside="faults"), True, "63 of 450 (14 %)", tables={"servers": SERVERS}),
    Case(ratio("14 %", during="faults"), False, "nothing: no server had a fault", tables={"servers": SERVERS}),
)  # fmt: skip

LOADED = [made(case, **SECTIONS) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, **SECTIONS), ALL) == (case.passes, case.seen, case.examples)


FAULTS = (
    (series, "holds &= good", "holds |= good"),
    (series, "examples += against", "pass"),
    (series, "if values.empty or not len(values.value):", "if not len(values.value):"),
    (series, "if reference.empty or not len(reference.value):", "if False:"),
    (series, "values.value.max() if check.of", "values.value.min() if check.of"),
    (series, "order[wrong[order]]", "order[~wrong[order]]"),
    (series, "-values.value if check.of", "values.value if check.of"),
    (series, "mean = reference.total, len(reference.value)", "mean = values.total, len(values.value)"),
    (series, "values.from_ms + int(values.number[index]) * expectation.per_ms", "int(values.number[index])"),
    (series, "count = (last - first) // step", "count = -(-(last - first) // step)"),
    (series, "number = (at_ms - from_ms) // per_ms", "number = at_ms // per_ms"),
    (series, "if expectation.figure.stock:", "if False:"),
    (series, "np.add.at(sums, number, amount)", "sums[number] = amount"),
    (series, "_Values(from_ms, np.arange(count), sums, empty)", "_Values(from_ms, number, amount, empty)"),
    (series, "_rise(values) / expectation.per_ms", "_rise(values) / 1"),
    (series, "rise * count, spread * total", "rise, spread * total"),
    (series, "if spread == 0:", "if False:"),
    (series, "if value is None or not quantile", "if value is None or quantile"),
    (series, "if not len(value):", "if False:"),
    (series, "expectation.condition.holds(part, whole), f", "True, f"),
    (series, "whole = int(pc.sum(rows[expectation.of.column]).as_py())", "whole = part"),
    (series, '"descending"),', '"ascending"),'),
    (series, "pa.array(nodes, pa.string())", "pa.array(nodes[:1], pa.string())"),
    (latency, "before + np.maximum(1, rank)", "np.maximum(1, rank)"),
    (latency, "(low + high) // 2", "high"),
    (latency, "(whole % WHOLE * share + WHOLE - 1) // WHOLE", "whole % WHOLE * share // WHOLE + 1"),
    (findings, "touched if part.faults else ~touched", "touched"),
    (findings, "touched if part.faults else ~touched", "~touched"),
    (findings, "if servers:", "if False:"),
    (findings, "            if part.faults:\n", "            if False:\n"),
    (findings, "< at_ms + length_ms", "< at_ms"),
    (findings, "if until_ms <= from_ms:", "if True:"),
    (findings, "} did not happen", "} happened"),
    (findings, "+ moment.offset_ms", "+ moment.offset_ms + 30_000"),
    (bounds, "-(-from_ms // self.interval_ms)", "from_ms // self.interval_ms"),
    (conditions, "part * 1000 * mean_whole, self.factor * mean_part", "part * mean_whole, self.factor * mean_part"),
    (conditions, "(part_us, self.low_ms * 1000 * whole)", "(part_us, self.low_ms * whole)"),
    (conditions, "rise * self.per_ms * 100_000", "rise * 100_000"),
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


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**8)), min_size=1, max_size=60), st.integers(1, 100_000))
def test_a_quantile_is_that_of_the_answers_at_most_two_per_cent_off(drawn: list[tuple[int, int]], share: int) -> None:
    rows = table("servers", *({"at_ms": number, **answered(latency)} for number, latency in drawn))
    numbers, values = latency_quantiles(rows, rows["at_ms"].to_numpy(), share)
    assert numbers.tolist() == sorted({number for number, _ in drawn})
    for number, value in zip(numbers.tolist(), values.tolist(), strict=True):
        latencies = sorted(latency for owner, latency in drawn if owner == number)
        exact = latencies[-(-len(latencies) * share // 100_000) - 1]
        assert abs(value - exact) <= max(26, exact * 0.02 + 1)


def test_a_series_that_cannot_be_is_refused() -> None:
    base = {"name": "check", "series": "servers.requests"}
    for says, told in (
        ({"max": 1, "per": "10s"}, "per: 10s is no multiple of the recording interval, 30s; write a multiple of 30s"),
        ({"max": 1, "per": "1h"}, "per: no interval of 1h fits into 10min; take a shorter one"),
        ({}, "expect.check: a series without a condition; add one of: max, min, mean, slope"),
        ({"max": 1, "between": ["1s", "29s"]}, "no recording interval of 30s lies wholly between 1s and 29s"),
        (
            {"max": 1, "between": ["up", "up"]},
            "between: nothing lies between up and up; write the earlier moment first",
        ),
        ({"max": 1, "between": ["often", "end"]}, "between.0: the step 'often' repeats; name a step that happens once"),
        ({"max": "<= 5 x mean(warn..down)"}, "max: no step 'warn' happens in the run; did you mean 'warm'?"),
        ({"slope": "< 5"}, "slope: '< 5' is no slope; write one such as '< 5 %/min'"),
    ):
        (mistake,) = mistakes(expect=[{**base, **says}], **SECTIONS)
        assert told in mistake


@pytest.mark.parametrize(
    "says",
    [
        {"series": "servers.requests", "max": ">= 0", "mean": ">= 0 x mean(warm..down)"},
        quantiles(p50=">= 0ms"),
        ratio(">= 0 %"),
    ],
)
def test_what_cannot_fail_is_warned_of(says: dict[str, Any]) -> None:
    (warning,) = loaded(expect=[{"name": "check", **says}], **SECTIONS).warnings
    assert "the expectation 'check' cannot fail" in str(warning)
