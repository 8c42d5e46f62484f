"""Faults: what each kind does, when, to which share of the requests, and that batches do not matter."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.chance import below, draw
from emulator.clock import SLOT_MS
from emulator.ports import Distrust, Outcome
from fakes.faults import CONNECT_FAILED_US, FOREVER_MS, Certificate, Fault, FaultKind, FaultSchedule, Requests, Verdict
from tests.fakes.batches import column, keys, requests

FROM_MS, UNTIL_MS = 60_500, 90_500
BASE_US = 20_000
NODE = "kata-1"

OWN: Mapping[FaultKind, dict[str, Any]] = {  # values of fields of different types
    FaultKind.STATUS: {"status": 503},
    FaultKind.BODY_LIMIT: {"limit_bytes": 1_000_000},
    FaultKind.SLOW_ANSWER: {"latency_ms": (2_000, 3_000)},
    FaultKind.CERTIFICATE: {"certificate": Certificate.EXPIRED},
}


def fault(kind: FaultKind, *, name: str = "trouble", share_permille: int = 1000, **own: Any) -> Fault:
    return Fault(name, NODE, kind, FROM_MS, UNTIL_MS, share_permille, **{**OWN.get(kind, {}), **own})


def judged(*faults: Fault, at_ms: list[int], largest_bytes: int | None = 2_000_000) -> Verdict:
    schedule = FaultSchedule()
    for one in faults:
        schedule.add(one)
    return schedule.judge(NODE, requests(at_ms, largest_bytes=largest_bytes), BASE_US)


def facts(verdict: Verdict, row: int) -> tuple[object, ...]:
    return (
        Outcome(verdict.outcome[row]),
        int(verdict.status[row]),
        int(verdict.latency_us[row]),
        bool(verdict.arrived[row]),
        bool(verdict.effective[row]),
        bool(verdict.twice[row]),
    )


HEALTHY = (Outcome.OK, 0, BASE_US, True, True, False)
EFFECTS = {
    FaultKind.OUTAGE: (Outcome.TIMED_OUT, 0, 10_000_000, False, False, False),
    FaultKind.REFUSED_CONNECTION: (Outcome.UNREACHABLE, 0, CONNECT_FAILED_US, False, False, False),
    FaultKind.CERTIFICATE: (Outcome.UNREACHABLE, Distrust.EXPIRED, CONNECT_FAILED_US, False, False, False),
    FaultKind.BODY_LIMIT: (Outcome.REFUSED, 413, BASE_US, False, False, False),
    FaultKind.TIME_OUT: (Outcome.TIMED_OUT, 0, 10_000_000, True, False, False),
    FaultKind.STATUS: (Outcome.REFUSED, 503, BASE_US, True, False, False),
    FaultKind.FULL_DISK: (Outcome.REFUSED, 507, BASE_US, True, False, False),
    FaultKind.LOST_ACKNOWLEDGEMENT: (Outcome.TIMED_OUT, 0, 10_000_000, True, True, False),
    FaultKind.DUPLICATE_DELIVERY: (Outcome.OK, 0, BASE_US, True, True, True),
}


@pytest.mark.parametrize("kind", EFFECTS)
def test_a_fault_holds_from_its_first_millisecond_to_the_one_before_its_end(kind: FaultKind) -> None:
    verdict = judged(fault(kind), at_ms=[FROM_MS - 1, FROM_MS, UNTIL_MS - 1, UNTIL_MS])
    assert [facts(verdict, row) for row in range(4)] == [HEALTHY, EFFECTS[kind], EFFECTS[kind], HEALTHY]


# Before there is a connection nobody shows a certificate, and without one nothing of what comes later happens.
UNTRUSTED = (Outcome.UNREACHABLE, Distrust.NOT_PINNED, CONNECT_FAILED_US, False, False, False)
MEETING = {
    kind: EFFECTS[kind]
    if kind in (FaultKind.OUTAGE, FaultKind.REFUSED_CONNECTION, FaultKind.CERTIFICATE)
    else UNTRUSTED
    for kind in EFFECTS
}


@pytest.mark.parametrize("kind", MEETING)
def test_distrust_comes_between_reaching_a_server_and_asking_it(kind: FaultKind) -> None:
    schedule = FaultSchedule()
    schedule.add(fault(kind))
    codes = np.array([Distrust.NOT_PINNED, 0, Distrust.NOT_PINNED], np.int16)
    batch = replace(requests([FROM_MS, FROM_MS, UNTIL_MS], largest_bytes=2_000_000), distrust=codes)
    verdict = schedule.judge(NODE, batch, BASE_US)
    assert [facts(verdict, row) for row in range(3)] == [MEETING[kind], EFFECTS[kind], UNTRUSTED]


def test_every_kind_has_its_effect_tested() -> None:
    told_elsewhere = {FaultKind.SLOW_ANSWER, FaultKind.CORRUPTED_UPDATE}  # below, and with the sources of updates
    assert {*EFFECTS, *told_elsewhere} == set(FaultKind)


@pytest.mark.parametrize("kind", FaultKind)
def test_a_share_of_nothing_is_no_fault(kind: FaultKind) -> None:
    verdict = judged(fault(kind, share_permille=0), at_ms=[FROM_MS] * 50)
    assert {facts(verdict, row) for row in range(50)} == {HEALTHY}


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.LOST_ACKNOWLEDGEMENT, FaultKind.SLOW_ANSWER])
def test_a_share_holds_for_about_that_part_of_the_devices(kind: FaultKind) -> None:
    hit = fault(kind, share_permille=200).hits(np.full(5_000, FROM_MS, np.int64), keys(5_000))
    assert 900 <= hit.sum() <= 1_100


def test_the_share_is_drawn_by_device_fault_and_slot() -> None:
    lost = fault(FaultKind.LOST_ACKNOWLEDGEMENT, share_permille=300)
    moments = column(range(FROM_MS, FROM_MS + 200 * 149, 149))
    hit = lost.hits(moments, keys(200))
    expected = [
        below(draw(key, f"fault/{NODE}/trouble/share", moment // SLOT_MS), 1000) < 300
        for key, moment in zip(keys(200).tolist(), moments.tolist(), strict=True)
    ]
    assert hit.tolist() == expected


def test_two_faults_of_one_share_hit_different_devices() -> None:
    moments = np.full(1_000, FROM_MS, np.int64)
    one = fault(FaultKind.STATUS, name="one", share_permille=500).hits(moments, keys(1_000))
    other = fault(FaultKind.STATUS, name="other", share_permille=500).hits(moments, keys(1_000))
    assert 400 < (one == other).sum() < 600


def test_a_slow_answer_takes_between_its_bounds() -> None:
    verdict = judged(fault(FaultKind.SLOW_ANSWER), at_ms=[FROM_MS] * 2_000)
    assert int(verdict.latency_us.min()) >= 2_000_000
    assert int(verdict.latency_us.max()) <= 3_000_000
    assert {2_000_000, 3_000_000} <= set(verdict.latency_us.tolist())
    assert not verdict.outcome.any()


def test_a_slow_answer_outside_its_interval_takes_what_it_takes() -> None:
    verdict = judged(fault(FaultKind.SLOW_ANSWER), at_ms=[FROM_MS - 1, UNTIL_MS])
    assert verdict.latency_us.tolist() == [BASE_US, BASE_US]


@pytest.mark.parametrize(
    ("latency_ms", "outcome"), [(9_999, Outcome.OK), (10_000, Outcome.TIMED_OUT), (11_000, Outcome.TIMED_OUT)]
)
def test_a_device_stops_waiting_at_its_response_timeout_and_the_server_has_stored_it(
    latency_ms: int, outcome: Outcome
) -> None:
    verdict = judged(fault(FaultKind.SLOW_ANSWER, latency_ms=(latency_ms, latency_ms)), at_ms=[FROM_MS])
    assert facts(verdict, 0) == (outcome, 0, min(latency_ms, 10_000) * 1000, True, True, False)


def test_a_server_that_is_always_slower_than_the_timeout_times_out() -> None:
    verdict = FaultSchedule().judge(NODE, requests([0], timeout_ms=1), BASE_US)
    assert facts(verdict, 0) == (Outcome.TIMED_OUT, 0, 1_000, True, True, False)


@pytest.mark.parametrize(("largest_bytes", "status"), [(1_000_000, 0), (1_000_001, 413)])
def test_a_body_up_to_the_limit_passes_and_a_larger_one_does_not(largest_bytes: int, status: int) -> None:
    verdict = judged(fault(FaultKind.BODY_LIMIT), at_ms=[FROM_MS], largest_bytes=largest_bytes)
    assert verdict.status.tolist() == [status]


@pytest.mark.parametrize("kind", [FaultKind.BODY_LIMIT, FaultKind.FULL_DISK])
def test_what_stores_nothing_passes_a_full_disk_and_a_limit(kind: FaultKind) -> None:
    assert facts(judged(fault(kind), at_ms=[FROM_MS], largest_bytes=None), 0) == HEALTHY


@pytest.mark.parametrize(
    ("kinds", "outcome", "status"),
    [
        ([FaultKind.STATUS, FaultKind.OUTAGE], Outcome.TIMED_OUT, 0),
        ([FaultKind.STATUS, FaultKind.REFUSED_CONNECTION], Outcome.UNREACHABLE, 0),
        ([FaultKind.LOST_ACKNOWLEDGEMENT, FaultKind.REFUSED_CONNECTION], Outcome.UNREACHABLE, 0),
        ([FaultKind.FULL_DISK, FaultKind.STATUS], Outcome.REFUSED, 503),
        ([FaultKind.STATUS, FaultKind.BODY_LIMIT], Outcome.REFUSED, 413),
        ([FaultKind.LOST_ACKNOWLEDGEMENT, FaultKind.STATUS], Outcome.TIMED_OUT, 0),
    ],
)
def test_the_first_fault_that_a_request_meets_decides(kinds: list[FaultKind], outcome: Outcome, status: int) -> None:
    verdict = judged(*(fault(kind, name=kind) for kind in kinds), at_ms=[FROM_MS])
    assert (verdict.outcome[0], verdict.status[0]) == (outcome, status)


def test_a_refusal_of_a_slow_server_is_slow() -> None:
    slow = fault(FaultKind.SLOW_ANSWER, name="slow", latency_ms=(5_000, 5_000))
    assert facts(judged(slow, fault(FaultKind.STATUS), at_ms=[FROM_MS]), 0) == (
        Outcome.REFUSED,
        503,
        5_000_000,
        True,
        False,
        False,
    )


def test_a_fault_concerns_its_own_server_only() -> None:
    schedule = FaultSchedule()
    schedule.add(fault(FaultKind.OUTAGE))
    assert facts(schedule.judge("kata-2", requests([FROM_MS]), BASE_US), 0) == HEALTHY
    assert schedule.quiet("kata-2", 0, FOREVER_MS)


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "quiet"),
    [(0, FROM_MS, True), (0, FROM_MS + 1, False), (UNTIL_MS - 1, UNTIL_MS, False), (UNTIL_MS, UNTIL_MS + 1, True)],
)
def test_a_server_is_quiet_where_no_fault_touches(from_ms: int, to_ms: int, quiet: bool) -> None:
    schedule = FaultSchedule()
    schedule.add(fault(FaultKind.STATUS))
    assert schedule.quiet(NODE, from_ms, to_ms) is quiet


def test_a_fault_that_is_added_later_holds_too() -> None:
    schedule = FaultSchedule()
    schedule.add(fault(FaultKind.STATUS))
    assert schedule.quiet(NODE, UNTIL_MS, FOREVER_MS)
    schedule.add(Fault("later", NODE, FaultKind.OUTAGE, UNTIL_MS + 1))
    assert not schedule.quiet(NODE, UNTIL_MS, FOREVER_MS)


def test_a_name_is_taken_once_on_a_server() -> None:
    schedule = FaultSchedule()
    schedule.add(fault(FaultKind.STATUS))
    with pytest.raises(ValueError, match="named 'trouble' already"):
        schedule.add(fault(FaultKind.OUTAGE))


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (FaultKind.STATUS, {}, "lacks what belongs to status"),
        (FaultKind.OUTAGE, {"status": 503}, "has what belongs to status"),
        (FaultKind.STATUS, {"status": 200}, "200 is not a refusal"),
        (FaultKind.BODY_LIMIT, {}, "lacks what belongs to body-limit"),
        (FaultKind.BODY_LIMIT, {"limit_bytes": -1}, "limit of -1 bytes"),
        (FaultKind.SLOW_ANSWER, {"latency_ms": (3, 2)}, "latency from 3 ms to 2 ms"),
        (FaultKind.CERTIFICATE, {}, "lacks what belongs to certificate"),
        (FaultKind.OUTAGE, {"share_permille": 1001}, "share of 1001"),
        (FaultKind.OUTAGE, {"until_ms": 0}, "never there"),
        (FaultKind.OUTAGE, {"name": " "}, "has a name"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(kind: FaultKind, values: dict[str, object], message: str) -> None:
    whole: dict[str, object] = {"name": "x", "from_ms": 0, "until_ms": 10, **values}
    with pytest.raises(ValueError, match=message):
        Fault(server=NODE, kind=kind, **whole)  # type: ignore[arg-type]  # wrong on purpose


def test_a_fault_tells_what_an_agent_can_tell_of_it() -> None:
    assert fault(FaultKind.CERTIFICATE).reason == "certificate expired"
    assert fault(FaultKind.REFUSED_CONNECTION).reason == "connection refused"
    assert fault(FaultKind.OUTAGE).reason == ""


spans = st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda span: (span[0], span[0] + span[1]))


@given(st.lists(spans, max_size=8), spans)
def test_look_ups_by_time_find_what_a_plain_search_finds(faults: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    schedule = FaultSchedule()
    for number, (begin, end) in enumerate(faults):
        schedule.add(Fault(str(number), NODE, FaultKind.OUTAGE, begin, end))
    touching = {str(number) for number, (begin, end) in enumerate(faults) if begin < asked[1] and end > asked[0]}
    assert {found.name for found in schedule.touching(NODE, *asked)} == touching


@given(
    st.lists(st.tuples(st.sampled_from(FaultKind), spans, st.sampled_from([200, 500, 1000])), max_size=5),
    st.lists(st.integers(0, 100), min_size=1, max_size=30),
    st.randoms(use_true_random=False),
)
def test_no_verdict_depends_on_how_requests_are_batched(
    faults: list[tuple[FaultKind, tuple[int, int], int]], seconds: list[int], order: Random
) -> None:
    schedule = FaultSchedule()
    for number, (kind, (begin, end), share) in enumerate(faults):
        schedule.add(Fault(str(number), NODE, kind, begin * 1000, end * 1000, share, **OWN.get(kind, {})))
    whole = requests([second * 1000 for second in seconds], largest_bytes=1_500_000)
    together = schedule.judge(NODE, whole, BASE_US)
    rows = list(range(len(seconds)))
    order.shuffle(rows)
    cut = len(rows) // 2
    for part in (rows[:cut], rows[cut:]):
        assert whole.largest_bytes is not None
        alone = schedule.judge(
            NODE,
            Requests(whole.at_ms[part], whole.timeout_ms[part], whole.keys[part], whole.largest_bytes[part]),
            BASE_US,
        )
        assert [facts(alone, index) for index in range(len(part))] == [facts(together, row) for row in part]
