"""All that one or several simulations tell of a world, as plain values, so that two of them can be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from emulator.journal import Fact
from emulator.ports import I64, Target, TelemetryColumns
from emulator.simulation import Simulation
from emulator.telemetry.context import AdministrationColumns
from emulator.telemetry.ledger import FLOWS, STOCKS, Ledger
from emulator.world import World
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultSchedule
from fakes.kics import KicsForNetworks
from tests.emulator.agreement.scenes import KATA, KICS

FLOW_NAMES = (*FLOWS, "bytes")


@dataclass(frozen=True)
class Told:
    """What came of a world. Places that hold nothing are left out of the sums, so that they compare equal to none."""

    figures: Mapping[tuple[str, str], list[int]]
    sums: Mapping[tuple[int, str, str], list[list[int]]]
    traffic: Mapping[tuple[int, str, str, str], str]
    facts: list[Fact]
    contacts: Mapping[tuple[str, str], Mapping[int, tuple[int, int]]]
    longest: Mapping[str, Mapping[int, tuple[int, int]]]
    stored: Mapping[str, list[list[tuple[int, int]]]]

    def differences(self, other: "Told") -> list[str]:
        """Where the two differ, in words; at most one place of each kind."""
        found = []
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine == theirs:
                continue
            if isinstance(mine, Mapping):
                key = min((key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)), key=repr)
                found.append(f"{field.name} {key}: {mine.get(key)} and {theirs.get(key)}")
            else:
                pairs = (pair for pair in zip(mine, theirs, strict=False) if pair[0] != pair[1])
                found.append(f"{field.name}: {len(mine)} and {len(theirs)}, the first that differ: {next(pairs, None)}")
        return found

    def total(self, target: Target, term: str) -> int:
        return sum(self.figures[target, term])

    def of(self, devices: Sequence[int]) -> "Told":
        """What it tells of some devices only, as if there were no others; sums and traffic are nobody's."""
        place = {device: number for number, device in enumerate(devices)}

        def only(column: Mapping[int, Any]) -> dict[int, Any]:
            return {place[device]: value for device, value in column.items() if device in place}

        return Told(
            figures={key: [column[device] for device in devices] for key, column in self.figures.items()},
            sums={},
            traffic={},
            facts=[
                Fact(fact.at_ms, place[fact.device], fact.sequence, fact.kind, fact.detail)
                for fact in self.facts
                if fact.device in place
            ],
            contacts={key: only(column) for key, column in self.contacts.items()},
            longest={key: only(column) for key, column in self.longest.items()},
            stored={key: [column[device] for device in devices] for key, column in self.stored.items()},
        )


def fakes(world: World, faults: Sequence[Fault]) -> dict[Target, TelemetryColumns]:
    """Servers of both targets."""
    schedule = FaultSchedule()
    for fault in faults:
        schedule.add(fault)
    return {
        Target.CENTRAL_NODE: CentralNode(KATA, keys=world.key, faults=schedule),
        Target.KICS: KicsForNetworks(KICS, keys=world.key, faults=schedule),
    }


def live(
    world: World,
    faults: Sequence[Fault] = (),
    *,
    kind: type[Simulation] = Simulation,
    parts: int = 1,
    buckets: int = 1,
    administration: AdministrationColumns | None = None,
) -> Told:
    """Lets `parts` simulations live a world, each a share of its devices with servers of its own, and adds them up."""
    shares = [np.arange(part, len(world), parts) for part in range(parts)]
    lived = []
    for share in shares:
        servers = fakes(world, faults)
        simulation = kind(world, servers, administration=administration, devices=share, buckets=buckets)
        simulation.run()
        lived.append((simulation, servers))
    simulations = [simulation for simulation, _ in lived]
    return Told(
        figures=_figures(simulations, len(world)),
        **_sums(simulations),
        facts=sorted(
            (fact for simulation in simulations for fact in simulation.journal.drain()),
            key=lambda fact: (fact.at_ms, fact.device, fact.sequence),
        ),
        contacts=_contacts(simulations),
        longest=_longest(simulations),
        stored=_stored([servers for _, servers in lived], shares, len(world)),
    )


def _figures(simulations: Sequence[Simulation], count: int) -> dict[tuple[str, str], list[int]]:
    columns: dict[tuple[str, str], I64] = {}
    for simulation in simulations:
        for target, terms in simulation.figures().terms.items():
            for term, column in terms.items():
                columns.setdefault((target, term), np.zeros(count, np.int64))[simulation.devices] += column
    return {key: column.tolist() for key, column in columns.items()}


def _sums(simulations: Sequence[Simulation]) -> dict[str, Any]:
    total: dict[int, Ledger] = {}
    for simulation in simulations:
        for start_ms, ledger in simulation.take_ledgers():
            total.setdefault(start_ms, simulation.context.new_ledger()).add(ledger)
    sums, traffic = {}, {}
    for start_ms, ledger in total.items():
        for target, flows in ledger.flows.items():
            named = [*zip(FLOW_NAMES, flows, strict=True), *zip(STOCKS, ledger.stocks[target], strict=True)]
            sums.update({(start_ms, target, name): column.tolist() for name, column in named if column.any()})
        for (server, port, kind), of in ledger.traffic.items():
            if of.requests:
                traffic[start_ms, server, port, kind] = repr({**_slots(of), "latency": sorted(of.latency.items())})
    return {"sums": sums, "traffic": traffic}


def _slots(values: Any) -> dict[str, Any]:
    return {field.name: getattr(values, field.name) for field in fields(values)}


def _contacts(simulations: Sequence[Simulation]) -> dict[tuple[str, str], dict[int, tuple[int, int]]]:
    found: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    for simulation in simulations:
        for block in simulation.blocks:
            for target, stream in block.streams.items():
                for server, (first, last) in stream.session.contacts.items():
                    rows = zip(block.device.tolist(), first.tolist(), last.tolist(), strict=True)
                    own = {device: (one, other) for device, one, other in rows if other >= 0}
                    if own:
                        found.setdefault((target, server), {}).update(own)
    return found


def _longest(simulations: Sequence[Simulation]) -> dict[str, dict[int, tuple[int, int]]]:
    found: dict[str, dict[int, tuple[int, int]]] = {}
    for simulation in simulations:
        for block in simulation.blocks:
            for target, stream in block.streams.items():
                if stream.queued_max is not None and stream.queued_max_at is not None:
                    rows = zip(
                        block.device.tolist(), stream.queued_max.tolist(), stream.queued_max_at.tolist(), strict=True
                    )
                    found.setdefault(target, {}).update({row: (most, at) for row, most, at in rows if most})
    return found


def _stored(
    servers: Sequence[Mapping[Target, TelemetryColumns]], shares: Sequence[I64], count: int
) -> dict[str, list[list[tuple[int, int]]]]:
    found: dict[str, list[list[tuple[int, int]]]] = {}
    for own, share in zip(servers, shares, strict=True):
        for server in own.values():
            assert isinstance(server, CentralNode | KicsForNetworks)
            for name in server.names:
                column = found.setdefault(name, [[] for _ in range(count)])
                for device in share.tolist():
                    column[device] = [(int(first), int(upto)) for first, upto in server.stored_at(name, device)]
    return found
