"""Data submission: the period, the size of a package, and what leaves together (KEA-TEL-001 to KEA-TEL-005)."""

from itertools import pairwise

import pytest

from emulator.events import EVENT_TYPES
from emulator.policy.settings import DataSubmission
from tests.emulator.plain.support import (
    DETECTION,
    FILE,
    HOUR_MS,
    MINUTE_MS,
    MODULE,
    START,
    kics,
    package_bytes,
    run,
    settings,
    world,
)

STEADY = [(0, second * 1_000 + 500, 1) for second in range(0, 600, 5)]


def gaps(moments: list[int]) -> set[int]:
    return {later - earlier for earlier, later in pairwise(moments)}


def test_packages_are_30_s_apart_by_default() -> None:
    """KEA-TEL-001."""
    sent = run(world([MODULE], STEADY)).node.sent
    assert gaps([one.at_ms for one in sent]) == {30_000}


@pytest.mark.parametrize("period_s", [10, 45, 60, 120])
def test_the_spacing_follows_the_period_that_is_set(period_s: int) -> None:
    """KEA-TEL-002."""
    hold = settings(DataSubmission(events_transmission_period_s=period_s))
    sent = run(world([MODULE], STEADY, hold=hold)).node.sent
    assert gaps([one.at_ms for one in sent]) == {period_s * 1_000}


def test_both_targets_are_sent_to_in_the_same_period() -> None:
    result = run(world([MODULE], STEADY, hold=settings(kics())))
    assert [one.at_ms for one in result.kics.sent] == [one.at_ms for one in result.node.sent]


def test_an_event_leaves_at_the_end_of_its_own_period() -> None:
    result = run(world([MODULE], [(0, 30_000, 1)], devices=1))
    [sent] = result.node.sent
    assert sent.at_ms - sent.events[0].at_ms <= 30_000


def test_a_period_without_events_sends_nothing() -> None:
    assert run(world([MODULE], [])).node.sent == []


@pytest.mark.parametrize(("maximum", "packages"), [(1_024, 3), (1_000, 3), (2_500, 1), (1, 2_500)])
def test_a_burst_leaves_in_packages_of_at_most_the_maximum(maximum: int, packages: int) -> None:
    """KEA-TEL-003, KEA-TEL-004, KEA-TEL-005."""
    hold = settings(DataSubmission(max_events_per_package=maximum))
    result = run(world([MODULE], [(0, MINUTE_MS, 2_500)], hold=hold, duration_ms=2 * HOUR_MS))
    assert sum(one.packages for one in result.node.sent) == packages
    assert {one.package_events for one in result.node.sent} == {maximum}
    assert result.received("module-load") == result.central["acknowledged"] == 2_500


def test_the_default_maximum_is_1024_events() -> None:
    """KEA-TEL-003."""
    [sent] = run(world([MODULE], [(0, MINUTE_MS, 1_025)])).node.sent
    assert (sent.package_events, sent.packages) == (1_024, 2)


def test_at_most_64_packages_leave_together_and_the_rest_follows() -> None:
    hold = settings(DataSubmission(max_events_per_package=10))
    sent = run(world([MODULE], [(0, MINUTE_MS, 1_500)], hold=hold)).node.sent
    assert [(one.first, one.upto) for one in sent] == [(0, 640), (640, 1_280), (1_280, 1_500)]
    assert gaps([one.at_ms for one in sent]) == {30_000}


def test_the_bytes_of_a_transmission_are_those_of_its_packages() -> None:
    hold = settings(DataSubmission(max_events_per_package=3))
    classes = [DETECTION, FILE, MODULE]
    [sent] = run(world(classes, [(2, MINUTE_MS, 2), (1, MINUTE_MS, 2), (0, MINUTE_MS, 1)], hold=hold)).node.sent
    detection, module, file = (EVENT_TYPES[one.type].size_bytes for one in (DETECTION, MODULE, FILE))
    first, second = package_bytes([detection, module, module]), package_bytes([file, file])
    assert (sent.bytes, sent.largest_bytes) == (first + second, first)


def test_the_largest_package_may_be_a_later_one() -> None:
    hold = settings(DataSubmission(max_events_per_package=2))
    classes = [MODULE, FILE]
    [sent] = run(world(classes, [(0, MINUTE_MS, 2), (1, MINUTE_MS, 2)], hold=hold)).node.sent
    assert sent.largest_bytes == package_bytes([EVENT_TYPES[FILE.type].size_bytes] * 2)
    assert EVENT_TYPES[FILE.type].size_bytes > EVENT_TYPES[MODULE.type].size_bytes


def test_events_leave_in_order_of_type_then_class_then_time() -> None:
    late, early = MINUTE_MS + 20_000, MINUTE_MS + 5_000
    classes = [MODULE, START, DETECTION]
    events = [(0, early, 1), (1, late, 1), (1, early, 1), (2, late, 1)]
    [sent] = run(world(classes, events)).node.sent
    assert [(event.type, event.at_ms) for event in sent.events] == [
        ("threat-detection", late),
        ("process-start", early),
        ("process-start", late),
        ("module-load", early),
    ]
    assert [event.ordinal for event in sent.events] == [0, 1, 2, 3]


def test_a_single_event_tells_the_server_of_its_process_on_this_device() -> None:
    [sent] = run(world([START], [(0, MINUTE_MS, 1)])).node.sent
    [event] = sent.events
    assert (event.process_path, event.sha256) == START.process.image
    assert event.command_line == START.process.command_line
