"""The fleet of a scenario: its blocks of devices, numbered through, with the keys and names of the devices."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emulator.chance import U64, device_keys, draw_columns
from emulator.identity import DEFAULT_SITE, device_name
from emulator.ports import I64

DEVICES_MAX: Final = 10_000_000
"""Devices of one fleet."""
RAMP_STEPS_MAX: Final = 300
"""Moments at which devices of a ramp enrol."""
RAMP: Final = "ramp"
"""The name under which the order of a ramp is drawn."""
NAME_DIGITS: Final = 5
"""Digits that the number in a device's name has at least, as in `identity.device_name`."""

CURRENT_VERSION: Final = (3, 16)
"""The version of Endpoint Agent where no other one is said."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Block:
    """Devices of one image in one administration group and at one site; `first` is the index of the first one in the
    fleet."""

    name: str
    image: str
    os: str
    group: str
    tags: tuple[str, ...]
    count: int
    first: int
    site: str = DEFAULT_SITE
    licence: str | None = None
    installed: bool = True
    version: tuple[int, ...] = CURRENT_VERSION
    kmp: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """Devices (sorted fleet indices) on which Endpoint Agent does not run before `at_ms`."""

    devices: I64
    at_ms: int


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """All devices, in the order of the blocks, then of the index in the block.

    A device's name is its block's and its number from 1, as in `office-00001`. `keys` has one row a device.
    """

    seed: int
    blocks: tuple[Block, ...]
    keys: U64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        columns = [device_keys(self.seed, block.name, block.count) for block in self.blocks]
        object.__setattr__(self, "keys", np.concatenate(columns) if columns else np.empty(0, np.uint64))

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def everything(self) -> I64:
        """The indices of all devices."""
        return np.arange(len(self), dtype=np.int64)

    def name(self, index: int) -> str:
        """The name of one device."""
        block = self.block_of(index)
        return device_name(block.name, index - block.first)

    def block_of(self, index: int) -> Block:
        """The block of one device."""
        return next(block for block in self.blocks if index < block.first + block.count)

    def names(self, indices: I64) -> pa.StringArray:
        """The names of many devices, in the order given."""
        first = np.array([block.first for block in self.blocks], np.int64)
        within = np.searchsorted(first, indices, side="right") - 1
        names = pa.array([block.name for block in self.blocks], pa.string()).take(within)
        digits = pa.array(indices - first[within] + 1, pa.int64()).cast(pa.string())
        parts = (names, pc.utf8_lpad(digits, NAME_DIGITS, padding="0"), pa.repeat(pa.scalar("-"), len(indices)))
        return pc.binary_join_element_wise(*cast("tuple[pa.StringArray, ...]", parts))

    def index_of(self, name: str) -> int | None:
        """The index of the device with this name, None where there is none."""
        head, dash, digits = name.rpartition("-")
        block = next((block for block in self.blocks if block.name == head), None)
        if block is None or not dash or not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
            return None
        number = int(digits)
        in_block = 1 <= number <= block.count and name == device_name(head, number - 1)
        return block.first + number - 1 if in_block else None

    def where(self, blocks: Iterable[Block]) -> Mask:
        """True for the devices of the given blocks."""
        mask = np.zeros(len(self), np.bool_)
        for block in blocks:
            mask[block.first : block.first + block.count] = True
        return mask


def ramp(fleet: Fleet, *, first: int, last: int, over_ms: int, end_ms: int) -> tuple[Enrolment, ...]:
    """The enrolments of a fleet of which `first` devices are there at the start, and `last` after `over_ms`.

    The number grows evenly, in at most RAMP_STEPS_MAX steps; the devices come in the order of a hash of their key, so
    that a slower ramp enrols the same ones first. Those beyond `last` do not come before `end_ms`, the end of the run.
    """
    order = np.argsort(draw_columns(fleet.keys, RAMP), kind="stable").astype(np.int64)
    number = np.arange(1, last - first + 1, dtype=np.int64)
    step_ms = max(1, -(-over_ms // RAMP_STEPS_MAX))
    exact_ms = -(-over_ms * number // max(1, last - first))
    at_ms = np.minimum(-(-exact_ms // step_ms) * step_ms, over_ms)
    coming = order[first:last]
    enrolments = [Enrolment(np.sort(coming[at_ms == moment]), int(moment)) for moment in np.unique(at_ms)]
    if last < len(fleet):
        enrolments.append(Enrolment(np.sort(order[last:]), end_ms))
    return tuple(enrolments)


def scaled(counts: Sequence[int], devices: int) -> tuple[int, ...]:
    """`counts` scaled to add up to `devices`: proportional, by largest remainder, at least one each.

    At equal remainders the earlier one gains. Raises ValueError where there are fewer devices than counts.
    """
    if devices < len(counts):
        raise ValueError("fewer devices than blocks")
    result = [1] * len(counts)
    # Whoever would get less than one device gets one and stands aside; the others share the rest.
    sharing = list(range(len(counts)))
    left = devices
    while True:
        total = sum(counts[index] for index in sharing)
        small = [index for index in sharing if counts[index] * left < total]
        if not small:
            break
        left -= len(small)
        sharing = [index for index in sharing if index not in small]
    quotas = {index: Fraction(counts[index] * left, total) for index in sharing}
    for index, quota in quotas.items():
        result[index] = quota.numerator // quota.denominator
    rest = left - sum(result[index] for index in sharing)
    for index in sorted(sharing, key=lambda index: (-(quotas[index] % 1), index))[:rest]:
        result[index] += 1
    return tuple(result)
