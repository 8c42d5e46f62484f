"""What happens on a device, and in which tick."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from emulator import chance, life
from emulator.chance import device_keys
from emulator.clock import Calendar
from emulator.images.model import Image, in_order
from emulator.images.quiet import IMAGE as QUIET
from emulator.plain.generation import Event, Happenings
from emulator.policy.settings import DataSubmission
from emulator.world import World
from tests.emulator.plain.support import (
    HOUR_MS,
    MINUTE_MS,
    MODULE,
    START,
    event_class,
    injections,
    settings,
    world,
)

BUSY = replace(event_class("module-load", name="busy"), rates=(600_000,) * 168)
RARE = replace(event_class("process-start", name="rare"), rates=(4_000,) * 168)
LIVELY = Image("lively", "windows", "two classes", in_order([RARE, BUSY]), QUIET.host)


def lively(period_s: int = 30, *, seed: int = 1, duration_ms: int = HOUR_MS, cold: bool = False) -> World:
    hold = settings(DataSubmission(events_transmission_period_s=period_s))
    given = world([START], [], hold=hold, duration_ms=duration_ms, cold=cold)
    return replace(given, images=(LIVELY,), key=device_keys(seed, "office", 1))


def happenings(given: World) -> list[list[Event]]:
    of = Happenings(given, 0)
    return [of.of_tick(tick) for tick in range(given.ticks)]


@given(seed=st.integers(0, 50), period_s=st.sampled_from([30, 60, 45, 10, 1]))
def test_every_event_lies_in_its_tick(seed: int, period_s: int) -> None:
    given = lively(period_s, seed=seed, duration_ms=5 * MINUTE_MS)
    phase = given.phase(int(given.key[0]))
    for tick, events in enumerate(happenings(given)):
        end_ms = phase + tick * given.tick_ms
        assert all(end_ms - given.tick_ms <= event.at_ms < end_ms for event in events)
        assert [(event.index, event.at_ms) for event in events] == sorted(
            (event.index, event.at_ms) for event in events
        )
        assert all((event.tick, event.slot) == (tick, -(-tick // given.slot_ticks)) for event in events)


@given(seed=st.integers(0, 50), period_s=st.sampled_from([60, 45, 10, 1]))
def test_life_does_not_depend_on_the_period(seed: int, period_s: int) -> None:
    def lived(given: World) -> list[tuple[int, int]]:
        after_ms = given.phase(int(given.key[0]))
        return sorted(
            (event.at_ms, event.index)
            for events in happenings(given)
            for event in events
            if after_ms <= event.at_ms < after_ms + 9 * MINUTE_MS
        )

    assert lived(lively(period_s, seed=seed, duration_ms=10 * MINUTE_MS)) == lived(
        lively(30, seed=seed, duration_ms=10 * MINUTE_MS)
    )


def test_the_counts_are_those_of_the_draw() -> None:
    given = lively()
    key = int(given.key[0])
    level_key = life.base_level(key)
    for slot, events in enumerate(happenings(given)):
        hour, number = given.hour_of_slot(slot)
        level = life.level(key, level_key, number, given.sites[0].key)
        row_hash = chance.mix(key + slot * chance.GOLDEN)
        for index in range(len(LIVELY.classes)):
            count = life.count_of(LIVELY, index, life.hour_tables(LIVELY, hour), level, row_hash)
            assert sum(event.index == index for event in events) == count


def test_the_events_of_a_class_are_spread_evenly_over_the_slot() -> None:
    for events in happenings(lively()):
        moments = [event.at_ms for event in events if event.index == 1]
        if len(moments) > 1:
            gaps = np.diff(moments)
            assert gaps.max() - gaps.min() <= 1
            assert abs(int(gaps[0]) - 30_000 // len(moments)) <= 1


def test_the_hour_changes_with_the_slot() -> None:
    evening = replace(BUSY, rates=(600_000,) * 9 + (0,) * 159)
    image = Image("morning", "windows", "busy until nine on Monday", (evening,), QUIET.host)
    given = replace(
        lively(duration_ms=2 * HOUR_MS), images=(image,), calendar=Calendar(datetime(2026, 3, 2, 8, tzinfo=UTC))
    )
    busy = [slot for slot, events in enumerate(happenings(given)) if events]
    assert 115 <= max(busy) < 120


def test_a_warm_device_has_lived_through_the_tick_before_its_first_moment() -> None:
    counts = [len(happenings(lively(seed=seed, duration_ms=MINUTE_MS))[0]) for seed in range(20)]
    assert sum(counts) > 0


def test_added_events_come_after_those_of_the_image() -> None:
    given = lively()
    phase = given.phase(int(given.key[0]))
    given = replace(given, injections=injections([(0, phase, 2), (0, phase - 1, 1)]))
    ticks = happenings(given)
    assert [event.at_ms for event in ticks[0] if event.index == 2] == [phase - 1]
    assert [event.at_ms for event in ticks[1] if event.index == 2] == [phase, phase]
    assert [event.index for event in ticks[1]] == sorted(event.index for event in ticks[1])


def test_a_class_that_happens_once_more_changes_no_other_draw() -> None:
    alone = Image("one", "windows", "one class", (BUSY,), QUIET.host)
    one = [[event.at_ms for event in events] for events in happenings(replace(lively(), images=(alone,)))]
    two = [[event.at_ms for event in events if event.index == 1] for events in happenings(lively())]
    assert one == two


def test_the_ticks_of_a_run_cover_its_duration() -> None:
    for duration_ms, ticks in ((30_000, 1), (30_001, 2), (60_000, 2)):
        assert world([MODULE], [], duration_ms=duration_ms).ticks == ticks
