"""Services that an Endpoint Agent asks one device at a time, and the road that a request takes to them.

Activation, updates, reputation and MDR are asked rarely: a request is one message, not a row of a column.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from emulator.policy.sections.general import Proxy, ProxyMode

SERVICE_TIMEOUT_MS: Final = 30_000
"""How long an agent waits for a service; the emulator's choice."""
LOCAL_SUFFIXES: Final = (".local", ".lan", ".internal")
"""Domains that count as the organisation's own, besides names without a dot and private addresses: the emulator's
choice, since what a local address is is not documented (KEA-PRX-013)."""


class Via(StrEnum):
    """The road of a request."""

    DIRECT = "direct"
    PROXY = "proxy"
    ADMINISTRATION = "administration-server"


@dataclass(frozen=True, slots=True)
class Road:
    """How a request travels: `proxy` is the address `host:port` of the proxy server, `user` the account that NTLM is
    given, empty where none is."""

    via: Via = Via.DIRECT
    proxy: str = ""
    user: str = ""


DIRECT: Final = Road()
BY_ADMINISTRATION: Final = Road(Via.ADMINISTRATION)


@dataclass(frozen=True, slots=True)
class Call:
    """A request of one device to a service at `server` (a host name or address): what every message has in common."""

    server: str
    device: int
    at_ms: int
    road: Road = DIRECT
    timeout_ms: int = SERVICE_TIMEOUT_MS


def road_to(server: str, proxy: Proxy, *, discovered: str) -> Road:
    """The road to a server by the general proxy settings (KEA-PRX-001, KEA-PRX-005 to KEA-PRX-014).

    `discovered` is the address of the proxy server that devices find by themselves, empty where there is none.
    Whoever does not use the general settings (an integration whose option is off, KEA-PRX-003) does not ask.
    """
    if proxy.mode is ProxyMode.NONE or (proxy.bypass_local_addresses and is_local(server)):
        return DIRECT
    address = discovered if proxy.mode is ProxyMode.AUTO_DETECT else f"{proxy.host}:{proxy.port}"
    if not address:
        return DIRECT
    return Road(Via.PROXY, address, proxy.user if proxy.use_ntlm else "")


def is_local(server: str) -> bool:
    """True for addresses internal to the organisation: private ones, names without a dot, and `LOCAL_SUFFIXES`."""
    try:
        return ip_address(server.strip("[]")).is_private
    except ValueError:
        return "." not in server or server.lower().endswith(LOCAL_SUFFIXES)
