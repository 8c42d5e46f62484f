"""The simulation: blocks of devices in SimPy's time, one shard of a fleet or all of it.

The environment's clock counts integer milliseconds. A bucket of blocks wakes once a tick while it has something to do;
at equal times the ranks of `emulator.clock.Rank` decide.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from simpy.core import Environment
from simpy.events import Event as Occurrence
from simpy.events import EventPriority

from emulator.clock import DAY_MS, HOUR_MS, SLOT_MS, Rank
from emulator.control import Control, Factory
from emulator.errors import BooksError
from emulator.journal import Journal
from emulator.ports import I64, Answers, Outcome, Synchronisations, Target, TelemetryColumns
from emulator.reporting import Reports
from emulator.sites import US_PER_MS
from emulator.telemetry.block import Block
from emulator.telemetry.context import AdministrationColumns, Context
from emulator.telemetry.ledger import BALANCED, FLOWS, STOCKS, Ledger
from emulator.telemetry.rows import BLOCK_ROWS
from emulator.telemetry.session import surely_us
from emulator.world import Condition, Figures, Injection, LocalEdit, News, Spell, World

TERMS: Final = (*FLOWS, *STOCKS)
Added = tuple[I64, int, int, int]
"""(devices, scenario class, moment, count)"""


class AlwaysReachable:
    """An Administration Server that answers at once; for worlds without one."""

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """Always: 20 ms."""
        return 20 * US_PER_MS

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers every request, which is too late for a device that does not wait so long."""
        outcome = np.where(batch.timeout_ms > 20, Outcome.OK, Outcome.TIMED_OUT).astype(np.uint8)
        status = np.zeros(len(batch), np.int16)
        return Answers(outcome, batch.revision, status, np.minimum(20, batch.timeout_ms) * US_PER_MS)


def interval_of(duration_ms: int) -> int:
    """The recording interval for a run of this length: 30 s up to two days, then five minutes, then an hour."""
    if duration_ms <= 2 * DAY_MS:
        return SLOT_MS
    return 300_000 if duration_ms <= 7 * DAY_MS else HOUR_MS


