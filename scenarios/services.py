"""Services of a scenario: the fakes that Endpoint Agents ask one at a time, and who of the fleet needs them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from emulator.components import Surroundings
from emulator.control import Sweeps
from emulator.ksn import Kmp
from emulator.licensing import FOREVER_MS, Key, Licence, installed_with
from emulator.policy.settings import DEFAULTS, AgentSettings, Group
from fakes import activation, administration, ksn, mdr, sandbox, services, updates
from fakes.faults import FaultSchedule
from fakes.proxy import ProxyServer
from scenarios import actions, deeds
from scenarios.fleet import Block, Fleet
from scenarios.format import KeyEntry, ServicesEntry
from scenarios.problems import hint, shown
from scenarios.validation import Checker

UNACTIVATED: Final = "none"
"""The licence of a block whose Endpoint Agent was installed without a key."""
NODES: Final = (
    administration.NAME,
    activation.NAME,
    updates.VENDOR,
    updates.CUSTOM,
    ksn.NAME,
    mdr.NAME,
    services.PROXY,
    services.INTERNET,
)
"""The names under which faults of these services hold, and those of what stands on the way to them."""
UPDATE_NODES: Final = (updates.VENDOR, administration.NAME, updates.CUSTOM)
"""The names of sources of updates."""
_UNLIMITED: Final = Key("installation")


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key of a scenario: what it is, the code that stands for it, and from when on it is blocked."""

    key: Key
    code: str | None = None
    blocked_ms: int | None = None


def read_keys(checker: Checker, entries: Iterable[KeyEntry], fleet: Fleet | None) -> dict[str, KnownKey]:
    """The keys by name; blocks name those that there are."""
    keys: dict[str, KnownKey] = {}
    codes: dict[str, str] = {}
    for index, entry in enumerate(entries):
        if entry.name in keys or entry.name == UNACTIVATED:
            cause = f"a second key {shown(entry.name)}" if entry.name in keys else f"a key called {UNACTIVATED!r}"
            checker.error(("keys", index, "name"), cause, "give each key a name of its own")
        if entry.code is not None and entry.code in codes:
            cause = f"the code stands for {shown(codes[entry.code])} already"
            checker.error(("keys", index, "code"), cause, "give each key a code of its own")
        key = Key(entry.name, entry.kind, FOREVER_MS if entry.expires is None else entry.expires)
        keys[entry.name] = KnownKey(key, entry.code, entry.blocked)
        if entry.code is not None:
            codes[entry.code] = entry.name
    for index, block in enumerate(fleet.blocks if fleet is not None else ()):
        if block.licence is not None and block.licence not in (*keys, UNACTIVATED):
            loc = ("fleet", "blocks", index, "licence")
            checker.error(loc, f"there is no key {shown(block.licence)}", hint(block.licence, (*keys, UNACTIVATED)))
    return keys


class Services:
    """The fakes of one shard, and the licence with which devices of a block were installed."""

    def __init__(self, entry: ServicesEntry, keys: Mapping[str, KnownKey], fleet: Fleet, faults: FaultSchedule) -> None:
        proxy = entry.proxy
        self._keys = keys
        self.discovered_proxy = proxy.address if proxy is not None and proxy.discoverable else ""
        gate = services.Proxy("" if proxy is None else proxy.address, proxy is not None and proxy.demands_ntlm)
        roads = services.Roads(fleet.keys, faults, proxy=gate)
        self.in_front_of = partial(ProxyServer, gate=gate, keys=fleet.keys, faults=faults)
        blocked_ms = {known.key.serial: known.blocked_ms for known in keys.values() if known.blocked_ms is not None}
        codes = {known.code: known.key for known in keys.values() if known.code is not None}
        self._activation = activation.ActivationServer(codes, roads, blocked_ms=blocked_ms)
        published = updates.Publication(
            entry.updates.databases_every, entry.updates.modules_every, entry.updates.lag, entry.updates.download
        )
        self._updates = updates.UpdateServers(roads, faults, published, blocked_ms=blocked_ms)
        self._ksn = ksn.KsnService(entry.reputations, roads)
        self._mdr = mdr.MdrService(roads)
        detects = {deeds.met(file, os).sha256 for file in entry.sandbox.detects for os in deeds.SYSTEMS}
        self._sandbox = sandbox.SandboxCluster(entry.sandbox.nodes, detects, roads, analysis_ms=entry.sandbox.analysis)
        self.kics_tells = entry.kics_tells_the_administration_server

    def licence(self, block: Block) -> Licence:
        """The licence after an installation."""
        if block.licence is None:
            return Licence(_UNLIMITED)
        return Licence() if block.licence == UNACTIVATED else installed_with((self._keys[block.licence].key,), 0)

    def around(self, sweeps: Sweeps, block_of: Callable[[int], Block]) -> Surroundings:
        """What Endpoint Agents find around them."""
        return Surroundings(
            activation=self._activation,
            updates=self._updates,
            ksn=self._ksn,
            mdr=self._mdr,
            sandbox=self._sandbox,
            sweeps=sweeps,
            installed_licence=lambda device: self.licence(block_of(device)),
            installed_kmp=lambda device: Kmp(block_of(device).version, block_of(device).kmp),
            discovered_proxy=self.discovered_proxy,
        )


def lived_from_the_start(
    fleet: Fleet, settings: Iterable[AgentSettings], steps: Iterable[actions.Action | None]
) -> bool:
    """Whether components of Endpoint Agents have something to do, or to show, before anybody asks for them.

    Otherwise they are built when something concerns a device, so that a fleet of a million has none in vain.
    """
    if any(block.licence is not None for block in fleet.blocks):
        return True
    usual = _watched(DEFAULTS)
    if any(_watched(one) != usual for one in settings):
        return True
    looks = (actions.Viewed.STATUS, actions.Viewed.EVENTS)
    return any(isinstance(action, actions.View) and action.what in looks for action in steps)


def _watched(settings: AgentSettings) -> tuple[Group, ...]:
    """The settings groups that components follow by themselves."""
    return settings.sandbox_integration, settings.ksn, settings.mdr, settings.failure_diagnosis
