"""Watches see what each device had queued, at its own moments, and nobody sleeps through one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from emulator.chance import device_keys
from emulator.clock import Calendar
from emulator.policy.addresses import Address
from emulator.policy.settings import AgentSettings, KataIntegration
from emulator.ports import Target
from emulator.simulation import Simulation
from emulator.sites import NEAR
from emulator.telemetry.watch import NEVER, WatchResult
from emulator.world import Injection, Watch, World
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind, FaultSchedule
from tests.emulator.agreement import fleet
from tests.emulator.governing import governed

DEVICES = 6
EVERYBODY = np.arange(DEVICES, dtype=np.int64)
MINUTE_MS = 60_000
DOWN_MS, UP_MS, END_MS = 30 * MINUTE_MS, 50 * MINUTE_MS, 120 * MINUTE_MS
ADDRESS = Address("kata.example.com", 443)


def world(image: int, *watches: Watch, injections: tuple[Injection, ...] = ()) -> World:
    return World(
        calendar=Calendar(datetime(2026, 3, 2, 9, tzinfo=UTC)),
        duration_ms=END_MS,
        cold=False,
        images=fleet.IMAGES,
        groups=("Managed devices",),
        governed=(governed(AgentSettings(kata_integration=KataIntegration(enabled=True, servers=(ADDRESS,)))),),
        key=device_keys(5, "watched", DEVICES),
        image=np.full(DEVICES, image, np.int64),
        group=np.zeros(DEVICES, np.int64),
        identity=fleet.identity,
        sites=(NEAR,),
        site=np.zeros(DEVICES, np.int64),
        scenario_classes=fleet.ADDED,
        injections=injections,
        watches=watches,
    )


def watched(lived: World, buckets: int = 1) -> Sequence[WatchResult]:
    faults = FaultSchedule()
    faults.add(Fault("down", "node", FaultKind.OUTAGE, DOWN_MS, UP_MS))
    servers = {Target.CENTRAL_NODE: CentralNode({str(ADDRESS): "node"}, keys=lived.key, faults=faults)}
    simulation = Simulation(lived, servers, buckets=buckets)
    simulation.run()
    return simulation.context.watcher.results


def watch(operator: str, bound: int, from_ms: int, until_ms: int, devices: Sequence[int] = range(DEVICES)) -> Watch:
    return Watch(np.array(devices, np.int64), "queued", operator, bound, from_ms, until_ms)


def test_a_queue_is_seen_to_grow_in_an_outage_and_to_drain_afterwards() -> None:
    before, during, after = watched(
        world(
            fleet.BUSY,
            watch("==", 0, 0, DOWN_MS),
            watch("==", 0, DOWN_MS, UP_MS),
            watch("==", 0, UP_MS, END_MS),
        )
    )
    assert (before.first_false_ms == NEVER).all()
    assert ((before.first_true_ms >= 0) & (before.first_true_ms < 30_000)).all()
    assert ((during.first_false_ms >= DOWN_MS) & (during.first_false_ms < DOWN_MS + 5 * MINUTE_MS)).all()
    assert ((after.first_false_ms >= UP_MS) & (after.first_true_ms > after.first_false_ms)).all()
    assert (after.first_true_ms < UP_MS + 6 * MINUTE_MS).all()


@pytest.mark.parametrize(("operator", "bound"), [("==", 0), ("!=", 0), ("<", 1), ("<=", 0), (">", 0), (">=", 1)])
def test_every_operator_splits_the_moments_into_true_and_false(operator: str, bound: int) -> None:
    (seen,) = watched(world(fleet.BUSY, watch(operator, bound, DOWN_MS - 10 * MINUTE_MS, UP_MS)))
    empty_first = operator in ("==", "<", "<=")
    early, late = (
        (seen.first_true_ms, seen.first_false_ms) if empty_first else (seen.first_false_ms, seen.first_true_ms)
    )
    assert (early < DOWN_MS).all()
    assert (late >= DOWN_MS).all()


def test_only_the_devices_and_moments_of_a_watch_count() -> None:
    few, never = watched(
        world(fleet.BUSY, watch("==", 0, 0, 30_000, devices=[1, 4]), watch("==", 0, END_MS, END_MS + 1))
    )
    assert few.devices.tolist() == [1, 4]
    assert ((few.first_true_ms >= 0) & (few.first_true_ms < 30_000)).all()
    assert (never.first_true_ms == NEVER).all()
    assert (never.first_false_ms == NEVER).all()


def test_a_fleet_at_rest_wakes_for_its_watches() -> None:
    burst = Injection(EVERYBODY, fleet.FILE, DOWN_MS + 10 * MINUTE_MS, 9)
    calm = world(fleet.QUIET, watch(">", 0, DOWN_MS, UP_MS), watch("==", 0, 10 * MINUTE_MS, 11 * MINUTE_MS))
    grown, empty = watched(replace(calm, injections=(burst,)))
    assert ((grown.first_true_ms >= DOWN_MS + 10 * MINUTE_MS) & (grown.first_true_ms < UP_MS)).all()
    assert ((empty.first_true_ms >= 10 * MINUTE_MS) & (empty.first_true_ms < 11 * MINUTE_MS)).all()


@pytest.mark.parametrize("buckets", [5, 30])
def test_what_watches_see_does_not_depend_on_buckets(buckets: int) -> None:
    lived = world(fleet.BUSY, watch("==", 0, DOWN_MS + 1_234, UP_MS + 5_678), watch("<", 40, 0, END_MS))
    for one, other in zip(watched(lived), watched(lived, buckets), strict=True):
        assert one.first_true_ms.tolist() == other.first_true_ms.tolist()
        assert one.first_false_ms.tolist() == other.first_false_ms.tolist()
