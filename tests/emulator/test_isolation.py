"""An isolated device does nothing on the network but what is let through, and loses nothing of what it queued."""

from collections import defaultdict
from ipaddress import ip_address, ip_network

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.events import NETWORK_AGENT
from emulator.exclusions.network import NetworkRule
from emulator.ports import I64, Answers, Event, Target, Transmissions
from emulator.simulation import Simulation
from emulator.telemetry.block import Block
from emulator.world import Condition, Spell, World
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind, FaultSchedule
from tests.emulator.agreement import fleet
from tests.emulator.agreement.scenes import KATA
from tests.emulator.worlds import MINUTE_MS, some, world

NETWORKS = ("203.0.113.0/24", "10.0.0.20", "10.0.0.0/8", "192.0.2.1")
DEVICES = 4
END_MS = 100 * MINUTE_MS
QUIET_MS = 90 * MINUTE_MS
"""Servers are reached again, and nobody is isolated, from here on."""
SURELY_MS = 30_000
"""What holds for a device in a tick is what holds at its end."""


class Ear(CentralNode):
    """A Central Node that keeps every event it takes."""

    def __init__(self, lived: World, faults: FaultSchedule) -> None:
        super().__init__(KATA, keys=lived.key, faults=faults)
        self.heard: dict[int, list[Event]] = defaultdict(list)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        raise AssertionError("a server that is never quiet cannot be settled with")

    def transmit(self, batch: Transmissions) -> Answers:
        before = self.held(batch.device)
        answers = super().transmit(batch)
        after = self.held(batch.device)
        for row, device in enumerate(batch.device.tolist()):
            self.heard[device] += (
                batch.expand(row, int(before[row]), int(after[row])) if after[row] > before[row] else []
            )
        return answers


def lived(spells: list[Spell], outages: list[tuple[int, int]]) -> tuple[Simulation, Ear]:
    made = world(image=[fleet.BUSY] * DEVICES, duration_ms=END_MS, spells=spells)
    faults = FaultSchedule()
    for number, (from_ms, until_ms) in enumerate(outages):
        for node in set(KATA.values()):
            faults.add(Fault(f"outage {number} of {node}", node, FaultKind.OUTAGE, from_ms, until_ms))
    ear = Ear(made, faults)
    simulation = Simulation(made, {Target.CENTRAL_NODE: ear}, recorded=frozenset({Target.CENTRAL_NODE}))
    simulation.run()
    return simulation, ear


def spared(event: Event, networks: tuple[str, ...]) -> bool:
    """Whether an event on an isolated device may be, as its receiver sees it."""
    if not event.remote_address or event.process_path.rpartition("\\")[2] in NETWORK_AGENT:
        return True
    return any(ip_address(event.remote_address) in ip_network(network) for network in networks)


@st.composite
def isolations(draw: st.DrawFn) -> list[tuple[Spell, tuple[str, ...]]]:
    found = []
    for number in range(draw(st.integers(1, 4))):
        devices = some(*draw(st.sets(st.integers(0, DEVICES - 1), min_size=1)))
        from_ms = draw(st.integers(0, QUIET_MS - 2))
        until_ms = draw(st.integers(from_ms + 1, QUIET_MS))
        networks = tuple(sorted(draw(st.sets(st.sampled_from(NETWORKS)))))
        rules = tuple(NetworkRule(f"{number}", remote_addresses=(network,)) for network in networks)
        found.append((Spell(Condition.ISOLATED, devices, from_ms, until_ms, rules), networks))
    return found


@st.composite
def outages(draw: st.DrawFn) -> list[tuple[int, int]]:
    moments = sorted(draw(st.sets(st.integers(0, QUIET_MS - 1), max_size=4)))
    return list(zip(moments[::2], moments[1::2], strict=False))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(isolated=isolations(), out=outages())
def test_an_isolated_device_sends_nothing_but_what_is_let_through_and_in_the_end_everything_it_queued(
    isolated: list[tuple[Spell, tuple[str, ...]]], out: list[tuple[int, int]]
) -> None:
    simulation, ear = lived([spell for spell, _ in isolated], out)
    for spell, networks in isolated:
        for device in spell.devices.tolist():
            events = [event for event in ear.heard[device] if spell.from_ms <= event.at_ms < spell.until_ms - SURELY_MS]
            assert all(spared(event, networks) for event in events)
    terms = simulation.figures().terms[Target.CENTRAL_NODE]
    waiting = terms["queued"] + terms["unanswered"]
    sent = np.array([len(ear.heard[device]) for device in range(DEVICES)])
    # What has happened since the last transmission waits; nothing else does.
    assert (waiting < 100).all()
    assert (sent == terms["acknowledged"]).all()


def test_what_is_let_through_and_what_needs_no_network_goes_on() -> None:
    rules = (NetworkRule("web", remote_addresses=("203.0.113.0/24",)),)
    spell = Spell(Condition.ISOLATED, some(*range(DEVICES)), 10 * MINUTE_MS, 80 * MINUTE_MS, rules)
    _, ear = lived([spell], [])
    during = [event for event in ear.heard[0] if 11 * MINUTE_MS < event.at_ms < 79 * MINUTE_MS]
    assert {event.remote_address for event in during} == {"", "203.0.113.80"}
    assert {"process-start", "file-change", "module-load"} <= {event.type for event in during}


def test_events_that_should_be_cut_off_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Block, "_suppress", lambda self, absence: None)
    spell = Spell(Condition.ISOLATED, some(*range(DEVICES)), 10 * MINUTE_MS, 80 * MINUTE_MS)
    _, ear = lived([spell], [])
    during = [event for event in ear.heard[0] if 11 * MINUTE_MS < event.at_ms < 79 * MINUTE_MS]
    assert not all(spared(event, ()) for event in during)
