"""The event log: an event is there from its reception until its days are over, and a device has so many of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock import DAY_MS
from emulator.policy.groups import ROOT, GroupTree
from emulator.reporting import EventReport
from emulator.told import Severity, Told
from fakes.administration import AccessControl, AccessError, Account, AdministrationServer, EventLog, Grant, Right, Role
from fakes.administration.events import EVENTS_MAX, STORAGE_DEFAULT_D, STORAGE_MAX_D
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys


def report(kind: str = "quarantine-full", at_ms: int = 0, severity: Severity | None = Severity.WARNING) -> EventReport:
    return EventReport(at_ms, Told(kind, {"bytes": 5}, severity))


def kinds(log: EventLog, device: int, now_ms: int) -> list[str]:
    return [event.kind for event in log.of(device, now_ms)]


def test_an_event_is_there_with_its_device_moment_and_severity() -> None:
    log = EventLog()
    log.receive(3, 900, report(at_ms=100))
    (event,) = log.of(3, 900)
    assert (event.device, event.at_ms, event.received_ms) == (3, 100, 900)
    assert (event.kind, event.severity, dict(event.values)) == ("quarantine-full", Severity.WARNING, {"bytes": 5})
    assert log.of(4, 900) == ()
    assert log.of(3, 899) == ()


def test_what_has_no_severity_is_no_event() -> None:
    log = EventLog()
    log.receive(3, 900, report(severity=None))
    assert len(log) == 0


@pytest.mark.parametrize(("storage", "days"), [({}, STORAGE_DEFAULT_D), ({"quarantine-full": 2}, 2)])
def test_an_event_goes_when_its_days_are_over(storage: dict[str, int], days: int) -> None:
    log = EventLog(storage)
    log.receive(0, 50, report())
    assert kinds(log, 0, 50 + days * DAY_MS - 1) == ["quarantine-full"]
    assert kinds(log, 0, 50 + days * DAY_MS) == []
    log.purge(50 + days * DAY_MS - 1)
    assert len(log) == 1
    log.purge(50 + days * DAY_MS)
    assert len(log) == 0


def test_a_type_of_no_days_is_not_kept_and_others_are() -> None:
    log = EventLog({"noise": 0})
    log.receive(0, 50, report("noise"))
    log.receive(0, 50, report("other"))
    assert kinds(log, 0, 60) == ["other"]


@pytest.mark.parametrize("days", [-1, STORAGE_MAX_D + 1])
def test_other_numbers_of_days_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        EventLog({"noise": days})


def test_a_device_has_its_newest_events() -> None:
    log = EventLog()
    for number in range(EVENTS_MAX + 3):
        log.receive(0, number, report(at_ms=number))
    assert [event.at_ms for event in log.of(0, EVENTS_MAX + 3)] == list(range(3, EVENTS_MAX + 3))


def test_memory_is_that_of_the_days_and_not_of_the_run() -> None:
    log = EventLog({"daily": 3})
    for day in range(400):
        log.receive(0, day * DAY_MS, report("daily"))
        assert len(log) <= 5


@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "b", "c"]), st.integers(0, 3 * DAY_MS)), max_size=30)
)
def test_what_is_stored_is_what_plain_arithmetic_says(received: list[tuple[int, str, int]]) -> None:
    days = {"a": 1, "b": 2, "c": 0}
    log, now = EventLog(days), 0
    plain: list[tuple[int, str, int]] = []
    for device, kind, wait_ms in received:
        now += wait_ms
        log.receive(device, now, report(kind))
        plain.append((device, kind, now))
        for other in range(3):
            wanted = [kind for owner, kind, at in plain if owner == other and now < at + days[kind] * DAY_MS]
            assert kinds(log, other, now) == wanted


def test_events_are_seen_with_the_right_to_them() -> None:
    access = AccessControl(
        [Role("some", frozenset({Right.READ_EVENTS}))], [Account("clerk", (Grant("some"),)), Account("x")]
    )
    server = AdministrationServer(
        GroupTree(), keys=keys(1), group_names=(ROOT,), group=column([0]), faults=FaultSchedule(), access=access
    )
    server.receive(0, 900, [report(at_ms=100), report(severity=None)])
    assert [event.at_ms for event in server.events_of(0, at_ms=900, account="clerk")] == [100]
    with pytest.raises(AccessError):
        server.events_of(0, at_ms=900, account="x")
