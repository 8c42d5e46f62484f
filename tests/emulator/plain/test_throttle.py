"""Request throttling (KEA-TEL-007 to KEA-TEL-019, KEA-TEL-027, KEA-TEL-028)."""

from hypothesis import given
from hypothesis import strategies as st

from emulator.events import EVENT_TYPES, Importance
from emulator.plain.generation import Event
from emulator.plain.rules import Throttle
from emulator.policy.settings import AgentSettings, DataSubmission, RequestThrottling
from tests.emulator.plain.support import (
    DETECTION,
    END,
    FILE,
    HOUR_MS,
    MINUTE_MS,
    MODULE,
    REGISTRY,
    START,
    Run,
    kics,
    run,
    settings,
    world,
)

LOW = [index for index, kind in enumerate(EVENT_TYPES) if kind.importance is Importance.LOW]
HIGH = [index for index, kind in enumerate(EVENT_TYPES) if kind.importance is Importance.HIGH]


def held(maximum: int, percentage: int = 100, *, enabled: bool = True) -> AgentSettings:
    throttling = RequestThrottling(
        enabled=enabled, max_events_per_hour=maximum, percentage_of_event_limit_excess=percentage
    )
    return settings(throttling)


def overload(hold: AgentSettings) -> Run:
    """1,000 low events of two types and 300 high ones within an hour."""
    events = [(0, minute * MINUTE_MS, 10) for minute in range(1, 51)]
    events += [(1, minute * MINUTE_MS, 10) for minute in range(1, 51)]
    events += [(2, minute * MINUTE_MS, 6) for minute in range(1, 51)]
    return run(world([MODULE, FILE, START], events, hold=hold, duration_ms=HOUR_MS))


def test_an_overload_of_low_importance_is_cut() -> None:
    """KEA-TEL-007, KEA-TEL-012."""
    result = overload(held(400))
    assert result.received("module-load") + result.received("file-change") < 1_000
    assert result.central["throttled"] == 1_300 - result.central["acknowledged"]


def test_higher_importance_is_never_cut() -> None:
    """KEA-TEL-008."""
    assert overload(held(1)).received("process-start") == 300


def test_higher_importance_counts_against_the_maximum() -> None:
    hold = held(300)
    result = run(world([DETECTION, MODULE], [(0, MINUTE_MS, 200), (1, 5 * MINUTE_MS, 200)], hold=hold))
    assert (result.received("threat-detection"), result.received("module-load")) == (200, 100)


def test_within_both_limits_nothing_is_cut() -> None:
    """KEA-TEL-013."""
    assert overload(held(5_000)).central["throttled"] == 0


def test_the_maximum_that_is_set_is_followed() -> None:
    """KEA-TEL-027."""
    assert overload(held(300)).central["throttled"] > 0
    assert overload(held(5_000)).central["throttled"] == 0


def test_off_cuts_nothing() -> None:
    """KEA-TEL-018."""
    assert overload(held(1, 5, enabled=False)).central["throttled"] == 0


def test_on_by_default_with_3000_an_hour_and_15_per_cent() -> None:
    """KEA-TEL-010, KEA-TEL-011, KEA-TEL-017."""
    classes = [MODULE, FILE, DETECTION]
    events = [(0, MINUTE_MS, 451), (1, MINUTE_MS, 450), (2, MINUTE_MS, 2_099), (1, 3 * MINUTE_MS, 1)]
    result = run(world(classes, events, hold=settings(throttled=True)))
    assert (result.received("module-load"), result.received("file-change")) == (450, 450)
    events[2] = (2, MINUTE_MS, 2_101)
    result = run(world(classes, events, hold=settings(throttled=True)))
    assert (result.received("module-load"), result.received("file-change")) == (450, 449)
    assert result.received("threat-detection") == 2_101


def one_type_too_much(percentage: int) -> Run:
    """1,000 events, just at the maximum: 40 per cent of one low type, 15 per cent of each of four others."""
    classes = [MODULE, FILE, REGISTRY, END, START]
    events = [(0, minute * MINUTE_MS, 20) for minute in range(1, 21)]
    events += [(index, minute * MINUTE_MS, 10) for minute in range(1, 16) for index in range(1, 5)]
    return run(world(classes, events, hold=held(1_000, percentage), duration_ms=HOUR_MS))


