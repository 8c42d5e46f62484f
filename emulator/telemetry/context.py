"""What the blocks of one shard share: the world, its servers, profiles, scratch memory, the ledger, the journal."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.journal import Journal
from emulator.ports import I64, PORT_OF_TARGET, Answers, Port, Synchronisations, Target, TelemetryColumns
from emulator.telemetry.draw import Draw
from emulator.telemetry.ledger import Ledger
from emulator.telemetry.profiles import Profiles
from emulator.telemetry.ttl import ProcessImages
from emulator.telemetry.watch import Watcher
from emulator.world import ADMINISTRATION_INTERVAL_MS, SettingsChange, Spell, Watch, World

ADMINISTRATION_NAME: Final = "administration"


class AdministrationColumns(Protocol):
    """The administration port as Network Agents ask it: one call for many devices."""

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """Latency in µs with which `server` surely answers every request in [from_ms, to_ms), or None."""

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers with the revision of its policies that each device should hold."""


Deliver = Callable[[Target, I64, I64, I64, I64], None]
"""(target, devices, moments, revisions before, after): devices took news with a synchronisation."""


def _nobody(target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
    """Where no control plane listens, news change nothing."""


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
        self.processes = ProcessImages(world)
        self.draw = Draw(world, rows)
        self.recorded = recorded
        self.targets = _integrated(world)
        self.servers = {target: servers[target] for target in self.targets}
        self.port_of: Mapping[Target, Port] = PORT_OF_TARGET
        self.first_profile: NDArray[np.int32] = np.array(
            [self.profiles.index(settings) for settings in world.settings], np.int32
        )
        # Cells in the order of images, so that rows of one image stand together.
        pairs, owner = np.unique(world.image * len(world.groups) + world.group, return_inverse=True)
        self.cell_of: NDArray[np.int32] = owner.astype(np.int32)
        self.cell_image: list[int] = (pairs // len(world.groups)).tolist()
        self.cell_group: list[int] = (pairs % len(world.groups)).tolist()
        self.watcher = Watcher(world.watches, devices)
        self.ledger = self.new_ledger()
        self.deliver: Deliver = _nobody
        self._changes: dict[int, list[SettingsChange]] = {}
        self._spells: list[Spell] = []
        self._watches = world.watches
        for change in world.changes:
            self.change_settings(change)
        for spell in world.spells:
            self.begin_spell(spell)

    def new_ledger(self) -> Ledger:
        """An empty ledger of this world's cells."""
        return Ledger(self.targets, len(self.cell_image))

    def change_settings(self, change: SettingsChange) -> None:
        """The Administration Server holds other settings for a group from `change.at_ms` on."""
        known = self._changes.setdefault(change.group, [])
        assert not known or known[-1].at_ms <= change.at_ms, "changes come in the order of time"
        known.append(change)

    def change_times(self, cell: int) -> list[int]:
        """When the settings of a cell's group change."""
        return [change.at_ms for change in self._changes.get(self.cell_group[cell], ())]

    def change(self, cell: int, number: int) -> SettingsChange:
        """Change `number` of a cell's group."""
        return self._changes[self.cell_group[cell]][number]

    def begin_spell(self, spell: Spell) -> None:
        """Puts devices into a condition, from a moment that no step has reached."""
        place = bisect_left(self._spells, spell.from_ms, key=lambda other: other.from_ms)
        self._spells.insert(place, spell)

    def moments(self, from_ms: int, until_ms: int) -> int | None:
        """The first moment in [from_ms, until_ms) at which a condition or a watch holds or policies change, or None."""
        lasting: list[Spell | Watch] = [*self._spells, *self._watches]
        begins = [max(from_ms, one.from_ms) for one in lasting if from_ms < one.until_ms]
        changes = [change.at_ms for known in self._changes.values() for change in known if change.at_ms >= from_ms]
        return min((moment for moment in (*begins, *changes) if moment < until_ms), default=None)

    def spells(self, from_ms: int, until_ms: int) -> list[Spell]:
        """The spells that touch [from_ms, until_ms)."""
        return [spell for spell in self._spells if spell.from_ms < until_ms and from_ms < spell.until_ms]


def _integrated(world: World) -> tuple[Target, ...]:
    """The targets that some device may be integrated with in this world; columns exist for these only."""
    kata = any(settings.kata_integration.enabled for settings in world.every_settings)
    kics = any(settings.kics_integration.enabled for settings in world.every_settings)
    return tuple(target for target, there in ((Target.CENTRAL_NODE, kata), (Target.KICS, kics)) if there)
