"""What a simulation is given: the fleet as columns, the settings it starts with, and what will happen to it.

Every agent implementation (`seatrial.agents`) takes a `World` and servers, and gives back `Figures`. The columns and
the plain agent answer the same world with the same figures; `docs/window.md` is what both implement.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import gcd
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64, below, below_columns, draw, draw_columns
from emulator.clock import HOUR_MS, HOUR_SLOTS, SLOT_MS, Calendar
from emulator.events import EventClass
from emulator.exclusions.optimisation import WinRm
from emulator.images.model import Image
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Target, TelemetryColumns

ADMINISTRATION_INTERVAL_MS: Final = 15 * 60_000
"""Network Agent asks the Administration Server this often (public help of a sibling product)."""
KICS_SYNCHRONISATION_MS: Final = 5 * 60_000
"""How often an agent tries its list of KICS for Networks servers from the top; a stand-in, nothing is documented."""
KICS_TIMEOUT_MS: Final = 10_000
"""How long an agent waits for a KICS for Networks server; a stand-in."""
PACKAGES_PER_PERIOD: Final = 64
"""Packages of one device that may leave together."""
RETENTION_MS: Final = 21 * 86_400_000
"""How long events wait for a connection (public help: KATA 5.0)."""
MERGE_SLOTS: Final = (10, HOUR_SLOTS)
"""Segments of a queue are merged every 5 minutes, then every hour."""


class Condition(StrEnum):
    """A state that a scenario puts devices into, from a moment to a moment."""

    OFF_LINE = "off-line"
    """The device has no link; Endpoint Agent goes on collecting."""
    ISOLATED = "isolated"
    """The classes of events that use the network do not happen; the servers are still reached."""
    STOPPED = "stopped"
    """Endpoint Agent does not run; nothing is collected."""
    CRASHED = "crashed"
    """The same, and what it had collected since its last transmission is lost."""


@dataclass(frozen=True, slots=True)
class Spell:
    """`devices` (sorted fleet indices) are in a condition in [from_ms, until_ms)."""

    condition: Condition
    devices: I64
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Injection:
    """Events that a scenario adds: `count` of the class on each device, all at `at_ms`.

    `event_class` indexes `World.scenario_classes`.
    """

    devices: I64
    event_class: int
    at_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """From `at_ms` on the Administration Server holds `settings` as what the devices of `group` should follow.

    Each device follows them from its first synchronisation at or after `at_ms` on that reaches the server.
    """

    at_ms: int
    group: int
    settings: AgentSettings
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """A condition on a figure of `devices` (sorted fleet indices), judged at their own moments in [from_ms, until_ms).

    The figure `queued` is what waits on the device, sent without an answer or not. `operator` is one of ``==``, ``!=``,
    ``<``, ``<=``, ``>``, ``>=``.
    """

    devices: I64
    figure: str
    operator: str
    bound: int
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class World:
    """A fleet in its surroundings, before time begins.

    `key` uint64, `image` and `group` int64 have one row a device, in order of the fleet; `image` indexes `images`,
    `group` indexes `groups` (administration groups) and `settings` (what the devices of a group follow at the start).
    `identity` gives the values of the slots `user`, `host`, `site` of one device. `site` is the key of the site that
    all devices share (`life.site_key`). `possible` are settings that reactions may bring while it runs, `winrm` the
    reading of optimisation for WinRM.
    """

    calendar: Calendar
    duration_ms: int
    cold: bool
    images: tuple[Image, ...]
    groups: tuple[str, ...]
    settings: tuple[AgentSettings, ...]
    key: U64
    image: I64
    group: I64
    identity: Callable[[int], Mapping[str, str]]
    site: int = 0
    scenario_classes: tuple[EventClass, ...] = ()
    changes: tuple[SettingsChange, ...] = ()
    spells: tuple[Spell, ...] = ()
    injections: tuple[Injection, ...] = ()
    possible: tuple[AgentSettings, ...] = ()
    winrm: WinRm = WinRm.SENT
    watches: tuple[Watch, ...] = ()
    tick_ms: int = field(init=False)

    def __post_init__(self) -> None:
        periods = (1000 * settings.data_submission.events_transmission_period_s for settings in self.every_settings)
        object.__setattr__(self, "tick_ms", gcd(SLOT_MS, *periods))

    def __len__(self) -> int:
        return len(self.key)

    @property
    def every_settings(self) -> Iterator[AgentSettings]:
        """All settings that some device may come to follow."""
        yield from self.settings
        yield from (change.settings for change in self.changes)
        yield from self.possible

    @property
    def slot_ticks(self) -> int:
        """Ticks in a slot."""
        return SLOT_MS // self.tick_ms

    @property
    def ticks(self) -> int:
        """Ticks in the run: every device has them all."""
        return -(-self.duration_ms // self.tick_ms)

    def hour_of_slot(self, slot: int) -> tuple[int, int]:
        """(hour of the week, number of the hour) whose rates and levels hold in a slot."""
        at_ms = max(0, slot) * SLOT_MS
        return self.calendar.hour_of_week(at_ms), self.calendar.hour_number(at_ms)

    def phases(self, key: U64) -> I64:
        """φ of each device, ms."""
        return below_columns(draw_columns(key, "phase"), 1000 if self.cold else SLOT_MS)

    def hour_offsets(self, key: U64) -> I64:
        """Offset of each device's throttle hour, slots."""
        return np.zeros(len(key), np.int64) if self.cold else below_columns(draw_columns(key, "hour"), HOUR_SLOTS)

    def residues(self, key: U64, name: str, interval: int) -> I64:
        """Which ticks of an interval (in ticks) are a device's own, for the purpose `name`."""
        if self.cold:
            return np.zeros(len(key), np.int64)
        bits: NDArray[np.uint64] = draw_columns(key, name) >> np.uint64(1)
        return bits.astype(np.int64) % interval

    def residue(self, key: int, name: str, interval: int) -> int:
        """`residues` of one device."""
        return 0 if self.cold else (draw(key, name) >> 1) % interval

    def phase(self, key: int) -> int:
        """`phases` of one device."""
        return below(draw(key, "phase"), 1000 if self.cold else SLOT_MS)

    def hour_offset(self, key: int) -> int:
        """`hour_offsets` of one device."""
        return 0 if self.cold else below(draw(key, "hour"), HOUR_SLOTS)


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of each device's telemetry: `terms[target][term]` is int64, a row a device in order of the fleet.

    Terms are those of the books, and `suppressed`.
    """

    terms: Mapping[Target, Mapping[str, I64]]


class Agents(Protocol):
    """An implementation of the agents, as registered under `seatrial.agents`."""

    def __init__(self, world: World, servers: Mapping[Target, TelemetryColumns], **options: Any) -> None: ...

    def run(self) -> Figures:
        """Runs the world to its end."""


__all__ = [
    "ADMINISTRATION_INTERVAL_MS",
    "HOUR_MS",
    "Agents",
    "Condition",
    "Figures",
    "Injection",
    "SettingsChange",
    "Spell",
    "World",
]
