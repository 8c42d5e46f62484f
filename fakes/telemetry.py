"""Telemetry servers: named nodes that keep, for each device, how far they hold its events.

What the Central Node and KICS for Networks have in common. A node stores only what lies above a device's high-water
mark, so that it never holds an event twice, whatever is sent again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from emulator.asking import asked, destination
from emulator.chance import U64
from emulator.ports import I64, Answers, Synchronisations, Transmissions
from fakes.certificates import Certificates
from fakes.faults import FaultSchedule, Requests, Verdict, unreachable

LATENCY_US: Final = 20_000
"""How long a server takes to answer where nothing else is said."""
TIMEOUT_US_MIN: Final = 1_000_000
"""The shortest response time-out: it is set in whole seconds (KEA-CEN-028)."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a server counted of what arrived.

    `events` it stored, `duplicates` it ignored since it held them, `packages` and `requests` it took notice of, also
    where it refused them. A request is one device's packages of one moment, or one synchronisation; it counts twice
    where it was delivered twice.
    """

    events: int = 0
    duplicates: int = 0
    packages: int = 0
    requests: int = 0

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(
            self.events + other.events,
            self.duplicates + other.duplicates,
            self.packages + other.packages,
            self.requests + other.requests,
        )


class _Node:
    """One server: the high-water marks of its devices, and what lies below them without being held."""

    def __init__(self, name: str, devices: int) -> None:
        self.name = name
        self.ledger = Ledger()
        # Zeros cost nothing until a device writes to them, so a node that nobody uses is free.
        self.marks = np.zeros(devices, np.int64)
        self._holes: list[tuple[I64, I64, I64]] = []
        self._holes_sorted = True

    def receive(self, batch: Transmissions, verdict: Verdict) -> None:
        """Stores what is effective, and counts what arrived."""
        rows = np.flatnonzero(verdict.effective)
        fresh = self._store(batch.device[rows], batch.first[rows], batch.upto[rows])
        length = batch.upto - batch.first
        packages = -(-length // batch.package_events)
        deliveries = verdict.arrived.astype(np.int64) + verdict.twice
        self.ledger += Ledger(
            events=fresh,
            duplicates=int((length * deliveries)[rows].sum()) - fresh,
            packages=int((packages * deliveries).sum()),
            requests=int(deliveries[packages > 0].sum()),
        )

    def settle(self, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """Stores every row."""
        fresh = self._store(device, first, upto)
        self.ledger += Ledger(
            events=fresh,
            duplicates=int((upto - first).sum()) - fresh,
            packages=int(packages.sum()),
            requests=int(np.count_nonzero(packages)),
        )

    def _store(self, device: I64, first: I64, upto: I64) -> int:
        """How many of the devices' ordinals [first, upto) were new."""
        held = self.marks[device]
        fresh = np.maximum(upto - np.maximum(first, held), 0)
        stored = fresh > 0
        self.marks[device] = np.where(stored, upto, held)
        gap = stored & (first > held)
        if gap.any():
            self._holes.append((device[gap], held[gap], first[gap]))
            self._holes_sorted = False
        return int(fresh.sum())

    def stored(self, device: int) -> list[tuple[int, int]]:
        """The ordinals held of a device, as disjoint ascending intervals [first, upto)."""
        intervals = []
        start = 0
        for begin, end in self._holes_of(device):
            if begin > start:
                intervals.append((start, begin))
            start = end
        mark = int(self.marks[device])
        return [*intervals, (start, mark)] if mark > start else intervals

    def _holes_of(self, device: int) -> list[tuple[int, int]]:
        """The intervals below a device's mark that never came, ascending."""
        if not self._holes:
            return []
        if not self._holes_sorted:
            devices, begins, ends = (np.concatenate(column) for column in zip(*self._holes, strict=True))
            order = np.argsort(devices, kind="stable")
            self._holes = [(devices[order], begins[order], ends[order])]
            self._holes_sorted = True
        devices, begins, ends = self._holes[0]
        first, upto = np.searchsorted(devices, (device, device + 1))
        return list(zip(begins[first:upto].tolist(), ends[first:upto].tolist(), strict=True))


