"""A block: up to 8,192 devices as columns, and the step that takes them through one tick.

Rows are sorted by image, administration group, site and profile, so that the step works on runs of rows that are alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulator import life
from emulator.chance import U64
from emulator.clock import SLOT_MS, Rank
from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Withheld
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Target
from emulator.telemetry.absence import Absence, Rules, could_be_cut_off
from emulator.telemetry.collect import Collector
from emulator.telemetry.conditions import Conditions
from emulator.telemetry.context import Context
from emulator.telemetry.edits import LocalEdits
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.network_agent import NetworkAgents, Taken
from emulator.telemetry.profiles import Route
from emulator.telemetry.rows import Injected, Mask, Run, Tick, cell_sums, neighbours
from emulator.telemetry.session import Session, visits
from emulator.telemetry.stream import Stream
from emulator.world import Condition, Governed, LocalEdit, News, Spell, State


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
        self.site: NDArray[np.int16] = world.site[device].astype(np.int16)
        holdings = context.holdings
        self.governed: NDArray[np.int32] = np.array(holdings.first_governed, np.int32)[world.group[device]]
        self.own: NDArray[np.int32] = np.full(size, holdings.first_own, np.int32)
        self.away: Mask = np.zeros(size, np.bool_)
        first = [holdings.profile(governed, holdings.first_own, away=False) for governed in holdings.first_governed]
        self.profile: NDArray[np.int32] = np.array(first, np.int32)[world.group[device]]
        self.conditions = Conditions(size, self.rows_of)
        self.network_agents = NetworkAgents(context, self, self.key)
        self.offset_ms = 0
        self.past = -1
        self.edits = LocalEdits(context, self)
        self.generated: I64 = np.zeros(size, np.int64)
        self.suppressed: I64 | None = None
        self._base = life.base_levels(self.key)
        self._level: U64 = np.zeros(size, np.uint64)
        self._level_hours: tuple[tuple[int, int], ...] = ()
        self.residue: NDArray[np.int32] = np.zeros(size, np.int32)
        self.streams = {target: self._stream(target) for target in context.targets}
        self._bits: dict[tuple[object, int, int], NDArray[np.int8]] = {}
        self._sort()
        context.enter(self, device)
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
        """Sorts the rows by cell, site and profile, and finds the runs."""
        order = np.lexsort((self.device, self.profile, self.site, self.cell))
        if (order[1:] < order[:-1]).any():
            position = np.empty_like(order)
            position[order] = np.arange(len(order))
            for name in (
                "device",
                "key",
                "phase",
                "cell",
                "site",
                "profile",
                "governed",
                "own",
                "away",
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
            self.conditions.permute(order)
            self.network_agents.permute(order)
            for stream in self.streams.values():
                stream.permute(order, position)
        change = self.cell[1:] != self.cell[:-1]
        for column in (self.site, self.profile):
            change |= column[1:] != column[:-1]
        bounds = [0, *(np.flatnonzero(change) + 1).tolist(), len(self)]
        profiles, images = self.context.profiles, self.context.cell_image
        self.runs = [
            Run(
                first,
                end,
                images[self.cell[first]],
                int(self.cell[first]),
                int(self.site[first]),
                int(self.profile[first]),
                profiles[int(self.profile[first])],
            )
            for first, end in pairwise(bounds)
        ]
        self.edges: I64 = np.flatnonzero(np.r_[True, self.cell[1:] != self.cell[:-1]])
        self.cells: I64 = self.cell[self.edges].astype(np.int64)
        zones = self.context.first_in_zone
        self._parts = neighbours((run.first, run.end, (run.image, zones[run.site])) for run in self.runs)
        self._sites = neighbours((run.first, run.end, run.site) for run in self.runs)
        self._periodic = any(run.profile.period > 1 for run in self.runs)
        self._routes = {
            target: neighbours(
                (run.first, run.end, run.profile.routes[target].at(self.context.world.sites[run.site]))
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
        if self.context.plane is not None:
            self.context.plane.delivered(target, devices, at_ms, before, after)

    def tell_server(self, target: Target, devices: I64, at_ms: I64) -> None:
        """Has the control plane tell a server what devices have to tell it with a synchronisation."""
        if self.context.plane is not None:
            self.context.plane.reached(target, devices, at_ms)

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
        return self._asked((run.index, run.image, event_class), run, partial(rules.excludes, event_class))

    def passes(self, rules: Rules, run: Run, event_class: int) -> Mask:
        """Which devices of the run let a class through that some of them do; each is asked once."""
        ask = partial(self.context.profiles.passage(rules, run.image).lets_through, event_class)
        return self._asked((rules, run.image, event_class), run, ask)

    def _asked(self, key: tuple[object, int, int], run: Run, ask: Callable[[Mapping[str, str]], bool]) -> Mask:
        bits = self._bits.setdefault(key, np.full(len(self), -1, np.int8))
        for row in (run.first + np.flatnonzero(bits[run.rows] < 0)).tolist():
            bits[row] = ask(self.context.world.identity(int(self.device[row])))
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
            self.site,
            self.profile,
            self.governed,
            self.own,
            self.away,
            self.generated,
            self.residue,
            self._base,
            self._level,
            self._by_device,
            self._sorted_devices,
            *self._bits.values(),
        ]
        columns += [] if self.suppressed is None else [self.suppressed]
        return (
            sum(c.nbytes for c in columns)
            + self.conditions.bytes
            + self.network_agents.bytes
            + sum(stream.bytes for stream in self.streams.values())
        )

    # --- what is brought to devices ----------------------------------------------------------------------------------

    def begin_spell(self, spell: Spell) -> None:
        """Takes in a spell of devices of this block."""
        self.conditions.begin(spell)

    def end_spell(self, state: State, devices: I64, at_ms: int) -> None:
        """Ends a spell of devices of this block that has no end of its own."""
        self.conditions.end(state, devices, at_ms)

    @property
    def reporting(self) -> set[int]:
        """Devices of this block that have something to report."""
        return self.network_agents.reporting

    def tell(self, number: int, news: News) -> None:
        """Takes in news for devices of this block; numbers ascend."""
        self.network_agents.inbox.put(number, news)

    def has_to_tell(self, target: Target, device: int) -> None:
        """A device has something to tell a server of the target."""
        self.streams[target].tell(self._row_of(device))

    def delivered_all(self, target: Target, device: int) -> bool:
        """Whether a server of the target has acknowledged all that a device has queued for it."""
        stream, row = self.streams.get(target), self._row_of(device)
        return stream is not None and int(stream.made[row]) == int(stream.acknowledged[row])

    def server_of(self, target: Target, device: int) -> tuple[str, Route] | None:
        """The server of the target that a device is connected to, and how it reaches it; None where it is to none."""
        row = self._row_of(device)
        index = int(self.streams[target].session.server[row])
        route = self.context.profiles[int(self.profile[row])].routes[target]
        if not 0 <= index < len(route.servers):
            return None
        return route.servers[index], route.at(self.context.world.sites[int(self.site[row])])

    def edit(self, edit: LocalEdit) -> None:
        """Takes in a local edit on devices of this block."""
        self.edits.put(edit)

    def settings_of(self, device: int) -> AgentSettings:
        """What a device of this block follows."""
        return self.context.profiles[int(self.profile[self._row_of(device)])].settings

    def conditions_of(self, device: int, at_ms: int | None) -> frozenset[Condition]:
        """The conditions that a device of this block is in at a moment near the one that it was taken to; None for
        that one."""
        row = np.array([self._row_of(device)])
        past = self.phase[row] + np.int64(self.past * self.context.world.tick_ms)
        return frozenset(self.conditions.at(row, int(past[0]) if at_ms is None else at_ms, past))

    def condition_at(self, condition: Condition, at_ms: int) -> Mask | None:
        """The rows in a condition at a moment near the ones that they were taken to; None where none is."""
        past = self.phase + np.int64(self.past * self.context.world.tick_ms)
        return self.conditions.at(np.arange(len(self)), at_ms, past).get(condition)

    def _row_of(self, device: int) -> int:
        return int(self._by_device[np.searchsorted(self._sorted_devices, device)])

    # --- the step ---------------------------------------------------------------------------------------------------

    def step(self, number: int, injected: Sequence[tuple[I64, int, int, int]]) -> None:
        """Takes all rows through tick `number`; `injected` holds (devices, class, moment, count) of that tick."""
        context, world = self.context, self.context.world
        slot = -(-number // world.slot_ticks)
        start_ms = number * world.tick_ms
        at = self.phase + np.int64(start_ms)
        before = None if self.past < 0 else self.phase + np.int64(self.past * world.tick_ms)
        self.past = number
        touched = self.device[self.conditions.advance(start_ms, at, before, world.tick_ms)]
        if self._follow(number, at, before):  # the rows stand in another order now
            at = self.phase + np.int64(start_ms)
        self._tell_conditions(touched, at)
        masks = self.conditions.masks
        if context.idle:
            self._watch(start_ms, at)
            return
        due = None
        if self._periodic:
            due = np.ones(len(self), np.bool_)
            for run in self.runs:
                due[run.rows] = self.residue[run.rows] == number % run.profile.period
        down = masks.get(Condition.STOPPED)
        unlicensed = masks.get(Condition.UNLICENSED)
        if down is not None:
            due = ~down if due is None else due & ~down
        self._draw(number, slot)
        absence = Absence(self, context.profiles, self.conditions.isolated, masks.get(Condition.OFF))
        self._suppress(absence)
        happening = self._inject(injected, absence)
        traffic = could_be_cut_off(self, context.world, happening) if context.tallier else None
        drawn = self.types.sum(axis=0, dtype=np.uint16)
        self.generated += drawn
        sums = cell_sums(self.types, self.edges)
        lost = self._lose(down, unlicensed)
        tick = Tick(
            number,
            slot,
            at,
            start_ms,
            start_ms + SLOT_MS,
            down=down,
            crashed=masks.get(Condition.CRASHED),
            unlinked=masks.get(Condition.OFF_LINE),
            unlicensed=unlicensed,
            due=due,
            injected=happening,
        )
        for target, stream in self.streams.items():
            stream.books.ledger = context.ledger
            context.ledger.flow(target, "generated")[self.cells] += sums
            if lost is not None:
                self._book_lost(stream, tick, *lost)
            stream.transmit(tick, stream.collector.collect(tick, self, stream.books), self)
        self._watch(start_ms, tick.at)
        if traffic is not None:
            context.tallier.look(self.device, tick.at, traffic)

    def _watch(self, start_ms: int, at: I64) -> None:
        """Judges the watches that hold in this tick."""
        watcher = self.context.watcher
        active = watcher.active(start_ms, start_ms + SLOT_MS)
        if active:
            waiting = sum((stream.waiting for stream in self.streams.values()), np.zeros(len(self), np.int64))
            for index in active:
                watcher.look(index, self.device, at, waiting)

    def _draw(self, number: int, slot: int) -> None:
        draw = self.context.draw
        hours = draw.hours(slot)
        if hours != self._level_hours:
            self._level_hours = hours
            for first, end, site in self._sites:
                rows = slice(first, end)
                self._level[rows] = draw.levels(self.key[rows], self._base[rows], hours[site][1], site)
        draw.fill(self._parts, self.key, self._level, number)
        self.types, self.classes = draw.types[:, : len(self)], draw.classes[:, : len(self)]

    def _suppress(self, absence: Absence) -> None:
        """Isolated devices have no event that isolation cuts off, and those that are switched off have none at all."""
        if not absence:
            return
        for run in self.runs:
            for index, item in enumerate(self.context.world.images[run.image].classes):
                missing = absence.of(run, index)
                if missing is not None:
                    gone = self.classes[index, run.rows] * missing
                    self.classes[index, run.rows] -= gone
                    self.types[item.type, run.rows] -= gone
                    self._suppressed(run, item.type, np.arange(run.first, run.end), gone.astype(np.int64))

    def _suppressed(self, run: Run, kind: int, rows: I64, counts: I64) -> None:
        if self.suppressed is None:
            self.suppressed = np.zeros(len(self), np.int64)
        self.suppressed[rows] += counts
        for target in self.streams:
            self.context.ledger.flow(target, "suppressed")[run.cell, kind] += int(counts.sum())

    def _inject(self, injected: Sequence[tuple[I64, int, int, int]], absence: Absence) -> tuple[Injected, ...]:
        """The scenario's events of this tick as rows; they are generated, unless they are suppressed."""
        result = []
        firsts = np.array([run.first for run in self.runs])
        for devices, event_class, at_ms, count in injected:
            rows, item = self.rows_of(devices), self.context.world.scenario_classes[event_class]
            gone = np.zeros(len(rows), np.bool_)
            owner = np.searchsorted(firsts, rows, side="right") - 1
            for place in np.unique(owner).tolist():
                run, here = self.runs[place], owner == place
                missing = absence.of(run, len(self.context.world.images[run.image].classes) + event_class)
                if missing is not None:
                    gone[here] = missing[rows[here] - run.first]
                cut, kept = rows[here & gone], rows[here & ~gone]
                if len(cut):
                    self._suppressed(run, item.type, cut, np.full(len(cut), count, np.int64))
                self.generated[kept] += count
                for target in self.streams:
                    self.context.ledger.flow(target, "generated")[run.cell, item.type] += count * len(kept)
            if not gone.all():
                result.append(Injected(rows[~gone], event_class, at_ms, count))
        return tuple(result)

    def _lose(self, down: Mask | None, unlicensed: Mask | None) -> tuple[I64, I64] | None:
        """Takes the ambient events of rows that collect nothing out of the tick: (rows, counts per type)."""
        idle = down if unlicensed is None else unlicensed if down is None else down | unlicensed
        if idle is None:
            return None
        rows = np.flatnonzero(idle)
        counts = self.types[:, rows].T.astype(np.int64)
        self.types[:, rows] = 0
        self.classes[:, rows] = 0
        return rows, counts

    def _book_lost(self, stream: Stream, tick: Tick, rows: I64, counts: I64) -> None:
        """Books what happened on devices that collect nothing, and what a crash takes along."""
        crashed = np.zeros(len(rows), np.bool_)
        if tick.crashed is not None:
            crashed = tick.crashed[rows]
            stream.crash(rows[crashed], self)
        crashed = crashed & stream.collector.integrated(self)[rows]
        if tick.unlicensed is not None:
            crashed &= ~tick.unlicensed[rows]
        stream.books.book("crashed", rows[crashed], counts[crashed], self)
        stream.books.book("not_collected", rows[~crashed], counts[~crashed], self)
        if tick.down is not None:
            stream.session.closed(np.flatnonzero(tick.down))

    # --- what devices follow ----------------------------------------------------------------------------------------

    def _follow(self, number: int, at: I64, before: I64 | None) -> bool:
        """Devices come to follow other settings: they left or came back, were edited, or heard news.

        True where rows moved.
        """
        away = self.conditions.masks.get(Condition.AWAY, np.zeros(len(self), np.bool_))
        moved = self.away != away
        changed = moved.copy()
        self.away = away.copy()
        self.edits.make(at, before, self.conditions.masks.get(Condition.STOPPED), changed)
        taken = self.network_agents.synchronise(number, at)
        others = [(item, self.device[rows], at[rows]) for item, rows in taken.items if not isinstance(item, Governed)]
        self._govern(taken, at, moved, changed)
        passed = self._adopt(number, np.flatnonzero(changed), at) if changed.any() else []
        if passed:
            self._sort()
        plane = self.context.plane
        if plane is not None:
            for devices, moments, old in passed:
                watched = self._watched(devices)
                if watched.any():
                    plane.settings_changed(devices[watched], moments[watched], old)
            if len(taken.reporting[0]):
                plane.reached_administration(*taken.reporting)
            for item, devices, moments in others:
                plane.delivered_by_administration(devices, moments, item)
        return bool(passed)

    def _watched(self, devices: I64) -> Mask:
        """Of which devices the control plane wants to hear."""
        watched = self.context.watched
        return np.isin(devices, np.fromiter(watched, np.int64)) if watched else np.zeros(len(devices), np.bool_)

    def _tell_conditions(self, touched: I64, at: I64) -> None:
        """Tells the control plane of devices that entered or left a condition."""
        plane, devices = self.context.plane, np.sort(touched[self._watched(touched)])
        if plane is not None and len(devices):
            rows = self._by_device[np.searchsorted(self._sorted_devices, devices)]
            plane.conditions_changed(devices, at[rows])

    def alike(self, rows: I64) -> Iterable[tuple[int, int, bool, I64]]:
        """(governed, own, away, rows) of the rows that hold the same."""
        held = np.stack([self.governed[rows], self.own[rows], self.away[rows].astype(np.int32)])
        each, owner = np.unique(held, axis=1, return_inverse=True)
        owner = owner.reshape(-1)
        for place, (governed, own, away) in enumerate(each.T.tolist()):
            yield governed, own, bool(away), rows[owner == place]

    def _govern(self, taken: Taken, at: I64, moved: Mask, changed: Mask) -> None:
        """Rows are governed as the last news say that they took, those that `moved` by what governs them there."""
        governed = np.zeros(len(self), np.bool_)
        for item, rows in taken.items:
            if isinstance(item, Governed):
                self.governed[rows] = self.context.holdings.governed.number(item)
                governed[rows] = True
        changed |= governed
        for number, _, away, rows in self.alike(np.flatnonzero(governed | moved)):
            governing = self.context.holdings.governing(number, away=away)
            if governing == self.context.holdings.governing(number, away=not away):
                rows = rows[governed[rows]]
            name = "" if governing is None else governing.policy
            self.context.journal.add("policy-applied", Rank.SYNCHRONISATION, at[rows], self.device[rows], policy=name)

    def _adopt(self, number: int, rows: I64, at: I64) -> list[tuple[I64, I64, AgentSettings]]:
        """`rows` follow what they hold now: (devices, moments, settings before) of those that follow something else."""
        passed = []
        for governed, own, away, alike in self.alike(rows):
            index = self.context.holdings.profile(governed, own, away=away)
            new = self.context.profiles[index]
            for old_index in np.unique(self.profile[alike]).tolist():
                old, here = self.context.profiles[old_index], alike[self.profile[alike] == old_index]
                if old is new:
                    continue
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
                self.profile[here] = index
                passed.append((self.device[here], at[here], old.settings))
        return passed

    # --- rest -------------------------------------------------------------------------------------------------------

    @property
    def lively(self) -> bool:
        """True where every tick has something to do: ambient life, a queue, or a window that is not closed."""
        if self.context.idle:
            return False
        return any(self.context.world.images[image].classes for _, _, (image, _) in self._parts) or any(
            not stream.clean
            or (bool(self._routes[target]) and not stream.session.steady)
            or stream.collects
            or stream.expects
            for target, stream in self.streams.items()
        )

    def next_tick(self, here: int) -> int | None:
        """The first tick from `here` on at which something is brought to a row, None where nothing will be."""
        world = self.context.world
        if self.conditions.holding and not self.context.idle:
            return here
        after_ms = (here - 1) * world.tick_ms  # all rows are past it
        moments = (self.conditions.next_edge_ms(after_ms), self.edits.next_ms(after_ms))
        ticks = [max(here, (moment - SLOT_MS) // world.tick_ms) for moment in moments if moment is not None]
        ticks += self.network_agents.next_ticks(here)
        return min(ticks, default=None)

    def rest(self, first: int, end: int) -> None:
        """Counts what the rows of a block at rest do in the ticks [first, end): they synchronise, and hear nothing."""
        self.past = end - 1
        self.network_agents.rest(self._sites, first, end)
        for target, stream in self.streams.items():
            for begin, stop, route in self._routes[target]:
                rows = slice(begin, stop)
                own = visits(stream.residue[rows], route.interval, first, end)
                stream.session.rested(rows, route, own, self.phase[rows].astype(np.int64), self.context.ledger)

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
