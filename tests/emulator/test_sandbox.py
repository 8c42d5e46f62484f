"""The queue of objects that wait for Sandbox, and the settings of its group."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.errors import SettingError
from emulator.policy.kinds import UNIT_BYTES
from emulator.policy.settings import DEFAULTS, ThreatResponse
from emulator.sandbox import RequestQueue, SandboxObject

MB = UNIT_BYTES["MB"]


def an_object(name: str, size_mb: int = 1) -> SandboxObject:
    return SandboxObject(f"C:\\{name}.exe", "0" * 32, name, size_mb * MB)


def test_by_default_nothing_is_connected_and_nothing_is_done() -> None:
    assert not DEFAULTS.sandbox_integration.enabled
    assert not DEFAULTS.sandbox_integration.connect_using_general_proxy
    given = DEFAULTS.threat_response
    assert not any((given.quarantine_and_delete, given.notify_user, given.scan_critical_areas, given.scan_group))


def test_a_daily_window_ends_after_it_begins() -> None:
    with pytest.raises(SettingError):
        ThreatResponse(window_from_h=8, window_until_h=8)


def test_the_queue_takes_up_to_its_limit_and_nothing_beyond() -> None:
    queue = RequestQueue()
    assert queue.put(an_object("a", 60), 100)
    assert queue.put(an_object("b", 40), 100)
    assert not queue.put(an_object("c"), 100)
    assert [one.sha256 for one in queue] == ["a", "b"]


def test_the_same_content_waits_once() -> None:
    queue = RequestQueue()
    assert queue.put(an_object("a", 60), 100)
    assert queue.put(an_object("a", 60), 100)
    assert len(queue) == 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 40), st.booleans()), max_size=30))
def test_what_waits_never_takes_more_than_the_limit(steps: list[tuple[str, int, bool]]) -> None:
    queue = RequestQueue()
    for name, size_mb, goes in steps:
        if goes:
            queue.remove(an_object(name))
        else:
            queue.put(an_object(name, size_mb), 100)
        assert queue.size_bytes == sum(one.size_bytes for one in queue) <= 100 * MB
