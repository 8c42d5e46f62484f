from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.conditions import Condition, parse_condition
from scenarios.problems import LocatedError

OPERATORS = ["==", "!=", "<", "<=", ">", ">="]
COUNTS = st.integers(0, 10**9)
BOUNDS = st.decimals(0, 1000, places=3).map(str)


def fulfilled(operator: str, value: Fraction, low: Fraction, high: Fraction) -> bool:
    return {
        "==": value == low,
        "!=": value != low,
        "<": value < low,
        "<=": value <= low,
        ">": value > low,
        ">=": value >= low,
        "..": low <= value <= high,
    }[operator]


@st.composite
def conditions(draw: st.DrawFn, share: bool) -> tuple[str, str, Fraction, Fraction]:
    """A condition as a text, with its operator and exact bounds."""
    unit = draw(st.sampled_from(["%", " %"])) if share else ""
    first, second = sorted((draw(BOUNDS), draw(BOUNDS)), key=Fraction)
    operator = draw(st.sampled_from([*OPERATORS, ".."]))
    if operator == "..":
        return f"{first} .. {second}{unit}", operator, Fraction(first), Fraction(second)
    return f"{operator} {first}{unit}", operator, Fraction(first), Fraction(first)


@given(conditions(share=False), COUNTS)
def test_a_count_is_compared_exactly(made: tuple[str, str, Fraction, Fraction], count: int) -> None:
    text, operator, low, high = made
    condition = parse_condition(text, share=False)
    expected = fulfilled(operator, Fraction(count), low, high)
    assert condition.holds(count, 1) is expected
    assert condition.holds_all(np.array([count], np.int64), np.array([1], np.int64)).tolist() == [expected]


@given(conditions(share=True), COUNTS, COUNTS)
def test_a_share_is_compared_exactly(made: tuple[str, str, Fraction, Fraction], part: int, whole: int) -> None:
    text, operator, low, high = made
    condition = parse_condition(text, share=True)
    expected = whole > 0 and fulfilled(operator, Fraction(100 * part, whole or 1), low, high)
    assert condition.holds(part, whole) is expected
    column = condition.holds_all(np.array([part], np.int64), np.array([whole], np.int64))
    assert column.tolist() == [expected]


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_a_bound_is_met_exactly(part: int, whole: int) -> None:
    exact = parse_condition(f">= {part}", share=False)
    assert exact.holds(part, 1)
    assert not parse_condition(f"> {part}", share=False).holds(part, 1)
    assert parse_condition(f"{part}..{part}", share=False).holds(part, 1)


@given(conditions(share=False) | conditions(share=True))
def test_the_text_of_a_condition_reads_back(made: tuple[str, str, Fraction, Fraction]) -> None:
    share = "%" in made[0]
    condition = parse_condition(made[0], share=share)
    assert parse_condition(str(condition), share=share) == condition


def test_a_bare_number_is_equality() -> None:
    assert parse_condition(0, share=False) == parse_condition("== 0", share=False)
    assert parse_condition(1.5, share=False) == parse_condition("1.5", share=False)


def test_only_at_least_nothing_cannot_fail() -> None:
    assert parse_condition(">= 0", share=False).cannot_fail()
    for text in ("> 0", "0", "<= 5", "0..5", ">= 1", "!= 0"):
        assert not parse_condition(text, share=False).cannot_fail()


@pytest.mark.parametrize(
    "data", [None, True, -1, "", "lots", "> ", "=> 5", "5 .. 3", "> 5 > 3", "5e3", "٥", [1], "9" * 20]
)
def test_what_is_no_condition_is_refused(data: object) -> None:
    with pytest.raises(LocatedError):
        parse_condition(data, share=False)


def test_a_share_without_per_cent_is_refused_and_the_reverse() -> None:
    with pytest.raises(LocatedError, match="compared with a share"):
        parse_condition("> 5", share=True)
    with pytest.raises(LocatedError, match="per cent of nothing"):
        parse_condition("> 5 %", share=False)
    with pytest.raises(LocatedError, match="far more than all"):
        parse_condition("> 1001 %", share=True)


def test_columns_at_the_edge_of_64_bits_do_not_overflow() -> None:
    condition = Condition("<", 10**18, 10**18, share=False)
    column = condition.holds_all(np.array([10**15 - 1, 10**15], np.int64), np.array([1, 1], np.int64))
    assert column.tolist() == [True, False]
