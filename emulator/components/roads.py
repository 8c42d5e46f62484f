"""The roads of one device to services: through which proxy server, by the Administration Server, or not at all."""

from typing import Final

from emulator.control.agent import EndpointAgent
from emulator.services import BY_ADMINISTRATION, DIRECT, Call, Via, road_to
from emulator.updates import Source, SourceKind
from emulator.world import Condition

VENDOR_DOMAIN: Final = "vendor.example"
"""The domain of the vendor's services; a stand-in."""


class Roads:
    """How the device of `agent` reaches services at a moment.

    Without a link it reaches nothing; away from the corporate network it reaches neither the Administration Server nor
    the proxy server, an emulator's choice for the latter.
    """

    __slots__ = ("_agent", "_discovered")

    def __init__(self, agent: EndpointAgent, discovered_proxy: str) -> None:
        self._agent = agent
        self._discovered = discovered_proxy

    def call(self, source: Source, at_ms: int) -> Call | None:
        """The call of a source of updates (KEA-UPD-016), None where the device cannot make it."""
        match source.kind:
            case SourceKind.ADMINISTRATION_SERVER:
                inside = self._linked(at_ms) and not self._away(at_ms)
                return Call(source.name, self._agent.device, at_ms, DIRECT) if inside else None
            case SourceKind.VENDOR:
                return self.to_vendor("updates", at_ms)
            case SourceKind.CUSTOM:
                return self._by_proxy_settings(_host(source.address), at_ms)

    def activation(self, at_ms: int) -> Call | None:
        """The call of the activation server: the option of its own decides before the general proxy settings
        (KEA-LIC-001, KEA-PRX-001)."""
        by_administration = self._agent.settings.licensing.activate_via_administration_server
        return self.to_vendor("activation", at_ms, by_administration=by_administration)

    def to_vendor(self, service: str, at_ms: int, *, by_administration: bool = False) -> Call | None:
        """The call of a service of the vendor, None where the device cannot make it."""
        server = f"{service}.{VENDOR_DOMAIN}"
        if not by_administration:
            return self._by_proxy_settings(server, at_ms)
        if not self._linked(at_ms) or self._away(at_ms):
            return None
        return Call(server, self._agent.device, at_ms, BY_ADMINISTRATION)

    def inside(self, server: str, at_ms: int, *, by_proxy: bool, timeout_ms: int) -> Call | None:
        """The call of a server of the organisation, by the general proxy settings or directly; None where the device
        cannot make it, as outside of the corporate network."""
        if not self._linked(at_ms) or self._away(at_ms):
            return None
        road = DIRECT
        if by_proxy:
            road = road_to(server, self._agent.settings.proxy, discovered=self._discovered)
        return Call(server, self._agent.device, at_ms, road, timeout_ms)

    def _by_proxy_settings(self, server: str, at_ms: int) -> Call | None:
        road = road_to(server, self._agent.settings.proxy, discovered=self._discovered)
        if not self._linked(at_ms) or (road.via is Via.PROXY and self._away(at_ms)):
            return None
        return Call(server, self._agent.device, at_ms, road)

    def _linked(self, at_ms: int) -> bool:
        return self._agent.linked(at_ms)

    def _away(self, at_ms: int) -> bool:
        return Condition.AWAY in self._agent.conditions(at_ms)


def _host(address: str) -> str:
    """The host of the address of a custom source: of a URL, of a network folder, or the text itself."""
    rest = address.partition("://")[2] or address.lstrip("\\")
    return rest.replace("\\", "/").partition("/")[0].partition(":")[0]
