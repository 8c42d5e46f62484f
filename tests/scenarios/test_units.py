from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.problems import LocatedError
from scenarios.units import (
    DURATION,
    FINE_SHARE,
    QUANTITY_MAX,
    SHARE,
    SIZE,
    Dimension,
    duration_ms,
    duration_text,
    quantity,
    share_permille,
    size_bytes,
)

DIMENSIONS = st.sampled_from([DURATION, SIZE, SHARE, FINE_SHARE])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("28min", 1_680_000),
        ("4h", 14_400_000),
        ("30s", 30_000),
        ("500ms", 500),
        ("2 d", 172_800_000),
        ("1.5 h", 5_400_000),
        ("0.001s", 1),
        ("0s", 0),
        ("  7  s ", 7_000),
    ],
)
def test_a_duration_is_read_in_milliseconds(text: str, expected: int) -> None:
    assert duration_ms(text) == expected


def test_a_size_counts_in_thousands_and_in_1024s() -> None:
    assert size_bytes("1 MB") == 1_000_000
    assert size_bytes("1MiB") == 1_048_576
    assert size_bytes("3 B") == 3


def test_a_share_is_read_per_mille() -> None:
    assert share_permille("20 %") == 200
    assert share_permille("0.1%") == 1
    assert share_permille("100 %") == 1000


@given(DIMENSIONS, st.data(), st.integers(0, 10**6), st.sampled_from(["", " ", "  "]))
def test_number_times_unit_is_the_quantity(dimension: Dimension, data: st.DataObject, number: int, gap: str) -> None:
    unit = data.draw(st.sampled_from(sorted(dimension.units)))
    assert quantity(f"{number}{gap}{unit}", dimension) == number * dimension.units[unit]


@given(DIMENSIONS, st.data(), st.decimals(0, 1000, places=3))
def test_a_decimal_is_exact_or_refused_as_too_fine(dimension: Dimension, data: st.DataObject, number: object) -> None:
    unit = data.draw(st.sampled_from(sorted(dimension.units)))
    exact = Fraction(str(number)) * dimension.units[unit]
    if exact.denominator == 1:
        assert quantity(f"{number}{unit}", dimension) == exact
    else:
        with pytest.raises(LocatedError, match="too fine"):
            quantity(f"{number}{unit}", dimension)


@given(st.integers(0, 10**12))
def test_the_text_of_a_duration_reads_back(at_ms: int) -> None:
    assert duration_ms(duration_text(at_ms)) == at_ms


@given(st.text() | st.none() | st.booleans() | st.floats() | st.integers() | st.lists(st.integers()), DIMENSIONS)
def test_anything_else_is_refused_with_a_remedy(data: object, dimension: Dimension) -> None:
    remedy = "none is needed"
    try:
        assert 0 <= quantity(data, dimension) <= QUANTITY_MAX
    except LocatedError as error:
        remedy = error.remedy
    assert remedy


@pytest.mark.parametrize(
    ("data", "cause", "remedy"),
    [
        ("5m", "'m' is not a unit of duration", "ms, s, min, h, d"),
        ("5 MIN", "'MIN' is not a unit of duration", "ms, s, min, h, d"),
        (90, "has no unit", "ms, s, min, h, d"),
        ("90", "has no unit", "ms, s, min, h, d"),
        ("-1s", "negative", "0 or more"),
        (-1, "negative", "0 or more"),
        ("1/2 s", "not a duration", "28min"),
        ("1e3 s", "not a duration", "28min"),
        ("٣s", "not a duration", "28min"),
        ("", "not a duration", "28min"),
        (True, "true is not a duration", "28min"),
        (None, "nothing is not a duration", "28min"),
        ("0.5ms", "too fine", "1ms"),
        ("9" * 30 + "d", "too large", "smaller"),
        ("9" * 41 + "d", "not a duration", "28min"),
    ],
)
def test_the_refusal_of_a_duration_names_cause_and_remedy(data: object, cause: str, remedy: str) -> None:
    with pytest.raises(LocatedError) as caught:
        duration_ms(data)
    assert cause in caught.value.cause
    assert remedy in caught.value.remedy


def test_more_than_all_is_refused() -> None:
    with pytest.raises(LocatedError, match="more than all"):
        share_permille("100.1 %")
