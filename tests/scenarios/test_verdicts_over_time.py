"""What devices are watched for: `eventually` and `always`, with the watches that they ask of the engine."""

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emulator.telemetry.watch import WatchResult
from scenarios import verdicts
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes

MINUTE = 60_000
SECTIONS: dict[str, Any] = {
    "duration": "2h",
    "fleet": {"blocks": [{"name": "pc", "image": "windows-office", "count": 4}]},
    "timeline": [
        {"name": "up", "at": "1h"},
        {"name": "calm", "at": "90min"},
        {"name": "seen", "when": {"fact": "connect"}},
    ],
}


def watched(true_ms: list[int], false_ms: list[int], devices: list[int] | None = None) -> dict[str, WatchResult]:
    rows = np.array(range(4) if devices is None else devices, np.int64)
    return {"check": WatchResult(rows, np.array(true_ms, np.int64), np.array(false_ms, np.int64))}


def drains(**more: Any) -> dict[str, Any]:
    return {"each": "all", "eventually": "queued == 0", "within": "20min", "of": "up", **more}


def stays(devices: Any = "all", **more: Any) -> dict[str, Any]:
    return {"each": devices, "always": "queued < 50", "between": ["calm", "end"], **more}


SOME = watched([61 * MINUTE, -1, 70 * MINUTE, -1], [60 * MINUTE, 62 * MINUTE, 60 * MINUTE, -1])
NOBODY = watched([-1] * 4, [-1] * 4)
NOT_WATCHED = "nothing: no device was watched"
NO_MOMENT = "nothing: no device had a moment of its own in that time"
LATE = "queued == 0 within 20min after up"

CASES = (
    Case(drains(**{"for": ">= 50 %"}), True, "2 of 4 devices (50 %)", watched=SOME),
    Case(drains(), False, "2 of 4 devices (50 %)", (
        ("pc-00002", "queued", "never queued == 0", LATE, 80 * MINUTE),
        ("pc-00004", "queued", "no moment of its own", LATE, 80 * MINUTE),
    ), watched=SOME),
    Case(drains(**{"for": "< 50 %"}), False, "2 of 4 devices (50 %)", (
        ("pc-00001", "queued", "queued == 0", "not queued == 0", 61 * MINUTE),
        ("pc-00003", "queued", "queued == 0", "not queued == 0", 70 * MINUTE),
    ), watched=SOME),
    Case({"each": "pc-00003", "eventually": "queued == 0"}, True, "1 of 1 devices (100 %)", watched=SOME),
    Case(stays(), True, "4 of 4 devices (100 %)", watched=watched([90 * MINUTE] * 4, [-1] * 4)),
    Case(stays(**{"for": ">= 25 %"}), True, "1 of 4 devices (25 %)",
         watched=watched([90 * MINUTE, 1, 1, -1], [-1, 95 * MINUTE, 93 * MINUTE, -1])),
    Case(stays(), False, "1 of 4 devices (25 %)", (
        ("pc-00003", "queued", "not queued < 50", "queued < 50, between calm and end", 93 * MINUTE),
        ("pc-00002", "queued", "not queued < 50", "queued < 50, between calm and end", 95 * MINUTE),
        ("pc-00004", "queued", "no moment of its own", "queued < 50, between calm and end", 120 * MINUTE - 1),
    ), watched=watched([90 * MINUTE, 1, 1, -1], [-1, 95 * MINUTE, 93 * MINUTE, -1])),
    # Rows are found by the device, and one that is not there fulfils nothing.
    Case(stays("pc-00003"), True, "1 of 1 devices (100 %)", watched=watched([1, 1], [1, -1], [0, 2])),
    Case(stays("pc-00002"), False, NO_MOMENT, watched=watched([1, 1], [-1, -1], [0, 2])),
    # … over nothing
    Case(drains(), False, NO_MOMENT, watched=NOBODY),
    Case(drains(may_be_empty=True), True, NO_MOMENT, watched=NOBODY),
    Case(stays(), False, NO_MOMENT, watched=NOBODY),
    Case(stays(), False, NOT_WATCHED),
    Case(stays({"all": ["pc-00001", "pc-00002"]}, may_be_empty=True), True, NOT_WATCHED),
)  # fmt: skip
LOADED = [made(case, **SECTIONS) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, **SECTIONS), {}) == (case.passes, case.seen, case.examples)


