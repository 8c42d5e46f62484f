from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from emulator import life
from emulator.chance import device_keys, mix_columns, multiplier
from emulator.images import IMAGES, image
from emulator.images.model import Image
from emulator.images.statistics import class_means, statistics, table
from tests.emulator.images.synthetic import file_change
from tests.emulator.images.synthetic import image as synthetic

LIVELY = tuple(name for name in IMAGES if name != "quiet")
PAGE = Path(__file__).parents[3] / "docs" / "images.md"
DEVICES, SLOTS_AN_HOUR = 4_000, 3
FIRST_HOUR = 24 * 739_321 - 24
GOLDEN = 0x9E3779B97F4A7C15


def drawn_week(made: Image) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Events of each hour of a week, on DEVICES devices of as many sites, in SLOTS_AN_HOUR slots of each hour."""
    keys, sites = device_keys(5, "week", DEVICES), device_keys(5, "sites", DEVICES)
    base = life.base_levels(keys)
    start = FIRST_HOUR - life.hour_of_week(FIRST_HOUR)
    totals = np.zeros(168, np.int64)
    for hour in range(168):
        levels = np.tile(life.levels(keys, base, start + hour, sites), SLOTS_AN_HOUR).astype(np.int64)
        slots = [np.uint64((hour * SLOTS_AN_HOUR + slot) * GOLDEN & 2**64 - 1) for slot in range(SLOTS_AN_HOUR)]
        hashes = mix_columns(np.concatenate([keys + slot for slot in slots]))
        tables = life.hour_tables(made, hour)
        for place, index in enumerate(tables.common):
            x = hashes * np.uint64(multiplier(made.classes[index].name))
            totals[hour] += tables.counts[place][levels, (x >> np.uint64(life.CELL_SHIFT)).astype(np.int64)].sum()
        for place, index in enumerate(tables.rare):
            x = hashes * np.uint64(multiplier(made.classes[index].name))
            totals[hour] += (x < tables.thresholds[place][levels]).sum()
    return totals


@pytest.mark.parametrize("name", LIVELY)
def test_what_is_drawn_over_a_week_has_the_stated_mean(name: str) -> None:
    per_hour = drawn_week(image(name)) / (DEVICES * SLOTS_AN_HOUR) * 120
    assert per_hour.mean() == pytest.approx(float(statistics(image(name)).mean), rel=0.02)


@pytest.mark.parametrize("name", LIVELY)
def test_the_stated_mean_is_that_of_the_rates(name: str) -> None:
    made = image(name)
    assert statistics(made).mean * 168_000 == pytest.approx(sum(sum(item.rates) for item in made.classes), rel=0.01)


@pytest.mark.parametrize("name", LIVELY)
def test_every_class_has_its_rate_within_one_per_cent_in_every_hour(name: str) -> None:
    made = image(name)
    for hour in range(168):
        means = class_means(made, hour)
        assert set(means) == {index for index, item in enumerate(made.classes) if item.rates[hour]}
        for index, mean in means.items():
            assert mean * 1_000 == pytest.approx(made.classes[index].rates[hour], rel=0.01)


def test_the_page_has_the_figures_of_the_code() -> None:
    made = table(IMAGES.values())
    assert made in PAGE.read_text(encoding="utf-8"), f"docs/images.md wants this table:\n{made}"


def test_the_page_has_the_factors_of_the_levels() -> None:
    line = f"| factor, per mille | {' | '.join(map(str, life.LEVEL_PERMILLE))} |"
    assert line in PAGE.read_text(encoding="utf-8")


def test_the_page_tells_every_image() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` | " in page for name in IMAGES)


def test_dispersion_is_what_the_drawn_counts_have() -> None:
    made = image("windows-office")
    found = statistics(made)
    hour = found.busiest_hour
    keys = device_keys(9, "dispersion", 20_000)
    start = FIRST_HOUR - life.hour_of_week(FIRST_HOUR) + hour
    sites = device_keys(9, "sites", 20_000)
    levels = life.levels(keys, life.base_levels(keys), start, sites).astype(np.int64)
    hashes, tables = mix_columns(keys.copy()), life.hour_tables(made, hour)
    counts = np.zeros(len(keys), np.int64)
    for place, index in enumerate(tables.common):
        x = hashes * np.uint64(multiplier(made.classes[index].name))
        counts += tables.counts[place][levels, (x >> np.uint64(life.CELL_SHIFT)).astype(np.int64)]
    for place, index in enumerate(tables.rare):
        counts += hashes * np.uint64(multiplier(made.classes[index].name)) < tables.thresholds[place][levels]
    assert counts.var() / counts.mean() == pytest.approx(float(found.slot_dispersion), rel=0.05)


def test_a_yes_or_no_class_has_its_rate_exactly() -> None:
    made = synthetic(file_change("a", 3_000))
    assert abs(class_means(made, 0)[0] - 3) < Fraction(1, 1_000)


def test_the_hour_varies_more_than_the_slot() -> None:
    found = statistics(synthetic(file_change("a", 60_000)))
    assert 1 < found.slot_dispersion < found.hour_dispersion
    assert found.peak_to_mean >= 1
    assert found.high_share == 0
