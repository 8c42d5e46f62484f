"""One device: the ticks of its life, each in the six steps of `docs/window.md`."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from emulator.chance import below, draw
from emulator.clock import HOUR_SLOTS, SLOT_MS
from emulator.events import EVENT_TYPES, PROCESS_START, EventClass
from emulator.exclusions.compile import Fate, Withheld
from emulator.exclusions.network import NetworkRule, matches_filled
from emulator.identity import fill
from emulator.plain.generation import Event, Happenings
from emulator.plain.observation import Observation, Observer, Stage
from emulator.plain.rules import Starts, Throttle
from emulator.plain.segments import Queue
from emulator.plain.session import Integration, Session
from emulator.policy.effective import EditRefused, Effective, edit_group, effective
from emulator.policy.settings import AgentSettings
from emulator.ports import Event as PortEvent
from emulator.ports import Target, TelemetryColumns
from emulator.sites import Site
from emulator.world import (
    ADMINISTRATION_INTERVAL_MS,
    ADMINISTRATION_TIMEOUT_MS,
    MERGE_SLOTS,
    RETENTION_MS,
    Condition,
    Governed,
    World,
)

Rules = Callable[[AgentSettings, int], Withheld]
"""(settings, index of an image) → the compiled exclusions and optimisation."""
Administration = Callable[[int, int], bool]
"""Whether the Administration Server answers a synchronisation of a moment (ms) within so many milliseconds."""

_ENDS = (Stage.SUPPRESSED, Stage.NOT_COLLECTED, Stage.EXCLUDED, Stage.OPTIMISED, Stage.REPEATED, Stage.CRASHED)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds at one moment of a device."""

    linked: bool
    isolated: tuple[tuple[NetworkRule, ...], ...]
    """What each spell of isolation lets through."""
    down: bool
    crashed: bool
    """Down since a crash within the tick."""
    off: bool
    away: bool
    licensed: bool

    @property
    def asks_administration(self) -> bool:
        """Whether Network Agent synchronises; it runs also where Endpoint Agent does not."""
        return self.linked and not self.off and not self.away


class Stream:
    """What a device keeps for one target."""

    def __init__(self, device: int, site: Site, target: Target, servers: TelemetryColumns, link: Integration) -> None:
        self.target = target
        self.integration = link
        self.session = Session(device, site, servers, self.integration)
        self.collected: list[Event] = []
        self.throttle = Throttle()
        self.starts = Starts()
        self.queue = Queue()
        self.terms: Counter[str] = Counter()


