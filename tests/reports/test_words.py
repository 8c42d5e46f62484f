"""Words for numbers: rounded honestly, and harmless whatever a name contains."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import words


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 0, "–"),
        (0, 10, "0.0 %"),
        (10, 10, "100.0 %"),
        (1, 3, "33.3 %"),
        (2, 3, "66.7 %"),
        (1, 1_000_000, "<0.1 %"),
        (999_999, 1_000_000, ">99.9 %"),
        (12, 10, "120.0 %"),
    ],
)
def test_a_share(part: int, whole: int, text: str) -> None:
    assert words.share(part, whole) == text


@given(st.integers(1, 10**12), st.integers(1, 10**12))
def test_a_share_says_neither_nothing_for_something_nor_all_for_less(part: int, more: int) -> None:
    assert words.share(part, part + more) not in ("0.0 %", "100.0 %")


@pytest.mark.parametrize(
    ("ms", "text"),
    [(0, "0:00:00"), (61_000, "0:01:01"), (90_061_000, "25:01:01"), (1_001, "0:00:01.001")],
)
def test_a_span(ms: int, text: str) -> None:
    assert words.span(ms) == text


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1.00 ms"),
        (12_345, "12.3 ms"),
        (99_950, "100 ms"),
        (999_499, "999 ms"),
        (999_500, "1.00 s"),
        (3_600_000_000, "3,600 s"),
    ],
)
def test_a_latency(us: int, text: str) -> None:
    assert words.latency(us) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (999_600, "1.00 MB"), (43_200_000_000, "43.2 GB")],
)
def test_a_size(size: int, text: str) -> None:
    assert words.size(size) == text


@pytest.mark.parametrize(
    ("ms", "text"), [(30_000, "30 s"), (60_000, "1 min"), (7_200_000, "2 h"), (1_500, "1500 ms"), (90_000, "90 s")]
)
def test_an_interval(ms: int, text: str) -> None:
    assert words.interval(ms) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (True, "yes"), (False, "no"), (1720, "1,720"), (0.5, "0.5"), ("<= 3", "<= 3")]
)
def test_a_compared_value(value: str | int | float | bool | None, text: str) -> None:
    assert words.scalar(value) == text


def test_a_count_has_its_noun() -> None:
    assert [words.count(number, "block") for number in (0, 1, 1200)] == ["0 blocks", "1 block", "1,200 blocks"]
    assert words.count(2, "query", "queries") == "2 queries"


@given(st.text())
def test_a_printable_text_is_one_line_that_moves_no_cursor(text: str) -> None:
    shown = words.printable(text)
    assert len(shown) == len(text)
    assert not any(letter in shown for letter in "\n\r\t\x1b\x07\x9b\u202e\u2066\u200b\ufeff\u2028")
    assert words.printable(shown) == shown


def test_a_printable_text_keeps_letters_of_every_script() -> None:
    assert words.printable("Büro Åse 東京 ✓ a b") == "Büro Åse 東京 ✓ a b"


def test_a_long_text_is_clipped_with_an_ellipsis() -> None:
    assert words.clipped("abcdef", 6) == "abcdef"
    assert words.clipped("abcdefg", 6) == "abcde…"


def test_a_moment_is_told_in_the_scenarios_zone() -> None:
    start = datetime(2026, 3, 2, 23, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert words.moment(start, 3_600_000) == "2026-03-03 00:30:00"
    assert words.zone(start) == "UTC-03:30"
