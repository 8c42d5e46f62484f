from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.events import EVENT_TYPES, HIGH_TYPES
from emulator.telemetry import throttle as module
from emulator.telemetry.throttle import COUNT_CAP, LOW_TYPES, UNLIMITED, Throttle

TYPES = len(EVENT_TYPES)
BURSTS = (255, 256, 65_535, 65_536, 1 << 20)


@dataclass
class Hour:
    """The oracle: one device's hour, event by event."""

    passed: int = 0
    of_type: list[int] = field(default_factory=lambda: [0] * TYPES)

    def pass_window(self, window: Sequence[int], limit: int, share: int) -> list[int]:
        """What of a window passes, by type."""
        result = [0] * TYPES
        for kind, count in enumerate(window):
            for _ in range(count):
                if kind >= HIGH_TYPES and not (self.passed < limit and self.of_type[kind] < share):
                    continue
                self.passed += 1
                self.of_type[kind] += 1
                result[kind] += 1
        return result


@dataclass(frozen=True)
class Life:
    """Windows of some devices, each with its limits and the rows that begin an hour: (counts, limits, begins)."""

    devices: int
    windows: tuple[tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, int], ...], tuple[bool, ...]], ...]


def differences(life: Life) -> list[str]:
    """Where the columns and the loop differ."""
    throttle, hours = Throttle(life.devices), [Hour() for _ in range(life.devices)]
    for number, (windows, limits, begins) in enumerate(life.windows):
        throttle.roll(np.array(begins))
        hours = [Hour() if new else hour for new, hour in zip(begins, hours, strict=True)]
        window = np.array(windows, np.int32).T.copy()
        limit: Any = np.array([pair[0] for pair in limits], np.int32)
        share: Any = np.array([pair[1] for pair in limits], np.int32)
        if len(set(limits)) == 1:
            limit, share = limits[0]
        dropped = throttle.restrict(window, limit, share)
        wanted = [hour.pass_window(own, *pair) for hour, own, pair in zip(hours, windows, limits, strict=True)]
        if window.T.tolist() != wanted:
            return [f"window {number}: {window.T.tolist()} pass, not {wanted}"]
        gone = [sum(own) - sum(passed) for own, passed in zip(windows, wanted, strict=True)]
        if dropped.tolist() != gone:
            return [f"window {number}: {dropped.tolist()} dropped, not {gone}"]
        if throttle.passed.tolist() != [hour.passed for hour in hours]:
            return [f"window {number}: {throttle.passed.tolist()} counted, not {[hour.passed for hour in hours]}"]
    return []


LIMITS = st.sampled_from(
    [(UNLIMITED, UNLIMITED), (1, 0), (5, 5), (40, 6), (100, 15), (300, 45), (300, 48), (3_000, 3_000)]
)
COUNTS = st.sampled_from([0, 0, 0, 1, 2, 5, 16, 44, 60])


@st.composite
def lives(draw: st.DrawFn) -> Life:
    devices = draw(st.integers(1, 4))
    alike = draw(st.booleans())
    window = st.tuples(*[COUNTS] * TYPES)
    made = []
    for _ in range(draw(st.integers(1, 6))):
        limits = [draw(LIMITS)] * devices if alike else [draw(LIMITS) for _ in range(devices)]
        begins = tuple(draw(st.sampled_from((False, False, True))) for _ in range(devices))
        made.append((tuple(draw(window) for _ in range(devices)), tuple(limits), begins))
    return Life(devices, tuple(made))


def known() -> Life:
    """Three devices near, below and without a limit, over two hours."""
    window = (1, 0, 5, 0, 0, 2, 9, 40, 3, 0, 30, 11)
    limits = ((300, 45), (40, 40), (UNLIMITED, UNLIMITED))
    never, all_of_them = (False,) * 3, (True,) * 3
    return Life(3, tuple(((window,) * 3, limits, all_of_them if turn == 5 else never) for turn in range(9)))


@settings(max_examples=100, deadline=None)
@given(lives())
def test_throttling_is_a_loop_over_events(life: Life) -> None:
    assert differences(life) == []


def test_the_known_life_is_right() -> None:
    assert differences(known()) == []


restrict = Throttle.restrict


