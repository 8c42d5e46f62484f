"""Worlds for tests of the columns: the agreement's fleet, in any order, under settings of one's own."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from emulator.chance import device_keys
from emulator.clock import Calendar
from emulator.images.model import Image
from emulator.policy.addresses import Address
from emulator.policy.settings import AgentSettings, KataIntegration, KicsIntegration
from emulator.sites import Site
from emulator.world import Injection, Spell, World
from tests.emulator.agreement import fleet
from tests.emulator.agreement.scenes import KATA, KICS
from tests.emulator.governing import SettingsChange, governed

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MONDAY_NINE = datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=1)))


def addresses(names: Sequence[str]) -> tuple[Address, ...]:
    return tuple(Address(host, int(port)) for host, port in (name.split(":") for name in names))


KATA_ON = KataIntegration(enabled=True, servers=addresses(list(KATA)[:2]))
KICS_ON = KicsIntegration(enabled=True, servers=addresses(list(KICS)[:1]))
SETTINGS = AgentSettings(kata_integration=KATA_ON)


def world(
    *,
    image: Sequence[int],
    group: Sequence[int] = (),
    hold: Sequence[AgentSettings] = (SETTINGS,),
    minutes: int = 60,
    duration_ms: int = 0,
    cold: bool = False,
    seed: int = 5,
    images: tuple[Image, ...] = fleet.IMAGES,
    changes: Sequence[SettingsChange] = (),
    spells: Sequence[Spell] = (),
    injections: Sequence[Injection] = (),
    sites: Sequence[Site] = (Site(11),),
    site: Sequence[int] = (),
) -> World:
    """Device i is of image `image[i]`, group `group[i]` and site `site[i]` (all of the first, where none is given)."""
    groups = np.array(group or [0] * len(image), np.int64)
    return World(
        calendar=Calendar(MONDAY_NINE),
        duration_ms=duration_ms or minutes * MINUTE_MS,
        cold=cold,
        images=images,
        groups=tuple(f"Managed devices/{number}" for number in range(len(hold))),
        governed=tuple(map(governed, hold)),
        key=device_keys(seed, "columns", len(image)),
        image=np.array(image, np.int64),
        group=groups,
        identity=fleet.identity,
        sites=tuple(sites),
        site=np.array(site or [0] * len(image), np.int64),
        scenario_classes=fleet.ADDED,
        news=tuple(change.news(groups) for change in changes),
        spells=tuple(spells),
        injections=tuple(injections),
    )


def some(*devices: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(sorted(devices), np.int64)
