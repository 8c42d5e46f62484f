"""Tallies count what devices do on the network between two facts of their own, as the plain agent sees it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from emulator.chance import device_keys
from emulator.clock import Calendar, Rank
from emulator.journal import Facts
from emulator.plain.observation import Stage
from emulator.plain.simulation import PlainSimulation
from emulator.policy.addresses import Address
from emulator.policy.settings import AgentSettings, KataIntegration
from emulator.ports import I64, Target
from emulator.simulation import Simulation
from emulator.sites import NEAR
from emulator.telemetry import tally as module
from emulator.telemetry.block import Block
from emulator.telemetry.conditions import Conditions
from emulator.telemetry.tally import NEVER, TallyResult
from emulator.world import Condition, Injection, Spell, Tally, World
from fakes.central_node import CentralNode
from fakes.faults import FaultSchedule
from tests.emulator.agreement import fleet
from tests.emulator.governing import governed
from tests.scenarios.judging import plant

DEVICES = 6
EVERYBODY = np.arange(DEVICES, dtype=np.int64)
MINUTE_MS = 60_000
END_MS = 90 * MINUTE_MS
BEGIN_MS = 10 * MINUTE_MS + 12_345
"""Between the moments of the devices in one tick."""
ADDRESS = Address("kata.example.com", 443)
WHOLE = Tally(EVERYBODY, "isolated", "released")
Told = Sequence[tuple[str, int, Sequence[int]]]
"""(kind, moment, devices) of facts, in the order in which they are told."""


def world(*tallies: Tally, image: int = fleet.BUSY, isolated: Sequence[tuple[int, int]] = ()) -> World:
    return World(
        calendar=Calendar(datetime(2026, 3, 2, 9, tzinfo=UTC)),
        duration_ms=END_MS,
        cold=False,
        images=fleet.IMAGES,
        groups=("Managed devices",),
        governed=(governed(AgentSettings(kata_integration=KataIntegration(enabled=True, servers=(ADDRESS,)))),),
        key=device_keys(5, "tallied", DEVICES),
        image=np.full(DEVICES, image, np.int64),
        group=np.zeros(DEVICES, np.int64),
        identity=fleet.identity,
        sites=(NEAR,),
        site=np.zeros(DEVICES, np.int64),
        scenario_classes=fleet.ADDED,
        spells=tuple(Spell(Condition.ISOLATED, EVERYBODY, first, last) for first, last in isolated),
        tallies=tallies,
    )


def servers(lived: World) -> dict[Target, CentralNode]:
    return {Target.CENTRAL_NODE: CentralNode({str(ADDRESS): "node"}, keys=lived.key, faults=FaultSchedule())}


def counted(lived: World, told: Told, *, buckets: int = 1, devices: I64 | None = None) -> Sequence[TallyResult]:
    simulation = Simulation(lived, servers(lived), buckets=buckets, devices=devices)
    for kind, at_ms, own in told:
        simulation.journal.add(kind, Rank.ACTION, at_ms, np.array(own, np.int64))
    simulation.run()
    return simulation.context.tallier.results


def plainly(lived: World, device: int, *spans: tuple[int, int]) -> list[int]:
    """The moments of events that use the network and are not suppressed, one by one, in the spans."""
    classes = (*lived.images[int(lived.image[device])].classes, *lived.scenario_classes)
    happened = {Stage.NOT_COLLECTED, Stage.EXCLUDED, Stage.OPTIMISED, Stage.REPEATED, Stage.COLLECTED}
    return [
        seen.at_ms
        for seen in PlainSimulation(lived, servers(lived)).trace(device)
        if seen.stage in happened
        and classes[seen.event.index].can_be_cut_off
        and any(first <= seen.at_ms < last for first, last in spans)
    ]


def test_both_agents_see_the_same_traffic_between_two_facts() -> None:
    spans = ((10 * MINUTE_MS + 7, 25 * MINUTE_MS), (40 * MINUTE_MS, 55 * MINUTE_MS + 11))
    lived = world(Tally(EVERYBODY, "off-line", "on-line"), isolated=[(20 * MINUTE_MS, 45 * MINUTE_MS)])
    injection = Injection(EVERYBODY, fleet.SMB_EVENT, 12 * MINUTE_MS, 5)
    lived = replace(lived, injections=(injection, replace(injection, at_ms=21 * MINUTE_MS)))
    told = [
        fact
        for first, last in spans
        for fact in (("off-line", first, range(DEVICES)), ("on-line", last, range(DEVICES)))
    ]
    (found,) = counted(lived, told)
    for device in range(DEVICES):
        moments = plainly(lived, device, *spans)
        assert (found.count[device], found.first_ms[device]) == (len(moments), moments[0])
    assert (found.count > 20).all()


def test_an_isolated_device_has_no_traffic_but_before_and_after() -> None:
    isolated = (20 * MINUTE_MS + 3, 50 * MINUTE_MS + 1)
    told = [
        ("file-placed", 5 * MINUTE_MS, range(DEVICES)),
        ("isolated", isolated[0], range(DEVICES)),
        ("released", isolated[1], range(DEVICES)),
    ]
    lived = world(WHOLE, Tally(EVERYBODY, "file-placed", "isolated"), isolated=[isolated])
    during, before = counted(lived, told)
    assert during.begun.all()
    assert during.count.tolist() == [0] * DEVICES
    assert (during.first_ms == NEVER).all()
    assert (before.count > 0).all()


@pytest.mark.parametrize(
    ("owner", "method", "stub"),
    [
        (Block, "_suppress", lambda self, absence: None),
        (Conditions, "_made", lambda self: {}),
    ],
)
def test_isolation_that_does_not_hold_is_found_out(
    owner: type, method: str, stub: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    isolated = (20 * MINUTE_MS, 50 * MINUTE_MS)
    told = [("isolated", isolated[0], range(DEVICES)), ("released", isolated[1], range(DEVICES))]
    monkeypatch.setattr(owner, method, stub)
    (found,) = counted(world(WHOLE, isolated=[isolated]), told)
    assert (found.count > 0).all()
    assert ((found.first_ms >= isolated[0]) & (found.first_ms < isolated[1])).all()


def cases() -> list[list[int]]:
    told = [
        ("isolated", BEGIN_MS, [0, 1, 2]),
        ("released", 30 * MINUTE_MS, [0, 1]),  # device 2 stays in its span
        ("released", 40 * MINUTE_MS + 1, [0]),  # told first, and within the tick in which the span begins
        ("isolated", 40 * MINUTE_MS, [0]),
        ("isolated", 55 * MINUTE_MS, [1]),
        ("released", 20 * MINUTE_MS, [1]),
        ("off-line", 15 * MINUTE_MS, [2]),  # is no end
        ("isolated", 50 * MINUTE_MS, [4]),
        ("isolated", END_MS + 5, [3]),  # never comes
    ]
    (found,) = counted(world(replace(WHOLE, devices=EVERYBODY[:5])), told)
    return [found.devices.tolist(), found.begun.tolist(), found.count.tolist(), found.first_ms.tolist()]


def test_a_span_goes_from_a_fact_to_the_next_other_one() -> None:
    lived = world()
    devices, begun, count, first_ms = cases()
    assert devices == [0, 1, 2, 3, 4]
    assert begun == [True, True, True, False, True]
    spans = {
        0: [(BEGIN_MS, 30 * MINUTE_MS)],
        1: [(BEGIN_MS, 20 * MINUTE_MS), (55 * MINUTE_MS, END_MS)],
        2: [(BEGIN_MS, END_MS)],
        4: [(50 * MINUTE_MS, END_MS)],
    }
    expected = [plainly(lived, device, *span) for device, span in spans.items()]
    assert [count[device] for device in spans] == [len(moments) for moments in expected]
    assert [first_ms[device] for device in spans] == [moments[0] for moments in expected]
    assert (count[3], first_ms[3]) == (0, NEVER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if facts.kind not in (self._tally.begin, self._tally.end):", "if False:"),
        ('np.argsort(at_ms, kind="stable")', "np.arange(len(at_ms))"),
        ("facts.kind == self._tally.begin)", "True)"),
        ("self._at_ms <= moment[self._row]", "self._at_ms <= moment.max()"),
        ("counts = self._open[row] & (did > 0)", "counts = did > 0"),
        ("+= did[counts]", "+= 1"),
        ("self.result.first_ms[row] == NEVER", "self.result.first_ms[row] != 0"),
        ("self.result.begun[row[opens]] = True", "self.result.begun[row] = opens"),
        ("self._pass(self._at_ms < until_ms)", "self._pass(self._at_ms >= 0)"),
        ("devices[row] == device", "devices[row] >= 0"),
    ],
)
def test_a_planted_fault_changes_a_tally(old: str, new: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = cases()
    plant(module, old, new, monkeypatch)
    assert cases() != before


def test_a_device_that_sleeps_through_its_facts_has_them_all_the_same() -> None:
    told = [("isolated", 10 * MINUTE_MS, [0, 1]), ("released", 20 * MINUTE_MS, [0, 1])]
    lived = world(WHOLE, image=fleet.QUIET)
    late = Injection(np.array([1]), fleet.SMB_EVENT, 40 * MINUTE_MS, 3)
    (found,) = counted(replace(lived, injections=(late,)), told)
    assert found.begun.tolist() == [True, True, False, False, False, False]
    assert found.count.tolist() == [0] * DEVICES


def test_what_is_tallied_depends_neither_on_buckets_nor_on_shards() -> None:
    told = [("isolated", 10 * MINUTE_MS, range(DEVICES)), ("released", 33 * MINUTE_MS, [0, 2, 4])]
    (whole,) = counted(world(WHOLE), told)
    (spread,) = counted(world(WHOLE), told, buckets=7)
    parts = [counted(world(WHOLE), told, devices=own)[0] for own in (EVERYBODY[:2], EVERYBODY[2:])]
    for name in ("devices", "begun", "count", "first_ms"):
        expected = getattr(whole, name).tolist()
        assert getattr(spread, name).tolist() == expected
        assert [value for part in parts for value in getattr(part, name).tolist()] == expected


def test_nobody_listens_where_nothing_is_tallied() -> None:
    lived = world()
    context = Simulation(lived, servers(lived)).context
    assert not context.tallier
    assert context.journal._listeners == []


def test_a_listener_hears_of_facts_as_they_are_told() -> None:
    heard: list[Facts] = []
    lived = world()
    journal = Simulation(lived, servers(lived)).journal
    journal.listen(heard.append)
    journal.add("isolated", Rank.ACTION, 5, np.array([2, 3]))
    journal.add("isolated", Rank.ACTION, 5, np.zeros(0, np.int64))
    assert [(facts.kind, facts.at_ms.tolist(), facts.device.tolist()) for facts in heard] == [
        ("isolated", [5, 5], [2, 3])
    ]
