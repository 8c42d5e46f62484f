from dataclasses import replace

import numpy as np

from benchmarks.memory import Footprint, Growth, Weighing, array_bytes, memory, weigh, weigh_apart
from emulator.clock import DAY_MS, HOUR_MS, SLOT_MS
from tests.benchmarks.tiny import TINY


def test_an_array_counts_once_however_often_it_is_seen() -> None:
    column = np.zeros(100, np.int64)
    assert array_bytes({"one": column, "again": [column, column[10:]], "other": np.zeros(3, np.uint8)}) == 803


def test_arrays_behind_functions_and_classes_do_not_count() -> None:
    column = np.zeros(100, np.int64)

    class Holder:
        held = column

    assert array_bytes([Holder, lambda: column]) == 0
    assert array_bytes([Holder()]) == 0


def test_growth_leaves_out_what_every_process_needs_once() -> None:
    small, large = Footprint(10, 1_100, 180, 1_400, 5_000), Footprint(30, 3_100, 340, 4_000, 9_000)
    growth = Growth.between(small, large)
    assert growth == Growth(blocks=100, servers=8, stage=130, resident=200)


def test_a_fleet_is_weighed_at_each_moment_and_weighs_more_cut_off() -> None:
    down = range(SLOT_MS, HOUR_MS)
    before, during = weigh(Weighing((SLOT_MS, HOUR_MS - SLOT_MS), down), 4)
    assert 0 < before.servers < before.stage
    assert before.blocks < during.blocks < during.stage


def test_a_process_of_its_own_weighs_the_same_columns() -> None:
    weighing = Weighing((SLOT_MS,))
    (apart,), (here,) = weigh_apart(weighing, 2), weigh(weighing, 2)
    assert (apart.blocks, apart.servers, apart.stage) == (here.blocks, here.servers, here.stage)


def weigher(weighing: Weighing, devices: int) -> list[Footprint]:
    """A scale on which a device is at the lower bar and above both."""
    return [Footprint(devices, 0, 0, devices * 256, devices * 5_000) for _ in weighing.at_ms]


def test_the_table_has_a_row_a_state_and_no_bar_for_a_short_outage() -> None:
    section = memory(TINY, weigher)
    assert [row[0] for row in section.table.rows] == [
        "connected, after 0 h",
        "in the last minute of an outage of 1 h",
        "an hour after it",
    ]
    assert [bar.wanted for bar in section.bars] == ["at most 256 B"] * 2


def test_a_day_cut_off_is_held_against_its_bar() -> None:
    section = memory(replace(TINY, outage_ms=DAY_MS), weigher)
    assert [(bar.wanted, bar.met) for bar in section.bars] == [
        ("at most 256 B", True),
        ("at most 256 B", False),
        ("at most 4,096 B", True),
        ("at most 4,096 B", False),
    ]