class TelemetryNodes:
    """A cluster of telemetry servers, `nodes` by address; several addresses may lead to one node.

    Implements `emulator.ports.TelemetryColumns`. `keys` holds the key of each device of the fleet: indices of devices
    in every call index it. A node answers after `latency_us`, unless a fault of `faults` under its name interferes, and
    whoever accepts its certificate of `certificates` and is accepted.
    """

    def __init__(
        self,
        nodes: Mapping[str, str],
        *,
        keys: U64,
        faults: FaultSchedule,
        latency_us: int = LATENCY_US,
        certificates: Certificates | None = None,
    ) -> None:
        self._keys = keys
        self._faults = faults
        self._certificates = certificates or Certificates()
        self._latency_us = latency_us
        self._nodes = {name: _Node(name, len(keys)) for name in nodes.values()}
        self._at = {address: self._nodes[name] for address, name in nodes.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the nodes: those under which faults hold and ledgers are kept."""
        return tuple(self._nodes)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """The latency in µs, where the address leads to a node without a fault in [from_ms, to_ms)."""
        node = self._node(server)
        if node is None or self._latency_us >= TIMEOUT_US_MIN or not self._faults.quiet(node.name, from_ms, to_ms):
            return None
        if not self._certificates.accepted(node.name, asked(server).trust, from_ms, to_ms):
            return None
        return self._latency_us

    def transmit(self, batch: Transmissions) -> Answers:
        """Takes telemetry; a row is stored as a whole or not at all, and acknowledged up to its `upto`.

        An address that leads to no node is unreachable. A device has at most one row.
        """
        node = self._node(batch.server)
        if node is None:
            return unreachable(batch.first)
        verdict = self._judge(node, batch, batch.largest_bytes)
        node.receive(batch, verdict)
        return verdict.answers(batch.first, batch.upto)

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers with the revision that each device should hold."""
        node = self._node(batch.server)
        if node is None:
            return unreachable(batch.revision)
        verdict = self._judge(node, batch, None)
        node.ledger += Ledger(requests=int(verdict.arrived.sum() + verdict.twice.sum()))
        return verdict.answers(batch.revision, self._due(batch))

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """True where a limit on bodies holds at some time in [from_ms, to_ms)."""
        node = self._node(server)
        return node is not None and self._faults.weighs(node.name, from_ms, to_ms)

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> None:
        """`transmit` for a quiet server, of rows with so many packages."""
        self._at[destination(server)].settle(device, first, upto, packages)

    def ledger(self, name: str) -> Ledger:
        """What a node has counted until now."""
        return self._nodes[name].ledger

    def stored(self, device: int) -> Sequence[tuple[int, int]]:
        """The ordinals of a device that any node holds, as disjoint ascending intervals [first, upto)."""
        merged: list[tuple[int, int]] = []
        for first, upto in sorted(self.copies(device)):
            if merged and first <= merged[-1][1]:
                merged[-1] = merged[-1][0], max(upto, merged[-1][1])
            else:
                merged.append((first, upto))
        return merged

    def copies(self, device: int) -> Sequence[tuple[int, int]]:
        """The same of each node by itself: what two of them hold is in two intervals."""
        return [interval for node in self._nodes.values() for interval in node.stored(device)]

    def held(self, device: I64) -> I64:
        """Below which ordinal the best node holds something of each device."""
        marks: I64 = np.max([node.marks[device] for node in self._nodes.values()], axis=0)
        return marks

    def stored_at(self, name: str, device: int) -> Sequence[tuple[int, int]]:
        """The ordinals of a device that one node holds, as disjoint ascending intervals [first, upto)."""
        return self._nodes[name].stored(device)

    def _node(self, server: str) -> _Node | None:
        return self._at.get(destination(server))

    def _judge(self, node: _Node, batch: Transmissions | Synchronisations, largest_bytes: I64 | None) -> Verdict:
        distrust = self._certificates.judge(node.name, asked(batch.server).trust, batch.at_ms)
        requests = Requests(batch.at_ms, batch.timeout_ms, self._keys[batch.device], largest_bytes, distrust)
        return self._faults.judge(node.name, requests, self._latency_us)

    def _due(self, batch: Synchronisations) -> I64:
        """The revision that each device should hold; a server without tasks and settings has no news."""
        return batch.revision
