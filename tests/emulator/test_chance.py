import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator import chance
from emulator.chance import (
    MASK64,
    below,
    below_columns,
    block_base,
    device_key,
    device_keys,
    draw,
    draw_columns,
    mix,
    mix_columns,
    multiplier,
    name_hash,
)

U64S = st.integers(0, MASK64)
NAMES = st.sampled_from(("phase", "period", "life/hour", "", "ä"))


@settings(deadline=None)
@given(st.lists(U64S, min_size=1, max_size=20))
def test_one_integer_and_a_column_mix_alike(numbers: list[int]) -> None:
    column = np.array(numbers, np.uint64)
    mixed = mix_columns(column)
    assert mixed is column
    assert mixed.tolist() == [mix(number) for number in numbers]


def test_the_hash_is_splitmix64() -> None:
    # The first outputs of the generator for the seed 1234567, as its author publishes them.
    state, found = 1_234_567, []
    for _ in range(3):
        state = (state + chance.GOLDEN) & MASK64
        found.append(mix(state))
    assert found == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]


@settings(deadline=None)
@given(U64S, U64S)
def test_different_numbers_mix_to_different_ones(one: int, other: int) -> None:
    assert (mix(one) == mix(other)) == (one == other)


@settings(deadline=None)
@given(st.lists(U64S, min_size=1, max_size=20), NAMES, st.integers(0, 2**40))
def test_one_device_and_a_column_draw_alike(numbers: list[int], name: str, number: int) -> None:
    keys = np.array(numbers, np.uint64)
    assert draw_columns(keys, name, number).tolist() == [draw(key, name, number) for key in numbers]
    assert keys.tolist() == numbers


@settings(deadline=None)
@given(st.lists(U64S, min_size=1, max_size=20), st.integers(1, 2**32))
def test_one_number_and_a_column_fall_below_a_bound_alike(numbers: list[int], bound: int) -> None:
    found = below_columns(np.array(numbers, np.uint64), bound)
    assert found.dtype == np.int64
    assert found.tolist() == [below(bits, bound) for bits in numbers]
    assert all(0 <= value < bound for value in found.tolist())


@pytest.mark.parametrize("bound", [1, 2, 120, 1_000, 30_000, 2**32])
def test_the_ends_of_a_range_are_reached(bound: int) -> None:
    assert below(0, bound) == 0
    assert below(MASK64, bound) == bound - 1


def test_what_falls_below_a_bound_is_even() -> None:
    counts = np.bincount(below_columns(device_keys(1, "even", 120_000), 12), minlength=12)
    assert np.abs(counts - 10_000).max() < 500


@settings(deadline=None)
@given(st.integers(0, 2**40), st.sampled_from(("office", "db")), st.integers(1, 50))
def test_keys_of_a_block_do_not_depend_on_its_size(seed: int, block: str, count: int) -> None:
    keys = device_keys(seed, block, count)
    assert keys.dtype == np.uint64
    assert keys.tolist() == [device_key(seed, block, index) for index in range(count)]
    assert device_keys(seed, block, 50)[:count].tolist() == keys.tolist()


def test_keys_differ_between_devices_blocks_and_seeds() -> None:
    keys = [
        *device_keys(1, "a", 20_000).tolist(),
        *device_keys(1, "b", 20_000).tolist(),
        *device_keys(2, "a", 20_000).tolist(),
    ]
    assert len(set(keys)) == 60_000
    assert block_base(1, "a") != block_base(1, "b")


def test_draws_of_different_names_and_numbers_have_nothing_in_common() -> None:
    keys = device_keys(1, "a", 40_000)
    columns = [draw_columns(keys, name, number) for name, number in (("a", 0), ("b", 0), ("a", 1), ("a", 2))]
    values = np.array([column >> np.uint64(11) for column in columns], np.float64)
    assert np.abs(np.corrcoef(values) - np.eye(4)).max() < 5 / len(keys) ** 0.5


def test_every_bit_of_a_draw_is_even() -> None:
    drawn = draw_columns(device_keys(1, "bits", 40_000), "bits")
    for bit in range(64):
        ones = int((drawn >> np.uint64(bit) & np.uint64(1)).sum())
        assert abs(ones - 20_000) < 600, bit


def test_a_draw_that_leaves_out_the_number_would_be_seen() -> None:
    keys = device_keys(1, "a", 10)
    assert (draw_columns(keys, "a", 1) != draw_columns(keys, "a", 2)).all()
    assert (draw_columns(keys, "a") == draw_columns(keys, "a", 0)).all()


@settings(deadline=None)
@given(st.text())
def test_multipliers_are_odd(name: str) -> None:
    assert multiplier(name) % 2 == 1
    assert multiplier(name) | 1 == name_hash(name) | 1


def test_hashes_do_not_depend_on_the_process() -> None:
    code = "from emulator.chance import device_key, draw; print(draw(device_key(7, 'office', 3), 'phase', 9))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONHASHSEED": seed}
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert found == {str(draw(device_key(7, "office", 3), "phase", 9))}
