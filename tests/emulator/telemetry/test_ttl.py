from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.chance import below, device_keys, draw
from emulator.events import PROCESS_START
from emulator.telemetry.ttl import NEVER, ProcessImages, Ttl
from tests.emulator.agreement import fleet
from tests.emulator.worlds import world

ROWS, IMAGES = 3, 2
Step = tuple[int, int, tuple[int, ...], int]
"""(slots since the step before, process image, starts of each row, TTL in slots)"""
STEPS = st.tuples(
    st.sampled_from((0, 0, 1, 1, 2, 19, 20, 21)),
    st.integers(0, IMAGES - 1),
    st.tuples(*[st.sampled_from((0, 0, 1, 2, 300))] * ROWS),
    st.sampled_from((2, 2, 20)),
)


def differences(steps: Sequence[Step]) -> list[str]:
    """Where the column and a memory of one entry a device and process image differ."""
    ttl, slot = Ttl(IMAGES, ROWS), 0
    last: dict[tuple[int, int], int] = {}
    for number, (later, process, starts, ttl_slots) in enumerate(steps):
        slot += later
        found = ttl.repeated(
            process, slice(0, ROWS), np.array(starts, np.uint8 if max(starts) < 256 else np.int64), slot, ttl_slots
        )
        wanted = []
        for row, count in enumerate(starts):
            sent = 0
            for _ in range(count):
                before = last.get((row, process))
                if before is None or slot - before >= ttl_slots:
                    last[row, process] = slot
                    sent += 1
            wanted.append(count - sent)
        if found.tolist() != wanted:
            return [f"step {number}: {found.tolist()} repeated, not {wanted}"]
    return []


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_repeated_starts_are_those_of_a_plain_memory(steps: list[Step]) -> None:
    assert differences(steps) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=40), st.sampled_from((2, 20)))
def test_at_most_one_start_of_a_process_image_is_sent_within_a_ttl(steps: list[Step], ttl_slots: int) -> None:
    ttl, slot = Ttl(IMAGES, ROWS), 0
    sent: dict[tuple[int, int], list[int]] = {}
    for later, process, starts, _ in steps:
        slot += later
        fresh = np.array(starts) - ttl.repeated(process, np.arange(ROWS), np.array(starts), slot, ttl_slots)
        for row, count in enumerate(fresh.tolist()):
            sent.setdefault((row, process), []).extend([slot] * count)
    for slots in sent.values():
        assert all(later - earlier >= ttl_slots for earlier, later in pairwise(slots))


repeated = Ttl.repeated


def a_slot_longer(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Ttl, process: int, rows: Any, starts: Any, slot: int, ttl_slots: int) -> Any:
        return repeated(self, process, rows, starts, slot, ttl_slots + 1)

    patch.setattr(Ttl, "repeated", wrong)


def a_slot_shorter(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Ttl, process: int, rows: Any, starts: Any, slot: int, ttl_slots: int) -> Any:
        return repeated(self, process, rows, starts, slot, ttl_slots - 1)

    patch.setattr(Ttl, "repeated", wrong)


def counts_from_what_was_repeated(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Ttl, process: int, rows: Any, starts: Any, slot: int, ttl_slots: int) -> Any:
        found = repeated(self, process, rows, starts, slot, ttl_slots)
        self.last[process, rows] = np.where(starts > 0, slot, self.last[process, rows])
        return found

    patch.setattr(Ttl, "repeated", wrong)


def one_memory_for_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ttl, "repeated", lambda self, process, *rest: repeated(self, 0, *rest))


PLANTS: Sequence[Callable[[pytest.MonkeyPatch], None]] = (
    a_slot_longer,
    a_slot_shorter,
    counts_from_what_was_repeated,
    one_memory_for_all,
)
KNOWN: Sequence[Step] = tuple(
    (later * (1 - process), process, (1, 2, number % 2), 20)
    for number, later in enumerate((0, 0, 19, 1, 0, 20, 7, 13, 5, 15))
    for process in (0, 1)
)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_wrong_memory_is_seen(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    assert differences(KNOWN) == []
    plant(monkeypatch)
    assert differences(KNOWN) != []


def test_the_option_switched_off_forgets() -> None:
    ttl = Ttl(1, 2)
    ttl.repeated(0, slice(0, 2), np.array([1, 1]), 5, 100)
    ttl.forget(np.array([1]))
    assert ttl.repeated(0, slice(0, 2), np.array([1, 1]), 6, 100).tolist() == [1, 0]


def test_rows_keep_their_memory_in_another_order() -> None:
    ttl = Ttl(2, 3)
    for row, slot in enumerate((4, 5, 6)):
        ttl.repeated(1, np.array([row]), np.array([1]), slot, 10)
    ttl.permute(np.array([2, 0, 1]))
    assert ttl.last.tolist() == [[NEVER] * 3, [6, 4, 5]]
    assert ttl.last.dtype == np.int32


def test_a_start_at_slot_zero_is_not_repeated_by_one_that_never_was() -> None:
    assert Ttl(1, 1).repeated(0, slice(0, 1), np.array([1]), 0, 86_400).tolist() == [0]


def test_classes_of_one_path_and_hash_are_one_process_image() -> None:
    images = ProcessImages(world(image=[fleet.BUSY, fleet.QUIET]))
    classes = fleet.IMAGES[fleet.BUSY].classes
    starts = [index for index, item in enumerate(classes) if item.type == PROCESS_START]
    assert [index for index, _ in images.ambient[fleet.BUSY]] == starts
    by_class = {classes[index].name: process for index, process in images.ambient[fleet.BUSY]}
    assert by_class["app/process-start"] == by_class["app-again/process-start"]
    assert len(set(by_class.values())) == 3
    assert images.ambient[fleet.QUIET] == ()
    assert images.scenario[fleet.APP_START] == by_class["app/process-start"]
    assert images.scenario[fleet.OTHER_START] == by_class["shell/process-start"]
    assert images.scenario[fleet.MODULE] == -1
    assert len(images) == 3


def test_a_warm_memory_is_that_of_a_long_life() -> None:
    keys, ttl_slots = device_keys(3, "warm", 4_000), 20
    images = ProcessImages(world(image=[fleet.BUSY]))
    warm = images.warm(fleet.BUSY, keys, ttl_slots)
    assert set(warm) == {process for _, process in images.ambient[fleet.BUSY]}
    for last in warm.values():
        remembered = last[last != NEVER]
        assert remembered.min() == -ttl_slots
        assert remembered.max() == -1
        assert len(remembered) / len(last) == pytest.approx(0.5, abs=0.04)
    path, sha256 = fleet.APP.image
    by_app = images.scenario[fleet.APP_START]
    for key, found in zip(keys[:50].tolist(), warm[by_app][:50].tolist(), strict=True):
        age = below(draw(key, f"ttl/{path}/{sha256}"), 2 * ttl_slots)
        assert found == (-1 - age if age < ttl_slots else NEVER)
