"""Life's intensity and its draws: how busy a device is in an hour, and how many events of a class a slot gets.

Counts are over-dispersed: a device has a level of its own, each hour moves it up or down, and shocks move all devices
of a site together. A level multiplies the rates of the image. Rates are *means over devices and weeks*: what a shock
adds in some weeks is taken out in the others.

A class's count in a slot is a function of 64 bits: `x = h × multiplier(class name) mod 2^64`, where `h` is a hash of
the device's key and the slot. A frequent class looks its count up in a table of 1,024 cells (top bits of `x`), one
rarer than one event in twenty slots happens where `x` lies below a threshold; which of the two is decided by the hour.
"""

from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import cache, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator import chance, clock
from emulator.chance import U64
from emulator.events import EventClass
from emulator.images.model import INTENSITY_MAX, RARE_BELOW, Image

U8 = NDArray[np.uint8]

LEVEL_PERMILLE: Final = (320, 460, 680, 1_000, 1_450, 2_050, 2_900, 4_000)
"""What each of the levels makes of a rate, before the mean is divided out."""
LEVELS: Final = len(LEVEL_PERMILLE)
CELLS: Final = 1 << chance.DRAW_BITS
CELL_SHIFT: Final = 64 - chance.DRAW_BITS
"""`x >> CELL_SHIFT` is the cell of `x`."""

# Each distribution is a list of (value, weight); the weights add up to WEIGHTS.
WEIGHTS: Final = 256
_BASE: Final = ((1, 16), (2, 64), (3, 96), (4, 64), (5, 16))
_HOUR: Final = ((-1, 64), (0, 136), (1, 44), (2, 12))
_LOGON: Final = ((0, 128), (1, 96), (2, 32))
_PATCH: Final = ((0, 192), (2, 64))
_LOGON_HOURS: Final = frozenset(day * 24 + 8 for day in range(5))
PATCH_HOURS: Final = frozenset({24 + 18, 24 + 19})
"""Tuesday evening, in the hours of a week."""
_FIRST_MONDAY_H: Final = 24
"""`Calendar.hour_number` of the first hour of a Monday."""

# The ladder of means: its step is about 1.26 per cent, so the nearest rung is at most 0.65 per cent away.
RUNGS: Final = 640
_LADDER_MICRO: Final = (12_500, 40_000_000)
_UNIT: Final = 10**30
_PRECISION: Final = 50
_TABLES_KEPT: Final = 64


def hour_of_week(hour_number: int) -> int:
    """0 (Monday, midnight to one) to 167 of an hour of `Calendar.hour_number`."""
    return (hour_number - _FIRST_MONDAY_H) % clock.WEEK_HOURS


def site_key(seed: int, site: str) -> int:
    """The key of a site, from which the shocks are drawn that its devices share."""
    return chance.block_base(seed, f"site/{site}")


def base_level(key: int) -> int:
    """The level of a device apart from hours and shocks."""
    return _pick(_BASE, chance.draw(key, "life/base"))


def base_levels(keys: U64) -> U8:
    """`base_level` for a column of keys."""
    return _pick_columns(_BASE, chance.draw_columns(keys, "life/base")).astype(np.uint8)


def level(key: int, base: int, hour_number: int, site: int) -> int:
    """The level of a device in an hour (local time); `base` is its `base_level`, `site` its site's key."""
    shift = _pick(_HOUR, chance.draw(key, "life/hour", hour_number))
    shock = _shock_draw(hour_number)
    if shock is not None:
        name, number, weights = shock
        shift += _pick(weights, chance.draw(site, name, number))
    return min(max(base + shift, 0), LEVELS - 1)


def levels(keys: U64, base: U8, hour_number: int, sites: U64 | int) -> U8:
    """`level` for a column of keys; `sites` is the key of the one site or a column of them."""
    shift = _pick_columns(_HOUR, chance.draw_columns(keys, "life/hour", hour_number))
    shock = _shock_draw(hour_number)
    if shock is not None:
        name, number, weights = shock
        if isinstance(sites, int):
            shift += np.int8(_pick(weights, chance.draw(sites, name, number)))
        else:
            shift += _pick_columns(weights, chance.draw_columns(sites, name, number))
    shift += base.astype(np.int8)
    return np.clip(shift, 0, LEVELS - 1).astype(np.uint8)


@cache
def level_weights(hour: int) -> tuple[int, ...]:
    """How often each level comes in this hour of the week, over devices, sites and weeks; out of `WEIGHTS ** 3`."""
    shock: tuple[tuple[int, int], ...] = ((0, WEIGHTS),)
    if hour in _LOGON_HOURS:
        shock = _LOGON
    elif hour in PATCH_HOURS:
        shock = _PATCH
    weights = [0] * LEVELS
    for base, often in _BASE:
        for shift, oftener in _HOUR:
            for extra, oftenest in shock:
                weights[min(max(base + shift + extra, 0), LEVELS - 1)] += often * oftener * oftenest
    return tuple(weights)


