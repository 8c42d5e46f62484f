"""Worlds with everything on: what a layout of rows could break, in some hours of a few devices."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from emulator.clock import SLOT_MS
from emulator.policy.settings import (
    AgentSettings,
    DataSubmission,
    ExcludedNetworkCommunications,
    ExcludedProcesses,
    KataIntegration,
    KicsIntegration,
    RequestThrottling,
)
from emulator.sites import Site
from emulator.world import Condition, Injection, Spell, World
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement.fleet import APP_START, BUSY, CALM, DETECTION, FILE, MODULE, OTHER_START, QUIET, SMB_EVENT
from tests.emulator.agreement.scenes import KATA, KICS
from tests.emulator.agreement.strategies import NETWORK_RULES, PROCESS_RULES
from tests.emulator.governing import SettingsChange
from tests.emulator.worlds import MINUTE_MS, addresses, some, world

DEVICES = 24
PERIODS_S = (30, 45, 10)
SITES = (Site(11), Site(12, ZoneInfo("Asia/Kolkata"), latency_ms=700, link_bps=400_000))
UNIT_MS = 30_000


def _settings(number: int) -> AgentSettings:
    kata = tuple(KATA)
    return AgentSettings(
        data_submission=DataSubmission(
            events_transmission_period_s=PERIODS_S[number % 3], max_events_per_package=(1_024, 100, 7)[number % 3]
        ),
        request_throttling=RequestThrottling(
            enabled=number != 3, max_events_per_hour=(3_000, 300, 40, 300)[number % 4]
        ),
        kata_integration=KataIntegration(
            enabled=number != 4,
            servers=addresses(kata[number % 3 :] + kata[: number % 3]),
            response_timeout_s=(10, 3, 40)[number % 3],
            sync_interval_min=(5, 1, 7)[number % 3],
            use_ttl=number in (0, 2),
            ttl_period_min=(10, 60, 20)[number % 3],
        ),
        kics_integration=KicsIntegration(enabled=number in (0, 1, 4), servers=addresses(tuple(KICS))),
        excluded_processes=ExcludedProcesses(rules=PROCESS_RULES[: number % 4], use_exclusions=number != 2),
        excluded_network_communications=ExcludedNetworkCommunications(rules=NETWORK_RULES[number % 2 :]),
    )


def _slot_edge(given: World, device: int, slot: int, later_ms: int) -> int:
    """A moment at the edge of a slot of one device."""
    return given.phase(int(given.key[device])) + slot * SLOT_MS + later_ms


@cache
def rich(seed: int = 5) -> World:
    """Two dozen devices of three images, three groups and two sites; the world changes all the time."""
    bare = world(
        image=[(BUSY, CALM, QUIET)[device % 3] for device in range(DEVICES)],
        group=[device // 3 % 3 for device in range(DEVICES)],
        sites=SITES,
        site=[device // 2 % 2 for device in range(DEVICES)],
        hold=[_settings(number) for number in range(3)],
        duration_ms=75 * UNIT_MS + 11_111,
        seed=seed,
        changes=[
            SettingsChange(13 * UNIT_MS + 7_001, 0, _settings(3)),
            SettingsChange(21 * UNIT_MS, 1, _settings(4)),
            SettingsChange(33 * UNIT_MS + 29_999, 2, _settings(0)),
            SettingsChange(45 * UNIT_MS + 1, 1, _settings(1)),
        ],
        spells=[
            Spell(Condition.OFF_LINE, some(0, 1, 4, 17), 10 * UNIT_MS + 3, 29 * UNIT_MS + 17),
            Spell(Condition.ISOLATED, some(2, 3, 4, 12), 20 * UNIT_MS + 15_000, 40 * UNIT_MS),
            Spell(Condition.CRASHED, some(5, 6, 7), 25 * UNIT_MS + 10_001, 26 * UNIT_MS),
            Spell(Condition.STOPPED, some(7, 8, 20), 36 * UNIT_MS + 1, 51 * UNIT_MS),
        ],
    )
    injections = [
        Injection(some(0, 3, 6, 9, 20), event_class, _slot_edge(bare, 3, slot, later_ms), count)
        for slot, event_class, later_ms, count in (
            (5, MODULE, -1, 255),
            (6, FILE, 0, 256),
            (7, OTHER_START, 1, 300),
            (30, DETECTION, 29_999, 65_535),
            (31, MODULE, 10_000, 65_536),
            (55, SMB_EVENT, 9_999, 1 << 20),
            (60, APP_START, 10_001, 1),
            (120, MODULE, -30_000, 7),
        )
    ]
    everybody = np.arange(DEVICES, dtype=np.int64)
    injections += [Injection(everybody, APP_START, minute * UNIT_MS + 20_000, 1) for minute in range(1, 70, 3)]
    return replace(bare, injections=tuple(injections))


def faults() -> Sequence[Fault]:
    """Faults of all nodes, at times inside ticks."""
    one, two, three = KATA.values()
    return (
        Fault("outage", one, FaultKind.OUTAGE, 5 * UNIT_MS + 7_777, 33 * UNIT_MS + 13_131),
        Fault("refused", two, FaultKind.REFUSED_CONNECTION, 9 * UNIT_MS + 1, 22 * UNIT_MS + 29_999),
        Fault("busy", three, FaultKind.STATUS, 30 * UNIT_MS + 4_321, 40 * UNIT_MS, status=429, share_permille=300),
        Fault("slow", two, FaultKind.SLOW_ANSWER, 24 * UNIT_MS, 60 * UNIT_MS, latency_ms=(2_000, 39_000)),
        Fault("lost", one, FaultKind.LOST_ACKNOWLEDGEMENT, 34 * UNIT_MS, share_permille=200),
        Fault("limit", three, FaultKind.BODY_LIMIT, 50 * UNIT_MS + 5, 58 * UNIT_MS, limit_bytes=20_000),
        Fault("kics", "kics-1", FaultKind.TIME_OUT, 12 * UNIT_MS + 9, 15 * UNIT_MS + 9),
    )


@cache
def long() -> World:
    """Six devices, five hours: what is queued in the long outage of `long_faults` is merged, and drained in pieces."""
    settings = AgentSettings(
        data_submission=DataSubmission(max_events_per_package=16),
        kata_integration=KataIntegration(enabled=True, servers=addresses(tuple(KATA)[:2]), sync_interval_min=7),
        request_throttling=RequestThrottling(max_events_per_hour=900),
    )
    return world(image=[BUSY, CALM, BUSY, QUIET, CALM, BUSY], hold=[settings], minutes=300, seed=9)


@cache
def crowd() -> World:
    """Forty devices of two groups and sites whose rows move with every policy, while they change their servers."""
    strict = RequestThrottling(max_events_per_hour=200)
    first = AgentSettings(
        kata_integration=KataIntegration(enabled=True, servers=addresses(tuple(KATA)), use_ttl=True, ttl_period_min=5),
        request_throttling=strict,
    )
    return world(
        image=[(BUSY, CALM)[device % 2] for device in range(40)],
        group=[device // 4 % 2 for device in range(40)],
        sites=SITES,
        site=[device // 3 % 2 for device in range(40)],
        hold=[first, first.having(DataSubmission(max_events_per_package=7))],
        minutes=40,
        seed=13,
        changes=[
            SettingsChange(3 * MINUTE_MS, 0, first.having(RequestThrottling(max_events_per_hour=150))),
            SettingsChange(9 * MINUTE_MS, 1, first.having(strict, DataSubmission(max_events_per_package=9))),
        ],
    )


def crowd_faults() -> Sequence[Fault]:
    """An outage of a quarter of an hour, and blips of the other nodes in it; all of them begin and end inside ticks."""
    one, two, three = KATA.values()
    blips = [
        Fault(
            f"blip-{minute}",
            (two, three)[minute % 2],
            FaultKind.OUTAGE,
            minute * MINUTE_MS + 15_000,
            minute * MINUTE_MS + 90_000,
        )
        for minute in range(6, 21, 3)
    ]
    return (Fault("outage", one, FaultKind.REFUSED_CONNECTION, 5 * MINUTE_MS + 17_000, 22 * MINUTE_MS + 11_000), *blips)


def long_faults() -> Sequence[Fault]:
    """Four hours in which hardly an answer comes back."""
    one, two, _ = KATA.values()
    return (
        Fault("lost", one, FaultKind.LOST_ACKNOWLEDGEMENT, 12 * MINUTE_MS + 7_777, 250 * MINUTE_MS, share_permille=950),
        Fault("outage", two, FaultKind.OUTAGE, 20 * MINUTE_MS + 1, 260 * MINUTE_MS + 1),
    )
