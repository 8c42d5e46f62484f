"""A block: up to 8,192 devices as columns, and the step that takes them through one tick.

Rows are sorted by image, administration group and profile, so that the step works on runs of rows that are alike.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from emulator import life
from emulator.chance import U64
from emulator.clock import SLOT_MS, Rank
from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Withheld
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Outcome, Port, Synchronisations, Target
from emulator.telemetry.collect import Collector
from emulator.telemetry.context import Context
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.profiles import Route
from emulator.telemetry.rows import Injected, Mask, Run, Tick, cell_sums
from emulator.telemetry.session import SYNCHRONISATION_BYTES, Session, count_synchronisations, visits
from emulator.telemetry.stream import Stream
from emulator.world import Condition

T = TypeVar("T")

ADMINISTRATION_TIMEOUT_MS: Final = 10_000
"""How long Network Agent waits for the Administration Server; a stand-in."""


class Block:
    """The devices `device` (indices in the fleet, ascending) of one shard and bucket."""

    runs: Sequence[Run]
    streams: Mapping[Target, Stream]

    def __init__(self, context: Context, device: I64) -> None:
        self.context = context
        world = context.world
        size = len(device)
        self.device: I64 = device.copy()
        self.key: U64 = world.key[device]
        self.phase: NDArray[np.uint16] = world.phases(self.key).astype(np.uint16)
        self.cell: NDArray[np.int32] = context.cell_of[device]
        self.profile: NDArray[np.int32] = context.first_profile[world.group[device]]
        self.heard: NDArray[np.int16] = np.zeros(size, np.int16)
        self.asks: NDArray[np.int32] = world.residues(
            self.key, "synchronisation/administration", context.administration_ticks
        ).astype(np.int32)
        self.generated: I64 = np.zeros(size, np.int64)
        self.suppressed: I64 | None = None
        self._base = life.base_levels(self.key)
        self._level: U64 = np.zeros(size, np.uint64)
        self._level_hour: int | None = None
        self.residue: NDArray[np.int32] = np.zeros(size, np.int32)
        self.streams = {target: self._stream(target) for target in context.targets}
        self._bits: dict[tuple[int, int, int], NDArray[np.int8]] = {}
        self._sort()
        for run in self.runs:
            self.residue[run.rows] = world.residues(self.key[run.rows], "period", run.profile.period)
            for stream in self.streams.values():
                route = run.profile.routes[stream.target]
                stream.residue[run.rows] = self._residues(stream.target, run.rows, route)
                stream.collector.adopt(np.arange(run.first, run.end), run.profile.ttl_slots)
                if not world.cold:
                    stream.collector.warm(run, self.key[run.rows])

    def __len__(self) -> int:
        return len(self.device)

    def _stream(self, target: Target) -> Stream:
        context, size = self.context, len(self)
        world = context.world
        return Stream(
            target,
            world,
            collector=Collector(target, world, context.processes, size),
            session=Session(
                size,
                port=context.port_of[target],
                servers=context.servers[target],
                journal=context.journal,
                tick_ms=world.tick_ms,
                cold=world.cold,
            ),
            residue=np.zeros(size, np.int32),
            hour_offset=(world.hour_offsets(self.key) * world.slot_ticks).astype(np.int32),
            cells=len(context.cell_image),
            records=target in context.recorded,
        )

    def _residues(self, target: Target, rows: slice, route: Route) -> I64:
        return self.context.world.residues(self.key[rows], f"synchronisation/{target}", route.interval)

    # --- layout -----------------------------------------------------------------------------------------------------

    def _sort(self) -> None:
        """Sorts the rows by cell and profile, and finds the runs."""
        order = np.lexsort((self.device, self.profile, self.cell))
        if (order[1:] < order[:-1]).any():
            position = np.empty_like(order)
            position[order] = np.arange(len(order))
            for name in (
                "device",
                "key",
                "phase",
                "cell",
                "profile",
                "heard",
                "asks",
                "generated",
                "suppressed",
                "residue",
                "_base",
                "_level",
            ):
                column = getattr(self, name)
                if column is not None and len(column):
                    setattr(self, name, column[order])
            self._bits = {key: bits[order] for key, bits in self._bits.items()}
            for stream in self.streams.values():
                stream.permute(order, position)
        changes = np.flatnonzero((self.cell[1:] != self.cell[:-1]) | (self.profile[1:] != self.profile[:-1])) + 1
        bounds = [0, *changes.tolist(), len(self)]
        profiles, images = self.context.profiles, self.context.cell_image
        self.runs = [
            Run(
                first,
                end,
                images[self.cell[first]],
                int(self.cell[first]),
                int(self.profile[first]),
                profiles[int(self.profile[first])],
            )
            for first, end in pairwise(bounds)
        ]
        self.edges: I64 = np.flatnonzero(np.r_[True, self.cell[1:] != self.cell[:-1]])
        self.cells: I64 = self.cell[self.edges].astype(np.int64)
        self._parts = _neighbours((run.first, run.end, run.image) for run in self.runs)
        self._periodic = any(run.profile.period > 1 for run in self.runs)
        self._routes = {
            target: _neighbours(
                (run.first, run.end, run.profile.routes[target])
                for run in self.runs
                if run.profile.routes[target].servers
            )
            for target in self.streams
        }
        self._by_device = np.argsort(self.device)
        self._sorted_devices = self.device[self._by_device]

    def rows_of(self, devices: I64) -> I64:
        """The rows, ascending, of those `devices` that live here."""
        place = np.searchsorted(self._sorted_devices, devices)
        place[place == len(self)] = 0
        here = self._sorted_devices[place] == devices
        return np.sort(self._by_device[place[here]])

    def image_of(self, row: int) -> int:
        """The index of a row's image."""
        return self.context.cell_image[int(self.cell[row])]

    def deliver(self, target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
        """Tells the control plane of devices that took news with a synchronisation: revisions before and after."""
        self.context.deliver(target, devices, at_ms, before, after)

    def routes(self, target: Target) -> Sequence[tuple[int, int, Route]]:
        """(first row, end, route) of neighbouring rows that reach the target's servers alike; only integrated ones."""
        return self._routes[target]

    def withheld(self, run: Run) -> Withheld:
        """What the run's rules say of its image's classes and the scenario's."""
        return self.context.profiles.withheld(run.index, run.image)

    def thinned(self, run: Run, target: Target) -> tuple[tuple[int, Answer, bool], ...]:
        """(class, excluded, optimised) of the classes that the run's rules touch on the stream to `target`."""
        return self.context.profiles.thinned(run.index, run.image, target)

    def excludes(self, run: Run, event_class: int) -> Mask:
        """Which devices of the run exclude a class; each device is asked once per profile."""
        rules = self.withheld(run)
        answer = rules.streams[0][1].excluded[event_class]
        if answer is not Answer.DEPENDS:
            return np.full(run.end - run.first, answer is Answer.YES)
        bits = self._bits.setdefault((run.index, run.image, event_class), np.full(len(self), -1, np.int8))
        for row in (run.first + np.flatnonzero(bits[run.rows] < 0)).tolist():
            bits[row] = rules.excludes(event_class, self.context.world.identity(int(self.device[row])))
        mask: Mask = bits[run.rows] == 1
        return mask

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        columns: list[NDArray[Any]] = [
            self.device,
            self.key,
            self.phase,
            self.cell,
            self.profile,
            self.heard,
            self.asks,
            self.generated,
            self.residue,
            self._base,
            self._level,
            self._by_device,
            self._sorted_devices,
            *self._bits.values(),
        ]
        columns += [] if self.suppressed is None else [self.suppressed]
        return sum(c.nbytes for c in columns) + sum(stream.bytes for stream in self.streams.values())

    # --- the step ---------------------------------------------------------------------------------------------------

    def step(self, number: int, injected: Sequence[tuple[I64, int, int, int]]) -> None:
        """Takes all rows through tick `number`; `injected` holds (devices, class, moment, count) of that tick."""
        context, world = self.context, self.context.world
        slot = -(-number // world.slot_ticks)
        start_ms = number * world.tick_ms
        at = self.phase + np.int64(start_ms)
        masks = self._conditions(at, start_ms)
        if self._hear(number, at, masks):  # the rows stand in another order now
            at = self.phase + np.int64(start_ms)
            masks = self._conditions(at, start_ms)
        due = None
        if self._periodic:
            due = np.ones(len(self), np.bool_)
            for run in self.runs:
                due[run.rows] = self.residue[run.rows] == number % run.profile.period
        down = masks.get(Condition.STOPPED)
        if down is not None:
            due = ~down if due is None else due & ~down
        self._draw(number, slot)
        self._suppress(masks.get(Condition.ISOLATED))
        happening = self._inject(injected, masks.get(Condition.ISOLATED))
        drawn = self.types.sum(axis=0, dtype=np.uint16)
        self.generated += drawn
        sums = cell_sums(self.types, self.edges)
        lost = self._lose(down)
        tick = Tick(
            number,
            slot,
            at,
            start_ms,
            start_ms + SLOT_MS,
            down=down,
            crashed=masks.get(Condition.CRASHED),
            unlinked=masks.get(Condition.OFF_LINE),
            due=due,
            injected=happening,
        )
        for target, stream in self.streams.items():
            stream.books.ledger = context.ledger
            context.ledger.flow(target, "generated")[self.cells] += sums
            if lost is not None:
                self._book_lost(stream, tick, *lost)
            stream.transmit(tick, stream.collector.collect(tick, self, stream.books), self)
        self._watch(tick)

    def _watch(self, tick: Tick) -> None:
        """Judges the watches that hold in this tick."""
        watcher = self.context.watcher
        active = watcher.active(tick.from_ms, tick.until_ms)
        if active:
            waiting = sum((stream.waiting for stream in self.streams.values()), np.zeros(len(self), np.int64))
            for index in active:
                watcher.look(index, self.device, tick.at, waiting)

    def _conditions(self, at: I64, start_ms: int) -> dict[Condition, Mask]:
        """Which rows are in a condition at their moment. STOPPED: the agent is down, whatever the cause; CRASHED: it
        went down in this tick, through a crash."""
        masks: dict[Condition, Mask] = {}
        tick_ms = self.context.world.tick_ms
        for spell in self.context.spells(start_ms - tick_ms, start_ms + SLOT_MS):
            rows = self.rows_of(spell.devices)
            moment = at[rows]
            held = rows[(spell.from_ms <= moment) & (moment < spell.until_ms)]
            condition = spell.condition
            if condition is Condition.CRASHED:
                fell = held[spell.from_ms > at[held] - tick_ms]
                if len(fell):
                    masks.setdefault(Condition.CRASHED, np.zeros(len(self), np.bool_))[fell] = True
                condition = Condition.STOPPED
            if len(held):
                masks.setdefault(condition, np.zeros(len(self), np.bool_))[held] = True
        return masks

    def _draw(self, number: int, slot: int) -> None:
        draw = self.context.draw
        _, hour = self.context.world.hour_of_slot(slot)
        if hour != self._level_hour:
            self._level, self._level_hour = draw.levels(self.key, self._base, hour), hour
        draw.fill(self._parts, self.key, self._level, number)
        self.types, self.classes = draw.types[:, : len(self)], draw.classes[:, : len(self)]

    def _suppress(self, isolated: Mask | None) -> None:
        """Isolated devices have no event that needs the network."""
        if isolated is None:
            return
        for run in self.runs:
            here = isolated[run.rows]
            if not here.any():
                continue
            for index, item in enumerate(self.context.world.images[run.image].classes):
                if item.uses_network:
                    gone = self.classes[index, run.rows] * here
                    self.classes[index, run.rows] -= gone
                    self.types[item.type, run.rows] -= gone
                    self._suppressed(run, item.type, np.arange(run.first, run.end), gone.astype(np.int64))

    def _suppressed(self, run: Run, kind: int, rows: I64, counts: I64) -> None:
        if self.suppressed is None:
            self.suppressed = np.zeros(len(self), np.int64)
        self.suppressed[rows] += counts
        for target in self.streams:
            self.context.ledger.flow(target, "suppressed")[run.cell, kind] += int(counts.sum())

    def _inject(self, injected: Sequence[tuple[I64, int, int, int]], isolated: Mask | None) -> tuple[Injected, ...]:
        """The scenario's events of this tick as rows; they are generated, unless isolation suppresses them."""
        result = []
        firsts = np.array([run.first for run in self.runs])
        for devices, event_class, at_ms, count in injected:
            rows, item = self.rows_of(devices), self.context.world.scenario_classes[event_class]
            gone = np.zeros(len(rows), np.bool_)
            if isolated is not None and item.uses_network:
                gone = isolated[rows]
            owner = np.searchsorted(firsts, rows, side="right") - 1
            for place in np.unique(owner).tolist():
                run = self.runs[place]
                cut, kept = rows[(owner == place) & gone], rows[(owner == place) & ~gone]
                if len(cut):
                    self._suppressed(run, item.type, cut, np.full(len(cut), count, np.int64))
                self.generated[kept] += count
                for target in self.streams:
                    self.context.ledger.flow(target, "generated")[run.cell, item.type] += count * len(kept)
            if not gone.all():
                result.append(Injected(rows[~gone], event_class, at_ms, count))
        return tuple(result)

    def _lose(self, down: Mask | None) -> tuple[I64, I64] | None:
        """Takes the ambient events of rows whose agent is down out of the tick: (rows, counts per type)."""
        if down is None:
            return None
        rows = np.flatnonzero(down)
        counts = self.types[:, rows].T.astype(np.int64)
        self.types[:, rows] = 0
        self.classes[:, rows] = 0
        return rows, counts

    def _book_lost(self, stream: Stream, tick: Tick, rows: I64, counts: I64) -> None:
        """Books what happened on devices whose agent is down, and what a crash takes along."""
        crashed = np.zeros(len(rows), np.bool_)
        if tick.crashed is not None:
            crashed = tick.crashed[rows]
            stream.crash(rows[crashed], self)
        crashed = crashed & stream.collector.integrated(self)[rows]
        stream.books.book("crashed", rows[crashed], counts[crashed], self)
        stream.books.book("not_collected", rows[~crashed], counts[~crashed], self)
        stream.session.closed(rows)

    # --- news of policies -------------------------------------------------------------------------------------------

    def _hear(self, number: int, at: I64, masks: Mapping[Condition, Mask]) -> bool:
        """Network Agent's synchronisation: devices with news of their policy take it, the others are counted.

        True where a device took news, so that rows may have moved.
        """
        context = self.context
        asking = self.asks == number % context.administration_ticks
        for condition in (Condition.OFF_LINE, Condition.STOPPED):
            if condition in masks:
                asking &= ~masks[condition]
        rows = np.flatnonzero(asking)
        if not len(rows):
            return False
        news = self._news(rows, at)
        reached = self._ask(rows, at, news is not None)
        if news is None:
            return False
        rows, news = rows[reached], news[reached]
        changed = news > self.heard[rows]
        if changed.any():
            self._follow(number, rows[changed], news[changed], at)
        return bool(changed.any())

    def _news(self, rows: I64, at: I64) -> I64 | None:
        """How many changes of its group's policies each row could know of; None where all know all."""
        known = None
        for cell in np.unique(self.cell[rows]).tolist():
            times = self.context.change_times(cell)
            if len(times):
                here = self.cell[rows] == cell
                count = np.searchsorted(times, at[rows[here]], side="right")
                if (count > self.heard[rows[here]]).any():
                    known = self.heard[rows].astype(np.int64) if known is None else known
                    known[here] = count
        return known

    def _ask(self, rows: I64, at: I64, needed: bool) -> Mask:
        """Which of `rows` the Administration Server answers; books the requests."""
        context = self.context
        traffic = context.ledger.of(context.administration_name, Port.ADMINISTRATION, "synchronise")
        moment = at[rows]
        latency_us = context.administration.quiet(context.administration_name, int(moment.min()), int(moment.max()) + 1)
        if latency_us is not None and not needed:
            count_synchronisations(traffic, len(rows), latency_us)
            return np.ones(len(rows), np.bool_)
        traffic.requests += len(rows)
        traffic.bytes_wire += SYNCHRONISATION_BYTES * len(rows)
        waits = np.full(len(rows), ADMINISTRATION_TIMEOUT_MS, np.int64)
        answers = context.administration.synchronise(
            Synchronisations(
                context.administration_name, self.device[rows], self.heard[rows].astype(np.int64), moment, waits
            )
        )
        reached: Mask = answers.outcome == Outcome.OK
        traffic.outcomes(answers.outcome)
        traffic.answered(answers.latency_us[reached])
        traffic.bytes_in += SYNCHRONISATION_BYTES * int(np.count_nonzero(reached))
        return reached

    def _follow(self, number: int, rows: I64, news: I64, at: I64) -> None:
        """`rows` take the settings that the Administration Server held at their moment."""
        context = self.context
        self.heard[rows] = news
        cells = self.cell[rows]
        for cell, count in sorted(set(zip(cells.tolist(), news.tolist(), strict=True))):
            here = rows[(cells == cell) & (news == count)]
            change = context.change(cell, count - 1)
            self._adopt(number, here, change.settings)
            context.journal.add(
                "policy-applied", Rank.SYNCHRONISATION, at[here], self.device[here], policy=change.origin
            )
        self._sort()

    def _adopt(self, number: int, rows: I64, settings: AgentSettings) -> None:
        profiles = self.context.profiles
        index = profiles.index(settings)
        new = profiles[index]
        for old_index in np.unique(self.profile[rows]).tolist():
            old, here = profiles[old_index], rows[self.profile[rows] == old_index]
            if old.period != new.period:
                self.residue[here] = number % new.period
            for stream in self.streams.values():
                before, after = old.routes[stream.target], new.routes[stream.target]
                if before.interval != after.interval:
                    stream.residue[here] = self.context.world.residues(
                        self.key[here], f"synchronisation/{stream.target}", after.interval
                    )
                if before.servers != after.servers:
                    stream.session.restart(here)
                stream.collector.adopt(here, new.ttl_slots)
        self.profile[rows] = index

    # --- rest -------------------------------------------------------------------------------------------------------

    @property
    def lively(self) -> bool:
        """True where every tick has something to do: ambient life, a queue, or a window that is not closed."""
        return any(self.context.world.images[image].classes for _, _, image in self._parts) or any(
            not stream.clean
            or (bool(self._routes[target]) and not stream.session.steady)
            or stream.collects
            or stream.expects
            for target, stream in self.streams.items()
        )

    def unheard(self, until_ms: int) -> bool:
        """True where a row has yet to hear of a change made before `until_ms`."""
        for cell in self.cells.tolist():
            times = self.context.change_times(cell)
            made = int(np.searchsorted(times, until_ms, side="left"))
            if made and (self.heard[self.cell == cell] < made).any():
                return True
        return False

    def rest(self, first: int, end: int) -> None:
        """Counts what the rows of a block at rest do in the ticks [first, end): they synchronise, and hear nothing."""
        context = self.context
        latency_us = context.administration.quiet(context.administration_name, 0, 0)
        asked = visits(self.asks, context.administration_ticks, first, end)
        traffic = context.ledger.of(context.administration_name, Port.ADMINISTRATION, "synchronise")
        count_synchronisations(traffic, int(asked.count.sum()), latency_us or 0)
        for target, stream in self.streams.items():
            for begin, stop, route in self._routes[target]:
                rows = slice(begin, stop)
                own = visits(stream.residue[rows], route.interval, first, end)
                stream.session.rested(rows, route, own, self.phase[rows].astype(np.int64), context.ledger)

    def total(self, target: Target, term: str) -> I64:
        """The total of a term of one target for each row."""
        if term == "generated":
            return self.generated
        if term == "suppressed":
            return np.zeros(len(self), np.int64) if self.suppressed is None else self.suppressed
        return self.streams[target].total(term)

    def stock(self, ledger: Ledger) -> None:
        """Writes what is queued and unanswered now, by cell and type, into the ledger of an interval."""
        for target, stream in self.streams.items():
            stream.stock(self, *ledger.stocks[target])


def _neighbours(spans: Iterable[tuple[int, int, T]]) -> list[tuple[int, int, T]]:
    """Joins neighbouring (first, end, value) spans with equal values."""
    result: list[tuple[int, int, T]] = []
    for first, end, value in spans:
        if result and result[-1][1] == first and result[-1][2] == value:
            result[-1] = (result[-1][0], end, value)
        else:
            result.append((first, end, value))
    return result