def share_a_per_cent_larger(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        return restrict(self, window, limit, np.where(np.equal(share, 45), 48, share).astype(np.int32))

    patch.setattr(Throttle, "restrict", wrong)


def limit_one_larger(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        return restrict(self, window, np.where(np.equal(limit, 40), 41, limit).astype(np.int32), share)

    patch.setattr(Throttle, "restrict", wrong)


def high_importance_does_not_count(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        high = window[:HIGH_TYPES].copy()
        window[:HIGH_TYPES] = 0
        dropped = restrict(self, window, limit, share)
        window[:HIGH_TYPES] = high
        return dropped

    patch.setattr(Throttle, "restrict", wrong)


def high_importance_is_dropped(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        gone = (self.passed > limit) * window[0]
        window[0] -= gone
        return restrict(self, window, limit, share) + gone

    patch.setattr(Throttle, "restrict", wrong)


def counts_in_eight_bits(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        dropped = restrict(self, window, limit, share)
        self.passed &= 0xFF
        return dropped

    patch.setattr(Throttle, "restrict", wrong)


def never_begins_an_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Throttle, "roll", lambda self, rows: None)


PLANTS: Sequence[Callable[[pytest.MonkeyPatch], None]] = (
    share_a_per_cent_larger,
    limit_one_larger,
    high_importance_does_not_count,
    high_importance_is_dropped,
    counts_in_eight_bits,
    never_begins_an_hour,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_wrong_throttle_is_seen(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert differences(known()) != []


def burst(kind: int, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    window = np.zeros((TYPES, 1), np.int32)
    window[kind] = count
    return window


LOW, OTHER = HIGH_TYPES + 2, HIGH_TYPES + 4
MANY = 2_200
"""More windows than a counter of 31 bits has room for bursts of 2^20."""


@pytest.mark.parametrize("size", BURSTS)
def test_nothing_is_dropped_while_throttling_is_off_however_often_a_burst_comes(size: int) -> None:
    throttle = Throttle(1)
    for turn in range(MANY):
        window = burst(LOW, size)
        assert throttle.restrict(window, UNLIMITED, UNLIMITED)[0] == 0, turn
        assert window[LOW, 0] == size
    assert throttle.passed[0] == min(MANY * size, COUNT_CAP)
    assert throttle.low[LOW - HIGH_TYPES, 0] == min(MANY * size, COUNT_CAP)


@pytest.mark.parametrize("size", BURSTS)
def test_high_importance_is_never_dropped_however_often_a_burst_comes(size: int) -> None:
    throttle = Throttle(1)
    for _ in range(MANY):
        window = burst(0, size)
        window[LOW] = 10
        dropped = throttle.restrict(window, 3_000, 450)
        assert window[0, 0] == size
        assert dropped[0] + window[LOW, 0] == 10
    assert throttle.passed[0] >= min(MANY * size, COUNT_CAP)
    assert throttle.low[LOW - HIGH_TYPES, 0] <= 450


@pytest.mark.parametrize("size", BURSTS)
def test_the_share_hits_only_the_type_that_exceeds_it(size: int) -> None:
    throttle = Throttle(1)
    passed = other = 0
    for _ in range(40):
        window = burst(LOW, size)
        window[OTHER] = 5
        throttle.restrict(window, 3_000, 450)
        passed += int(window[LOW, 0])
        other += int(window[OTHER, 0])
    assert passed == 450
    assert other == 40 * 5


def test_a_row_with_throttling_off_beside_others_saturates_too() -> None:
    throttle = Throttle(2)
    limit, share = np.array([UNLIMITED, 3_000], np.int32), np.array([UNLIMITED, 450], np.int32)
    for _ in range(MANY):
        window = np.repeat(burst(LOW, 1 << 20), 2, axis=1)
        assert throttle.restrict(window, limit, share)[0] == 0
    assert throttle.low[LOW - HIGH_TYPES].tolist() == [COUNT_CAP, 450]


def test_a_counter_without_a_cap_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COUNT_CAP", UNLIMITED)
    throttle = Throttle(1)
    dropped = [int(throttle.restrict(burst(LOW, 1 << 20), UNLIMITED, UNLIMITED)[0]) for _ in range(MANY)]
    assert any(dropped)


def test_rows_keep_their_hour_in_another_order() -> None:
    throttle = Throttle(3)
    throttle.restrict(np.repeat(burst(LOW, 1), 3, axis=1) * np.array([1, 2, 3], np.int32), 100, 50)
    throttle.permute(np.array([2, 0, 1]))
    assert throttle.passed.tolist() == [3, 1, 2]
    assert throttle.low[LOW - HIGH_TYPES].tolist() == [3, 1, 2]
    assert throttle.low.flags.c_contiguous


def test_the_types_of_low_importance_come_last() -> None:
    assert [kind.importance for kind in EVENT_TYPES] == ["high"] * HIGH_TYPES + ["low"] * LOW_TYPES
