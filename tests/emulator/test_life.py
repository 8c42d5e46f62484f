from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import exp, factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import chance, life
from emulator.chance import GOLDEN, MASK64, U64, device_keys, mix_columns
from emulator.clock import Calendar
from emulator.images import image
from emulator.images.model import RARE_BELOW
from tests.emulator.images.synthetic import file_change, network, with_rate
from tests.emulator.images.synthetic import image as synthetic

MONDAY = 24 * 739_321 - 24 - life.hour_of_week(24 * 739_321 - 24)
ORDINARY, LOGON, PATCH = 3, 8, 24 + 18
U64S = st.integers(0, MASK64)


def slot_hashes(keys: U64, slot: int) -> U64:
    return mix_columns(keys + np.uint64(slot * GOLDEN & MASK64))


def test_the_hours_of_a_week_begin_on_monday() -> None:
    calendar = Calendar(datetime(2026, 3, 4, 8, 30, tzinfo=UTC))
    for at_ms in range(0, 9 * 86_400_000, 3_000_000):
        assert life.hour_of_week(calendar.hour_number(at_ms)) == calendar.hour_of_week(at_ms)


@given(st.lists(U64S, min_size=1, max_size=20), st.integers(24, 30_000_000), U64S)
def test_one_device_and_a_column_have_the_same_levels(numbers: list[int], hour_number: int, site: int) -> None:
    keys = np.array(numbers, np.uint64)
    base = life.base_levels(keys)
    assert base.dtype == np.uint8
    assert base.tolist() == [life.base_level(key) for key in numbers]
    found = life.levels(keys, base, hour_number, site)
    assert found.dtype == np.uint8
    expected = [life.level(key, int(own), hour_number, site) for key, own in zip(numbers, base, strict=True)]
    assert found.tolist() == expected


@pytest.mark.parametrize("hour", [ORDINARY, LOGON, PATCH])
def test_a_column_of_sites_gives_each_device_its_site(hour: int) -> None:
    keys, sites = device_keys(1, "a", 50), device_keys(1, "b", 50)
    base = life.base_levels(keys)
    found = life.levels(keys, base, MONDAY + hour, sites)
    each = [
        life.level(int(key), int(own), MONDAY + hour, int(site))
        for key, own, site in zip(keys, base, sites, strict=True)
    ]
    assert found.tolist() == each


def test_levels_leave_their_inputs_alone() -> None:
    keys = device_keys(1, "a", 50)
    base = life.base_levels(keys)
    before = (keys.copy(), base.copy())
    life.levels(keys, base, MONDAY + PATCH, 7)
    assert (keys == before[0]).all()
    assert (base == before[1]).all()


@pytest.mark.parametrize("hour", [ORDINARY, LOGON, PATCH])
def test_levels_come_as_often_as_the_weights_say(hour: int) -> None:
    count = 100_000
    keys, sites = device_keys(2, "a", count), device_keys(2, "b", count)
    drawn = np.bincount(life.levels(keys, life.base_levels(keys), MONDAY + hour, sites), minlength=life.LEVELS)
    weights = life.level_weights(hour)
    assert sum(weights) == life.WEIGHTS**3
    for often, weight in zip(drawn, weights, strict=True):
        share = weight / life.WEIGHTS**3
        assert abs(often / count - share) <= 5 * (share * (1 - share) / count) ** 0.5


@pytest.mark.parametrize("hour", [ORDINARY, LOGON, PATCH])
def test_the_mean_factor_is_that_of_the_weights(hour: int) -> None:
    pairs = zip(life.level_weights(hour), life.LEVEL_PERMILLE, strict=True)
    exact = Fraction(sum(weight * permille for weight, permille in pairs), life.WEIGHTS**3)
    assert abs(life.mean_permille(hour) - exact) <= Fraction(1, 2)


