"""The journal: facts of the control plane, each with its moment, its device and what happened.

Facts come in columns: one kind and one detail for many devices, each at its own moment. Their order is time, device,
rank, then the order in which a device's own facts were added, so that it depends neither on buckets nor on shards.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from emulator.clock import Rank
from emulator.ports import I64

RUN: Final = -1
"""The device of a fact that concerns the run itself."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one kind: `at_ms` and `device` (index in the fleet, or RUN) are int64 columns."""

    kind: str
    rank: Rank
    at_ms: I64
    device: I64
    detail: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact; `sequence` orders the facts of one device at one moment."""

    at_ms: int
    device: int
    sequence: int
    kind: str
    detail: str


def detail(**values: Any) -> str:  # values are JSON scalars
    """The text of a fact's detail: a JSON object with its keys sorted."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Journal:
    """Collects facts; `drain` hands them over in order."""

    __slots__ = ("_facts", "_listeners")

    def __init__(self) -> None:
        self._facts: list[Facts] = []
        self._listeners: list[Callable[[Facts], None]] = []

    def listen(self, listener: Callable[[Facts], None]) -> None:
        """Lets `listener` hear of facts as they are added, which may be before their moment."""
        self._listeners.append(listener)

    def add(self, kind: str, rank: Rank, at_ms: I64 | int, device: I64 | int, **values: Any) -> None:
        """Adds a fact for each device, with one detail for all."""
        devices = np.atleast_1d(np.asarray(device, np.int64))
        if len(devices):
            moments = np.broadcast_to(np.asarray(at_ms, np.int64), devices.shape).copy()
            facts = Facts(kind, rank, moments, devices, detail(**values))
            self._facts.append(facts)
            for listener in self._listeners:
                listener(facts)

    def __bool__(self) -> bool:
        return bool(self._facts)

    def drain(self, before_ms: int | None = None) -> list[Fact]:
        """Takes out, in order, the facts of moments before `before_ms` (all, where it is None)."""
        ready: list[Facts] = []
        later: list[Facts] = []
        for facts in self._facts:
            early = np.ones(len(facts.at_ms), np.bool_) if before_ms is None else facts.at_ms < before_ms
            if early.all():
                ready.append(facts)
                continue
            for chosen, into in ((early, ready), (~early, later)):
                if chosen.any():
                    into.append(Facts(facts.kind, facts.rank, facts.at_ms[chosen], facts.device[chosen], facts.detail))
        self._facts = later
        return list(_ordered(ready))


def _ordered(batches: list[Facts]) -> Iterator[Fact]:
    if not batches:
        return
    at_ms = np.concatenate([facts.at_ms for facts in batches])
    device = np.concatenate([facts.device for facts in batches])
    batch = np.repeat(np.arange(len(batches)), [len(facts.at_ms) for facts in batches])
    rank = np.array([facts.rank for facts in batches])[batch]
    order = np.lexsort((batch, rank, device, at_ms))
    sequence, previous = 0, (-1, -2)
    for moment, owner, source in zip(at_ms[order].tolist(), device[order].tolist(), batch[order].tolist(), strict=True):
        sequence = sequence + 1 if (moment, owner) == previous else 0
        previous = (moment, owner)
        yield Fact(moment, owner, sequence, batches[source].kind, batches[source].detail)
