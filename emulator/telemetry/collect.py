"""Collecting: what of a tick's events goes on towards one target, and the books of what does not.

In this order, the first that applies: not collected (or lost with a crash), excluded, optimised, repeated. What remains
joins the window of the next transmission.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64
from emulator.exclusions.answers import Answer
from emulator.ports import I64, Target
from emulator.telemetry.books import Books
from emulator.telemetry.history import Happening, History
from emulator.telemetry.rows import Injected, Rows, Run, Tick
from emulator.telemetry.ttl import ProcessImages, Ttl
from emulator.world import World

I32 = NDArray[np.int32]
Fate = tuple[str, I64]
"""(term of the books, rows); the term is empty for rows whose events go on."""


@dataclass(frozen=True, slots=True)
class Sieve:
    """What is withheld of the rows of one image: for each class that a rule touches, 1 where it is, uint8 a row.

    `ttl_slots` int32 is the TTL of each row, 0 where it is off; None where it is off for all.
    """

    image: int
    rows: slice
    excluded: Mapping[int, NDArray[np.uint8]]
    optimised: Mapping[int, NDArray[np.uint8]]
    ttl_slots: NDArray[np.int32] | None


class Collector:
    """The stages of one stream before its queue. `ttl` exists once some device has the TTL on."""

    def __init__(self, target: Target, world: World, processes: ProcessImages, size: int) -> None:
        self._target = target
        self._world = world
        self._processes = processes
        self._size = size
        self.history: History | None = None
        self._kept: NDArray[np.int64] | None = None
        self._sieved: Sequence[Run] = ()
        self._made: tuple[Sieve, ...] = ()
        self.ttl: Ttl | None = None

    def adopt(self, rows: I64, ttl_slots: int) -> None:
        """Starts the memory of process starts of `rows`, or ends it where the TTL is off."""
        if ttl_slots and self._target is Target.CENTRAL_NODE and self.ttl is None:
            self.ttl = Ttl(len(self._processes), self._size)
        if not ttl_slots and self.ttl is not None:
            self.ttl.forget(rows)

    def warm(self, run: Run, key: U64) -> None:
        """Gives the devices of a run the memory of a long life with its TTL."""
        if self.ttl is not None and run.profile.ttl_slots:
            for process, last in self._processes.warm(run.image, key, run.profile.ttl_slots).items():
                self.ttl.last[process, run.rows] = last

    def collect(self, tick: Tick, block: Rows, books: Books) -> I32:
        """What of a tick's events goes on to the target, int32 (types, rows); the rest is booked."""
        counts: I32 = block.types.astype(np.int32)
        self._kept = None if self.history is None else block.classes.astype(np.int64)
        for run in block.runs:
            if not run.profile.routes[self._target].integrated:
                here = counts[:, run.rows]
                books.book_run("not_collected", run, here)
                here[...] = 0
                if self._kept is not None:
                    self._kept[:, run.rows] = 0
        withheld: dict[str, I32] = {}
        for sieve in self._sieves(block):
            self._sift(sieve, tick.slot, block, withheld)
        for term, taken in withheld.items():
            counts -= taken
            books.book_all(term, taken.sum(axis=0, dtype=np.int64), taken, block)
        self._remember(tick, block)
        for events in tick.injected:
            self._inject(events, counts, tick, block, books)
        return counts

    def _sieves(self, block: Rows) -> tuple[Sieve, ...]:
        """What is withheld of each image's rows; worked out anew when the rows have moved or follow other settings."""
        if self._sieved is not block.runs:
            images = groupby((run for run in block.runs), key=lambda run: run.image)
            self._made = tuple(self._sieve(image, list(runs), block) for image, runs in images)
            self._sieved = block.runs
        return self._made

    def _sieve(self, image: int, runs: Sequence[Run], block: Rows) -> Sieve:
        first, size = runs[0].first, runs[-1].end - runs[0].first
        excluded: dict[int, NDArray[np.uint8]] = {}
        optimised: dict[int, NDArray[np.uint8]] = {}
        ttl_slots = np.zeros(size, np.int32)
        for run in runs:
            if not run.profile.routes[self._target].integrated:
                continue
            here = slice(run.first - first, run.end - first)
            for index, answer, thinned in block.thinned(run, self._target):
                if answer is not Answer.NO:
                    excluded.setdefault(index, np.zeros(size, np.uint8))[here] = block.excludes(run, index)
                if thinned:
                    optimised.setdefault(index, np.zeros(size, np.uint8))[here] = 1
            if self._target is Target.CENTRAL_NODE:
                ttl_slots[here] = run.profile.ttl_slots
        return Sieve(image, slice(first, first + size), excluded, optimised, ttl_slots if ttl_slots.any() else None)

    def _sift(self, sieve: Sieve, slot: int, block: Rows, withheld: dict[str, I32]) -> None:
        """Takes out what rules exclude (KEA-EDX-006), optimisation withholds (KEA-EDX-011), and repeated starts."""
        classes, rows = self._world.images[sieve.image].classes, sieve.rows

        def take(term: str, index: int, events: NDArray[np.integer]) -> None:
            if term not in withheld:
                withheld[term] = np.zeros(block.types.shape, np.int32)
            withheld[term][classes[index].type, rows] += events
            if self._kept is not None:
                self._kept[index, rows] -= events

        left: dict[int, NDArray[np.uint8]] = {}
        for index, mask in sieve.excluded.items():
            events = block.classes[index, rows]
            own = events * mask
            take("excluded", index, own)
            left[index] = events - own
        for index, mask in sieve.optimised.items():
            take("optimised", index, left.get(index, block.classes[index, rows]) * mask)
        if self.ttl is not None and sieve.ttl_slots is not None:
            for index, process in self._processes.ambient[sieve.image]:
                starts = left.get(index, block.classes[index, rows])
                take("repeated", index, self.ttl.repeated(process, rows, starts, slot, sieve.ttl_slots))

    def _remember(self, tick: Tick, block: Rows) -> None:
        """Notes which classes the ambient events that go on are of."""
        if self.history is None or self._kept is None:
            return
        for index, row in np.argwhere(self._kept).tolist():
            count = int(self._kept[index, row])
            self.history.happened(int(block.device[row]), Happening(index, count, tick.number))

    def integrated(self, block: Rows) -> NDArray[np.bool_]:
        """Which rows are integrated with the target."""
        column = np.zeros(self._size, np.bool_)
        for run in block.runs:
            column[run.rows] = run.profile.routes[self._target].integrated
        return column

    def _inject(self, events: Injected, counts: I32, tick: Tick, block: Rows, books: Books) -> None:
        """Puts a scenario's events through the same rules, for the few rows that have them."""
        kind = self._world.scenario_classes[events.event_class].type
        firsts = np.array([run.first for run in block.runs])
        owner = np.searchsorted(firsts, events.rows, side="right") - 1
        for place in np.unique(owner).tolist():
            run = block.runs[place]
            for term, rows in self._fates(run, events.rows[owner == place], events, tick, block):
                amount = np.full(len(rows), events.count, np.int64)
                passed = np.zeros_like(amount) if term else amount
                if term == "repeated":
                    assert self.ttl is not None
                    process = self._processes.scenario[events.event_class]
                    amount = self.ttl.repeated(process, rows, amount, tick.slot, run.profile.ttl_slots)
                    passed = events.count - amount
                if term:
                    books.book_rows(term, rows, kind, run, amount)
                counts[kind, rows] += passed.astype(np.int32)
                if self.history is not None:
                    index = len(self._world.images[run.image].classes) + events.event_class
                    for row, count in zip(rows.tolist(), passed.tolist(), strict=True):
                        if count:
                            happening = Happening(index, count, tick.number, events.at_ms)
                            self.history.happened(int(block.device[row]), happening)

    def _fates(self, run: Run, rows: I64, events: Injected, tick: Tick, block: Rows) -> Iterator[Fate]:
        """Splits `rows` of one run by what becomes of their injected events."""
        if not run.profile.routes[self._target].integrated:
            yield "not_collected", rows
            return
        if tick.unlicensed is not None:
            yield "not_collected", rows[tick.unlicensed[rows]]
            rows = rows[~tick.unlicensed[rows]]
        if tick.down is not None:
            crashed = np.zeros(len(rows), np.bool_) if tick.crashed is None else tick.crashed[rows]
            yield "crashed", rows[crashed]
            yield "not_collected", rows[tick.down[rows] & ~crashed]
            rows = rows[~tick.down[rows]]
        index = len(self._world.images[run.image].classes) + events.event_class
        stream = block.withheld(run).stream(self._target)
        if stream.excluded[index] is not Answer.NO:
            excluded = block.excludes(run, index)[rows - run.first]
            yield "excluded", rows[excluded]
            rows = rows[~excluded]
        if stream.optimised[index]:
            yield "optimised", rows
        elif self.ttl is not None and run.profile.ttl_slots and self._processes.scenario[events.event_class] >= 0:
            yield "repeated", rows
        else:
            yield "", rows
