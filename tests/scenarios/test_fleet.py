from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.chance import device_key
from scenarios.fleet import Block, Fleet, scaled


def fleet_of(counts: list[int], seed: int = 1) -> Fleet:
    blocks = []
    for number, count in enumerate(counts):
        blocks.append(Block(f"b{number}", "quiet", "windows", "Managed devices", (), count, sum(counts[:number])))
    return Fleet(seed, tuple(blocks))


def test_names_run_through_each_block() -> None:
    fleet = fleet_of([2, 3])
    assert [fleet.name(index) for index in range(5)] == ["b0-00001", "b0-00002", "b1-00001", "b1-00002", "b1-00003"]


def test_the_name_of_a_large_number_is_longer() -> None:
    fleet = fleet_of([100_001])
    assert fleet.name(100_000) == "b0-100001"
    assert fleet.index_of("b0-100001") == 100_000


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6), st.data())
def test_many_names_are_those_of_the_single_devices(counts: list[int], data: st.DataObject) -> None:
    fleet = fleet_of(counts)
    chosen = data.draw(st.lists(st.integers(0, len(fleet) - 1)))
    assert fleet.names(np.array(chosen, np.int64)).to_pylist() == [fleet.name(index) for index in chosen]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_a_name_leads_back_to_its_device(counts: list[int]) -> None:
    fleet = fleet_of(counts)
    assert [fleet.index_of(fleet.name(index)) for index in range(len(fleet))] == list(range(len(fleet)))


@pytest.mark.parametrize(
    "name",
    ["b0-00000", "b0-00003", "b0-1", "b0-000001", "b0", "b9-00001", "b0-0000x", "b0-٠٠٠٠١", "", "-", "b0-" + "9" * 40],
)
def test_what_is_no_device_has_no_index(name: str) -> None:
    assert fleet_of([2]).index_of(name) is None


def test_keys_are_those_of_block_and_index() -> None:
    fleet = fleet_of([2, 3], seed=7)
    assert fleet.keys.tolist() == [device_key(7, "b0", 0), device_key(7, "b0", 1)] + [
        device_key(7, "b1", index) for index in range(3)
    ]


def test_devices_elsewhere_change_no_key() -> None:
    assert fleet_of([5, 3]).keys[5:].tolist() == fleet_of([50, 3]).keys[50:].tolist()


COUNTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=12)


@given(COUNTS, st.data())
def test_scaled_blocks_add_up_and_none_is_empty(counts: list[int], data: st.DataObject) -> None:
    devices = data.draw(st.integers(len(counts), 200_000))
    result = scaled(counts, devices)
    assert sum(result) == devices
    assert min(result) >= 1


@given(COUNTS, st.data())
def test_scaled_blocks_stay_within_one_of_their_share(counts: list[int], data: st.DataObject) -> None:
    devices = data.draw(st.integers(len(counts), 200_000))
    result = scaled(counts, devices)
    # Blocks that got their one device although their share is less stand aside; the others share the rest.
    sharing = [index for index, count in enumerate(counts) if result[index] > 1]
    left = sum(result[index] for index in sharing)
    total = sum(counts[index] for index in sharing)
    single = [count for index, count in enumerate(counts) if result[index] == 1]
    if not single:
        for index in sharing:
            assert abs(result[index] - Fraction(counts[index] * left, total)) < 1


@given(COUNTS, st.data())
def test_a_larger_block_never_gets_fewer(counts: list[int], data: st.DataObject) -> None:
    devices = data.draw(st.integers(len(counts), 200_000))
    pairs = sorted(zip(counts, scaled(counts, devices), strict=True))
    for (small, fewer), (large, more) in pairwise(pairs):
        assert small == large or fewer <= more


@given(COUNTS)
def test_the_same_number_of_devices_changes_nothing(counts: list[int]) -> None:
    assert scaled(counts, sum(counts)) == tuple(counts)


@pytest.mark.parametrize(
    ("counts", "devices", "expected"),
    [
        ([1, 1, 1], 4, (2, 1, 1)),
        ([40, 5], 9, (8, 1)),
        ([1000, 1, 1], 10, (8, 1, 1)),
        ([3, 3, 1], 3, (1, 1, 1)),
        ([7, 5, 3], 10, (5, 3, 2)),
        ([10], 1_000_000, (1_000_000,)),
    ],
)
def test_examples_of_largest_remainder(counts: list[int], devices: int, expected: tuple[int, ...]) -> None:
    assert scaled(counts, devices) == expected


def test_fewer_devices_than_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer devices than blocks"):
        scaled([5, 5], 1)
