"""Fixed scenes in which a wrong agent shows: each is made so that certain faults change what comes of it.

`SEEN_IN` says which fault shows in which scene; the tests plant each one and look.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from emulator.chance import device_keys
from emulator.clock import Calendar
from emulator.exclusions.network import NetworkRule
from emulator.policy.addresses import Address
from emulator.policy.settings import (
    AgentSettings,
    DataSubmission,
    ExcludedProcesses,
    KataIntegration,
    KicsIntegration,
    RequestThrottling,
)
from emulator.sites import Site
from emulator.world import Condition, Injection, Spell, World
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement import fleet
from tests.emulator.agreement.fleet import BUSY, CALM, DETECTION, FILE, MODULE, OTHER_START, QUIET
from tests.emulator.agreement.scenes import Scene
from tests.emulator.governing import governed

MINUTE_MS: Final = 60_000
DAY_MIN: Final = 24 * 60
MONDAY_NINE: Final = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=1)))
FIRST, SECOND = Address("kata-1.example.com", 443), Address("kata-2.example.com", 443)
KICS: Final = KicsIntegration(enabled=True, servers=(Address("kics-1.example.com", 8443),))

SPARED: Final = (
    NetworkRule("web", remote_addresses=("203.0.113.0/24",)),
    NetworkRule("programs of some users", program=r"C:\Users\?.?y*\**"),
)
"""What isolation lets through."""


def outage(from_min: int, until_min: int, kind: FaultKind = FaultKind.OUTAGE, *, node: str = "node-1") -> Fault:
    """A fault of a node; it begins and ends within ticks of most devices."""
    name = f"{kind}-{from_min}"
    return Fault(name, node, kind, from_min * MINUTE_MS + 7_777, until_min * MINUTE_MS + 13_131)


def lost(share_permille: int, from_ms: int = 0) -> Fault:
    """Acknowledgements that are lost until the end."""
    return Fault("lost", "node-1", FaultKind.LOST_ACKNOWLEDGEMENT, from_ms, share_permille=share_permille)


def _world(
    settings: AgentSettings,
    *,
    minutes: int,
    images: list[int],
    injections: tuple[Injection, ...] = (),
    spells: tuple[Spell, ...] = (),
    seed: int = 7,
    sites: tuple[Site, ...] = (Site(11),),
) -> World:
    devices = len(images)
    return World(
        calendar=Calendar(MONDAY_NINE),
        duration_ms=minutes * MINUTE_MS,
        cold=False,
        images=fleet.IMAGES,
        groups=("Managed devices",),
        governed=(governed(settings),),
        key=device_keys(seed, "fixed", devices),
        image=np.array(images, np.int64),
        group=np.zeros(devices, np.int64),
        identity=fleet.identity,
        sites=sites,
        site=np.arange(devices, dtype=np.int64) % len(sites),
        scenario_classes=fleet.ADDED,
        spells=spells,
        injections=injections,
    )


def _all(devices: int, event_class: int, at_ms: int, count: int) -> Injection:
    return Injection(np.arange(devices, dtype=np.int64), event_class, at_ms, count)


def short_outage() -> Scene:
    """28 minutes without a server, TTL, throttling, bursts; everything is sent again afterwards."""
    settings = AgentSettings(
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,), use_ttl=True, ttl_period_min=10),
        kics_integration=KICS,
        request_throttling=RequestThrottling(max_events_per_hour=2_000),
        excluded_processes=ExcludedProcesses(optimise_telemetry=True),
    )
    images = [BUSY] * 4 + [CALM, QUIET]
    injections = (
        _all(6, OTHER_START, 20 * MINUTE_MS, 300),
        *(_all(6, OTHER_START, minute * MINUTE_MS + 15_000, 1) for minute in range(1, 90)),
        _all(2, FILE, 31 * MINUTE_MS, 256),
        _all(1, DETECTION, 33 * MINUTE_MS, 1_900),
    )
    spells = (
        Spell(Condition.OFF_LINE, np.array([1], np.int64), 50 * MINUTE_MS, 53 * MINUTE_MS),
        Spell(Condition.CRASHED, np.array([2], np.int64), 61 * MINUTE_MS + 1, 64 * MINUTE_MS),
        Spell(Condition.ISOLATED, np.array([3], np.int64), 40 * MINUTE_MS, 70 * MINUTE_MS, SPARED),
    )
    world = _world(settings, minutes=90, images=images, injections=injections, spells=spells)
    return Scene(world, (outage(10, 38), lost(100)), listened=True)


def lost_answers() -> Scene:
    """3 hours in which a server stores and hardly an answer comes back, over full hours; drained in small pieces."""
    settings = AgentSettings(
        data_submission=DataSubmission(max_events_per_package=16),
        kata_integration=KataIntegration(enabled=True, servers=(FIRST, SECOND), sync_interval_min=7),
        request_throttling=RequestThrottling(enabled=False),
    )
    injections = (_all(3, MODULE, 45 * MINUTE_MS, 700), _all(3, DETECTION, 57 * MINUTE_MS, 40))
    world = _world(settings, minutes=200, images=[BUSY, CALM, CALM], injections=injections)
    faults = (outage(12, 180, FaultKind.LOST_ACKNOWLEDGEMENT), outage(20, 190, node="node-2"))
    return Scene(world, faults, listened=True)


def stopped_in_a_drain() -> Scene:
    """An outage of 4.7 hours with answers lost after it; the run ends while the queue is sent."""
    settings = AgentSettings(
        data_submission=DataSubmission(max_events_per_package=8),
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,)),
        request_throttling=RequestThrottling(max_events_per_hour=600),
    )
    injections = (_all(2, DETECTION, 100 * MINUTE_MS, 500), _all(2, MODULE, 130 * MINUTE_MS + 5_000, 255))
    world = _world(settings, minutes=290, images=[BUSY, BUSY], injections=injections)
    return Scene(world, (outage(3, 284), lost(300)), listened=True)


def big_bursts() -> Scene:
    """Bursts at the edges of bytes and words, queued for a while and then sent in full."""
    settings = AgentSettings(
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,)),
        kics_integration=KICS,
        request_throttling=RequestThrottling(max_events_per_hour=200_000, percentage_of_event_limit_excess=32),
    )
    injections = (
        _all(1, MODULE, 2 * MINUTE_MS, 255),
        _all(2, FILE, 3 * MINUTE_MS, 256),
        _all(1, DETECTION, 4 * MINUTE_MS, 65_535),
        _all(2, FILE, 6 * MINUTE_MS, 65_536),
        _all(2, DETECTION, 9 * MINUTE_MS, 65_536),
    )
    return Scene(_world(settings, minutes=40, images=[QUIET, QUIET], injections=injections), (outage(5, 14),))


def settled() -> Scene:
    """Days like any other: no fault, so that nothing has to be asked."""
    settings = AgentSettings(
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,), use_ttl=True, ttl_period_min=60),
        kics_integration=KICS,
    )
    return Scene(_world(settings, minutes=150, images=[BUSY, BUSY, CALM, QUIET]))


def two_sites() -> Scene:
    """A site in Kolkata behind a slow link, with bursts that take longer than a tick, beside one that is near."""
    settings = AgentSettings(
        data_submission=DataSubmission(max_events_per_package=256),
        kata_integration=KataIntegration(enabled=True, servers=(FIRST, SECOND), response_timeout_s=3),
        kics_integration=KICS,
        request_throttling=RequestThrottling(enabled=False),
    )
    sites = (Site(11), Site(12, ZoneInfo("Asia/Kolkata"), latency_ms=1_500, link_bps=64_000))
    slow = Fault("slow", "node-1", FaultKind.SLOW_ANSWER, 40 * MINUTE_MS, 55 * MINUTE_MS, latency_ms=(1_000, 1_600))
    injections = (_all(6, MODULE, 10 * MINUTE_MS, 2_000), _all(6, FILE, 70 * MINUTE_MS + 1_234, 1_000))
    world = _world(
        settings, minutes=100, images=[BUSY, BUSY, CALM, CALM, QUIET, QUIET], injections=injections, sites=sites
    )
    return Scene(world, (outage(20, 30), slow), listened=True)


def two_settled_sites() -> Scene:
    """The same two sites on a day like any other: nothing has to be asked, and yet answers take their time."""
    settings = AgentSettings(kata_integration=KataIntegration(enabled=True, servers=(FIRST,)), kics_integration=KICS)
    sites = (Site(11, ZoneInfo("Asia/Kolkata"), latency_ms=1_500, link_bps=64_000), Site(15, ZoneInfo("UTC")))
    return Scene(_world(settings, minutes=150, images=[BUSY, BUSY, CALM, QUIET], sites=sites))


def late_before_early() -> Scene:
    """A scenario names the later of two starts of one process first; both are in one tick, and the earlier is sent."""
    settings = AgentSettings(
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,), use_ttl=True, ttl_period_min=10)
    )
    injections = (
        _all(1, OTHER_START, 5 * MINUTE_MS + 25_000, 2),
        *(_all(1, OTHER_START, 5 * MINUTE_MS + second * 1_000, 1) for second in (20, 10, 15)),
        _all(1, FILE, 5 * MINUTE_MS + 12_000, 1),
        _all(1, FILE, 5 * MINUTE_MS + 11_000, 2),
    )
    return Scene(_world(settings, minutes=12, images=[QUIET], injections=injections), listened=True)


def three_weeks() -> Scene:
    """An outage longer than the retention: what is older expires, also what may have been stored."""
    settings = AgentSettings(
        data_submission=DataSubmission(events_transmission_period_s=60, max_events_per_package=10),
        kata_integration=KataIntegration(enabled=True, servers=(FIRST,), sync_interval_min=60),
    )
    injections = (
        _all(1, MODULE, 3 * MINUTE_MS, 40),
        _all(1, DETECTION, 40 * MINUTE_MS, 7),
        _all(1, MODULE, 3 * DAY_MIN * MINUTE_MS, 5),
    )
    world = _world(settings, minutes=22 * DAY_MIN + 120, images=[QUIET], injections=injections)
    return Scene(world, (outage(2, 10), outage(20, 22 * DAY_MIN, FaultKind.LOST_ACKNOWLEDGEMENT)))


CASES: Final[Mapping[str, Callable[[], Scene]]] = {
    "short outage": short_outage,
    "lost answers": lost_answers,
    "stopped in a drain": stopped_in_a_drain,
    "big bursts": big_bursts,
    "settled": settled,
    "late before early": late_before_early,
    "two sites": two_sites,
    "two settled sites": two_settled_sites,
    "three weeks": three_weeks,
}

SEEN_IN: Final[Mapping[str, tuple[str, ...]]] = {
    "the share of one type is a per cent more": ("short outage", "stopped in a drain", "settled"),
    "the TTL is a slot longer": ("short outage",),
    "merging gives other ordinals to what was tried": ("lost answers",),
    "nothing is merged": ("stopped in a drain", "lost answers"),
    "faults are judged at the start of the tick": ("short outage", "stopped in a drain"),
    "the hour counts from the start": ("short outage", "stopped in a drain", "settled"),
    "a type is counted in 8 bits": ("short outage", "big bursts", "settled"),
    "a segment is counted in 16 bits": ("big bursts",),
    "high importance does not count": ("short outage",),
    "events stand in the order of the scenario": ("late before early",),
    "nothing expires": ("three weeks",),
    "a package holds one event less": ("lost answers", "stopped in a drain"),
    "every site has the time zone of the start": ("two sites", "two settled sites"),
    "the shocks of a site reach all devices": ("two settled sites",),
    "a site's network takes no time": ("two sites",),
    "a link takes no time": ("two sites",),
    "a late answer is in time": ("two sites",),
    "isolation spares nothing": ("short outage",),
    "isolation spares everything": ("short outage",),
}
"""Faults by name, and the scenes in which each has to show."""
