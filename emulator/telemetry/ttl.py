"""The memory of process starts behind `Use TTL period when sending events` (KEA-TEL-020 to KEA-TEL-029).

A start of a process is repeated while the last one that was sent lies less than the TTL back, judged in slots of 30 s.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64, below_columns, draw_columns
from emulator.events import PROCESS_START, EventClass
from emulator.ports import I64
from emulator.world import World

NEVER: Final = -(1 << 30)
"""No start was sent yet."""

ProcessImage = tuple[str, str]


class ProcessImages:
    """The process images of a world, by index, and which classes start them."""

    def __init__(self, world: World) -> None:
        self._index: dict[ProcessImage, int] = {}
        self.ambient = tuple(self._starts(image.classes) for image in world.images)
        self.scenario = tuple(self._of(item) if item.type == PROCESS_START else -1 for item in world.scenario_classes)

    def __len__(self) -> int:
        return len(self._index)

    def _of(self, item: EventClass) -> int:
        return self._index.setdefault(item.process.image, len(self._index))

    def _starts(self, classes: Sequence[EventClass]) -> tuple[tuple[int, int], ...]:
        """(class index, process image) of the classes that are process starts, in order."""
        return tuple((index, self._of(item)) for index, item in enumerate(classes) if item.type == PROCESS_START)

    def warm(self, image: int, key: U64, ttl_slots: int) -> Mapping[int, I64]:
        """Slots of the last starts before the run, of devices that have been running with this TTL for long."""
        names = list(self._index)
        result = {}
        for _, process in self.ambient[image]:
            path, sha256 = names[process]
            age = below_columns(draw_columns(key, f"ttl/{path}/{sha256}"), 2 * ttl_slots)
            result[process] = np.where(age < ttl_slots, -1 - age, NEVER)
        return result


class Ttl:
    """`last` int32 (process images, rows): the slot of the last start that was sent, or NEVER."""

    __slots__ = ("last",)

    def __init__(self, images: int, size: int) -> None:
        self.last: NDArray[np.int32] = np.full((images, size), NEVER, np.int32)

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.last = np.ascontiguousarray(self.last[:, order])

    def forget(self, rows: I64) -> None:
        """The option is off: its memory is gone."""
        self.last[:, rows] = NEVER

    def repeated(
        self,
        process: int,
        rows: slice | I64,
        starts: NDArray[np.integer],
        slot: int,
        ttl_slots: int | NDArray[np.int32],
    ) -> NDArray[np.int64]:
        """How many of `starts` of one process image are repeated, for each of `rows`; remembers what is sent.

        `ttl_slots` is one for all rows or a column; where it is 0 the TTL is off: nothing is repeated or remembered.
        """
        last = self.last[process, rows]
        on = np.asarray(ttl_slots) > 0
        fresh = (starts > 0) & (slot - last >= ttl_slots) & on
        self.last[process, rows] = np.where(fresh, slot, last)
        return (starts.astype(np.int64) - fresh) * on
