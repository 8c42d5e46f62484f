from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import life
from emulator.chance import GOLDEN, MASK64, device_keys, mix, multiplier
from emulator.clock import SLOT_MS
from emulator.events import EVENT_TYPES
from emulator.images import image
from emulator.images.model import Image
from emulator.images.statistics import statistics
from emulator.policy.settings import AgentSettings, DataSubmission
from emulator.telemetry import draw as module
from emulator.telemetry.draw import Draw, events_before, row_hash
from emulator.world import World
from tests.emulator.agreement.fleet import IMAGES
from tests.emulator.worlds import world

OFFICE, SERVER, WORKSTATION = image("windows-office"), image("windows-server"), image("linux-workstation")
Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]
LEVEL_SHIFT = np.uint64(10)


def lived(images: Sequence[Image], period_s: int = 30) -> World:
    """A world whose ticks are as long as this transmission period, from Monday nine o'clock."""
    hold = AgentSettings(data_submission=DataSubmission(events_transmission_period_s=period_s))
    return world(image=[0], images=tuple(images), hold=[hold], minutes=60)


def all_levels(rows: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return (np.arange(rows, dtype=np.uint64) % np.uint64(life.LEVELS)) << LEVEL_SHIFT


def twin(given_world: World, place: int, key: int, level: int, slot: int) -> list[int]:
    """What the scalar reading of life says of one device in a slot, class by class."""
    made = given_world.images[place]
    hour, _ = given_world.hour_of_slot(slot)
    tables, hashed = life.hour_tables(made, hour), mix(key + slot * GOLDEN)
    return [life.count_of(made, index, tables, level, hashed) for index in range(len(made.classes))]


@pytest.mark.parametrize("hours", [0, 8, 13, 23, 33, 34, 47, 115, 143])
def test_a_column_is_drawn_as_one_device_is(hours: int) -> None:
    given_world, rows = lived((OFFICE, SERVER, IMAGES[2])), 48
    draw, keys, level, slot = Draw(given_world, 64), device_keys(1, "draw", rows), all_levels(rows), hours * 120 + 7
    parts = [(0, 16, (0, 0)), (16, 24, (1, 0)), (24, 40, (2, 0)), (40, rows, (0, 0))]
    draw.fill(parts, keys, level, slot)
    for first, end, (place, _) in parts:
        for row in range(first, end):
            wanted = twin(given_world, place, int(keys[row]), row % life.LEVELS, slot)
            assert draw.classes[: len(wanted), row].tolist() == wanted
            kinds = [item.type for item in given_world.images[place].classes]
            sums = [
                sum(n for n, of in zip(wanted, kinds, strict=True) if of == kind) for kind in range(len(EVENT_TYPES))
            ]
            assert draw.types[:, row].tolist() == sums


def test_a_hash_is_that_of_the_row_and_the_slot() -> None:
    keys = device_keys(1, "draw", 20)
    before = keys.copy()
    found = row_hash(keys, 3_000, np.empty(20, np.uint64))
    assert found.tolist() == [mix(int(key) + 3_000 * GOLDEN) for key in keys]
    assert (keys == before).all()


def test_what_one_row_draws_does_not_depend_on_the_rows_beside_it() -> None:
    given_world, keys = lived((OFFICE, SERVER)), device_keys(2, "draw", 40)
    many, few = Draw(given_world, 40), Draw(given_world, 40)
    many.fill([(0, 25, (0, 0)), (25, 40, (1, 0))], keys, all_levels(40), 99)
    few.fill([(0, 3, (1, 0))], keys[30:33], all_levels(40)[30:33], 99)
    size = len(SERVER.classes)
    assert (many.classes[:size, 30:33] == few.classes[:size, :3]).all()
    assert (many.types[:, 30:33] == few.types[:, :3]).all()


def test_an_image_without_life_draws_nothing_after_one_that_had_some() -> None:
    given_world, keys = lived((OFFICE, IMAGES[0])), device_keys(2, "draw", 8)
    draw = Draw(given_world, 8)
    draw.fill([(0, 8, (0, 0))], keys, all_levels(8), 99)
    assert draw.types.any()
    draw.fill([(0, 8, (1, 0))], keys, all_levels(8), 100)
    assert not draw.types.any()


@pytest.mark.parametrize("period_s", [15, 10, 5, 1])
def test_the_parts_of_a_slot_are_the_whole(period_s: int) -> None:
    whole_world, parted_world = lived((OFFICE, SERVER)), lived((OFFICE, SERVER), period_s)
    keys, level, parts, ticks = (
        device_keys(3, "draw", 32),
        all_levels(32),
        [(0, 20, (0, 0)), (20, 32, (1, 0))],
        30 // period_s,
    )
    whole, parted = Draw(whole_world, 32), Draw(parted_world, 32)
    for slot in (1, 2, 1_000):
        whole.fill(parts, keys, level, slot)
        classes, types = np.zeros_like(whole.classes, np.int64), np.zeros_like(whole.types, np.int64)
        for tick in range((slot - 1) * ticks + 1, slot * ticks + 1):
            parted.fill(parts, keys, level, tick)
            classes, types = classes + parted.classes, types + parted.types
            assert parted.types.dtype == np.uint8
        for first, end, (place, _) in parts:
            size = len(whole_world.images[place].classes)
            assert (classes[:size, first:end] == whole.classes[:size, first:end]).all()
        assert (types == whole.types).all()


def misplaced(period_s: int) -> list[tuple[int, int]]:
    """(tick, row) where an office device has other events than those whose moments lie in the tick."""
    given_world, rows, parts = lived((OFFICE,), period_s), 16, 30 // period_s
    draw, keys, level, slot = Draw(given_world, rows), device_keys(4, "draw", rows), all_levels(rows), 33
    found = []
    for part in range(parts):
        tick = (slot - 1) * parts + 1 + part
        draw.fill([(0, rows, (0, 0))], keys, level, tick)
        for row in range(rows):
            counts, hashed = (
                twin(given_world, 0, int(keys[row]), row % life.LEVELS, slot),
                mix(int(keys[row]) + slot * GOLDEN),
            )
            wanted = []
            for item, count in zip(OFFICE.classes, counts, strict=True):
                u = (hashed * multiplier(item.name) & MASK64) >> 38 & 0xFFFF
                moments = [(i * 65_536 + u) * SLOT_MS // (count * 65_536) for i in range(count)]
                wanted.append(sum(part * period_s * 1_000 <= at < (part + 1) * period_s * 1_000 for at in moments))
            if draw.classes[: len(wanted), row].tolist() != wanted:
                found.append((tick, row))
    return found


@pytest.mark.parametrize("period_s", [15, 10, 5])
def test_a_tick_has_the_events_whose_moments_lie_in_it(period_s: int) -> None:
    assert misplaced(period_s) == []


def test_events_at_other_places_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POSITION_SHIFT", 37)
    assert misplaced(10) != []


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 63), st.integers(0, 65_535)), min_size=1, max_size=8),
    st.sampled_from((1, 2, 3, 5, 6, 15, 30)),
    st.data(),
)
def test_events_before_a_part_are_those_that_lie_before_it(
    events: list[tuple[int, int]], parts: int, data: st.DataObject
) -> None:
    part = data.draw(st.integers(0, parts))
    count, position = (np.array(column, np.int64) for column in zip(*events, strict=True))
    wanted = [
        sum((i * 65_536 + u) * SLOT_MS // (many * 65_536) < part * SLOT_MS // parts for i in range(many))
        for many, u in events
    ]
    assert events_before(count, position, part, parts).tolist() == wanted


ROWS, SLOTS, LEVEL, HOUR = 6_000, 8, 3, 9


def drawn() -> Counts:
    """Counts (class, slot × row) of office devices of one level, in slots of Monday from nine to ten."""
    given_world = lived((OFFICE,))
    draw, keys = Draw(given_world, ROWS), device_keys(11, "statistics", ROWS)
    level = np.full(ROWS, LEVEL, np.uint64) << LEVEL_SHIFT
    slots = []
    for slot in range(1, SLOTS + 1):
        draw.fill([(0, ROWS, (0, 0))], keys, level, slot)
        slots.append(draw.classes[: len(OFFICE.classes)].astype(np.int64))
    return np.concatenate(slots, axis=1)


@cache
def right() -> Counts:
    return drawn()


def wanted_means() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    factor = life.LEVEL_PERMILLE[LEVEL] / life.mean_permille(HOUR)
    return np.array([item.rates[HOUR] / 1_000 / 120 * factor for item in OFFICE.classes])


def oddities(counts: Counts) -> set[str]:
    """What in the counts is not as `docs/images.md` says: Poisson counts, independent of each other."""
    found, means, size = set(), wanted_means(), counts.shape[1]
    mean, variance = counts.mean(axis=1), counts.var(axis=1)
    if (np.abs(mean - means) > 0.015 * means + 5 * np.sqrt(means / size)).any():
        found.add("mean")
    rare = np.isin(np.arange(len(means)), life.hour_tables(OFFICE, HOUR).rare)
    if (np.abs(variance / mean - np.where(rare, 1 - means, 1)) > 0.05).any():
        found.add("variance")
    total = counts.sum(axis=0)
    skewness = float(((total - total.mean()) ** 3).mean() / total.std() ** 3)
    if abs(skewness - float(means.sum()) ** -0.5) > 0.03:
        found.add("skewness")
    if np.abs(np.corrcoef(counts) - np.eye(len(counts))).max() > 5 / size**0.5:
        found.add("correlation of classes")
    by_slot = total.reshape(SLOTS, ROWS)
    if np.abs(np.corrcoef(by_slot) - np.eye(SLOTS)).max() > 5 / ROWS**0.5:
        found.add("correlation of slots")
    return found


def test_the_draw_has_the_stated_moments_and_no_correlation() -> None:
    assert oddities(right()) == set()


def falls_through_to_the_cap(patch: pytest.MonkeyPatch) -> None:
    tables = life.hour_tables(OFFICE, HOUR)
    counts = tables.counts.copy()
    counts[:, :, -1] = 63
    patch.setattr(life, "hour_tables", lambda made, hour: replace(tables, counts=counts))


def half_of_the_rare_ones(patch: pytest.MonkeyPatch) -> None:
    tables = life.hour_tables(OFFICE, HOUR)
    halved = replace(tables, thresholds=tables.thresholds >> np.uint64(1))
    patch.setattr(life, "hour_tables", lambda made, hour: halved)


def a_level_too_high(patch: pytest.MonkeyPatch) -> None:
    tables = life.hour_tables(OFFICE, HOUR)
    moved = replace(tables, counts=np.roll(tables.counts, -1, axis=1))
    patch.setattr(life, "hour_tables", lambda made, hour: moved)


def one_multiplier_for_two_classes(patch: pytest.MonkeyPatch) -> None:
    names = [OFFICE.classes[place].name for place in life.hour_tables(OFFICE, HOUR).common[:2]]
    patch.setattr(module, "multiplier", lambda name: multiplier(names[0] if name == names[1] else name))


def the_same_in_every_slot(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(module, "row_hash", lambda key, slot, out: row_hash(key, 1, out))


PLANTS: Sequence[tuple[Callable[[pytest.MonkeyPatch], None], str]] = (
    (falls_through_to_the_cap, "variance"),
    (half_of_the_rare_ones, "mean"),
    (a_level_too_high, "mean"),
    (one_multiplier_for_two_classes, "correlation of classes"),
    (the_same_in_every_slot, "correlation of slots"),
)


@pytest.mark.parametrize(("plant", "shows"), PLANTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_draw_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None], shows: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    assert shows in oddities(drawn())


def test_over_all_levels_the_draw_has_the_stated_mean_and_dispersion() -> None:
    stated = statistics(WORKSTATION)
    given_world, size = lived((WORKSTATION,)), 8_000
    slot = (stated.busiest_hour - HOUR) * 120 + 1  # an hour without a shock: one site is as good as many
    hour, number = given_world.hour_of_slot(slot)
    assert hour == stated.busiest_hour
    totals = []
    for block in range(5):
        draw, keys = Draw(given_world, size), device_keys(block, "levels", size)
        draw.fill([(0, size, (0, 0))], keys, draw.levels(keys, life.base_levels(keys), number, 0), slot)
        totals.append(draw.types.sum(axis=0, dtype=np.int64))
    total = np.concatenate(totals)
    assert total.mean() * 120 == pytest.approx(float(stated.busiest), rel=0.02)
    assert total.var() / total.mean() == pytest.approx(float(stated.slot_dispersion), rel=0.05)


def test_levels_are_those_of_life_where_the_index_wants_them() -> None:
    given_world, keys = lived((OFFICE,)), device_keys(1, "levels", 200)
    base = life.base_levels(keys)
    found = Draw(given_world, 200).levels(keys, base, 17_000_000, 0)
    assert found.dtype == np.uint64
    assert (found >> LEVEL_SHIFT).tolist() == life.levels(keys, base, 17_000_000, given_world.sites[0].key).tolist()