class Device:
    """One device of a world; `tick` is called for its ticks in order, once each."""

    def __init__(
        self,
        world: World,
        device: int,
        *,
        servers: Mapping[Target, TelemetryColumns],
        rules: Rules,
        administration: Administration,
        observe: Observer | None,
    ) -> None:
        self._world = world
        self._device = device
        self._rules = rules
        self._administration = administration
        self._observe = observe
        self.key = int(world.key[device])
        self._image = int(world.image[device])
        self._site = world.sites[int(world.site[device])]
        self._slots = world.identity(device)
        self._happenings = Happenings(world, device)
        self._spells = [spell for spell in world.spells if device in spell.devices]
        self._news = [news for news in world.news if device in news.devices]
        self._edits = sorted((edit for edit in world.edits if device in edit.devices), key=lambda edit: edit.at_ms)
        self._tick = 0
        self._at_ms = 0
        self.phase = world.phase(self.key)
        self._governed = world.governed[int(world.group[device])]
        self._own = world.own
        self._away = False
        self._holds = self._governed, self._own, self._away
        self.follows = self._held()
        self.streams = [
            Stream(device, self._site, target, servers[target], self._link(target))
            for target in Target
            if target in servers
        ]
        self._remember_starts()
        self._fates = self._look_up_fates()
        self._period_residue = world.residue(self.key, "period", self._period_ticks)
        self._administration_ticks = ADMINISTRATION_INTERVAL_MS // world.tick_ms
        self._administration_residue = world.residue(
            self.key, "synchronisation/administration", self._administration_ticks
        )

    def _link(self, target: Target) -> Integration:
        return Integration.of(self.settings, target, self._world.discovered_proxy)

    # --- time of a device ---------------------------------------------------------------------------------------------

    def moment(self, tick: int) -> int:
        """e(k): when a tick ends, ms."""
        return self.phase + tick * self._world.tick_ms

    @property
    def _period_ticks(self) -> int:
        return self.settings.data_submission.events_transmission_period_s * 1_000 // self._world.tick_ms  # KEA-TEL-002

    def _synchronises(self, stream: Stream) -> bool:
        interval = max(1, stream.integration.interval_ms // self._world.tick_ms)  # KEA-CEN-032
        return self._tick % interval == self._world.residue(self.key, f"synchronisation/{stream.target}", interval)

    @property
    def _ttl_slots(self) -> int:
        """The TTL of process starts in slots, 0 where it is not used (KEA-TEL-020, KEA-TEL-029)."""
        kata = self.settings.kata_integration
        return kata.ttl_period_min * 60_000 // SLOT_MS if kata.use_ttl else 0

    @property
    def _hour(self) -> int:
        """h(k): the device's own hour, in which throttling counts."""
        slot_ticks = self._world.slot_ticks
        return (self._tick + self._world.hour_offset(self.key) * slot_ticks) // (HOUR_SLOTS * slot_ticks)

    # --- a tick -------------------------------------------------------------------------------------------------------

    def tick(self, tick: int) -> None:
        """What the device does at its moment e(k)."""
        self._tick, self._at_ms = tick, self.moment(tick)
        now = self._conditions()
        self._away = now.away
        self._take_edits(now)
        if now.asks_administration and tick % self._administration_ticks == self._administration_residue:
            self._hear_news()
        self._follow()
        for event in self._happenings.of_tick(tick):
            for stream in self.streams:
                self._collect(event, stream, now)
        transmits = tick % self._period_ticks == self._period_residue
        for stream in self.streams:
            if now.crashed:
                self._lose(stream)
            if transmits and not now.down:
                self._transmit(stream)
            if stream.integration.enabled and not now.down and not stream.session.busy(self._at_ms):
                self._hold_session(stream, now, transmits=transmits)
            if tick % self._world.slot_ticks == 0:
                self._tidy(stream, tick // self._world.slot_ticks)

    def _conditions(self) -> Conditions:
        at_ms = self._at_ms
        spells = [spell for spell in self._spells if spell.from_ms <= at_ms < spell.until_ms]
        conditions = {spell.condition for spell in spells}
        crashes = [spell for spell in spells if spell.condition is Condition.CRASHED]
        return Conditions(
            linked=Condition.OFF_LINE not in conditions,
            isolated=tuple(spell.lets_through for spell in spells if spell.condition is Condition.ISOLATED),
            down=not conditions.isdisjoint((Condition.STOPPED, Condition.CRASHED, Condition.OFF)),
            crashed=any(spell.from_ms > at_ms - self._world.tick_ms for spell in crashes),
            off=Condition.OFF in conditions,
            away=Condition.AWAY in conditions,
            licensed=Condition.UNLICENSED not in conditions,
        )

    @property
    def settings(self) -> AgentSettings:
        """What the device follows."""
        return self.follows.settings

    def _held(self) -> Effective:
        """What the device holds comes to these settings, where it is."""
        return effective(self._governed.where(away=self._away), self._own)

    def _take_edits(self, now: Conditions) -> None:
        """Local edits whose moment has come are made, where Endpoint Agent runs and no policy locks the group."""
        while self._edits and self._edits[0].at_ms <= self._at_ms:
            edit = self._edits.pop(0)
            edited = edit_group(self._own, self._governed.where(away=self._away), edit.group, edit.content)
            if not now.down and not isinstance(edited, EditRefused):
                self._own = edited

    def _hear_news(self) -> None:
        """What the Administration Server has for the device is taken, in the order of time."""
        if not self._administration(self._at_ms, ADMINISTRATION_TIMEOUT_MS - self._site.latency_ms):
            return
        while self._news and self._news[0].at_ms <= self._at_ms:
            item = self._news.pop(0).item
            if isinstance(item, Governed):
                self._governed = item

    def _follow(self) -> None:
        """From this tick on the device follows what it holds."""
        holds = self._governed, self._own, self._away
        if holds == self._holds:
            return
        self._holds = holds
        old, old_period_ticks, self.follows = self.settings, self._period_ticks, self._held()
        settings = self.settings
        if settings == old:
            return
        if self._period_ticks != old_period_ticks:
            self._period_residue = self._tick % self._period_ticks
        for stream in self.streams:
            stream.integration = self._link(stream.target)
            stream.session.hear(stream.integration)
            if not self._ttl_slots:
                stream.starts.last.clear()
        self._fates = self._look_up_fates()

    def _collect(self, event: Event, stream: Stream, now: Conditions) -> None:
        stage = self._stage_of(event, stream, now)
        if stage is not Stage.SUPPRESSED:
            stream.terms["generated"] += 1
        if stage in _ENDS:
            stream.terms[stage] += 1
        else:
            stream.collected.append(event)
        self._tell(stream, stage, event)

    def _stage_of(self, event: Event, stream: Stream, now: Conditions) -> Stage:
        """What becomes of an event of this tick: the first rule that applies."""
        event_class = self._happenings.classes[event.index]
        # The event never happens: the device is switched off, or isolation cuts its connections.
        if now.off or (event_class.can_be_cut_off and not self._spares(now, event_class)):
            return Stage.SUPPRESSED
        if not stream.integration.enabled or not now.licensed:  # KEA-CEN-006
            return Stage.NOT_COLLECTED
        if now.down:
            return Stage.CRASHED if now.crashed else Stage.NOT_COLLECTED
        fate = self._fates[stream.target][event.index]
        if fate is Fate.EXCLUDED:  # KEA-EDX-006, KEA-EDX-032
            return Stage.EXCLUDED
        if fate is Fate.OPTIMISED:  # KEA-EDX-011 to KEA-EDX-020
            return Stage.OPTIMISED
        if stream.target is Target.CENTRAL_NODE and self._is_repeated(event, event_class, stream):
            return Stage.REPEATED
        return Stage.COLLECTED

    def _spares(self, now: Conditions, event_class: EventClass) -> bool:
        """Whether isolation, where there is any, lets events of a class through."""
        os = self._world.images[self._image].os
        return all(any(matches_filled(rule, event_class, os, self._slots) for rule in rules) for rules in now.isolated)

    def _is_repeated(self, event: Event, event_class: EventClass, stream: Stream) -> bool:
        """KEA-TEL-020 to KEA-TEL-025: the TTL concerns process starts, and the Central Node only."""
        if event.type != PROCESS_START:
            return False
        return stream.starts.repeats(event_class.process.image, event.slot, self._ttl_slots)

    def _lose(self, stream: Stream) -> None:
        """A crash: what was collected since the last transmission is gone."""
        self._end(stream, Stage.CRASHED, stream.collected)
        stream.collected = []

    def _transmit(self, stream: Stream) -> None:
        """What was collected since the last transmission is throttled and queued (KEA-TEL-005)."""
        # Stable, and the events of each tick come in order of class and time already.
        events = sorted(stream.collected, key=lambda event: (event.type, event.index, event.at_ms))
        stream.collected = []
        if stream.target is Target.CENTRAL_NODE:  # KEA-TEL-007
            events, dropped = stream.throttle.split(events, self._hour, self.settings.request_throttling)
            self._end(stream, Stage.THROTTLED, dropped)
        for ordinal, event in enumerate(events, stream.queue.made):
            self._tell(stream, Stage.QUEUED, event, ordinal)
        stream.queue.join(events, self._tick)

    def _hold_session(self, stream: Stream, now: Conditions, *, transmits: bool) -> None:
        at_ms = self._at_ms
        if self._synchronises(stream):
            at_ms = stream.session.synchronise(at_ms, linked=now.linked)
        if not transmits:
            return

        def sent(first: int, upto: int, server: str, sent_ms: int) -> None:
            for ordinal, event in enumerate(stream.queue.between(first, upto), first):
                self._tell(stream, Stage.SENT, event, ordinal, at_ms=sent_ms, server=server)

        first = stream.queue.first
        acknowledged = stream.session.transmit(
            stream.queue,
            self.settings.data_submission.max_events_per_package,
            at_ms,
            linked=now.linked,
            materialise=self._materialise,
            sent=sent,
        )
        self._end(stream, Stage.ACKNOWLEDGED, acknowledged, first)

    def _tidy(self, stream: Stream, slot: int) -> None:
        """At the end of a slot the queue is merged, and what is older than the retention expires."""
        for merge_slots in MERGE_SLOTS:
            if slot % merge_slots == 0:
                stream.queue.merge(self._tick - merge_slots * self._world.slot_ticks)
        first = stream.queue.first
        expired = stream.queue.expire(self._tick - RETENTION_MS // self._world.tick_ms)
        self._end(stream, Stage.EXPIRED, expired, first)

    # --- books --------------------------------------------------------------------------------------------------------

    def _end(self, stream: Stream, stage: Stage, events: Sequence[Event], first: int | None = None) -> None:
        """Counts events under the term of the books that is their end; `first` is the ordinal of the first one."""
        stream.terms[stage] += len(events)
        for number, event in enumerate(events):
            self._tell(stream, stage, event, None if first is None else first + number)

    def _tell(
        self,
        stream: Stream,
        stage: Stage,
        event: Event,
        ordinal: int | None = None,
        *,
        at_ms: int | None = None,
        server: str = "",
    ) -> None:
        if self._observe is not None:
            moment = self._at_ms if at_ms is None else at_ms
            self._observe(Observation(self._device, stream.target, self._tick, moment, stage, event, ordinal, server))

    def books(self, target: Target) -> Counter[str]:
        """The terms of one target as they stand now."""
        stream = next(stream for stream in self.streams if stream.target is target)
        queue = stream.queue
        return stream.terms + Counter(queued=len(stream.collected) + queue.waiting, unanswered=queue.unanswered)

    def _remember_starts(self) -> None:
        """At a steady start a device knows of starts of its image's processes, from before the run."""
        if self._world.cold or not self._ttl_slots:
            return
        for event_class in self._world.images[self._image].classes:
            if event_class.type == PROCESS_START:
                path, sha256 = event_class.process.image
                age = below(draw(self.key, f"ttl/{path}/{sha256}"), 2 * self._ttl_slots)
                if age < self._ttl_slots:
                    for stream in self.streams:
                        stream.starts.last[path, sha256] = -1 - age

    # --- what others are asked ----------------------------------------------------------------------------------------

    def _look_up_fates(self) -> Mapping[Target, Sequence[Fate]]:
        withheld = self._rules(self.settings, self._image)
        return {
            stream.target: [
                withheld.fate(stream.target, index, self._slots) for index in range(len(self._happenings.classes))
            ]
            for stream in self.streams
        }

    def _materialise(self, event: Event, ordinal: int) -> PortEvent:
        event_class = self._happenings.classes[event.index]
        kind = EVENT_TYPES[event.type]
        process, peer = event_class.process, event_class.peer
        return PortEvent(
            ordinal=ordinal,
            at_ms=event.at_ms,
            type=kind.name,
            code=kind.code,
            process_path=fill(process.path, self._slots),
            command_line=fill(process.command_line, self._slots),
            sha256=process.sha256,
            subject=fill(event_class.subject, self._slots),
            remote_address=fill(peer.remote_address, self._slots) if peer else "",
            remote_port=peer.remote_port if peer else 0,
        )
