"""Scenes at random: everything that a scenario can bring, in worlds small enough for the plain agent."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Final  # Any: each kind of fault has values of its own
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from emulator.chance import device_keys
from emulator.clock import Calendar
from emulator.exclusions.network import NetworkRule
from emulator.exclusions.process import ProcessRule
from emulator.policy.addresses import Address
from emulator.policy.effective import LocalSettings
from emulator.policy.settings import (
    GROUP_KEYS,
    AgentSettings,
    DataSubmission,
    ExcludedNetworkCommunications,
    ExcludedProcesses,
    KataIntegration,
    KicsIntegration,
    RequestThrottling,
)
from emulator.sites import Site
from emulator.world import Condition, Governed, Injection, LocalEdit, News, Spell, World
from fakes.faults import Certificate, Fault, FaultKind
from tests.emulator.agreement import fleet
from tests.emulator.agreement.fleet import BUSY, CALM, QUIET
from tests.emulator.agreement.scenes import KATA, KICS, NOWHERE, Scene
from tests.emulator.governing import governing

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS
DEVICES_MAX: Final = 5
PERIODS_S: Final = (30, 60, 45, 10)
BURSTS: Final = (1, 2, 7, 255, 256, 300, 1_025, 5_000)
BURST_MAX: Final = 65_536
MONDAY: Final = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=1)))


def _lists(names: list[str]) -> st.SearchStrategy[tuple[Address, ...]]:
    """Lists of servers: most begin with the first one, to which most faults are given too."""
    first, second, *others = names
    lists = [
        [first],
        [first, second],
        [second, first],
        [first, *others, second],
        [first, NOWHERE],
        [NOWHERE, first],
        [NOWHERE],
    ]
    return st.sampled_from(lists).map(lambda chosen: tuple(_address(text) for text in chosen))


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host, int(port))


PROCESS_RULES: Final = (
    ProcessRule("app", path=fleet.APP.path),
    ProcessRule("own of some", path=r"C:\Users\?.?y*\**", event_types=("module-load", "process-start")),
    ProcessRule("started by the app", parent_path=fleet.APP.path, event_types=("registry-change",)),
    ProcessRule("one host", command_line="*--host HOST-1"),
    ProcessRule("hash", sha256=fleet.SHELL.sha256, event_types=("script-run",)),
)
NETWORK_RULES: Final = (
    NetworkRule("web", remote_addresses=("203.0.113.0/24",)),
    NetworkRule("smb by the shell", remote_ports=("445",), program=fleet.SHELL.path),  # type: ignore[arg-type]  # read
    NetworkRule("own program of some", program=r"C:\Users\?.?y*\**"),
)

agent_settings: Final = st.builds(
    AgentSettings,
    data_submission=st.builds(
        DataSubmission,
        events_transmission_period_s=st.sampled_from(PERIODS_S),
        max_events_per_package=st.sampled_from((1_024, 1_024, 100, 7)),
    ),
    request_throttling=st.builds(
        RequestThrottling,
        enabled=st.sampled_from((True, True, False)),
        max_events_per_hour=st.sampled_from((3_000, 1_000, 300, 40, 70_000)),
        percentage_of_event_limit_excess=st.sampled_from((15, 5, 50, 100)),
    ),
    kata_integration=st.builds(
        KataIntegration,
        enabled=st.sampled_from((True, True, True, False)),
        servers=_lists([*KATA]),
        response_timeout_s=st.sampled_from((10, 3, 40)),
        sync_interval_min=st.sampled_from((5, 1, 7, 60)),
        use_ttl=st.booleans(),
        ttl_period_min=st.sampled_from((1, 10, 60, 1_440)),
    ),
    kics_integration=st.builds(KicsIntegration, enabled=st.booleans(), servers=_lists([*KICS])),
    excluded_processes=st.builds(
        ExcludedProcesses,
        use_exclusions=st.sampled_from((True, True, False)),
        optimise_telemetry=st.booleans(),
        rules=st.lists(st.sampled_from(PROCESS_RULES), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    excluded_network_communications=st.builds(
        ExcludedNetworkCommunications,
        use_exclusions=st.sampled_from((True, True, False)),
        rules=st.lists(st.sampled_from(NETWORK_RULES), min_size=1, max_size=3, unique=True).map(tuple),
    ),
)


_governing: Final = st.builds(
    governing,
    agent_settings,
    st.sampled_from(("office", "outbreak")),
    keys=st.one_of(
        st.just(GROUP_KEYS), st.sets(st.sampled_from(GROUP_KEYS)).map(lambda keys: [k for k in GROUP_KEYS if k in keys])
    ),
)
_governed: Final = st.one_of(
    _governing.map(lambda policy: Governed(policy, policy)),
    st.builds(Governed, st.one_of(_governing, st.none()), st.one_of(_governing, st.none())),
)
_CONTENTS: Final = (
    ("data-submission", {"events-transmission-period": "2min"}),
    ("data-submission", {"max-events-per-package": 33}),
    ("request-throttling", {"enabled": False}),
    ("request-throttling", {"max-events-per-hour": 77}),
    ("kata-integration", {"enabled": False}),
    ("kata-integration", {"enabled": True, "servers": [next(iter(KATA))]}),
    ("kata-integration", {"use-ttl": False}),
    ("kata-integration", {"use-ttl": True}),
    ("kics-integration", {"enabled": True, "servers": [next(iter(KICS))]}),
    ("excluded-processes", {"use-exclusions": False}),
)


def _own(settings: AgentSettings) -> LocalSettings:
    """Of these, what is set at the installation of devices: their integrations."""
    return LocalSettings().having(settings.kata_integration).having(settings.kics_integration)


_sites: Final = st.builds(
    Site,
    key=st.integers(0, 2**64 - 1),
    zone=st.sampled_from(
        (None, None, *map(ZoneInfo, ("UTC", "Asia/Kolkata", "America/Los_Angeles", "Pacific/Chatham")))
    ),
    latency_ms=st.sampled_from((0, 0, 300, 2_985, 9_970, 9_990, 31_000)),
    link_bps=st.sampled_from((None, None, 10_000_000, 64_000, 2_400)),
)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """A scene at random."""
    world = draw(worlds())
    burst = any(injection.count == BURST_MAX for injection in world.injections)
    return Scene(
        world=world,
        faults=draw(_faults(world)),
        latency_us=draw(st.sampled_from((20_000, 0, 999_999))),
        listened=draw(st.booleans()) and not burst,  # single events of a great burst take long to hear
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world at random: up to 2 hours of a few devices, or up to 26 hours of one or two on which nothing is drawn."""
    long = draw(st.sampled_from((False, False, False, True)))
    devices = draw(st.integers(1, 2 if long else DEVICES_MAX))
    duration_ms = draw(st.integers(3 * HOUR_MS, 26 * HOUR_MS) if long else st.integers(20 * MINUTE_MS, 2 * HOUR_MS))
    groups = draw(st.integers(1, 2))
    sites = tuple(draw(st.lists(_sites, min_size=1, max_size=3)))
    indices = st.just(QUIET) if long else st.sampled_from((BUSY, BUSY, CALM, QUIET))
    bare = World(
        calendar=Calendar(MONDAY + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60 - 1)))),
        duration_ms=duration_ms,
        cold=draw(st.sampled_from((False, False, True))),
        images=fleet.IMAGES,
        groups=tuple(f"Managed devices/{number}" for number in range(groups)),
        governed=tuple(draw(_governed) for _ in range(groups)),
        own=draw(agent_settings.map(_own)),
        key=device_keys(draw(st.integers(0, 2**32)), "block", devices),
        image=np.array([draw(indices) for _ in range(devices)], np.int64),
        group=np.array([draw(st.integers(0, groups - 1)) for _ in range(devices)], np.int64),
        identity=fleet.identity,
        sites=sites,
        site=np.array([draw(st.integers(0, len(sites) - 1)) for _ in range(devices)], np.int64),
        scenario_classes=fleet.ADDED,
    )
    bare = replace(bare, news=draw(_news(bare)), edits=draw(_edits(bare)))
    bursts = BURSTS if not long else (*BURSTS, BURST_MAX)
    return replace(bare, spells=draw(_spells(bare)), injections=draw(_injections(bare, bursts=bursts)))


