"""What a simulation is given: the fleet as columns, the settings it starts with, and what will happen to it.

Every agent implementation (`seatrial.agents`) takes a `World` and servers, and gives back `Figures`. The columns and
the plain agent answer the same world with the same figures; `docs/window.md` is what both implement.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from math import gcd
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64, below, below_columns, draw, draw_columns
from emulator.clock import HOUR_MS, HOUR_SLOTS, SLOT_MS, Calendar
from emulator.events import EventClass
from emulator.exclusions.network import NetworkRule
from emulator.exclusions.optimisation import WinRm
from emulator.images.model import Image
from emulator.policy.effective import LocalSettings, edit_group, effective
from emulator.policy.policies import Governing
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Target, TelemetryColumns
from emulator.sites import Site

ADMINISTRATION_INTERVAL_MS: Final = 15 * 60_000
"""Network Agent asks the Administration Server this often (public help of a sibling product)."""
ADMINISTRATION_TIMEOUT_MS: Final = 10_000
"""How long Network Agent waits for the Administration Server; a stand-in."""
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
    """Events that isolation cuts off do not happen, but for what the spell lets through; the servers are still
    reached."""
    STOPPED = "stopped"
    """Endpoint Agent does not run; nothing is collected."""
    CRASHED = "crashed"
    """The same, and what it had collected since its last transmission is lost."""
    OFF = "switched-off"
    """The device does not run: nothing happens on it, and nobody asks a server."""
    AWAY = "away"
    """The device is outside of the corporate network: its out-of-office policy holds, and the Administration Server is
    not reached."""
    UNLICENSED = "unlicensed"
    """Endpoint Agent has no valid licence; nothing is collected, and its links stay."""


FOREVER_MS: Final = 2**62
"""The end of a spell that has none yet."""


State = tuple[Condition, tuple[NetworkRule, ...]]
"""A condition, with the communications that it spares."""


@dataclass(frozen=True, slots=True)
class Spell:
    """`devices` (sorted fleet indices) are in a condition in [from_ms, until_ms).

    One until FOREVER_MS may be ended while the world runs. `lets_through` are the communications that isolation spares;
    of several spells of isolation each has to spare one.
    """

    condition: Condition
    devices: I64
    from_ms: int
    until_ms: int
    lets_through: tuple[NetworkRule, ...] = ()

    @property
    def state(self) -> State:
        """What the devices are in."""
        return self.condition, self.lets_through


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
class Governed:
    """What governs a device: inside of the corporate network, and outside of it; None where no policy does."""

    inside: Governing | None = None
    outside: Governing | None = None

    def where(self, *, away: bool) -> Governing | None:
        """What governs it where it is."""
        return self.outside if away else self.inside


@dataclass(frozen=True, slots=True)
class News:
    """What the Administration Server holds for `devices` (sorted fleet indices) from `at_ms` on.

    Each device takes it at its first synchronisation at or after `at_ms` that reaches the server: `Governed` as what
    governs it from then on, anything else for whoever carries it out.
    """

    at_ms: int
    devices: I64
    item: object


@dataclass(frozen=True, slots=True)
class LocalEdit:
    """Somebody edits a settings group of each of `devices` (sorted fleet indices) in the settings of the device.

    `content` is plain data that `parse_group` takes: the settings that become other ones. Or it is the whole group.
    """

    at_ms: int
    devices: I64
    group: str
    content: object


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
class Tally:
    """Events that isolation could cut off, counted on `devices` (sorted fleet indices) between two facts of a device.

    A span goes from a fact of the kind `begin` to the device's next one of the kind `end`, or to the end of the run.
    The events of a tick belong to it where the device's own moment does: begin ≤ e < end. What Endpoint Agent and
    Network Agent exchange with their servers is traffic, and no event.
    """

    devices: I64
    begin: str
    end: str


@dataclass(frozen=True, slots=True)
class World:
    """A fleet in its surroundings, before time begins.

    `key` uint64, `image`, `group` and `site` int64 have one row a device, in order of the fleet; `image` indexes
    `images`, `group` indexes `groups` (the administration groups at the start) and `governed` (what governs the devices
    of a group at the start), `site` indexes `sites`. `own` are the settings that every device has of its own from its
    installation. `news` come in the order of time. `identity` gives the values of the slots `user`, `host`, `site` of
    one device.
    `possible` are settings that reactions may bring while it runs, `winrm` the reading of optimisation for WinRM,
    `discovered_proxy` the proxy server that devices find by themselves (`host:port`).
    """

    calendar: Calendar
    duration_ms: int
    cold: bool
    images: tuple[Image, ...]
    groups: tuple[str, ...]
    governed: tuple[Governed, ...]
    key: U64
    image: I64
    group: I64
    identity: Callable[[int], Mapping[str, str]]
    sites: tuple[Site, ...]
    site: I64
    scenario_classes: tuple[EventClass, ...] = ()
    own: LocalSettings = field(default_factory=LocalSettings)
    news: tuple[News, ...] = ()
    edits: tuple[LocalEdit, ...] = ()
    spells: tuple[Spell, ...] = ()
    injections: tuple[Injection, ...] = ()
    possible: tuple[AgentSettings, ...] = ()
    winrm: WinRm = WinRm.SENT
    watches: tuple[Watch, ...] = ()
    tallies: tuple[Tally, ...] = ()
    discovered_proxy: str = ""
    tick_ms: int = field(init=False)

    def __post_init__(self) -> None:
        periods = (1000 * settings.data_submission.events_transmission_period_s for settings in self.every_settings)
        object.__setattr__(self, "tick_ms", gcd(SLOT_MS, *periods))

    def __len__(self) -> int:
        return len(self.key)

    @property
    def every_settings(self) -> Iterator[AgentSettings]:
        """All settings that some device may come to follow."""
        governed = [*self.governed, *(news.item for news in self.news if isinstance(news.item, Governed))]
        policies = [policy for one in governed for policy in (one.inside, one.outside)]
        yield from (effective(policy, self.own).settings for policy in dict.fromkeys(policies))
        for edit in self.edits:
            # A group counts as it was edited where no policy locks it, whatever the others are.
            edited = edit_group(self.own, None, edit.group, edit.content)
            assert isinstance(edited, LocalSettings)
            yield effective(None, edited).settings
        yield from self.possible

    @property
    def settings(self) -> tuple[AgentSettings, ...]:
        """What the devices of each administration group follow at the start, where they are not away."""
        return tuple(effective(governed.inside, self.own).settings for governed in self.governed)

    @property
    def slot_ticks(self) -> int:
        """Ticks in a slot."""
        return SLOT_MS // self.tick_ms

    @property
    def ticks(self) -> int:
        """Ticks in the run: every device has them all."""
        return -(-self.duration_ms // self.tick_ms)

    def hour_of_slot(self, slot: int, zone: tzinfo | None = None) -> tuple[int, int]:
        """(hour of the week, number of the hour) whose rates and levels hold in a slot, for devices in a time zone."""
        at_ms = max(0, slot) * SLOT_MS
        return self.calendar.hour_of_week(at_ms, zone), self.calendar.hour_number(at_ms, zone)

    def phases(self, key: U64) -> I64:
        """φ of each device, ms."""
        return phases(key, cold=self.cold)

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


def phases(key: U64, *, cold: bool) -> I64:
    """When the first tick of each device ends, ms after the start of the run: within the first slot of time."""
    return below_columns(draw_columns(key, "phase"), 1000 if cold else SLOT_MS)


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
    "FOREVER_MS",
    "HOUR_MS",
    "Agents",
    "Condition",
    "Figures",
    "Governed",
    "Injection",
    "LocalEdit",
    "News",
    "Spell",
    "World",
]