def test_shocks_make_their_hours_busier() -> None:
    assert life.mean_permille(LOGON) > life.mean_permille(ORDINARY)
    assert life.mean_permille(PATCH) > life.mean_permille(ORDINARY)
    assert {life.mean_permille(hour) for hour in range(120, 168)} == {life.mean_permille(ORDINARY)}


def test_a_site_shares_its_patch_evening_and_has_it_in_some_weeks() -> None:
    keys = device_keys(3, "a", 2_000)
    base = life.base_levels(keys)
    moved: Counter[bool] = Counter()
    for week in range(60):
        hour_number = MONDAY + 168 * week + PATCH
        mean = life.levels(keys, base, hour_number, life.site_key(1, "hq")).mean()
        moved[bool(mean > 4)] += 1
        later = life.levels(keys, base, hour_number + 1, life.site_key(1, "hq")).mean()
        assert (mean > 4) == (later > 4)
    assert 5 <= moved[True] <= 25


def test_sites_do_not_share_their_shocks() -> None:
    keys = device_keys(3, "a", 500)
    base = life.base_levels(keys)
    weeks = [MONDAY + 168 * week + PATCH for week in range(40)]
    patched = [
        [life.levels(keys, base, hour, life.site_key(1, site)).mean() > 4 for hour in weeks] for site in ("hq", "north")
    ]
    assert patched[0] != patched[1]
    assert life.site_key(1, "hq") != life.site_key(2, "hq")


