"""What the blocks of one shard share: the world, its servers, profiles, scratch memory, the ledger, the journal."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.journal import Journal
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, PORT_OF_TARGET, Answers, Port, Synchronisations, Target, TelemetryColumns
from emulator.sites import US_PER_MS
from emulator.telemetry.draw import Draw
from emulator.telemetry.holdings import Holdings
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.profiles import Profiles, Route
from emulator.telemetry.tally import Tallier
from emulator.telemetry.ttl import ProcessImages
from emulator.telemetry.watch import Watcher
from emulator.world import (
    ADMINISTRATION_INTERVAL_MS,
    ADMINISTRATION_TIMEOUT_MS,
    FOREVER_MS,
    Condition,
    Injection,
    LocalEdit,
    News,
    Spell,
    State,
    World,
)

ADMINISTRATION_NAME: Final = "administration"


class AdministrationColumns(Protocol):
    """The administration port as Network Agents ask it: one call for many devices."""

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """Latency in µs with which `server` surely answers every request in [from_ms, to_ms), or None."""

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers with the revision of its policies that each device should hold."""


class Plane(Protocol):
    """The control plane as blocks tell it of devices: fleet indices, each at its own moment."""

    def delivered(self, target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
        """Devices took news of a target's server with a synchronisation: revisions before and after."""

    def reached(self, target: Target, devices: I64, at_ms: I64) -> None:
        """Devices that have something to tell a target's server synchronised with one."""

    def delivered_by_administration(self, devices: I64, at_ms: I64, item: object) -> None:
        """Network Agent of devices took an item of the Administration Server."""

    def reached_administration(self, devices: I64, at_ms: I64) -> None:
        """Network Agent of devices that have something to report synchronised with the Administration Server."""

    def settings_changed(self, devices: I64, at_ms: I64, before: AgentSettings) -> None:
        """Devices that are watched follow other settings."""

    def conditions_changed(self, devices: I64, at_ms: I64) -> None:
        """Devices that are watched entered or left a condition."""


class Rows(Protocol):
    """A block as others of its shard reach it."""

    offset_ms: int
    past: int

    @property
    def reporting(self) -> set[int]:
        """Its devices that have something to report."""

    def begin_spell(self, spell: Spell) -> None:
        """Takes in a spell of its devices."""

    def end_spell(self, state: State, devices: I64, at_ms: int) -> None:
        """Ends a spell of its devices that has no end of its own."""

    def tell(self, number: int, news: News) -> None:
        """Takes in news for its devices."""

    def has_to_tell(self, target: Target, device: int) -> None:
        """A device has something to tell a server of the target."""

    def delivered_all(self, target: Target, device: int) -> bool:
        """Whether a server of the target has acknowledged all that a device has queued for it."""

    def server_of(self, target: Target, device: int) -> tuple[str, Route] | None:
        """The server of the target that a device is connected to, and how it reaches it; None where it is to none."""

    def edit(self, edit: LocalEdit) -> None:
        """Takes in a local edit on its devices."""

    def settings_of(self, device: int) -> AgentSettings:
        """What a device follows."""

    def conditions_of(self, device: int, at_ms: int | None) -> frozenset[Condition]:
        """The conditions that a device is in at a moment near the one that it was taken to; None for that one."""


class Context:
    """Shared by the blocks of one shard; `ledger` is that of the interval of the tick in hand."""

    def __init__(
        self,
        world: World,
        servers: Mapping[Target, TelemetryColumns],
        administration: AdministrationColumns,
        *,
        devices: I64,
        rows: int,
        recorded: frozenset[Target],
    ) -> None:
        self.world = world
        self.administration = administration
        self.administration_name = ADMINISTRATION_NAME
        self.administration_ticks = max(1, ADMINISTRATION_INTERVAL_MS // world.tick_ms)
        self.journal = Journal()
        self.profiles = Profiles(world)
        self.holdings = Holdings(world, self.profiles)
        self.processes = ProcessImages(world)
        self.draw = Draw(world, rows)
        self.recorded = recorded
        self.targets = _integrated(world)
        self.servers = {target: servers[target] for target in self.targets}
        self.port_of: Mapping[Target, Port] = PORT_OF_TARGET
        # Cells in the order of images, so that rows of one image stand together.
        pairs, owner = np.unique(world.image * len(world.groups) + world.group, return_inverse=True)
        self.cell_of: NDArray[np.int32] = owner.astype(np.int32)
        self.cell_image: list[int] = (pairs // len(world.groups)).tolist()
        self.cell_group: list[int] = (pairs % len(world.groups)).tolist()
        self.latency_ms: I64 = np.array([site.latency_ms for site in world.sites], np.int64)
        self._administration_wait_us = (ADMINISTRATION_TIMEOUT_MS - int(self.latency_ms.max())) * US_PER_MS
        zones = [site.zone for site in world.sites]
        self.first_in_zone = [zones.index(zone) for zone in zones]
        self.watcher = Watcher(world.watches, devices)
        self.tallier = Tallier(world.tallies, devices, self.journal)
        self.ledger = self.new_ledger()
        self.plane: Plane | None = None
        self.watched: set[int] = set()
        """Devices of which the plane wants to hear when their settings or conditions change."""
        self.wake: Callable[[], None] = _nothing
        """Is called when something was added that sleepers have to look at."""
        self.inject: Callable[[Injection], None] = _no_events
        """Adds events to what happens on devices, at a moment that no step has reached."""
        self.now_ms: Callable[[], int] = _never
        self.spells: list[Spell] = []
        """The spells that devices of this shard were put into so far, those to come among them."""
        self.injections: list[Injection] = []
        """What a scenario made happen on devices of this shard so far."""
        self._open: dict[tuple[int, State], list[int]] = {}
        self.edits: list[LocalEdit] = []
        """The same of local edits."""
        self._blocks: list[Rows] = []
        self._devices = devices
        self._owner: NDArray[np.int32] = np.zeros(len(devices), np.int32)
        self._news = 0
        self._told_ms = 0

    def reaches_administration_us(self, from_ms: int, until_ms: int) -> int | None:
        """The latency (µs) with which the Administration Server surely answers in [from_ms, until_ms), without what
        sites add; None where something may go wrong for a device of some site."""
        latency_us = self.administration.quiet(self.administration_name, from_ms, until_ms)
        if latency_us is None or latency_us >= self._administration_wait_us:
            return None
        return latency_us

    def new_ledger(self) -> Ledger:
        """An empty ledger of this world's cells."""
        return Ledger(self.targets, len(self.cell_image))

    # --- blocks -----------------------------------------------------------------------------------------------------

    def enter(self, block: Rows, devices: I64) -> None:
        """Makes a block known as that of its devices."""
        self._owner[np.searchsorted(self._devices, devices)] = len(self._blocks)
        self._blocks.append(block)

    def block_of(self, device: int) -> Rows:
        """The block of a device of this shard."""
        return self._blocks[int(self._owner[np.searchsorted(self._devices, device)])]

    def own(self, devices: I64) -> I64:
        """Those of `devices` that are of this shard."""
        return devices[np.isin(devices, self._devices)]

    def _shares(self, devices: I64) -> Iterator[tuple[Rows, I64]]:
        """Each block that has some of `devices`, with these; those of other shards are left out."""
        devices = self.own(devices)
        owner = self._owner[np.searchsorted(self._devices, devices)]
        for number in np.unique(owner).tolist():
            yield self._blocks[number], devices[owner == number]

    # --- what happens to devices, from moments on that no step has reached -------------------------------------------

    def open(self) -> None:
        """Hands the blocks what the world brings them."""
        for spell in self.world.spells:
            self.begin_spell(spell)
        for news in self.world.news:
            self.tell(news)
        for edit in self.world.edits:
            self.edit(edit)

    def unreached(self, device: int, at_ms: int) -> int:
        """`at_ms`, or the first moment after the last one of the device that was computed, where that is later."""
        block, tick_ms = self.block_of(device), self.world.tick_ms
        passed = -(-(self.now_ms() - block.offset_ms) // tick_ms)
        past = max(block.past, passed - 1)
        return at_ms if past < 0 else max(at_ms, self.world.phase(int(self.world.key[device])) + past * tick_ms + 1)

    def begin_spell(self, spell: Spell) -> None:
        """Puts devices into a condition."""
        self._note(spell)
        for block, devices in self._shares(spell.devices):
            block.begin_spell(replace(spell, devices=devices))
        self.wake()

    def end_spell(self, state: State, device: int, at_ms: int) -> None:
        """Ends one spell without an end of its own (FOREVER_MS) of a state that a device is in."""
        place = self._open[device, state].pop()
        spell = self.spells[place] = replace(self.spells[place], until_ms=at_ms)
        self.block_of(device).end_spell(state, spell.devices, at_ms)
        self.wake()

    def _note(self, spell: Spell) -> None:
        """Keeps a spell; one without an end once for each device, since each ends by itself."""
        if spell.until_ms < FOREVER_MS:
            self.spells.append(spell)
            return
        for device in spell.devices.tolist():
            self._open.setdefault((device, spell.state), []).append(len(self.spells))
            self.spells.append(replace(spell, devices=np.array([device], np.int64)))

    def tell(self, news: News) -> None:
        """The Administration Server has news for devices; they come in the order of time."""
        assert self._told_ms <= news.at_ms, "news come in the order of time"
        self._told_ms = news.at_ms
        self._news += 1
        for block, devices in self._shares(news.devices):
            block.tell(self._news, News(news.at_ms, devices, news.item))
        self.wake()

    def edit(self, edit: LocalEdit) -> None:
        """Somebody edits settings of devices on the spot."""
        self.edits.append(edit)
        for block, devices in self._shares(edit.devices):
            block.edit(LocalEdit(edit.at_ms, devices, edit.group, edit.content))
        self.wake()

    def report(self, device: int) -> None:
        """A device has something to report at its next synchronisation with the Administration Server."""
        self.block_of(device).reporting.add(device)
        self.wake()

    def has_to_tell(self, target: Target, device: int) -> None:
        """A device has something to tell a server of the target at its next synchronisation that is answered."""
        self.block_of(device).has_to_tell(target, device)
        self.wake()

    def reported(self, device: int) -> None:
        """A device has nothing more to report."""
        self.block_of(device).reporting.discard(device)

    @property
    def idle(self) -> bool:
        """True where nobody receives telemetry and nobody counts it, so that life need not be drawn."""
        return not self.targets and not self.tallier


def _nothing() -> None:
    """Where nobody sleeps, nobody is woken."""


def _no_events(_: Injection) -> None:
    """Where nobody lives, nothing happens."""


def _never() -> int:
    return 0


def _integrated(world: World) -> tuple[Target, ...]:
    """The targets that some device may be integrated with in this world; columns exist for these only."""
    kata = any(settings.kata_integration.enabled for settings in world.every_settings)
    kics = any(settings.kics_integration.enabled for settings in world.every_settings)
    return tuple(target for target, there in ((Target.CENTRAL_NODE, kata), (Target.KICS, kics)) if there)
