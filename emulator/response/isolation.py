"""Network isolation: its kinds, when each of them ends by itself, and what it lets through."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, ip_network
from typing import Final

from emulator.clock import HOUR_MS
from emulator.events import Direction
from emulator.exclusions.environment import Os
from emulator.exclusions.network import PROTOCOLS, NetworkRule, Ports
from emulator.policy.errors import SettingError
from emulator.policy.settings import AgentSettings, ExclusionProfile, Isolation

FALL_BACK_MS: Final = 5 * HOUR_MS
"""When isolation ends whose settings name no time (public help)."""
CENTRAL_NODE_H: Final = (1, 9_999)
"""For how long the Central Node isolates a device (public help)."""


class IsolationKind(StrEnum):
    """By what a device is isolated (KEA-ISO-005); the kinds begin and end apart from each other."""

    ON_DEMAND = "on-demand"
    AUTOMATIC = "automatic"
    CENTRAL_NODE = "central-node"


class EndedBy(StrEnum):
    """What ends isolation."""

    TIMER = "timer"
    FALL_BACK = "fall-back"
    """The timer is off, and 5 hours are over."""
    CONSOLE = "console"
    COMMAND_LINE = "command-line"
    CENTRAL_NODE = "central-node"
    REMOVAL = "removal"
    """Endpoint Agent was uninstalled: an emulator's choice."""


@dataclass(frozen=True, slots=True)
class Isolate:
    """An order to isolate a device; without `duration_ms` its settings say for how long.

    `exclusions` are those of the Central Node, whose isolation has no settings on the device.
    """

    kind: IsolationKind
    duration_ms: int | None = None
    exclusions: tuple[NetworkRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """An order to end isolation of these kinds."""

    by: EndedBy
    kinds: tuple[IsolationKind, ...] = tuple(IsolationKind)


BY_CONSOLE: Final = Release(EndedBy.CONSOLE, (IsolationKind.ON_DEMAND, IsolationKind.AUTOMATIC))
"""What an operator of the Administration Server ends: what the Central Node began is ended there."""
BY_CENTRAL_NODE: Final = Release(EndedBy.CENTRAL_NODE, (IsolationKind.CENTRAL_NODE,))


def settings_of(kind: IsolationKind, settings: AgentSettings) -> Isolation | None:
    """The settings of a kind: the policy's are for automatic isolation only, the device's for isolation on demand only
    (public help)."""
    match kind:
        case IsolationKind.AUTOMATIC:
            return settings.network_isolation
        case IsolationKind.ON_DEMAND:
            return settings.network_isolation_on_demand
        case IsolationKind.CENTRAL_NODE:
            return None


def lasts(order: Isolate, settings: AgentSettings) -> tuple[int, EndedBy]:
    """How long isolation lasts that is switched on under these settings (ms), and what ends it then."""
    if order.duration_ms is not None:
        return order.duration_ms, EndedBy.TIMER
    own = settings_of(order.kind, settings)
    if own is not None and own.release_automatically:
        return own.release_after_min * 60_000, EndedBy.TIMER
    return FALL_BACK_MS, EndedBy.FALL_BACK


def spared(order: Isolate, settings: AgentSettings, os: Os) -> tuple[NetworkRule, ...]:
    """The communications that isolation lets through beside those of Endpoint Agent and Network Agent."""
    own = settings_of(order.kind, settings)
    if own is None:
        return order.exclusions
    profiles = own.profiles if os == "windows" else ()
    return (*(rule for profile in profiles for rule in PROFILES[profile]), *order.exclusions, *own.exclusions)


def _service(name: str, protocol: str, port: int, direction: Direction) -> NetworkRule:
    ports = (Ports(port, port),)
    own, other = (ports, ()) if direction is Direction.INBOUND else ((), ports)
    return NetworkRule(name, direction, PROTOCOLS[protocol], local_ports=own, remote_ports=other)


PROFILES: Final[Mapping[ExclusionProfile, tuple[NetworkRule, ...]]] = {
    profile: (
        _service(f"DNS {role}", "udp", 53, direction),
        _service(f"DNS {role}, long answers", "tcp", 53, direction),
        _service(f"DHCP {role}", "udp", 67, direction),
    )
    for profile, role, direction in (
        (ExclusionProfile.DNS_DHCP_SERVER, "server", Direction.INBOUND),
        (ExclusionProfile.DNS_DHCP_CLIENT, "client", Direction.OUTBOUND),
    )
}
"""What the predefined profiles let through: recalled, from what DNS and DHCP are."""


def check_for_central_node(rule: NetworkRule) -> None:
    """Refuses what an exclusion of the Central Node does not have (public help): SettingError.

    It has a direction, a protocol, one IPv4 address of the other end, and one range of ports: the other end's with
    outbound connections, the device's with inbound ones, none with both.
    """
    if rule.program is not None or rule.local_addresses:
        key = "program" if rule.program is not None else "local-addresses"
        raise SettingError((key,), "an exclusion of the Central Node has no such field", "leave it out")
    if len(rule.remote_addresses) > 1 or not all(_is_ipv4_host(one) for one in rule.remote_addresses):
        raise SettingError(("remote-addresses",), "it is not one IPv4 address", "write one, such as 192.0.2.1")
    for key, given, direction in (
        ("remote-ports", rule.remote_ports, Direction.OUTBOUND),
        ("local-ports", rule.local_ports, Direction.INBOUND),
    ):
        if given and rule.direction is not direction:
            raise SettingError((key,), f"it goes with direction {direction} only", "leave it out")
        if len(given) > 1:
            raise SettingError((key,), "it is more than one range", "write one range")


def _is_ipv4_host(network: str) -> bool:
    parsed = ip_network(network)
    return isinstance(parsed, IPv4Network) and parsed.num_addresses == 1
