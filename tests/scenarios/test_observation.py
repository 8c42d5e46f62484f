"""What servers hold, as they say themselves: counted, judged, and found out where a server stores twice or loses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.ports import Ack, Package, Port, Reply
from scenarios import observation, verdicts
from scenarios.observation import Stored, counted, stored_of, together
from tests.scenarios.judging import Case, answer, answers, made, plant
from tests.scenarios.made import loaded, mistakes
from tests.scenarios.running import manifest, run
from tests.scenarios.servers import Keeper, Observed, spec

SECTIONS: dict[str, Any] = {"fleet": {"blocks": [{"name": "pc", "image": "windows-office", "count": 12}]}}
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


# --- counting --------------------------------------------------------------------------------------------------------


@given(SPANS, st.integers(0, 40))
def test_what_is_held_is_counted_as_a_multiset_would(intervals: list[tuple[int, int]], end: int) -> None:
    copies = Counter(ordinal for first, upto in intervals for ordinal in range(first, upto))
    below = sum(ordinal < end for ordinal in copies)
    assert counted(intervals, end) == (len(copies), below, sum(count > 1 for count in copies.values()))


def test_of_each_device_what_it_believes_is_compared_with_what_is_held() -> None:
    held: Mapping[int, Sequence[tuple[int, int]]] = {
        4: [(0, 10)],
        5: [(0, 6), (4, 10)],
        6: [(0, 3), (5, 10)],  # two are lost
        7: [],
    }
    devices = np.array([4, 5, 6, 7])
    found = stored_of(held.__getitem__, devices, np.array([10, 10, 10, 9]), np.array([10, 10, 10, 3]))
    assert found.devices.tolist() == [4, 5, 6, 7]
    assert found.events.tolist() == [10, 10, 8, 0]
    assert found.duplicate_ids.tolist() == [0, 2, 0, 0]
    assert found.missing_ids.tolist() == [0, 0, 2, 3]


def test_what_is_not_settled_stands_in_for_nothing_that_is_missing() -> None:
    found = stored_of(lambda _: [(0, 4), (8, 12)], np.array([0]), np.array([8]), np.array([8]))
    assert found.missing_ids.tolist() == [4]


def test_what_shards_were_told_is_put_together() -> None:
    first, second = (Stored(*(np.full(1, number) for _ in range(4))) for number in (3, 5))
    whole = together([first, second])
    assert (whole.devices.tolist(), whole.missing_ids.tolist()) == ([3, 5], [3, 5])


# --- judging ---------------------------------------------------------------------------------------------------------


def holds(duplicates: Sequence[int], missing: Sequence[int] = (0, 0, 0)) -> dict[Port, Stored | None]:
    columns = ([1, 2, 5], [100, 200, 300], duplicates, missing)
    return {Port.TELEMETRY: Stored(*(np.array(column, np.int64) for column in columns)), Port.KICS: None}


def asks(that: str = "duplicate_ids", condition: Any = 0, port: str = "telemetry", **more: Any) -> dict[str, Any]:
    return {"observe": f"{port}.stored", "that": that, "is": condition, **more}


NOT_OFFERED = "not known: the backend of kics does not offer `stored`"
CASES = (
    Case(asks(), True, "0 on 0 of 3 devices", stored=holds([0, 0, 0])),
    Case(asks(), False, "9 on 2 of 3 devices", (
        ("pc-00006", "duplicate_ids", "7", "0 in all", None),
        ("pc-00002", "duplicate_ids", "2", "0 in all", None),
    ), stored=holds([2, 0, 7])),
    Case(asks("missing_ids", "<= 3"), True, "3 on 1 of 3 devices", stored=holds([2, 0, 7], [0, 3, 0])),
    Case(asks("missing_ids"), False, "3 on 1 of 3 devices",
         (("pc-00003", "missing_ids", "3", "0 in all", None),), stored=holds([2, 0, 7], [0, 3, 0])),
    Case(asks("events", ">= 600"), True, "600 on 3 of 3 devices", stored=holds([0, 0, 0])),
    Case(asks("events", "> 600"), False, "600 on 3 of 3 devices", (
        ("pc-00006", "events", "300", "> 600 in all", None),
        ("pc-00003", "events", "200", "> 600 in all", None),
        ("pc-00002", "events", "100", "> 600 in all", None),
    ), stored=holds([0, 0, 0])),
    Case(asks(port="kics"), False, NOT_OFFERED, stored=holds([0, 0, 0])),
    Case(asks(port="kics", may_be_empty=True), False, NOT_OFFERED, stored=holds([0, 0, 0])),
    Case(asks(), False, "nothing: no device sends to telemetry"),
    Case(asks(may_be_empty=True), True, "nothing: no device sends to telemetry"),
)  # fmt: skip
LOADED = [made(case, **SECTIONS) for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_it_should_be(case: Case) -> None:
    assert answer(case, made(case, **SECTIONS), {}) == (case.passes, case.seen, case.examples)


@pytest.mark.parametrize("otherwise", ["fail", "warn", "unknown", "invalid"])
def test_what_cannot_be_asked_is_unknown_whatever_else_says(otherwise: str) -> None:
    for port, expected in (("kics", "unknown"), ("telemetry", otherwise)):
        scenario = made(Case(asks(port=port, **{"else": otherwise}), False, ""), **SECTIONS)
        verdict = verdicts.evaluate(scenario.expectations[0], {}, scenario.fleet, stored=holds([1, 0, 0]))
        assert verdict.verdict == expected


FAULTS = (
    (verdicts, "if expectation.port not in evidence.stored:", "if False:"),
    (verdicts, "if stored is None:", "if False:"),
    (verdicts, "outcome=Outcome.UNKNOWN", "outcome=Outcome.PASS"),
    (verdicts, "getattr(stored, expectation.figure)", "stored.duplicate_ids"),
    (verdicts, "total = sum(column.tolist())", "total = column[0]"),
    (verdicts, "np.lexsort((stored.devices, -column))", "np.arange(len(column))"),
    (verdicts, "most = most[column[most] > 0]", "most = most[:1]"),
    (verdicts, "expectation.condition.holds(total, 1)", "expectation.condition.holds(0, 1)"),
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
    ("old", "new"),
    [
        ("max(0, upto - max(first, once_to))", "max(0, upto - first)"),
        ("min(upto, end) - max(first, once_to)", "min(upto, end) - first"),
        ("max(0, min(upto, once_to) - max(first, twice_to))", "max(0, min(upto, once_to) - first)"),
        ("once_to = max(once_to, upto)", "once_to = upto"),
        ("in sorted(intervals)", "in intervals"),
        ("max(0, believed - below)", "max(0, believed - events)"),
    ],
)
def test_a_fault_in_counting_changes_a_count(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> list[list[int]]:
        cases = [
            [(0, 6), (0, 6), (2, 9)],
            [(5, 9), (0, 6)],
            [(0, 12), (2, 4), (3, 7)],
            [(0, 4), (8, 12)],
            [(0, 3), (1, 4)],
        ]
        counts = stored_of(cases.__getitem__, np.arange(5), np.full(5, 8), np.full(5, 8))
        return [column.tolist() for column in (counts.events, counts.duplicate_ids, counts.missing_ids)]

    before = found()
    plant(observation, old, new, monkeypatch)
    assert found() != before


def test_what_is_written_wrongly_is_told() -> None:
    for says, told in (
        (
            asks(port="telemetri"),
            "observation 'telemetri.stored'; did you mean 'telemetry.stored'?",
        ),
        (asks("duplicates"), "that: there is no figure of `stored` 'duplicates'; did you mean 'duplicate_ids'?"),
        (asks(condition="few"), "is: 'few' is not a condition"),
    ):
        (mistake,) = mistakes(expect=[{"name": "check", **says}], **SECTIONS)
        assert told in mistake


def test_what_cannot_fail_is_warned_of() -> None:
    (warning,) = loaded(expect=[{"name": "check", **asks("events", ">= 0")}], **SECTIONS).warnings
    assert "the expectation 'check' cannot fail" in str(warning)


# --- servers ---------------------------------------------------------------------------------------------------------


class Twofold(Observed):
    """Stores every package of one device twice."""

    claims: Mapping[str, Any] = {**Keeper.claims, "observe.stored": True}

    def one(self, package: Package) -> Reply:
        reply = super().one(package)
        if package.device == "office-00003":
            self.packages[package.device].append(package)
        return reply


class Losing(Observed):
    """Acknowledges every third package of a run and throws it away."""

    taken = 0

    def one(self, package: Package) -> Reply:
        self.taken += 1
        if self.taken % 3 == 0:
            return Ack(20)
        return super().one(package)


EXPECT = [
    {"name": "kept once", "observe": "telemetry.stored", "that": "duplicate_ids", "is": 0},
    {"name": "kept at all", "observe": "telemetry.stored", "that": "missing_ids", "is": 0},
    {"name": "kept", "observe": "telemetry.stored", "that": "events", "is": "> 100"},
]
FLEET = {"blocks": [{"name": "office", "image": "windows-office", "count": 6}]}


def found_by(folder: Path, server: type[Keeper] | None, *, workers: int = 1, **sections: Any) -> dict[str, str]:
    scenario = loaded(**{"duration": "30min", "fleet": FLEET, "expect": EXPECT, **sections})
    run(scenario, folder, workers=workers, backends=None if server is None else spec_of(server))
    told = manifest(folder)["expectations"][: len(EXPECT)]
    return {one["name"]: one["verdict"] for one in told}


def spec_of(server: type[Keeper]) -> Any:
    (named,) = spec(Keeper).values()
    return {Port.TELEMETRY: type(named)(server, {}, "--backend", Path())}


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (None, ["pass", "pass", "pass"]),
        (Observed, ["pass", "pass", "pass"]),
        (Twofold, ["fail", "pass", "pass"]),
        (Losing, ["pass", "fail", "pass"]),
        (Keeper, ["unknown", "unknown", "unknown"]),
    ],
)
def test_a_server_that_stores_twice_or_loses_is_found_out(
    server: type[Keeper] | None, expected: list[str], tmp_path: Path
) -> None:
    assert list(found_by(tmp_path, server).values()) == expected


def test_what_is_found_does_not_depend_on_workers(tmp_path: Path) -> None:
    told = []
    for workers in (1, 3):
        folder = tmp_path / str(workers)
        found_by(folder, None, workers=workers)
        told.append([one["seen"] for one in manifest(folder)["expectations"]])
    assert told[0] == told[1]


def test_an_event_on_two_nodes_of_the_fake_is_held_twice(tmp_path: Path) -> None:
    """Its answer was lost on the first one, which had stored it: the device went on to the second."""
    servers = {"telemetry": {"nodes": ["one", "two"]}}
    timeline = [
        {"name": "down", "at": "5min", "fault": {"server": "one", "kind": "lost-acknowledgement", "for": "20min"}}
    ]
    assert found_by(tmp_path, None, servers=servers, timeline=timeline)["kept once"] == "fail"


def test_where_no_device_sends_there_is_nothing_to_ask(tmp_path: Path) -> None:
    expect = [{"name": "kics", "observe": "kics.stored", "that": "events", "is": "> 0"}]
    run(loaded(duration="5min", fleet=FLEET, expect=expect), tmp_path)
    assert manifest(tmp_path)["expectations"][0]["seen"] == "nothing: no device sends to kics"
