"""Quantiles from buckets: never further than 2 % from the exact ones."""

import bisect
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.latency import Latencies
from scenarios.tables import LATENCY_BOUNDS_US

BOUNDS = [int(bound) for bound in LATENCY_BOUNDS_US]


def counted(values_us: list[int]) -> Latencies:
    counts: dict[int, int] = {}
    for value in values_us:
        bucket = bisect.bisect_left(BOUNDS, value)
        counts[bucket] = counts.get(bucket, 0) + 1
    return Latencies(counts)


@given(
    st.lists(st.integers(2_000, 3_600_000_000), min_size=1, max_size=200),
    st.sampled_from([1, 10, 500, 900, 990, 999, 1000]),
)
def test_a_quantile_is_at_most_2_percent_off(values_us: list[int], permille: int) -> None:
    exact = sorted(values_us)[max(1, math.ceil(len(values_us) * permille / 1000)) - 1]
    quantile = counted(values_us).quantile_us(permille)
    assert quantile is not None
    assert abs(quantile - exact) <= 0.0205 * exact


@given(st.lists(st.integers(0, 4_000_000_000), min_size=1, max_size=100))
def test_quantiles_never_fall(values_us: list[int]) -> None:
    quantiles = [counted(values_us).quantile_us(permille) for permille in range(0, 1001, 50)]
    assert quantiles == sorted(quantiles, key=lambda value: value or 0)


def test_without_an_answer_there_is_no_latency() -> None:
    assert Latencies({}).quantile_us(500) is None


def test_half_of_two_answers_is_the_lower_one() -> None:
    assert counted([10_000, 900_000]).quantile_us(500) == pytest.approx(10_000, rel=0.02)
    assert counted([10_000, 900_000]).quantile_us(501) == pytest.approx(900_000, rel=0.02)


def test_an_answer_above_the_last_bound_counts_as_that_bound() -> None:
    assert Latencies({len(BOUNDS): 3, len(BOUNDS) + 7: 1}).quantile_us(500) == BOUNDS[-1]


def test_an_answer_at_once_has_no_latency() -> None:
    assert Latencies({0: 1}).quantile_us(500) == 0