@cache
def mean_permille(hour: int) -> int:
    """The mean of `LEVEL_PERMILLE` in this hour of the week, by which the tables divide."""
    total = sum(weight * permille for weight, permille in zip(level_weights(hour), LEVEL_PERMILLE, strict=True))
    return (total + WEIGHTS**3 // 2) // WEIGHTS**3


assert LEVEL_PERMILLE[-1] <= INTENSITY_MAX * min(mean_permille(hour) for hour in range(clock.WEEK_HOURS))


def poisson_cells(mean_micro: int, cap: int = chance.COUNT_MAX) -> U8:
    """The inverse distribution of a Poisson count with this mean (millionths of an event), at most `cap`.

    Cell `i` holds the count for a uniform number in [i, i + 1) / 1,024. The cumulative is rounded to the nearest cell,
    so what is rarer than half a cell does not occur, and the last cell does not fall through to the cap.
    """
    with localcontext(Context(prec=_PRECISION)):
        term = int((-Decimal(mean_micro) / 1_000_000).exp() * _UNIT)
    cells = np.full(CELLS, cap, np.uint8)
    cumulative, start = 0, 0
    for count in range(cap):
        cumulative += term
        end = (2 * cumulative * CELLS + _UNIT) // (2 * _UNIT)
        cells[start:end] = count
        start = end
        if start >= CELLS:
            break
        term = term * mean_micro // (1_000_000 * (count + 1))
    return cells


@cache
def ladder() -> tuple[U8, NDArray[np.int64]]:
    """Tables of geometrically rising means, uint8 (RUNGS, CELLS), and the sum of each one's cells: its true mean."""
    first, last = _LADDER_MICRO
    with localcontext(Context(prec=_PRECISION)):
        step = (Decimal(last) / first).ln() / (RUNGS - 1)
        means = [int(first * (step * rung).exp()) for rung in range(RUNGS)]
    cells = np.stack([poisson_cells(mean) for mean in means])
    cells.setflags(write=False)
    return cells, cells.sum(axis=1, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class HourTables:
    """What the draws of an image look up in one hour of the week. Classes that rest in this hour are in neither list.

    `counts[i, level, x >> CELL_SHIFT]` is the count of class `common[i]`; class `rare[j]` happens once where
    `x < thresholds[j, level]`.
    """

    common: tuple[int, ...]
    rare: tuple[int, ...]
    counts: U8
    thresholds: U64


@lru_cache(maxsize=_TABLES_KEPT)
def hour_tables(image: Image, hour: int) -> HourTables:
    """The tables of an image in one hour of the week (local time of the devices).

    The mean of a class over the levels is its rate within one per cent (a yes-or-no class: exactly); tables of a class
    are the same in every image that shares it.
    """
    rates = [item.rates[hour] for item in image.classes]
    common = tuple(index for index, rate in enumerate(rates) if rate >= RARE_BELOW)
    rare = tuple(index for index, rate in enumerate(rates) if 0 < rate < RARE_BELOW)
    divisor = clock.HOUR_SLOTS * mean_permille(hour)
    cells, sums = ladder()
    wanted = np.array([[rates[index] * permille * CELLS for permille in LEVEL_PERMILLE] for index in common], np.int64)
    rungs = _nearest(sums * 1_000, wanted.reshape(-1, LEVELS) // divisor)
    counts = cells[rungs]
    assert all(counts[place].max() <= image.caps[index] for place, index in enumerate(common))
    chances = [[rates[index] * permille * 2**32 // (1_000 * divisor) for permille in LEVEL_PERMILLE] for index in rare]
    thresholds = np.array(chances, np.uint64).reshape(-1, LEVELS) << np.uint64(32)
    counts.setflags(write=False)
    thresholds.setflags(write=False)
    return HourTables(common=common, rare=rare, counts=counts, thresholds=thresholds)


def moments(event_class: EventClass, row_hash: int, count: int, begin_ms: int) -> list[int]:
    """When `count` events of a class happen in the slot that `row_hash` was made of and that begins at `begin_ms`."""
    u = row_hash * chance.multiplier(event_class.name) >> 38 & 0xFFFF
    return [begin_ms + (number * 65_536 + u) * clock.SLOT_MS // (count * 65_536) for number in range(count)]


def count_of(image: Image, index: int, tables: HourTables, level: int, row_hash: int) -> int:
    """How many events of class `index` a device at this level has in the slot that `row_hash` was made of."""
    x = row_hash * chance.multiplier(image.classes[index].name) & chance.MASK64
    if index in tables.common:
        return int(tables.counts[tables.common.index(index), level, x >> CELL_SHIFT])
    if index in tables.rare:
        return int(x < int(tables.thresholds[tables.rare.index(index), level]))
    return 0


def _shock_draw(hour_number: int) -> tuple[str, int, tuple[tuple[int, int], ...]] | None:
    """Name, number and distribution of the draw that a site's devices share in this hour, if there is one."""
    hour = hour_of_week(hour_number)
    if hour in _LOGON_HOURS:
        return "life/logon", hour_number // 24, _LOGON
    if hour in PATCH_HOURS:
        return "life/patch", (hour_number - _FIRST_MONDAY_H) // clock.WEEK_HOURS, _PATCH
    return None


def _pick(distribution: tuple[tuple[int, int], ...], bits: int) -> int:
    """The value that 64 even bits choose."""
    rest = chance.below(bits, WEIGHTS)
    for value, weight in distribution:
        if rest < weight:
            return value
        rest -= weight
    raise AssertionError(f"the weights of {distribution} add up to less than {WEIGHTS}")


def _pick_columns(distribution: tuple[tuple[int, int], ...], bits: U64) -> NDArray[np.int8]:
    values = np.repeat([value for value, _ in distribution], [weight for _, weight in distribution]).astype(np.int8)
    return values[chance.below_columns(bits, WEIGHTS)]


def _nearest(rising: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """The index of the value in `rising` that is nearest to each wanted one."""
    above = np.clip(np.searchsorted(rising, wanted), 1, len(rising) - 1)
    return np.where(wanted - rising[above - 1] <= rising[above] - wanted, above - 1, above)
