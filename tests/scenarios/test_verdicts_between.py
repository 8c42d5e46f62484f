"""A figure of each device between two facts of its own, with the tally that it asks of the engine."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emulator.telemetry.block import Block
from emulator.telemetry.tally import TallyResult
from scenarios import verdicts
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import manifest, run

SECTIONS: dict[str, Any] = {"fleet": {"blocks": [{"name": "pc", "image": "windows-office", "count": 4}]}}
SPAN = "between isolated and released"


def quiet(devices: Any = "all", condition: Any = 0, **more: Any) -> dict[str, Any]:
    return {"each": devices, "between": ["isolated", "released"], "that": "other_traffic", "is": condition, **more}


def tallied(begun: list[bool], count: list[int], devices: list[int] | None = None) -> dict[str, TallyResult]:
    rows = np.array(range(4) if devices is None else devices, np.int64)
    counts = np.array(count, np.int64)
    first_ms = np.where(counts > 0, 1_000 * (rows + 1), -1)
    return {"check": TallyResult(rows, np.array(begun, np.bool_), counts, first_ms)}


SOME = tallied([True, True, True, False], [0, 7, 0, 0])
CASES = (
    Case(quiet(), True, "4 of 4 devices (100 %)", tallied=tallied([True] * 4, [0] * 4)),
    Case(quiet(), False, "2 of 4 devices (50 %)", (
        ("pc-00002", "other_traffic", "7", f"0 {SPAN}", 2_000),
        ("pc-00004", "other_traffic", "never isolated", f"0 {SPAN}", None),
    ), tallied=SOME),
    Case(quiet(**{"for": ">= 50 %"}), True, "2 of 4 devices (50 %)", tallied=SOME),
    Case(quiet(**{"for": "< 50 %"}), False, "2 of 4 devices (50 %)", (
        ("pc-00001", "other_traffic", "0", f"not 0 {SPAN}", None),
        ("pc-00003", "other_traffic", "0", f"not 0 {SPAN}", None),
    ), tallied=SOME),
    Case(quiet("pc-00002", "5..10"), True, "1 of 1 devices (100 %)", tallied=SOME),
    Case(quiet("pc-00003"), True, "1 of 1 devices (100 %)", tallied=tallied([True, True], [9, 0], [0, 2])),
    Case(quiet("pc-00002"), False, "nothing: no device has the fact isolated",
         tallied=tallied([True, True], [0, 0], [0, 2])),
    # … over nothing
    Case(quiet(), False, "nothing: no device has the fact isolated", tallied=tallied([False] * 4, [0] * 4)),
    Case(quiet(may_be_empty=True), True, "nothing: no device has the fact isolated",
         tallied=tallied([False] * 4, [0] * 4)),
    Case(quiet(), False, "nothing: no device is meant"),
)  # fmt: skip
LOADED = [made(case, **SECTIONS) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, **SECTIONS), {}) == (case.passes, case.seen, case.examples)


FAULTS = (
    (verdicts, "begun = result.begun[place] & known", "begun = result.begun[place]"),
    (verdicts, "begun = result.begun[place] & known\n", "begun = known\n"),
    (verdicts, "if not begun.any():", "if False:"),
    (verdicts, "fulfilled = begun &", "fulfilled = True &"),
    (verdicts, "condition.holds_all(counts, np.ones_like(counts))", "(counts >= 0)"),
    (verdicts, "against = fulfilled if too_many else ~fulfilled", "against = ~fulfilled"),
    (verdicts, "first_ms = result.first_ms[place]", "first_ms = result.first_ms[place] * 0"),
    (verdicts, 'seen=str(counts[row]) if begun[row] else', 'seen="0" if begun[row] else'),
    (verdicts, "if result is None or not len(result.devices) or not len(devices):", "if False:"),
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


def test_it_asks_for_a_tally_of_its_devices() -> None:
    tally = made(Case(quiet({"pick": 2}), True, ""), **SECTIONS).expectations[0].tally
    assert tally is not None
    assert (tally.begin, tally.end, len(tally.devices)) == ("isolated", "released", 2)


def test_others_ask_for_none() -> None:
    says = {"each": "all", "that": "queued", "is": 0}
    assert made(Case(says, True, ""), **SECTIONS).expectations[0].tally is None


def test_what_is_written_wrongly_is_told() -> None:
    for says, told in (
        (
            quiet(between=["isolated", "isolated"]),
            "between: nothing lies between isolated and isolated; name",
        ),
        (
            quiet(between=["isolated", "releast"]),
            "there is no fact of a device called 'releast'; did you",
        ),
        (quiet(between="isolated"), "between: 'isolated' is no pair of facts; write such as [isolated, released]"),
        (quiet(between=["isolated", 5]), "there is no fact of a device called 5; write a kind of fact"),
        (quiet(that="throttled"), "between: the figures of a device are those of the whole run; for a part of it take"),
        ({"each": "all", "that": "other_traffic", "is": 0}, "that: other_traffic is counted between two facts"),
        (quiet(of="generated"), "of: other_traffic is no share of another figure; leave `of` out"),
        (quiet(condition="< 5 %"), "is: '< 5 %' is per cent of nothing"),
    ):
        (mistake,) = mistakes(expect=[{"name": "check", **says}], **SECTIONS)
        assert told in mistake


@pytest.mark.parametrize("says", [quiet(condition=">= 0"), quiet(**{"for": ">= 0 %"})])
def test_what_cannot_fail_is_warned_of(says: dict[str, Any]) -> None:
    (warning,) = loaded(expect=[{"name": "check", **says}], **SECTIONS).warnings
    assert "the expectation 'check' cannot fail" in str(warning)


RUN: dict[str, Any] = {
    **SECTIONS,
    "duration": "1h",
    "select": {"zero": {"pick": 1}},
    "timeline": [
        {"name": "begin", "at": "10min", "do": "start-process", "target": "zero", "process": "synthetic/a"},
        {"name": "seen", "when": {"fact": "process-started", "of": "zero"}, "within": "5min"},
        {"name": "isolate", "after": "seen", "delay": "1min", "do": "isolate", "target": "zero", "for": "20min"},
    ],
    "expect": [
        {"name": "quiet", **quiet("zero")},
        {"name": "not quiet", **quiet("zero", between=["process-started", "released"])},
    ],
}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_device_that_a_reaction_isolates_is_quiet_until_it_is_released(workers: int, tmp_path: Path) -> None:
    run(loaded(**RUN), tmp_path, workers=workers)
    first, second = manifest(tmp_path)["expectations"][:2]
    assert first["verdict"] == "pass"
    assert second["verdict"] == "fail"
    assert int(second["counter_examples"][0]["seen"]) > 0


def test_isolation_that_does_not_hold_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "_suppress", lambda *_: None)
    run(loaded(**RUN), tmp_path)
    (first, *_) = manifest(tmp_path)["expectations"]
    assert first["verdict"] == "fail"
    assert first["counter_examples"][0]["permitted"] == f"0 {SPAN}"
    assert 11 * 60_000 <= first["counter_examples"][0]["at_ms"] < 32 * 60_000
