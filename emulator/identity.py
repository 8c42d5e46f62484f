"""Who a device is: its name, user and addresses, derived on demand from its key and its place in the fleet.

Everything here is synthetic: addresses are drawn, not assigned, so two devices of a large fleet may share one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from emulator import chance

EVENT_SLOTS: Final = ("host", "site", "user")
"""What a template of an event class may ask for, as `{user}`."""
SLOTS: Final = ("address", "host", "mac", "site", "user")
"""What a template of a host's item may ask for."""
DEFAULT_SITE: Final = "main"
"""The site of a device whose block names none."""

_VOCABULARY: Final = "vocabulary.txt"
# 10.0.0.0/12 is left to the servers of the images; a last octet of 0 or 255 looks like a network or a broadcast.
_SECOND_OCTETS: Final = (16, 240)
_LAST_OCTETS: Final = (1, 255)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device tells about itself; `name` is its name in scenarios, selectors and reports."""

    name: str
    host_name: str
    user: str
    site: str
    address: str
    mac: str

    @property
    def slots(self) -> Mapping[str, str]:
        """What fills the slots of templates."""
        return {
            "address": self.address,
            "host": self.host_name,
            "mac": self.mac,
            "site": self.site,
            "user": self.user,
        }


def device_name(block: str, index: int) -> str:
    """The name of device `index` (from 0) of a block, ``office-00001``.

    Unique in a fleet whose blocks have different names, and untouched by other blocks or by a block's growth.
    """
    return f"{block}-{index + 1:05d}"


def identity(key: int, block: str, index: int, site: str = DEFAULT_SITE) -> Identity:
    """The identity of the device with this key at this place; the same inputs give the same identity for ever."""
    name = device_name(block, index)
    return Identity(name=name, host_name=name.upper(), user=_user(key), site=site, address=_address(key), mac=_mac(key))


def slots(key: int, block: str, index: int, site: str = DEFAULT_SITE) -> Mapping[str, str]:
    """What fills the slots of this device's templates."""
    return identity(key, block, index, site).slots


def has_slots(text: str) -> bool:
    """True where the text differs from device to device."""
    return "{" in text and any(f"{{{slot}}}" in text for slot in SLOTS)


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its slots filled; other braces (a GUID's) stay as they are."""
    if "{" not in template:
        return template
    for slot, value in values.items():
        template = template.replace(f"{{{slot}}}", value)
    return template


def _user(key: int) -> str:
    """An account name: a letter, a family name, two digits; the digits keep it from being anybody's name."""
    families = vocabulary()
    initial = "abcdefghijklmnopqrstuvwxyz"[chance.below(chance.draw(key, "identity/initial"), 26)]
    family = families[chance.below(chance.draw(key, "identity/family"), len(families))]
    return f"{initial}.{family}{chance.below(chance.draw(key, 'identity/number'), 100):02d}"


def _address(key: int) -> str:
    bits = chance.draw(key, "identity/address")
    second = _SECOND_OCTETS[0] + chance.below(bits, _SECOND_OCTETS[1] - _SECOND_OCTETS[0])
    last = _LAST_OCTETS[0] + chance.below(bits << 32 & chance.MASK64, _LAST_OCTETS[1] - _LAST_OCTETS[0])
    return f"10.{second}.{chance.draw(key, 'identity/network') >> 56}.{last}"


def _mac(key: int) -> str:
    """A unicast address with the bit "locally administered" set, so that it is no vendor's."""
    return ":".join(f"{octet:02X}" for octet in (0x02, *chance.draw(key, "identity/mac").to_bytes(8, "big")[:5]))


@cache
def vocabulary() -> tuple[str, ...]:
    """The family names of the checked-in vocabulary, in the file's order."""
    return tuple(resources.files("emulator").joinpath(_VOCABULARY).read_text(encoding="ascii").split())