def test_the_logon_wave_has_its_own_strength_each_day() -> None:
    keys = device_keys(3, "a", 2_000)
    base = life.base_levels(keys)
    means = [life.levels(keys, base, MONDAY + 24 * day + LOGON, 99).mean() for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
    assert len({round(mean) for mean in means}) > 1


def test_one_hour_says_nothing_about_the_next() -> None:
    keys = device_keys(4, "a", 50_000)
    base = np.full(len(keys), 3, np.uint8)
    one, other = (life.levels(keys, base, MONDAY + hour, 0).astype(np.float64) for hour in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) < 5 / len(keys) ** 0.5


def test_no_level_exceeds_what_images_reckon_with() -> None:
    assert max(life.LEVEL_PERMILLE) <= 4 * min(life.mean_permille(hour) for hour in range(168))


def falls_through(cells: np.ndarray[tuple[int], np.dtype[np.uint8]], mean: float) -> bool:
    """True where the last cell holds what Poisson counts of this mean practically never reach."""
    return int(cells[-1]) > mean + 5 * float(mean**0.5) + 2


@pytest.mark.parametrize("mean_micro", [20_000, 300_000, 1_000_000, 5_000_000])
def test_the_last_cell_does_not_fall_through_to_the_cap(mean_micro: int) -> None:
    assert not falls_through(life.poisson_cells(mean_micro), mean_micro / 1e6)


def test_a_table_that_rounds_down_falls_through() -> None:
    cells = np.full(life.CELLS, chance.COUNT_MAX, np.uint8)
    cumulative, start = 0.0, 0
    for count in range(chance.COUNT_MAX):
        cumulative += exp(-1) / factorial(count)
        cells[start : int(cumulative * life.CELLS)] = count
        start = int(cumulative * life.CELLS)
    assert falls_through(cells, 1)


@given(st.integers(30_000, 39_000_000))
def test_a_table_has_the_mean_and_the_variance_of_poisson(mean_micro: int) -> None:
    cells = life.poisson_cells(mean_micro, 255).astype(np.int64)
    assert cells.shape == (life.CELLS,)
    assert cells.mean() == pytest.approx(mean_micro / 1e6, rel=0.015, abs=0.001)
    assert cells.var() / cells.mean() == pytest.approx(1, abs=0.04)
    assert (np.diff(cells) >= 0).all()


@given(st.integers(0, 39_000_000), st.integers(1, 63))
def test_no_cell_exceeds_the_cap(mean_micro: int, cap: int) -> None:
    assert int(life.poisson_cells(mean_micro, cap).max()) <= cap


def test_each_count_has_its_share_of_the_cells_to_the_nearest() -> None:
    cells = life.poisson_cells(2_000_000)
    cumulative = 0.0
    for count in range(12):
        cumulative += exp(-2) * 2**count / factorial(count)
        assert int((cells <= count).sum()) == int(cumulative * life.CELLS + 0.5)


def test_a_mean_of_nothing_is_nothing() -> None:
    assert not life.poisson_cells(0).any()


def test_tables_do_not_depend_on_the_users_decimal_context() -> None:
    expected = life.poisson_cells(1_234_567)
    with localcontext() as context:
        context.prec = 3
        assert +Decimal("1.2345") == Decimal("1.23")
        assert (life.poisson_cells(1_234_567) == expected).all()


def test_the_ladder_rises_in_steps_of_little_more_than_a_per_cent() -> None:
    cells, sums = life.ladder()
    assert cells.shape == (life.RUNGS, life.CELLS)
    assert (np.diff(sums) >= 0).all()
    assert sums[-1] > 39 * life.CELLS
    frequent = sums[sums > 500]
    assert (frequent[1:] / frequent[:-1]).max() < 1.016


def test_a_class_is_drawn_by_table_or_threshold_by_the_hour() -> None:
    made = synthetic(
        with_rate(file_change("a", 20_000), 5, RARE_BELOW - 1),
        with_rate(file_change("b", 20_000), 5, RARE_BELOW),
        with_rate(file_change("c", 20_000), 5, 0),
    )
    assert life.hour_tables(made, 5).rare == (0,)
    assert life.hour_tables(made, 5).common == (1,)
    assert life.hour_tables(made, 6).common == (0, 1, 2)


def test_tables_have_the_shapes_and_types_that_the_draw_wants() -> None:
    tables = life.hour_tables(image("windows-office"), 10)
    assert tables.counts.shape == (len(tables.common), life.LEVELS, life.CELLS)
    assert tables.counts.dtype == np.uint8
    assert tables.thresholds.shape == (len(tables.rare), life.LEVELS)
    assert tables.thresholds.dtype == np.uint64
    assert not (tables.thresholds & np.uint64(0xFFFF_FFFF)).any()
    assert not tables.counts.flags.writeable
    assert not tables.thresholds.flags.writeable
    assert life.hour_tables(image("windows-office"), 10) is tables


def test_a_shared_class_has_the_same_table_in_every_image() -> None:
    for hour in (3, LOGON, PATCH):
        office, server = (life.hour_tables(image(name), hour) for name in ("windows-office", "windows-server"))
        shared = 0
        for place, index in enumerate(office.common):
            item = image("windows-office").classes[index]
            if item in image("windows-server").classes:
                other = server.common.index(image("windows-server").classes.index(item))
                assert (office.counts[place] == server.counts[other]).all()
                shared += 1
        assert shared > 10


@given(U64S, st.integers(0, 167), st.integers(0, life.LEVELS - 1))
def test_the_count_of_one_device_is_that_of_the_column(row_hash: int, hour: int, level: int) -> None:
    made = synthetic(file_change("a", 90_000), file_change("b", 2_000), with_rate(network("c", 30_000), 5, 0))
    tables = life.hour_tables(made, hour)
    hashes = np.array([row_hash], np.uint64)
    for index, item in enumerate(made.classes):
        x = hashes * np.uint64(chance.multiplier(item.name))
        if index in tables.common:
            cell = (x >> np.uint64(life.CELL_SHIFT)).astype(np.int64)
            expected = int(tables.counts[tables.common.index(index), level][cell][0])
        elif index in tables.rare:
            expected = int((x < tables.thresholds[tables.rare.index(index), level])[0])
        else:
            expected = 0
        assert life.count_of(made, index, tables, level, row_hash) == expected


def test_a_yes_or_no_class_happens_at_most_once() -> None:
    made = synthetic(file_change("a", 5_000))
    tables = life.hour_tables(made, 0)
    counts = [life.count_of(made, 0, tables, 7, chance.mix(number)) for number in range(2_000)]
    assert set(counts) == {0, 1}


ROWS, SLOTS, LEVEL, HOUR = 20_000, 10, 3, 10
OFFICE = image("windows-office")
Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@cache
def drawn() -> Counts:
    """Counts (class, slot × row) of one level, drawn from keyed hashes: what the tables cannot vouch for themselves."""
    keys = device_keys(11, "draw", ROWS)
    hashes = np.concatenate([slot_hashes(keys, slot) for slot in range(SLOTS)])
    tables = life.hour_tables(OFFICE, HOUR)
    counts = np.zeros((len(OFFICE.classes), len(hashes)), np.int64)
    for place, index in enumerate(tables.common):
        x = hashes * np.uint64(chance.multiplier(OFFICE.classes[index].name))
        counts[index] = tables.counts[place, LEVEL][(x >> np.uint64(life.CELL_SHIFT)).astype(np.int64)]
    for place, index in enumerate(tables.rare):
        x = hashes * np.uint64(chance.multiplier(OFFICE.classes[index].name))
        counts[index] = x < tables.thresholds[place, LEVEL]
    return counts


def wanted() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The mean of each class in a slot."""
    factor = life.LEVEL_PERMILLE[LEVEL] / life.mean_permille(HOUR)
    return np.array([item.rates[HOUR] / 1_000 / 120 * factor for item in OFFICE.classes])


def test_every_class_has_its_mean() -> None:
    error = np.abs(drawn().mean(axis=1) - wanted())
    assert (error <= 0.015 * wanted() + 5 * np.sqrt(wanted() / drawn().shape[1])).all()


def test_every_class_has_the_variance_of_its_kind() -> None:
    ratio = drawn().var(axis=1) / drawn().mean(axis=1)
    rare = life.hour_tables(OFFICE, HOUR).rare
    for index, found in enumerate(ratio):
        expected = 1 - wanted()[index] if index in rare else 1
        assert found == pytest.approx(expected, abs=0.04), OFFICE.classes[index].name


def test_the_sum_has_mean_variance_and_skewness_of_poisson() -> None:
    total = drawn().sum(axis=0)
    mean, deviation = total.mean(), total.std()
    assert mean == pytest.approx(wanted().sum(), rel=0.01)
    assert deviation**2 / mean == pytest.approx(1, abs=0.02)
    assert ((total - mean) ** 3).mean() / deviation**3 == pytest.approx(mean**-0.5, abs=0.03)


def test_every_class_has_the_skewness_of_poisson() -> None:
    for index in life.hour_tables(OFFICE, HOUR).common:
        counts = drawn()[index]
        skewness = ((counts - counts.mean()) ** 3).mean() / counts.std() ** 3
        assert skewness == pytest.approx(counts.mean() ** -0.5, rel=0.1), OFFICE.classes[index].name


def test_classes_are_independent() -> None:
    between = np.corrcoef(drawn()) - np.eye(len(drawn()))
    assert np.abs(between).max() < 5 / drawn().shape[1] ** 0.5


def test_slots_are_independent() -> None:
    slots = drawn().sum(axis=0).reshape(SLOTS, ROWS)
    between = np.corrcoef(slots) - np.eye(SLOTS)
    assert np.abs(between).max() < 5 / ROWS**0.5


def test_each_class_is_independent_from_slot_to_slot() -> None:
    for counts in drawn().reshape(-1, SLOTS, ROWS):
        assert abs(np.corrcoef(counts[0], counts[1])[0, 1]) < 5 / ROWS**0.5


def test_two_classes_of_one_multiplier_would_be_seen() -> None:
    cells, hashes = life.poisson_cells(2_000_000), slot_hashes(device_keys(11, "draw", ROWS), 1)
    one, other = (cells[(hashes * np.uint64(by) >> np.uint64(54)).astype(np.int64)] for by in (3, 3))
    assert np.corrcoef(one, other)[0, 1] > 5 / ROWS**0.5
