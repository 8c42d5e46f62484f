"""Keyed chance: every draw is a hash of (seed, device, name, slot), so that nothing depends on order or layout.

The hash is the finaliser of splitmix64; the same integers come out of Python ints and of numpy's uint64 columns.
Distribution tables are made with integers only: the last bit of a transcendental function depends on the processor.
"""

import hashlib
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]

GOLDEN: Final = 0x9E3779B97F4A7C15
MASK64: Final = 0xFFFF_FFFF_FFFF_FFFF
_M1, _M2 = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB

DRAW_BITS: Final = 10
"""Cells of an inverse distribution table: 2^10."""
COUNT_MAX: Final = 63
"""The most events of one class that life puts into one slot; bursts come from a scenario."""


def mix(value: int) -> int:
    """The splitmix64 finaliser of one integer."""
    value &= MASK64
    value = ((value ^ (value >> 30)) * _M1) & MASK64
    value = ((value ^ (value >> 27)) * _M2) & MASK64
    return value ^ (value >> 31)


def mix_columns(values: U64) -> U64:
    """The same, for a column; works in place on `values` and returns it."""
    scratch = values >> np.uint64(30)
    values ^= scratch
    values *= np.uint64(_M1)
    np.right_shift(values, np.uint64(27), out=scratch)
    values ^= scratch
    values *= np.uint64(_M2)
    np.right_shift(values, np.uint64(31), out=scratch)
    values ^= scratch
    return values


@cache
def name_hash(name: str) -> int:
    """64 bits of the SHA-256 of a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def multiplier(name: str) -> int:
    """The odd number that makes the draws of one class out of a row's hash of a slot."""
    return name_hash(name) | 1


def block_base(seed: int, block: str) -> int:
    """What the keys of a block's devices are derived from."""
    return mix(mix(seed * GOLDEN + 1) ^ name_hash(block))


def device_key(seed: int, block: str, index: int) -> int:
    """The key of device `index` of a fleet's block: depends on nothing else in the fleet."""
    return mix(block_base(seed, block) + index * GOLDEN)


def device_keys(seed: int, block: str, count: int) -> U64:
    """`device_key` for the first `count` devices of a block, uint64 (count)."""
    base = np.uint64(block_base(seed, block))
    with np.errstate(over="ignore"):
        return mix_columns(np.arange(count, dtype=np.uint64) * np.uint64(GOLDEN) + base)


def draw(key: int, name: str, number: int = 0) -> int:
    """64 even bits for one device, purpose and number (a slot, an hour, an attempt)."""
    return mix(mix(key ^ name_hash(name)) + number * GOLDEN)


def draw_columns(keys: U64, name: str, number: int = 0) -> U64:
    """`draw` for a column of keys, uint64 of the same length; `keys` stays as it is."""
    hashed = mix_columns(keys ^ np.uint64(name_hash(name)))
    hashed += np.uint64((number * GOLDEN) & MASK64)
    return mix_columns(hashed)


def below(bits: int, bound: int) -> int:
    """A number in [0, bound) from 64 even bits; `bound` is at most 2^32."""
    return ((bits >> 32) * bound) >> 32


def below_columns(bits: U64, bound: int) -> NDArray[np.int64]:
    """`below` for a column, int64."""
    return ((bits >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).astype(np.int64)