FAULTS = (
    (verdicts, "rows[place] == devices", "rows[place] >= 0"),
    (verdicts, "np.minimum(np.searchsorted(rows, devices), len(rows) - 1)", "devices"),
    (verdicts, "if not looked.any():", "if False:"),
    (verdicts, "fulfilled = looked &", "fulfilled = True &"),
    (verdicts, "((first_false == NEVER) if expectation.always", "((first_true != NEVER) if expectation.always"),
    (verdicts, "else (first_true != NEVER))", "else (first_false == NEVER))"),
    (verdicts, "moment = first_false if expectation.always else first_true", "moment = first_true"),
    (verdicts, "watch.until_ms - 1, moment)", "watch.from_ms, moment)"),
    (verdicts, "np.lexsort((candidates, moment[candidates]))", "np.arange(len(candidates))"),
    (verdicts, "np.flatnonzero(fulfilled if too_many else ~fulfilled)\n", "np.flatnonzero(~fulfilled)\n"),
    (verdicts, "or result is None or", "or"),
    (verdicts, "holds = expectation.share.holds(count, size)\n    return", "holds = count > 0\n    return"),
)  # fmt: skip


@pytest.fixture(scope="module")
def right() -> list[Any]:
    return answers(CASES, LOADED, {})


@pytest.mark.parametrize(("module", "old", "new"), FAULTS)
def test_a_planted_fault_changes_an_answer(
    module: ModuleType, old: str, new: str, monkeypatch: pytest.MonkeyPatch, right: list[Any]
) -> None:
    plant(module, old, new, monkeypatch)
    assert answers(CASES, LOADED, {}) != right


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (drains(), ("queued", "==", 0, 60 * MINUTE, 80 * MINUTE + 1)),
        (drains(of="calm"), ("queued", "==", 0, 90 * MINUTE, 110 * MINUTE + 1)),
        ({"each": "all", "eventually": "queued > 7"}, ("queued", ">", 7, 0, 120 * MINUTE)),
        (stays(), ("queued", "<", 50, 90 * MINUTE, 120 * MINUTE)),
        (stays(between=["5min", "up"]), ("queued", "<", 50, 5 * MINUTE, 60 * MINUTE)),
        ({"each": "all", "always": "queued <= 5"}, ("queued", "<=", 5, 0, 120 * MINUTE)),
    ],
)
def test_an_expectation_over_time_asks_for_a_watch(says: dict[str, Any], expected: tuple[Any, ...]) -> None:
    watch = made(Case(says, True, ""), **SECTIONS).expectations[0].watch
    assert watch is not None
    assert (watch.figure, watch.operator, watch.bound, watch.from_ms, watch.until_ms) == expected
    assert watch.devices.tolist() == [0, 1, 2, 3]


def test_others_ask_for_none() -> None:
    says = {"each": "all", "that": "queued", "is": 0}
    assert made(Case(says, True, ""), **SECTIONS).expectations[0].watch is None


def test_what_cannot_be_watched_is_refused() -> None:
    for says, told in (
        (drains(within="90min"), "within: the run ends before 90min are over; the run lasts 2h"),
        (
            drains(of="seen"),
            "of: only the run tells when 'seen' is; devices are watched between moments",
        ),
        (drains(of="end"), "within: the run ends before 20min are over"),
        (stays(between=["seen", "end"]), "between: only the run tells when 'seen' is"),
        (drains(eventually="queue == 0"), "eventually: 'queue' is not watched; did you mean 'queued'?"),
        (drains(eventually="queued = 0"), "eventually: 'queued = 0' is no condition on a device; write one such as"),
        (stays(always="queued < 5 %"), "always: 'queued < 5 %' is no condition on a device"),
        ({"each": "all", "eventually": "queued == 0", "of": "end"}, "the time in which devices are watched is empty"),
    ):
        (mistake,) = mistakes(expect=[{"name": "check", **says}], **SECTIONS)
        assert told in mistake


@pytest.mark.parametrize("says", [stays(always="queued >= 0"), drains(**{"for": ">= 0 %"})])
def test_what_cannot_fail_is_warned_of(says: dict[str, Any]) -> None:
    (warning,) = loaded(expect=[{"name": "check", **says}], **SECTIONS).warnings
    assert "the expectation 'check' cannot fail" in str(warning)
