from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.ports import I64
from emulator.telemetry.backlog import TYPES, Backlog
from tests.emulator.telemetry.queue_model import NUMBERS, ROWS, Operation, differences

COUNTS = (0, 0, 1, 2, 7, 255, 256, 65_535, 70_000, 1 << 20)
NAMES = ("window", "window", "window", "acknowledge", "lose", "merge", "merge", "expire", "permute")


@st.composite
def operations(draw: st.DrawFn) -> list[Operation]:
    numbers = st.lists(st.integers(0, 1_000), min_size=NUMBERS, max_size=NUMBERS)
    made = []
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=5, max_size=40)):
        own = draw(numbers)
        if name == "window":
            own[1::2] = [COUNTS[number % len(COUNTS)] for number in own[1::2]]
        made.append((name, tuple(own)))
    return made


def known() -> list[Operation]:
    """A life of four devices in which every wrong turn that the tests plant shows."""

    def does(name: str, *numbers: int) -> Operation:
        return name, (numbers * NUMBERS)[:NUMBERS]

    window = does("window", 3, 65_536, 1, 7, 8, 300, 1, 2, 11, 1, 4, 70_000, 0, 2, 9, 255)
    part, all_of_it = does("acknowledge", 7, 11, 13, 1), does("acknowledge", 5)
    sent = does("lose", 13, 17, 7, 9)
    turned = does("permute", 4, 3, 2, 1)
    return [
        *(window, window, sent, window, window, does("merge", 4), part, window, turned, does("merge", 2)),
        *(window, part, window, does("merge", 11), turned, window, window, does("expire", 6), does("merge", 6)),
        *(window, does("lose", 11), window, does("merge", 5), does("expire", 4), window, all_of_it, window, turned),
        *(all_of_it, window, window, does("lose", 5), window, window, does("merge", 11)),
        *(window, does("expire", 1), does("expire", 1)),
    ]


@settings(max_examples=80, deadline=None)
@given(operations())
def test_the_backlog_is_a_list_of_lists(made: list[Operation]) -> None:
    assert differences(made) == []


def test_the_known_life_is_right() -> None:
    assert differences(known()) == []


merge = Backlog.merge
append = Backlog._append
acknowledge = Backlog.acknowledge
taken = Backlog.taken
expire = Backlog.expire


def merges_what_was_tried(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "merge", lambda self, after, tried: merge(self, after, np.zeros_like(tried)))


def merges_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "merge", lambda self, after, tried: None)


def merges_a_tick_too_much(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "merge", lambda self, after, tried: merge(self, after - 1, tried))


def merges_what_is_cut(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Backlog, after: int, tried: I64) -> None:
        self.cut[:] = False
        merge(self, after, tried)

    patch.setattr(Backlog, "merge", wrong)


def counts_in_sixteen_bits(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Backlog, row: I64, first: I64, last: I64, start: I64, counts: I64) -> None:
        append(self, row, first, last, start, counts & 0xFFFF)

    patch.setattr(Backlog, "_append", wrong)


def counts_in_eight_bits(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Backlog, row: I64, first: I64, last: I64, start: I64, counts: I64) -> None:
        append(self, row, first, last, start, counts & 0xFF)

    patch.setattr(Backlog, "_append", wrong)


def takes_one_too_many(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "taken", lambda self, rows, upto, size: taken(self, rows, upto + 1, size))


def keeps_an_acknowledged_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "acknowledge", lambda self, acked: acknowledge(self, acked - 1))


def expires_too_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "expire", lambda self, before, acked: expire(self, before + 1, acked))


def forgets_to_follow_the_rows(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "permute", lambda self, position: None)


def never_packs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Backlog, "_keep", lambda self, alive: None)


PLANTS: Sequence[Callable[[pytest.MonkeyPatch], None]] = (
    merges_what_was_tried,
    merges_nothing,
    merges_a_tick_too_much,
    merges_what_is_cut,
    counts_in_sixteen_bits,
    counts_in_eight_bits,
    takes_one_too_many,
    keeps_an_acknowledged_one,
    expires_too_early,
    forgets_to_follow_the_rows,
    never_packs,
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_wrong_backlog_is_seen(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert differences(known()) != []


def one(count: int, kind: int = 7) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    counts = np.zeros((TYPES, 1), np.int32)
    counts[kind] = count
    return counts


@pytest.mark.parametrize("burst", [255, 256, 65_535, 65_536, 1 << 20])
def test_bursts_of_an_hour_keep_their_count_when_they_are_merged(burst: int) -> None:
    backlog = Backlog()
    for tick in range(120):
        backlog.append(np.array([0]), tick, np.array([tick * burst]), one(burst))
    backlog.merge(-1, np.array([0]))
    assert len(backlog) == 1
    assert backlog.taken(np.array([0]), np.array([10**12]), 1)[0, 7] == 120 * burst
    backlog.acknowledge(np.array([60 * burst + 1]))
    assert backlog.taken(np.array([0]), np.array([10**12]), 1)[0, 7] == 60 * burst - 1


def test_what_is_acknowledged_gives_its_memory_back() -> None:
    backlog = Backlog()
    empty = backlog.bytes
    rows = np.arange(5_000)
    for tick in range(3):
        backlog.append(rows, tick, np.full(5_000, tick), np.repeat(one(1), 5_000, axis=1))
    assert backlog.bytes > empty * 100
    backlog.acknowledge(np.full(5_000, 3))
    assert len(backlog) == 0
    assert backlog.dead == 0
    assert backlog.bytes == empty


def test_nothing_is_taken_from_an_empty_backlog() -> None:
    backlog = Backlog()
    assert not backlog.taken(np.arange(ROWS), np.full(ROWS, 10), ROWS).any()
    backlog.acknowledge(np.full(ROWS, 10))
    backlog.merge(-1, np.zeros(ROWS, np.int64))
    acked = np.zeros(ROWS, np.int64)
    assert not backlog.expire(10, acked).any()
    assert not acked.any()
