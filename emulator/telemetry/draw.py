"""Draws of ambient life for the rows of a block: counts per event class and type of one slot.

The keyed hash makes a row's counts depend on its own key, the class's name and the slot alone; see `emulator.life` for
the tables, and `docs/window.md` for where the events of a slot lie in time.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator import life
from emulator.chance import GOLDEN, MASK64, U64, mix_columns, multiplier
from emulator.events import CLASSES_MAX, EVENT_TYPES
from emulator.images.model import Image
from emulator.world import World

U8 = NDArray[np.uint8]
TYPES: Final = len(EVENT_TYPES)
POSITION_SHIFT: Final = 38
"""Bits 38 to 53 of a class's product place its events inside the slot; the bits above them make the count."""
POSITION_BITS: Final = 16

Part = tuple[int, int, tuple[int, int]]
"""(first row, end, (image index, site index)): rows of a block that share an image and the site's time zone."""


def row_hash(key: U64, slot: int, out: U64) -> U64:
    """The hash of each row and slot, from which all classes take their product."""
    np.add(key, np.uint64((slot * GOLDEN) & MASK64), out=out)
    return mix_columns(out)


def events_before(count: NDArray[np.int64], position: NDArray[np.int64], part: int, parts: int) -> NDArray[np.int64]:
    """Of a slot's `count` events per row, those that lie in the first `part` of `parts` equal parts of the slot.

    `position` is the 16-bit place of the row's events: event i lies at (i + position / 2^16) / count of the slot.
    """
    unit = 1 << POSITION_BITS
    limit = part * count * unit - position * parts + unit * parts - 1
    before: NDArray[np.int64] = np.minimum(np.maximum(limit, 0) // (unit * parts), count)
    return before


class Draw:
    """Scratch memory and tables for the draws of blocks of up to `size` rows; one per shard.

    After `fill`, `classes` (CLASSES_MAX, size) holds the count of each class of the row's image in the tick, `types`
    (TYPES, size) their sums; both uint8 and valid in the rows of the block that was filled.
    """

    def __init__(self, world: World, size: int) -> None:
        self._world = world
        self._hash = np.empty(size, np.uint64)
        self._product = np.empty(size, np.uint64)
        self._products: U64 | None = None
        self.classes: U8 = np.zeros((CLASSES_MAX, size), np.uint8)
        self.types: U8 = np.zeros((TYPES, size), np.uint8)
        self._multipliers = [
            tuple(np.uint64(multiplier(item.name)) for item in image.classes) for image in world.images
        ]
        self._spans = [_type_spans(image) for image in world.images]
        self._hours: tuple[int, tuple[tuple[int, int], ...]] = (-1, ())

    def hours(self, slot: int) -> tuple[tuple[int, int], ...]:
        """(hour of the week, number of the hour) that holds in a slot, for each site."""
        if self._hours[0] != slot:
            self._hours = slot, tuple(self._world.hour_of_slot(slot, site.zone) for site in self._world.sites)
        return self._hours[1]

    def levels(self, key: U64, base: U8, hour_number: int, site: int) -> U64:
        """The level of each row of one site in an hour, shifted to where a table's index wants it."""
        return life.levels(key, base, hour_number, self._world.sites[site].key).astype(np.uint64) << np.uint64(10)

    def fill(self, parts: Sequence[Part], key: U64, level: U64, tick: int) -> None:
        """Draws what the rows do in `tick`. `level` is from `levels` for the hours of the tick's slot."""
        ticks = self._world.slot_ticks
        slot = -(-tick // ticks)
        hours = self.hours(slot)
        size = len(key)
        hashed = row_hash(key, slot, self._hash[:size])
        if ticks > 1 and self._products is None:
            self._products = np.empty((CLASSES_MAX, len(self._hash)), np.uint64)
        for first, end, (image, site) in parts:
            rows = slice(first, end)
            tables = life.hour_tables(self._world.images[image], hours[site][0])
            classes, multipliers = self.classes[:, rows], self._multipliers[image]
            product, here = self._product[rows], hashed[rows]
            for place, index in enumerate(tables.common):
                np.multiply(here, multipliers[index], out=product)
                if self._products is not None:
                    self._products[index, rows] = product
                product >>= np.uint64(life.CELL_SHIFT)
                product += level[rows]
                np.take(tables.counts[place].ravel(), product.view(np.int64), out=classes[index], mode="wrap")
            for place, index in enumerate(tables.rare):
                self._rare(tables.thresholds[place], multipliers[index], here, level[rows], product, classes[index])
                if self._products is not None:
                    self._products[index, rows] = product
            drawn = set(tables.common) | set(tables.rare)
            for index in range(len(multipliers)):
                if index not in drawn:
                    classes[index] = 0
            if ticks > 1:
                self._part(len(multipliers), rows, tick - (slot - 1) * ticks, ticks)
            self._sum(image, rows)

    @staticmethod
    def _rare(thresholds: U64, by: np.uint64, hashed: U64, level: U64, product: U64, out: U8) -> None:
        """Yes or no: first against the largest threshold, then exactly on the few rows that are left."""
        np.multiply(hashed, by, out=product)
        out.fill(0)
        candidates = np.flatnonzero(product < thresholds.max())
        if len(candidates):
            own = thresholds[(level[candidates] >> np.uint64(10)).view(np.int64)]
            out[candidates[product[candidates] < own]] = 1

    def _part(self, count: int, rows: slice, part: int, parts: int) -> None:
        """Keeps, of the counts of a whole slot, what lies in one part (1 to `parts`) of it."""
        assert self._products is not None
        whole = self.classes[:count, rows].astype(np.int64)
        position = (self._products[:count, rows] >> np.uint64(POSITION_SHIFT)).view(np.int64)
        position &= (1 << POSITION_BITS) - 1
        until = events_before(whole, position, part, parts)
        until -= events_before(whole, position, part - 1, parts)
        self.classes[:count, rows] = until

    def _sum(self, image: int, rows: slice) -> None:
        types = self.types[:, rows]
        for kind, (first, end) in enumerate(self._spans[image]):
            if first == end:
                types[kind] = 0
            elif end == first + 1:
                types[kind] = self.classes[first, rows]
            else:
                np.add.reduce(self.classes[first:end, rows], axis=0, dtype=np.uint8, out=types[kind])


def _type_spans(image: Image) -> tuple[tuple[int, int], ...]:
    """For each event type, (first, end) of its classes: an image keeps them sorted by type."""
    kinds = [item.type for item in image.classes]
    return tuple(
        (kinds.index(kind), kinds.index(kind) + kinds.count(kind)) if kind in kinds else (0, 0) for kind in range(TYPES)
    )