def test_only_the_type_above_its_share_is_cut() -> None:
    """KEA-TEL-014, KEA-TEL-015."""
    result = one_type_too_much(15)
    assert result.received("module-load") == 150
    assert [result.received(kind) for kind in ("file-change", "registry-change", "process-end")] == [150, 150, 150]
    assert result.central["throttled"] == 250


def test_the_percentage_that_is_set_is_followed() -> None:
    """KEA-TEL-028."""
    assert one_type_too_much(10).received("module-load") == 100
    assert one_type_too_much(80).central["throttled"] == 0


def test_no_percentage_touches_higher_importance() -> None:
    """KEA-TEL-008."""
    result = run(world([DETECTION], [(0, MINUTE_MS, 900)], hold=held(1_000, 5)))
    assert result.received("threat-detection") == 900


def test_a_new_hour_of_the_device_counts_from_0() -> None:
    events = [(0, MINUTE_MS, 20), (0, 59 * MINUTE_MS, 20), (0, 61 * MINUTE_MS, 20)]
    result = run(world([MODULE], events, hold=held(30), duration_ms=2 * HOUR_MS))
    assert [one.count("module-load") for one in result.node.sent] == [20, 10, 20]


def test_the_hour_of_a_warm_device_has_an_offset_of_its_own() -> None:
    given = world(
        [MODULE],
        [(0, minute * MINUTE_MS, 1) for minute in range(1, 180)],
        hold=held(1),
        cold=False,
        duration_ms=3 * HOUR_MS,
    )
    result = run(given)
    key = int(given.key[0])
    first_s = -(given.hour_offset(key) * 30) % 3_600
    # One event an hour passes; the second passes in the first minutes of the device's second hour.
    assert abs(result.node.sent[1].at_ms - first_s * 1_000) <= 120_000
    assert 0 < first_s < 3_600


def test_the_hour_is_that_of_the_transmission_not_of_the_event() -> None:
    hold = held(10).having(DataSubmission(events_transmission_period_s=120))
    # It transmits at full even minutes: at 58, 60 and 62.
    for moments, throttled in (((57, 59), 0), ((59, 61), 10)):
        events = [(0, minute * MINUTE_MS, 10) for minute in moments]
        result = run(world([MODULE], events, hold=hold, duration_ms=2 * HOUR_MS))
        assert result.central["throttled"] == throttled


def test_what_goes_to_kics_is_not_throttled() -> None:
    """KEA-TEL-007 names the Central Node."""
    hold = held(1).having(kics())
    result = run(world([MODULE], [(0, MINUTE_MS, 50)], hold=hold))
    assert (result.received("module-load"), result.received_by_kics("module-load")) == (1, 50)
    assert result.thinned["throttled"] == 0


@given(
    counts=st.lists(
        st.lists(st.integers(0, 40), min_size=len(EVENT_TYPES), max_size=len(EVENT_TYPES)), min_size=1, max_size=6
    ),
    maximum=st.integers(1, 150),
    percentage=st.integers(5, 100),
)
def test_the_bounds_hold_for_any_flow(counts: list[list[int]], maximum: int, percentage: int) -> None:
    throttle = Throttle()
    hold = RequestThrottling(max_events_per_hour=maximum, percentage_of_event_limit_excess=percentage)
    passed_before = [0] * len(EVENT_TYPES)
    for window in counts:
        events = [Event(0, kind, 0, 0, 0) for kind, count in enumerate(window) for _ in range(count)]
        passed, dropped = throttle.split(events, 7, hold)
        now = [sum(event.type == kind for event in passed) for kind in range(len(EVENT_TYPES))]
        assert sorted(passed + dropped, key=lambda event: event.type) == events
        assert all(now[kind] == window[kind] for kind in HIGH)
        high = sum(now[kind] for kind in HIGH)
        low = sum(now[kind] for kind in LOW)
        if low:
            assert sum(passed_before) + high + low <= maximum
        total = [earlier + later for earlier, later in zip(passed_before, now, strict=True)]
        assert all(total[kind] <= maximum * percentage // 100 for kind in LOW)
        for kind in LOW:
            if now[kind] < window[kind]:
                assert sum(total) >= maximum or total[kind] == maximum * percentage // 100
        passed_before = total
