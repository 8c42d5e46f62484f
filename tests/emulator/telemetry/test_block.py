"""The columns of a block: what type they are of and stay, how much memory they take, and where a device's row is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from emulator.images import image
from emulator.ports import Target
from emulator.simulation import Simulation
from emulator.telemetry.backlog import Backlog
from emulator.telemetry.block import Block
from emulator.telemetry.rows import BLOCK_ROWS
from emulator.telemetry.throttle import Throttle
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement.fleet import BUSY, CALM, QUIET
from tests.emulator.rich import faults, rich
from tests.emulator.told import fakes
from tests.emulator.worlds import MINUTE_MS, world

BYTES_A_DEVICE_MAX = 256
DTYPES = {
    "Block.device": np.int64,
    "Block.key": np.uint64,
    "Block.phase": np.uint16,
    "Block.cell": np.int32,
    "Block.site": np.int16,
    "Block.profile": np.int32,
    "Block.governed": np.int32,
    "Block.own": np.int32,
    "Block.away": np.bool_,
    "Conditions.counts": np.int16,
    "Inbox.due": np.int32,
    "Inbox.heard": np.int32,
    "NetworkAgents.asks": np.int32,
    "Block.generated": np.int64,
    "Block.suppressed": np.int64,
    "Block.residue": np.int32,
    "Block._base": np.uint8,
    "Block._level": np.uint64,
    "Block._bits": np.int8,
    "Block._by_device": np.int64,
    "Block._sorted_devices": np.int64,
    "Block.edges": np.int64,
    "Block.cells": np.int64,
    "Block.types": np.uint8,
    "Block.classes": np.uint8,
    "Stream.residue": np.int32,
    "Stream.hour_offset": np.int32,
    "Stream.made": np.int64,
    "Stream.acked": np.int64,
    "Stream.tried": np.int64,
    "Stream.revision": np.int64,
    "Stream.pending": np.int32,
    "Stream.queued": np.int64,
    "Stream.queued_max": np.int64,
    "Stream.queued_max_at": np.int64,
    "Session.server": np.int8,
    "Session.open": np.bool_,
    "Session.busy": np.int64,
    "Session.contacts": np.int64,
    "Throttle.passed": np.int32,
    "Throttle.low": np.int32,
    "Ttl.last": np.int32,
    "Books.totals": np.int64,
    "Backlog.row": np.int32,
    "Backlog.first": np.int32,
    "Backlog.last": np.int32,
    "Backlog.start": np.int64,
    "Backlog.cut": np.bool_,
    "Backlog.counts": np.uint32,
}
SHARED = {"Block.types", "Block.classes"}
"""Views of the scratch memory that all blocks of a shard share."""
BY_CELL = {"Block.edges", "Block.cells", "Stream.queued"}


def slots_of(item: Any) -> list[str]:
    return list(getattr(type(item), "__slots__", ())) or list(vars(item))


def arrays(value: Any) -> Iterator[np.ndarray[Any, Any]]:
    """The columns in a value."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from arrays(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from arrays(inner)


def columns(block: Block) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """(name, column) of everything that a block holds, wherever."""
    parts: list[Any] = [block, block.conditions, block.network_agents, block.network_agents.inbox]
    for stream in block.streams.values():
        parts += [stream, stream.session, stream.backlog, stream.books, stream.throttle, stream.collector.ttl]
    for part in parts:
        if part is not None:
            for name in slots_of(part):
                if name == "_masks":  # made anew from the counts whenever they change
                    continue
                for column in arrays(getattr(part, name, None)):
                    yield f"{type(part).__name__}.{name}", column


def wrong_types(simulation: Simulation) -> set[str]:
    return {
        f"{name} is {column.dtype}"
        for block in simulation.blocks
        for name, column in columns(block)
        if column.dtype != DTYPES.get(name)
    }


def lived(minutes: int = 30) -> Simulation:
    """The rich world with everything on, stopped in the middle."""
    given_world = replace(rich(), duration_ms=minutes * MINUTE_MS)
    simulation = Simulation(given_world, fakes(given_world, faults()))
    simulation.run()
    return simulation


def test_columns_stay_of_their_types() -> None:
    simulation = lived()
    seen = {name for block in simulation.blocks for name, _ in columns(block)}
    assert seen == set(DTYPES) - {"Session.busy"} | ({"Session.busy"} & seen)
    assert wrong_types(simulation) == set()