@st.composite
def moments(draw: st.DrawFn, world: World) -> int:
    """A moment of a run: anywhere, or at, just before or just after the end of a device's tick."""
    if draw(st.booleans()):
        return draw(st.integers(0, world.duration_ms - 1))
    phase = world.phase(int(world.key[draw(st.integers(0, len(world) - 1))]))
    tick = draw(st.integers(0, world.ticks - 1))
    return max(0, phase + tick * world.tick_ms + draw(st.sampled_from((-1, 0, 1))))


@st.composite
def _some(draw: st.DrawFn, world: World) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    chosen = draw(st.sets(st.integers(0, len(world) - 1), min_size=1))
    return np.array(sorted(chosen), np.int64)


@st.composite
def _news(draw: st.DrawFn, world: World) -> tuple[News, ...]:
    """News for some devices each: what governs them, and things that no agent of telemetry knows."""
    items = st.one_of(_governed, _governed, _governed, st.just("a task"))
    moments_ms = sorted(draw(st.lists(moments(world), max_size=5)))
    return tuple(News(at_ms, draw(_some(world)), draw(items)) for at_ms in moments_ms)


@st.composite
def _edits(draw: st.DrawFn, world: World) -> tuple[LocalEdit, ...]:
    moments_ms = draw(st.lists(moments(world), max_size=5))
    return tuple(LocalEdit(at_ms, draw(_some(world)), *draw(st.sampled_from(_CONTENTS))) for at_ms in moments_ms)


