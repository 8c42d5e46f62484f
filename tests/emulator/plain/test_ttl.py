"""TTL of repeated process starts (KEA-TEL-020 to KEA-TEL-025, KEA-TEL-029)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.chance import below, draw
from emulator.exclusions.process import ProcessRule
from emulator.images.model import Image
from emulator.images.quiet import IMAGE as QUIET
from emulator.plain.rules import Starts
from emulator.policy.settings import AgentSettings, DataSubmission, ExcludedProcesses
from emulator.world import Condition, World
from tests.emulator.plain.support import (
    DAY_MS,
    MINUTE_MS,
    MODULE,
    START,
    Run,
    event_class,
    kata,
    kics,
    run,
    settings,
    spell,
    world,
)

OTHER = event_class("process-start", run_by="other.exe")
AGAIN = event_class("process-start", name="again")
NEVER = replace(START, rates=(0,) * 167 + (1,))
STARTER = Image("starter", "windows", "It starts one process, practically never.", (NEVER,), QUIET.host)


def with_ttl(minutes: int, **changes: object) -> AgentSettings:
    return settings(kata(use_ttl=True, ttl_period_min=minutes, **changes))


def starts_at(minutes: Sequence[int], hold: AgentSettings, classes: Sequence[int] | None = None) -> Run:
    events = [(index, minute * MINUTE_MS, 1) for minute, index in zip(minutes, classes or [0] * 9, strict=False)]
    duration_ms = (max(minutes) + 5) * MINUTE_MS
    return run(world([START, OTHER, AGAIN], events, hold=hold, duration_ms=duration_ms))


def test_off_by_default_and_every_start_is_sent() -> None:
    """KEA-TEL-020, KEA-TEL-023."""
    assert starts_at([1, 2, 3], settings()).received("process-start") == 3


def test_a_repeated_start_is_not_sent() -> None:
    """KEA-TEL-021."""
    result = starts_at([1, 2, 3], with_ttl(10))
    assert (result.received("process-start"), result.central["repeated"]) == (1, 2)


@pytest.mark.parametrize(("ttl_min", "later", "sent"), [(1_440, 1_439, 1), (1_440, 1_441, 2), (10, 9, 1), (10, 11, 2)])
def test_a_start_after_the_period_is_sent(ttl_min: int, later: int, sent: int) -> None:
    """KEA-TEL-022, KEA-TEL-024, KEA-TEL-029."""
    assert starts_at([1, 1 + later], with_ttl(ttl_min)).received("process-start") == sent


def test_the_default_period_is_a_day() -> None:
    """KEA-TEL-024."""
    hold = settings(kata(use_ttl=True))
    assert starts_at([1, DAY_MS // MINUTE_MS], hold).received("process-start") == 1
    assert starts_at([1, DAY_MS // MINUTE_MS + 2], hold).received("process-start") == 2


def test_the_period_without_the_option_does_nothing() -> None:
    """KEA-TEL-025."""
    assert starts_at([1, 2], settings(kata(ttl_period_min=10))).received("process-start") == 2


def test_the_period_runs_from_the_last_start_that_was_sent() -> None:
    # 9 min after the start that was not sent, but 11 min after the one that was.
    assert starts_at([1, 3, 12], with_ttl(10)).received("process-start") == 2


def test_another_process_is_not_repeated() -> None:
    result = starts_at([1, 2], with_ttl(10), classes=[0, 1])
    assert result.central["repeated"] == 0


def test_two_classes_of_one_process_image_are_one_process() -> None:
    assert starts_at([1, 2], with_ttl(10), classes=[0, 2]).central["repeated"] == 1


def test_only_process_starts_can_be_repeated() -> None:
    result = run(world([MODULE], [(0, MINUTE_MS, 5)], hold=with_ttl(10)))
    assert result.central["repeated"] == 0


def test_of_a_burst_one_start_is_sent() -> None:
    result = run(world([START], [(0, MINUTE_MS, 300)], hold=with_ttl(10)))
    assert (result.received("process-start"), result.central["repeated"]) == (1, 299)


def test_kics_is_told_of_every_start() -> None:
    result = starts_at([1, 2], with_ttl(10).having(kics()))
    assert (result.received_by_kics("process-start"), result.thinned["repeated"]) == (2, 0)


def test_a_start_that_was_not_collected_does_not_count_as_sent() -> None:
    given = world(
        [START],
        [(0, 2 * MINUTE_MS, 1), (0, 4 * MINUTE_MS, 1)],
        hold=with_ttl(10),
        spells=[spell(Condition.STOPPED, 90_000, 3 * MINUTE_MS)],
    )
    assert run(given).received("process-start") == 1


def test_an_excluded_start_does_not_count_as_sent() -> None:
    rule = ProcessRule("first class only", path=START.process.path, event_types=("process-start",))
    hold = with_ttl(10).having(ExcludedProcesses(use_exclusions=True, rules=(rule,)))
    change = (5 * MINUTE_MS, with_ttl(10))
    given = world(
        [START], [(0, MINUTE_MS, 1), (0, 17 * MINUTE_MS, 1)], hold=hold, changes=[change], duration_ms=20 * MINUTE_MS
    )
    result = run(given)
    assert (result.central["excluded"], result.received("process-start")) == (1, 1)


def test_starts_that_were_sent_before_the_option_was_on_are_not_remembered() -> None:
    given = world(
        [START],
        [(0, 14 * MINUTE_MS, 1), (0, 16 * MINUTE_MS, 1)],
        hold=settings(),
        changes=[(MINUTE_MS, with_ttl(10))],
        duration_ms=20 * MINUTE_MS,
    )
    assert run(given).central["repeated"] == 0


def steady(seed: int, *, cold: bool = False, event_class: int = 0, hold: AgentSettings | None = None) -> World:
    """One start after five minutes, of the process that the image starts, or (class 1) of one that it does not."""
    given = world([AGAIN, OTHER], [(event_class, 5 * MINUTE_MS, 1)], hold=hold or with_ttl(60), cold=cold, seed=seed)
    return replace(given, images=(STARTER,))


def test_a_steady_device_remembers_starts_from_before_the_run() -> None:
    outcomes = set()
    path, sha256 = START.process.image
    for seed in range(20):
        given = steady(seed)
        key = int(given.key[0])
        slot = (5 * MINUTE_MS - given.phase(key)) // 30_000 + 1
        age = below(draw(key, f"ttl/{path}/{sha256}"), 240)
        repeated = age < 120 and slot + 1 + age < 120
        assert run(given).central["repeated"] == repeated
        outcomes.add(repeated)
    assert outcomes == {False, True}


def test_a_cold_device_remembers_nothing() -> None:
    assert all(run(steady(seed, cold=True)).central["repeated"] == 0 for seed in range(20))


def test_what_the_image_does_not_start_is_not_remembered() -> None:
    assert all(run(steady(seed, event_class=1)).central["repeated"] == 0 for seed in range(20))


def test_a_steady_device_without_the_option_remembers_nothing() -> None:
    """KEA-TEL-023."""
    assert all(run(steady(seed, hold=settings())).central["repeated"] == 0 for seed in range(20))


def test_switching_the_option_off_forgets() -> None:
    events = [(0, MINUTE_MS, 1), (0, 50 * MINUTE_MS, 1)]
    changes = [(10 * MINUTE_MS, settings()), (20 * MINUTE_MS, with_ttl(600))]
    for later, repeated in (([], 1), (changes, 0)):
        given = world([START], events, hold=with_ttl(600), changes=later, duration_ms=55 * MINUTE_MS)
        assert run(given).central["repeated"] == repeated


def test_within_a_slot_the_class_comes_before_the_time() -> None:
    hold = with_ttl(10).having(DataSubmission(events_transmission_period_s=30))
    early, late = MINUTE_MS + 2_000, MINUTE_MS + 20_000
    [sent] = run(world([START, AGAIN], [(1, early, 1), (0, late, 1)], hold=hold)).node.sent
    assert [event.at_ms for event in sent.events] == [late]


@given(slots=st.lists(st.integers(0, 300), max_size=40), ttl_slots=st.integers(0, 60))
def test_at_most_one_start_is_sent_in_a_period(slots: list[int], ttl_slots: int) -> None:
    starts = Starts()
    sent = [slot for slot in sorted(slots) if not starts.repeats(("path", "hash"), slot, ttl_slots)]
    assert all(later - earlier >= ttl_slots for earlier, later in pairwise(sent))
    if ttl_slots == 0:
        assert sent == sorted(slots)
    for slot in slots:
        assert any(earlier <= slot < earlier + max(ttl_slots, 1) for earlier in sent)