def test_a_column_that_grew_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    restrict = Throttle.restrict

    def wide(self: Throttle, window: Any, limit: Any, share: Any) -> Any:
        dropped = restrict(self, window, limit, share)
        self.passed = self.passed + np.int64(0)
        return dropped

    monkeypatch.setattr(Throttle, "restrict", wide)
    assert wrong_types(lived(minutes=3)) == {"Throttle.passed is int64"}


def test_the_bytes_of_a_block_are_those_of_its_columns() -> None:
    for block in lived().blocks:
        held = [column for name, column in columns(block) if name not in SHARED | BY_CELL and name[:8] != "Backlog."]
        segments = sum(stream.backlog.bytes for stream in block.streams.values())
        assert block.bytes == sum(column.nbytes for column in held) + segments
        assert segments > 0


def office(rows: int) -> Simulation:
    """Office devices with the default policy, integrated with a Central Node, after three minutes."""
    given_world = world(image=[0] * rows, images=(image("windows-office"),), minutes=3)
    simulation = Simulation(given_world, fakes(given_world, ()))
    simulation.run()
    return simulation


def test_an_office_device_is_at_most_256_bytes() -> None:
    (block,) = office(BLOCK_ROWS).blocks
    assert len(block) == BLOCK_ROWS
    assert block.streams[Target.CENTRAL_NODE].clean
    assert block.bytes / len(block) <= BYTES_A_DEVICE_MAX


def test_more_devices_than_a_block_holds_are_two_blocks() -> None:
    given_world = world(image=[QUIET] * (BLOCK_ROWS + 1), minutes=1)
    blocks = list(Simulation(given_world, fakes(given_world, ())).blocks)
    assert sorted(map(len, blocks)) == [BLOCK_ROWS // 2, BLOCK_ROWS // 2 + 1]
    assert sorted(device for block in blocks for device in block.device.tolist()) == list(range(BLOCK_ROWS + 1))


def test_what_comes_into_being_only_when_it_is_needed_is_not_there_before() -> None:
    (block,) = office(8).blocks
    stream = block.streams[Target.CENTRAL_NODE]
    assert list(block.streams) == [Target.CENTRAL_NODE]
    assert block.suppressed is None
    assert stream.pending is None
    assert stream.collector.ttl is None
    assert stream.session.busy is None
    assert len(stream.backlog) == 0


def test_trouble_leaves_no_columns_that_are_large() -> None:
    given_world = world(image=[BUSY] * 40, minutes=90)
    outage = Fault("outage", "node-1", FaultKind.OUTAGE, 10 * MINUTE_MS, 40 * MINUTE_MS)
    both = (outage, replace(outage, server="node-2"))
    simulation = Simulation(given_world, fakes(given_world, both))
    simulation.advance(39 * MINUTE_MS)
    (block,) = simulation.blocks
    stream = block.streams[Target.CENTRAL_NODE]
    assert len(stream.backlog) > 40
    simulation.run()
    assert stream.clean
    assert stream.session.steady
    assert stream.session.busy is None
    assert stream.backlog.bytes == Backlog().bytes


def test_rows_are_sorted_by_cell_site_and_profile_and_found_by_device() -> None:
    simulation = lived()
    (block,) = simulation.blocks
    columns = (block.cell, block.site, block.profile, block.device)
    order = list(zip(*(column.tolist() for column in columns), strict=True))
    assert order == sorted(order)
    assert [(run.first, run.end) for run in block.runs] == sorted((run.first, run.end) for run in block.runs)
    assert block.runs[0].first == 0
    assert block.runs[-1].end == len(block)
    for device in range(len(block)):
        (row,) = block.rows_of(np.array([device])).tolist()
        assert block.device[row] == device
        assert block.key[row] == rich().key[device]
        assert block.image_of(row) == rich().image[device]
    assert block.rows_of(np.array([1_000, -5])).tolist() == []
    assert block.rows_of(np.arange(len(block))).tolist() == list(range(len(block)))


def test_devices_that_live_elsewhere_are_not_found() -> None:
    given_world = world(image=[BUSY, CALM, QUIET, BUSY])
    simulation = Simulation(given_world, fakes(given_world, ()), devices=np.array([1, 3]))
    (block,) = simulation.blocks
    assert block.device[block.rows_of(np.arange(4))].tolist() == sorted(
        [1, 3], key=lambda device: (given_world.image[device], device)
    )