@st.composite
def _spells(draw: st.DrawFn, world: World) -> tuple[Spell, ...]:
    """Spells of all conditions; the agent does not crash while it is down already."""
    spells = []
    kinds = Condition.OFF_LINE, Condition.ISOLATED, Condition.OFF, Condition.AWAY, Condition.AWAY, Condition.UNLICENSED
    for condition in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=6)):
        from_ms = draw(moments(world))
        spared = draw(_spared) if condition is Condition.ISOLATED else ()
        spells.append(Spell(condition, draw(_some(world)), from_ms, from_ms + 1 + draw(_lengths), spared))
    cuts = sorted(draw(st.sets(moments(world), min_size=2, max_size=6)))
    for from_ms, until_ms in zip(cuts[::2], cuts[1::2], strict=False):
        condition = draw(st.sampled_from((Condition.STOPPED, Condition.CRASHED)))
        spells.append(Spell(condition, draw(_some(world)), from_ms, until_ms))
    return tuple(spells)


@st.composite
def _injections(draw: st.DrawFn, world: World, bursts: tuple[int, ...]) -> tuple[Injection, ...]:
    return tuple(
        Injection(
            draw(_some(world)),
            draw(st.integers(0, len(fleet.ADDED) - 1)),
            draw(moments(world)),
            draw(st.sampled_from(bursts)),
        )
        for _ in range(draw(st.sampled_from((6, 12, 3, 0))))
    )


_spared: Final = st.one_of(
    st.just(()), st.lists(st.sampled_from(NETWORK_RULES), min_size=1, max_size=3, unique=True).map(tuple)
)
_lengths: Final = st.sampled_from(
    (1, 29_999, 30_000, 2 * MINUTE_MS, 28 * MINUTE_MS, 3 * HOUR_MS, 30 * HOUR_MS)
).flatmap(lambda longest: st.integers(0, longest))
_OWN: Final[Mapping[FaultKind, st.SearchStrategy[dict[str, Any]]]] = {
    FaultKind.STATUS: st.fixed_dictionaries({"status": st.sampled_from((429, 503, 401))}),
    FaultKind.BODY_LIMIT: st.fixed_dictionaries({"limit_bytes": st.sampled_from((1_000, 20_000, 300_000))}),
    FaultKind.SLOW_ANSWER: st.fixed_dictionaries(
        {"latency_ms": st.sampled_from(((100, 2_500), (9_999, 10_001), (2_000, 39_000), (29_000, 31_000)))}
    ),
    FaultKind.CERTIFICATE: st.fixed_dictionaries({"certificate": st.sampled_from(list(Certificate))}),
}


@st.composite
def _faults(draw: st.DrawFn, world: World) -> tuple[Fault, ...]:
    faults = []
    for number in range(draw(st.sampled_from((3, 5, 1, 0)))):
        kind = draw(st.sampled_from(list(FaultKind)))
        from_ms = draw(moments(world))
        own = draw(_OWN.get(kind, st.just({})))
        faults.append(
            Fault(
                name=f"fault-{number}",
                server=draw(st.sampled_from(("node-1", "node-1", "node-2", "node-3", "kics-1", "kics-2"))),
                kind=kind,
                from_ms=from_ms,
                until_ms=from_ms + 1 + draw(_lengths),
                share_permille=draw(st.sampled_from((1000, 1000, 300))),
                **own,
            )
        )
    return tuple(faults)
