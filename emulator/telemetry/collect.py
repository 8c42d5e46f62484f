"""Collecting: what of a tick's events goes on towards one target, and the books of what does not.

In this order, the first that applies: not collected (or lost with a crash), excluded, optimised, repeated. What remains
joins the window of the next transmission.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64
from emulator.events import PROCESS_START
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


class Collector:
    """The stages of one stream before its queue. `ttl` exists once some device has the TTL on."""

    def __init__(self, target: Target, world: World, processes: ProcessImages, size: int) -> None:
        self._target = target
        self._world = world
        self._processes = processes
        self._size = size
        self.history: History | None = None
        self._kept: NDArray[np.int64] | None = None
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
                continue
            for index, excluded, optimised in block.thinned(run, self._target):
                self._withhold(run, index, excluded, optimised, counts, block, books)
            if self.ttl is not None and run.profile.ttl_slots:
                self._deduplicate(self.ttl, run, tick.slot, counts, block, books)
        self._remember(tick, block)
        for events in tick.injected:
            self._inject(events, counts, tick, block, books)
        return counts

    def _remember(self, tick: Tick, block: Rows) -> None:
        """Notes which classes the ambient events that go on are of."""
        if self.history is None or self._kept is None:
            return
        for index, row in np.argwhere(self._kept).tolist():
            count = int(self._kept[index, row])
            self.history.happened(int(block.device[row]), Happening(index, count, tick.number))

    def _keep(self, index: int, rows: slice, counts: I64) -> None:
        if self._kept is not None:
            self._kept[index, rows] -= counts

    def integrated(self, block: Rows) -> NDArray[np.bool_]:
        """Which rows are integrated with the target."""
        column = np.zeros(self._size, np.bool_)
        for run in block.runs:
            column[run.rows] = run.profile.routes[self._target].integrated
        return column

    def _withhold(
        self, run: Run, index: int, excluded: Answer, optimised: bool, counts: I32, block: Rows, books: Books
    ) -> None:
        """Takes a class out that a rule excludes (KEA-EDX-006) or that optimisation withholds (KEA-EDX-011)."""
        events = block.classes[index, run.rows].astype(np.int64)
        kind = self._world.images[run.image].classes[index].type
        here = counts[kind, run.rows]
        if excluded is not Answer.NO:
            own = events * block.excludes(run, index)
            here -= own.astype(np.int32)
            self._keep(index, run.rows, own)
            books.book_type("excluded", run, kind, own)
            events -= own
        if optimised:
            here -= events.astype(np.int32)
            self._keep(index, run.rows, events)
            books.book_type("optimised", run, kind, events)

    def _deduplicate(self, ttl: Ttl, run: Run, slot: int, counts: I32, block: Rows, books: Books) -> None:
        """Takes out repeated process starts, class by class (KEA-TEL-021)."""
        thinned = {index: excluded for index, excluded, _ in block.thinned(run, self._target)}
        for index, process in self._processes.ambient[run.image]:
            starts = block.classes[index, run.rows]
            if thinned.get(index, Answer.NO) is not Answer.NO:
                starts = starts * ~block.excludes(run, index)
            repeated = ttl.repeated(process, run.rows, starts, slot, run.profile.ttl_slots)
            counts[PROCESS_START, run.rows] -= repeated.astype(np.int32)
            self._keep(index, run.rows, repeated)
            books.book_type("repeated", run, PROCESS_START, repeated)

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
