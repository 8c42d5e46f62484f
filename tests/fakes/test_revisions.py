"""Revisions: what each device should hold at its own moment."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.ports import I64
from fakes.revisions import Revisions, TimedColumn
from tests.fakes.batches import column

DEVICES = 5


@given(
    st.lists(st.tuples(st.sets(st.integers(0, DEVICES - 1)), st.integers(0, 9)), max_size=6),
    st.lists(st.tuples(st.integers(0, DEVICES - 1), st.integers(0, 60)), min_size=1, max_size=12),
)
def test_a_column_answers_as_of_the_moment_of_each_row(
    changes: list[tuple[set[int], int]], asked: list[tuple[int, int]]
) -> None:
    timed = TimedColumn(np.zeros(DEVICES, np.int64))
    made: list[tuple[int, set[int]]] = []
    at_ms = 0
    for number, (devices, pause) in enumerate(changes, 1):
        at_ms += pause
        timed.put(column(sorted(devices)), number, at_ms)
        made.append((at_ms, devices))
    expected = [
        max((number for number, (at, devices) in enumerate(made, 1) if device in devices and at <= moment), default=0)
        for device, moment in asked
    ]
    device, moment = (column(values) for values in zip(*asked, strict=True))
    assert timed.at(device, moment).tolist() == expected


def test_changes_come_in_ascending_order_of_time() -> None:
    revisions = Revisions(2)
    assert revisions.change(column([0]), 10) == 1
    assert revisions.change(column([1]), 10) == 2
    with pytest.raises(ValueError, match="a change at 9 ms comes after one at 10 ms"):
        revisions.change(column([0]), 9)
    assert revisions.due(column([0, 1]), column([10, 10])).tolist() == [1, 2]
    assert revisions.last == 2


def test_listeners_hear_of_devices_and_not_of_nothing() -> None:
    heard: list[list[int]] = []

    def listen(devices: I64) -> None:
        heard.append(devices.tolist())

    revisions = Revisions(3)
    revisions.subscribe(listen)
    revisions.announce(column([]))
    revisions.announce(column([0, 2]))
    assert heard == [[0, 2]]


def test_the_present_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        TimedColumn(column([1, 2])).now()[0] = 3
