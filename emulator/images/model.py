"""Images: what the devices made from one installation have in common, their life and their host's items."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from math import isqrt
from typing import Final

from emulator import chance, clock, events, identity
from emulator.events import EventClass
from emulator.exclusions.environment import Os
from emulator.host import HostBase

SYSTEMS: Final = ("windows", "linux")
RARE_BELOW: Final = 6_000
"""A mean below this many thousandths of an event per hour (one event in twenty slots) is a draw of yes or no."""
INTENSITY_MAX: Final = 4
"""Life multiplies a stated rate by no more than this; `emulator.life` holds to it."""
TYPE_SUM_MAX: Final = 255
"""The most events of one type in a slot: the engine adds the classes of a type up in a byte."""

_NETWORK_TYPES: Final = frozenset(kind.name for kind in events.EVENT_TYPES if kind.code is not None)
_SLOT = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """One installation: a name, an operating system, its ambient event classes and its host's items.

    `classes` is sorted by event type, then by name. `caps` holds, for each class, the most events that life puts into
    one slot; the caps of a type add up to at most `TYPE_SUM_MAX`. `rare` tells the classes whose draw is always yes or
    no. Raises `ValueError` where an image breaks a limit.
    """

    name: str
    os: Os
    about: str
    classes: tuple[EventClass, ...]
    host: HostBase
    caps: tuple[int, ...] = field(init=False)
    rare: tuple[bool, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rare", tuple(max(item.rates) < RARE_BELOW for item in self.classes))
        object.__setattr__(self, "caps", tuple(cap(max(item.rates)) for item in self.classes))
        if self.os not in SYSTEMS or self.host.os != self.os:
            raise ValueError(f"{self.name}: the system is one of {', '.join(SYSTEMS)}, the host's the same")
        if len(self.classes) > events.CLASSES_MAX:
            raise ValueError(f"{self.name}: {len(self.classes)} classes, at most {events.CLASSES_MAX}")
        for earlier, later in pairwise(self.classes):
            if (earlier.type, earlier.name) >= (later.type, later.name):
                raise ValueError(f"{self.name}: {later.name} is not in the order of type and name")
        if len({item.name for item in self.classes}) < len(self.classes):
            raise ValueError(f"{self.name}: two classes have one name")
        for item in self.classes:
            _check_class(self.name, self.os, item)
        for kind, members in groupby(zip(self.classes, self.caps, strict=True), key=lambda pair: pair[0].type):
            total = sum(limit for _, limit in members)
            if total > TYPE_SUM_MAX:
                name = events.EVENT_TYPES[kind].name
                raise ValueError(f"{self.name}: the classes of {name} may give {total} events, at most {TYPE_SUM_MAX}")


def cap(peak: int) -> int:
    """The most events in one slot of a class whose busiest hour has a mean of `peak` thousandths.

    Three and a half standard deviations above the highest mean, where a table of `2 ** DRAW_BITS` cells has long ended.
    """
    if peak < RARE_BELOW:
        return 1
    top_micro = peak * INTENSITY_MAX * 1_000 // clock.HOUR_SLOTS
    return -((-2 * top_micro - 7 * isqrt(top_micro * 1_000_000)) // 2_000_000) + 2


def in_order(classes: Iterable[EventClass]) -> tuple[EventClass, ...]:
    """The classes in the order that an image wants."""
    return tuple(sorted(classes, key=lambda item: (item.type, item.name)))


def _check_class(image: str, os: str, item: EventClass) -> None:
    """What must hold of one class, so that the engine need not look again."""
    place = f"{image}: {item.name}"
    kind = events.EVENT_TYPES[item.type].name
    if len(item.rates) != clock.WEEK_HOURS or min(item.rates) < 0 or max(item.rates) == 0:
        raise ValueError(f"{place}: a rate for each hour of a week, none below zero, not all zero")
    if cap(max(item.rates)) > chance.COUNT_MAX:
        raise ValueError(f"{place}: its busiest hour may give more than {chance.COUNT_MAX} events a slot")
    if (kind in _NETWORK_TYPES) != (item.peer is not None):
        raise ValueError(f"{place}: network events have a peer, others have none")
    if kind == "registry-change" and os != "windows":
        raise ValueError(f"{place}: only Windows has a registry")
    texts = [getattr(item.process, name) for name in item.process.__slots__] + [item.subject]
    if item.peer is not None:
        texts += [item.peer.remote_address, item.peer.local_address]
    unknown = sorted({slot for text in texts for slot in _SLOT.findall(text)} - set(identity.EVENT_SLOTS))
    if unknown:
        raise ValueError(f"{place}: unknown slot {{{unknown[0]}}}; there are {', '.join(identity.EVENT_SLOTS)}")
