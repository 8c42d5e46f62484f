"""How a device asks for a telemetry server: at which address, on which road, and whom it trusts.

The engine has it as one text, which tells apart what devices ask for in different ways.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from emulator.policy.sections.general import Proxy
from emulator.policy.settings import KataIntegration, KicsIntegration
from emulator.services import DIRECT, Road, Via, road_to

_TRUSTS: Final = " trusting "
_SHOWS: Final = " showing "
_VIA: Final = " via "
_AS: Final = " as "
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Trust:
    """Which servers a device accepts, and what it shows to them: fingerprints of certificates.

    `pinned` is that of the one certificate that it accepts (KEA-CEN-015), empty where it accepts none, None where it
    accepts all. `client` is that of its own, empty where it has none to show (KEA-CEN-021).
    """

    pinned: str | None = None
    client: str = ""


ANYBODY: Final = Trust()
"""The trust of a device that accepts every server and shows nothing: an emulator's choice where nothing is pinned."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A server as a device asks for it; `address` is `host:port`."""

    address: str
    road: Road = DIRECT
    trust: Trust = ANYBODY

    def __str__(self) -> str:
        text = self.address
        if self.trust.pinned is not None:
            text += _TRUSTS + (self.trust.pinned or _NOBODY)
        if self.trust.client:
            text += _SHOWS + self.trust.client
        if self.road.via is Via.PROXY:
            text += _VIA + self.road.proxy
        if self.road.user:  # the last part, since it may hold anything
            text += _AS + self.road.user
        return text


@lru_cache(maxsize=4_096)
def asked(text: str) -> Asked:
    """What a text says that an `Asked` gave."""
    rest, by_proxy, behind = text.partition(_VIA)
    proxy, _, user = behind.partition(_AS)
    rest, _, client = rest.partition(_SHOWS)
    address, trusts, pinned = rest.partition(_TRUSTS)
    trust = Trust(("" if pinned == _NOBODY else pinned) if trusts else None, client)
    return Asked(address, Road(Via.PROXY, proxy, user) if by_proxy else DIRECT, trust)


def servers_of(link: KataIntegration | KicsIntegration, proxy: Proxy, *, discovered: str) -> tuple[str, ...]:
    """The servers of an integration as a device asks for them, in the order of the list.

    The road is that of the general proxy settings where the integration uses them (KEA-PRX-002 to KEA-PRX-004).
    """
    trust = _trust_of(link) if isinstance(link, KataIntegration) else ANYBODY
    return tuple(
        str(
            Asked(
                str(server),
                road_to(server.host, proxy, discovered=discovered) if link.connect_using_general_proxy else DIRECT,
                trust,
            )
        )
        for server in link.servers
    )


def destination(text: str) -> str:
    """The address of a server, however it is asked for."""
    return text.partition(" ")[0]


def onward(text: str) -> str:
    """The same server asked for by the proxy server: without the road that led there."""
    return str(replace(asked(text), road=DIRECT))


def _trust_of(link: KataIntegration) -> Trust:
    pinned = client = None
    if link.use_pinned_certificate:
        pinned = "" if link.server_certificate is None else link.server_certificate.sha256
    if link.use_client_certificate and link.client_certificate is not None:
        client = link.client_certificate.certificate.sha256
    return Trust(pinned, client or "")
