"""What the life of an image amounts to: means, peaks and dispersion, computed from the tables that the draws use."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from emulator import clock, events, life
from emulator.images.model import Image

_COLUMNS: Final = (
    "image",
    "classes",
    "mean, events/h",
    "working hours, events/h",
    "busiest hour, events/h",
    "peak to mean",
    "variance/mean of a slot",
    "variance/mean of an hour",
    "high importance",
)
_CHANCE_UNIT: Final = 1 << 32
"""A threshold counts chances in this unit, in its upper half."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The life of one image over a week, over devices, sites and weeks.

    `mean`, `working` and `busiest` are events per hour, `busiest_hour` is an hour of the week; a working hour is one
    from 8 to 18 on a weekday. Of the busiest hour, `slot_dispersion` is variance over mean of one device's count in a
    slot of 30 s, `hour_dispersion` the same of its count in the hour (the level, which holds for an hour, makes it
    large). `high_share` is what types of high importance have of all events.
    """

    mean: Fraction
    working: Fraction
    busiest: Fraction
    busiest_hour: int
    slot_dispersion: Fraction
    hour_dispersion: Fraction
    high_share: Fraction

    @property
    def peak_to_mean(self) -> Fraction:
        """The busiest hour's mean over the week's."""
        return self.busiest / self.mean


def class_means(image: Image, hour: int) -> dict[int, Fraction]:
    """Events per hour of each class that does not rest in this hour of the week, by its index in the image."""
    tables = life.hour_tables(image, hour)
    weights = np.array(life.level_weights(hour), np.int64)
    common = tables.counts.sum(axis=2, dtype=np.int64) @ weights
    rare = (tables.thresholds >> np.uint64(32)).astype(np.int64) @ weights
    scale = Fraction(clock.HOUR_SLOTS, life.WEIGHTS**3)
    return {
        **{index: scale * Fraction(int(total), life.CELLS) for index, total in zip(tables.common, common, strict=True)},
        **{index: scale * Fraction(int(total), _CHANCE_UNIT) for index, total in zip(tables.rare, rare, strict=True)},
    }


def statistics(image: Image) -> Statistics:
    """The statistics of an image with ambient classes, exactly as the tables have them."""
    hours = [class_means(image, hour) for hour in range(clock.WEEK_HOURS)]
    totals = [sum(means.values(), Fraction()) for means in hours]
    high = sum(
        mean for means in hours for index, mean in means.items() if image.classes[index].type < events.HIGH_TYPES
    )
    working = [totals[day * 24 + hour] for day in range(5) for hour in range(8, 18)]
    peak = totals.index(max(totals))
    mean, within, between = _dispersion(image, peak)
    return Statistics(
        mean=sum(totals, Fraction()) / clock.WEEK_HOURS,
        working=sum(working, Fraction()) / len(working),
        busiest=totals[peak],
        busiest_hour=peak,
        slot_dispersion=(within + between) / mean,
        hour_dispersion=(within + clock.HOUR_SLOTS * between) / mean,
        high_share=high / sum(totals, Fraction()),
    )


def table(images: Iterable[Image]) -> str:
    """The table of `docs/images.md`, in Markdown; images without ambient classes are left out."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    for image in images:
        if image.classes:
            found = statistics(image)
            day, hour = divmod(found.busiest_hour, 24)
            when = f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[day]} {hour:02d} h"
            lines.append(
                f"| `{image.name}` | {len(image.classes)} | {round(found.mean)} | {round(found.working)} | "
                f"{round(found.busiest)} ({when}) | {_decimal(found.peak_to_mean, 2)} | "
                f"{_decimal(found.slot_dispersion, 1)} | {round(found.hour_dispersion)} | "
                f"{_decimal(100 * found.high_share, 1)} % |"
            )
    return "\n".join(lines)


def _dispersion(image: Image, hour: int) -> tuple[Fraction, Fraction, Fraction]:
    """Of one device's count in a slot of this hour: its mean, its variance within a level and that between levels."""
    tables = life.hour_tables(image, hour)
    cells = tables.counts.astype(np.int64)
    sums, squares = cells.sum(axis=2), (cells * cells).sum(axis=2)
    mean, within, square = Fraction(), Fraction(), Fraction()
    for level, weight in enumerate(life.level_weights(hour)):
        share = Fraction(weight, life.WEIGHTS**3)
        chances = [Fraction(int(row[level]) >> 32, _CHANCE_UNIT) for row in tables.thresholds]
        means = [Fraction(int(row[level]), life.CELLS) for row in sums]
        here = sum(means, sum(chances, Fraction()))
        variance = Fraction(int(squares[:, level].sum()), life.CELLS) - sum(value**2 for value in means)
        variance += sum(chance * (1 - chance) for chance in chances)
        mean, within, square = mean + share * here, within + share * variance, square + share * here**2
    return mean, within, square - mean**2


def _decimal(value: Fraction, places: int) -> str:
    """Rounded half up to some decimal places."""
    scaled = (2 * value.numerator * 10**places + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(scaled, 10**places)
    return f"{whole}.{rest:0{places}d}"