class Simulation:
    """Agent `columns`: runs the devices `devices` (all, where None) of a world against servers.

    `buckets` spreads the devices of a tick over that many wake-ups; results do not depend on it. `recorded` names the
    targets whose servers take single packages, so that the events in them are kept. `components` builds what an
    Endpoint Agent of the control plane is made of, `reports` is the server that Network Agents report to.
    """

    def __init__(
        self,
        world: World,
        servers: Mapping[Target, TelemetryColumns],
        *,
        administration: AdministrationColumns | None = None,
        devices: I64 | None = None,
        buckets: int = 1,
        interval_ms: int | None = None,
        recorded: frozenset[Target] = frozenset(),
        components: Factory | None = None,
        reports: Reports | None = None,
    ) -> None:
        self.world = world
        self.interval_ms = interval_ms or interval_of(world.duration_ms)
        assert self.interval_ms % SLOT_MS == 0
        self.environment = Environment()
        self.devices: I64 = np.arange(len(world)) if devices is None else np.sort(devices)
        self.context = Context(
            world,
            servers,
            administration or AlwaysReachable(),
            devices=self.devices,
            rows=min(BLOCK_ROWS, max(1, len(self.devices))),
            recorded=recorded,
        )
        self.control = Control(self.context, self.schedule, components=components, reports=reports)
        self._ledgers: dict[int, Ledger] = {}
        self._injections: dict[int, list[Added]] = {}
        self._closed = 0
        self.buckets = [Bucket(self, offset_ms, blocks) for offset_ms, blocks in self._layout(buckets) if blocks]
        self.context.now_ms = lambda: self.now_ms
        self.context.open()
        self._woken = False
        self.context.wake = self._wake
        self.context.inject = self.inject
        for injection in world.injections:
            self.inject(injection)
        for bucket in self.buckets:
            bucket.look()
        self.schedule(self.interval_ms - 1, Rank.BOOKS, self._close_interval)

    @property
    def journal(self) -> Journal:
        """The facts so far."""
        return self.context.journal

    @property
    def blocks(self) -> Iterator[Block]:
        """All blocks."""
        return (block for bucket in self.buckets for block in bucket.blocks)

    def _layout(self, buckets: int) -> Iterator[tuple[int, list[Block]]]:
        """The blocks of each bucket, and when in a tick they wake: rows of one image, group and site stand together.

        No device's own moment is before its bucket wakes.
        """
        phase = self.world.phases(self.world.key[self.devices])
        span = int(phase.max(initial=0)) + 1
        for place in range(buckets):
            here = self.devices[phase * buckets // span == place]
            here = here[np.lexsort((here, self.world.site[here], self.context.cell_of[here]))]
            count = -(-len(here) // BLOCK_ROWS)
            blocks = [Block(self.context, np.sort(part)) for part in np.array_split(here, count)] if count else []
            yield place * min(span, self.world.tick_ms) // buckets, blocks

    def schedule(self, at_ms: int, rank: Rank, act: Callable[[], None]) -> None:
        """Has `act` done at a moment of the simulation, in the order of its rank."""
        event = Occurrence(self.environment)
        event._ok, event._value = True, None  # as SimPy's own Timeout is decided when it is made
        event.callbacks.append(lambda _: act())
        self.environment.schedule(event, priority=EventPriority(rank), delay=at_ms - self.environment.now)

    @property
    def now_ms(self) -> int:
        """The moment of the simulation."""
        return int(self.environment.now)

    # --- what happens to the fleet ----------------------------------------------------------------------------------

    def inject(self, injection: Injection) -> None:
        """Adds a scenario's events, at a moment that no step has reached."""
        self.context.injections.append(injection)
        phase = self.world.phases(self.world.key[injection.devices])
        ticks = (injection.at_ms - phase) // self.world.tick_ms + 1
        for tick in np.unique(ticks).tolist():
            chosen = np.sort(injection.devices[ticks == tick])
            entry = chosen, injection.event_class, injection.at_ms, injection.count
            # In the order of classes, then of time: the TTL lets the first start of a process pass.
            insort(self._injections.setdefault(tick, []), entry, key=lambda other: (other[1], other[2]))
        self._look()

    def injected(self, tick: int) -> list[Added]:
        """A scenario's events of a tick."""
        return self._injections.get(tick, [])

    def next_injected(self, tick: int) -> int | None:
        """The first tick from `tick` on into which a scenario's events fall."""
        return min((other for other in self._injections if other >= tick), default=None)

    def tell(self, news: News) -> None:
        """The Administration Server has news, from a moment on that no step has reached."""
        self.context.tell(news)

    def edit(self, edit: LocalEdit) -> None:
        """Somebody edits settings of devices on the spot, at a moment that no step has reached."""
        self.context.edit(edit)

    def begin_spell(self, spell: Spell) -> None:
        """Puts devices into a condition, from a moment on that no step has reached."""
        self.context.begin_spell(spell)

    def publish(self, target: Target, devices: I64, revision: int) -> None:
        """Tells that a server of `target` holds news for `devices`: they take it at a synchronisation."""
        for block in self.blocks:
            if target in block.streams:
                block.streams[target].expect(block.rows_of(devices), revision)
        self._look()

    def server_changed(self) -> None:
        """A server behaves otherwise from a moment on that no step has reached: nobody sleeps through it."""
        self._look()

    def _wake(self) -> None:
        """Looks once for all that was added at this moment."""
        if not self._woken:
            self._woken = True
            self.schedule(self.now_ms, Rank.BOOKS, self._look)

    def _look(self) -> None:
        self._woken = False
        for bucket in self.buckets:
            bucket.look()

    # --- running ----------------------------------------------------------------------------------------------------

    def advance(self, until_ms: int) -> None:
        """Runs everything before `until_ms`."""
        if until_ms > self.environment.now:
            self.environment.run(until=until_ms)

    def run(self) -> Figures:
        """Runs the world to its end and checks the books."""
        self.advance(self.world.duration_ms)
        self.finish()
        return self.figures()

    def finish(self) -> None:
        """Closes the interval in hand where time has stopped, and checks that every device's books balance."""
        if self._closed * self.interval_ms < self.now_ms:
            self._end_interval(-(-self.now_ms // self.world.tick_ms))
        self.context.tallier.finish(self.now_ms)
        self.check_books()

    def _close_interval(self) -> None:
        self._end_interval((self._closed + 1) * self.interval_ms // self.world.tick_ms)
        self.schedule(self.now_ms + self.interval_ms, Rank.BOOKS, self._close_interval)

    def _end_interval(self, tick: int) -> None:
        """Ends the interval in hand before `tick`: what rests is counted, stocks are taken."""
        for bucket in self.buckets:
            bucket.rest_until(tick)
        ledger = self.ledger_of(tick - 1)
        for block in self.blocks:
            block.stock(ledger)
        self._closed += 1

    def ledger_of(self, tick: int) -> Ledger:
        """The ledger of the interval that a tick belongs to."""
        index = tick * self.world.tick_ms // self.interval_ms
        if index not in self._ledgers:
            self._ledgers[index] = self.context.new_ledger()
        return self._ledgers[index]

    def take_ledgers(self) -> list[tuple[int, Ledger]]:
        """Takes out the ledgers of the intervals that are closed: (start in ms, ledger), in order."""
        closed = [index for index in sorted(self._ledgers) if index < self._closed]
        return [(index * self.interval_ms, self._ledgers.pop(index)) for index in closed]

    # --- results ----------------------------------------------------------------------------------------------------

    def figures(self) -> Figures:
        """What became of each device's telemetry; rows in the order of `devices`."""
        return Figures({target: self._terms(target) for target in self.context.targets})

    def gather(self, column: Callable[[Block], NDArray[Any] | None], dtype: type[np.generic]) -> NDArray[Any]:
        """A column of all devices, in the order of `devices`; zero where a block has none."""
        result = np.zeros(len(self.devices), dtype)
        for block in self.blocks:
            values = column(block)
            if values is not None:
                result[np.searchsorted(self.devices, block.device)] = values
        return result

    def conditions_now(self, condition: Condition) -> NDArray[np.bool_]:
        """Which devices are in a condition at the moment of the simulation, each condition as it was begun."""
        return self.gather(lambda block: block.condition_at(condition, self.now_ms - 1), np.bool_)

    def _terms(self, target: Target) -> dict[str, I64]:
        def total(term: str) -> I64:
            return self.gather(lambda block: block.total(target, term), np.int64)

        return {term: total(term) for term in TERMS}

    def _unsettled(self, target: Target) -> I64:
        return self.gather(lambda block: block.streams[target].unsettled(), np.int64)

    def check_books(self) -> None:
        """Raises BooksError where the terms of a device do not add up, or its queue is not what its ordinals say."""
        for target in self.context.targets:
            terms = self._terms(target)
            wrong = terms["generated"] - sum(terms[term] for term in BALANCED)
            wrong = np.where(wrong == 0, self._unsettled(target), wrong)
            places = np.flatnonzero(wrong)
            if len(places):
                device, events = int(self.devices[places[0]]), int(wrong[places[0]])
                raise BooksError(f"{target}: device {device} is out of balance by {events} events")


class Bucket:
    """Blocks that are stepped together, once a tick at `offset_ms`, while they have something to do."""

    def __init__(self, simulation: Simulation, offset_ms: int, blocks: list[Block]) -> None:
        self._simulation = simulation
        self._offset_ms = offset_ms
        self.blocks = blocks
        for block in blocks:
            block.offset_ms = offset_ms
        self._counted = 0
        self._next: int | None = None

    def look(self) -> None:
        """Looks when there is something to do, and is woken then."""
        world = self._simulation.world
        passed = -(-(self._simulation.now_ms - self._offset_ms) // world.tick_ms)
        self.rest_until(max(self._counted, passed))
        tick = self._next_tick()
        if tick < world.ticks and (self._next is None or tick < self._next):
            self._next = tick
            # The last tick belongs to the run even where the run ends before the bucket's part of it.
            at_ms = min(tick * world.tick_ms + self._offset_ms, world.duration_ms - 1)
            self._simulation.schedule(at_ms, Rank.DATA, lambda: self._wake(tick))

    def rest_until(self, tick: int) -> None:
        """Counts the ticks before `tick` that nobody had to step."""
        first, end = self._counted, min(tick, self._simulation.world.ticks)
        if first < end:
            self._simulation.context.ledger = self._simulation.ledger_of(end - 1)
            for block in self.blocks:
                block.rest(first, end)
            self._counted = end

    def _wake(self, tick: int) -> None:
        if tick != self._next:  # an earlier tick was asked for since, and has looked for itself
            return
        self._next = None
        self.rest_until(tick)
        self._simulation.context.ledger = self._simulation.ledger_of(tick)
        injected = self._simulation.injected(tick)
        self._counted = tick + 1  # whoever is woken by what happens in the step looks beyond it
        for block in self.blocks:
            block.step(tick, injected)
        self.look()

    def _next_tick(self) -> int:
        """The first tick from the one in hand on that has something to do."""
        simulation, world = self._simulation, self._simulation.world
        here, end = self._counted, world.ticks
        at_ms = here * world.tick_ms
        watched = simulation.context.watcher.next_ms(at_ms - world.tick_ms)
        if watched is not None:
            end = min(end, max(here, (watched - SLOT_MS) // world.tick_ms))
        if end == here or any(block.lively for block in self.blocks):
            return here
        ticks = [tick for block in self.blocks if (tick := block.next_tick(here)) is not None]
        end = min(end, *ticks) if ticks else end
        injected = simulation.next_injected(here)
        if injected is not None:
            end = min(end, injected)
        return self._first_disturbed(here, end)

    def _first_disturbed(self, here: int, end: int) -> int:
        """The first tick of [here, end) in which a server may not answer as usual, else `end`."""
        if self._undisturbed(here, end):
            return end
        low, high = here, end
        while high - low > 1:
            middle = (low + high) // 2
            if self._undisturbed(here, middle):
                low = middle
            else:
                high = middle
        return low

    def _undisturbed(self, here: int, end: int) -> bool:
        """True where every server surely answers in the ticks [here, end)."""
        context, tick_ms = self._simulation.context, self._simulation.world.tick_ms
        span = here * tick_ms, end * tick_ms + SLOT_MS
        if end <= here:
            return True
        if context.reaches_administration_us(*span) is None:
            return False
        return all(
            surely_us(context.servers[target], route, *span, tick_ms) is not None
            for block in self.blocks
            for target in block.streams
            for _, _, route in block.routes(target)
        )
