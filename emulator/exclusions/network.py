"""Network exclusions: rules that keep events about network communications from being analysed and sent."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final

import re2

from emulator.events import Direction, EventClass, Peer
from emulator.exclusions.answers import Answer, all_of, of
from emulator.exclusions.criteria import masked_path, require_criterion
from emulator.exclusions.environment import Os
from emulator.exclusions.masks import path_mask
from emulator.exclusions.templates import template
from emulator.policy.errors import SettingError
from emulator.policy.kinds import Kind, choice, many, nearest, shown, text
from emulator.policy.records import Basis, Record, Setting

PROTOCOLS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
PROTOCOL_MAX: Final = 255
PORT_MAX: Final = 65_535
ADDRESS_MAX: Final = 100
"""Characters of one address or network."""
_RANGE: Final = re2.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Ports:
    """A range of ports, both ends included."""

    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def _ports() -> Kind[Ports]:
    remedy = f"write a port or a range such as 1024-2047, up to {PORT_MAX}"

    def read(data: object) -> Ports:
        if isinstance(data, Ports):
            first, last = data.first, data.last
        elif isinstance(data, int) and not isinstance(data, bool):
            first = last = data
        elif isinstance(data, str) and (match := _RANGE.fullmatch(data[:ADDRESS_MAX])):
            first, last = int(match[1]), int(match[2] or match[1])
        else:
            raise SettingError((), f"{shown(data)} is not a range of ports", remedy)
        if not 0 <= first <= last <= PORT_MAX:
            raise SettingError((), f"{shown(data)} is not a range of ports", remedy)
        return Ports(first, last)

    return Kind("ports", read, minimum=0, maximum=PORT_MAX)


def _protocol() -> Kind[int]:
    def read(data: object) -> int:
        if isinstance(data, int) and not isinstance(data, bool) and 0 <= data <= PROTOCOL_MAX:
            return data
        if isinstance(data, str):
            if data in PROTOCOLS:
                return PROTOCOLS[data]
            raise SettingError((), f"unknown protocol {shown(data)}", nearest(data, PROTOCOLS))
        remedy = f"write an IANA number from 0 to {PROTOCOL_MAX}, or one of: {', '.join(PROTOCOLS)}"
        raise SettingError((), f"{shown(data)} is not a protocol", remedy)

    return Kind("protocol", read, minimum=0, maximum=PROTOCOL_MAX, choices=tuple(PROTOCOLS))


def _network() -> Kind[str]:
    def read(data: object) -> str:
        try:
            if not isinstance(data, str) or len(data) > ADDRESS_MAX:
                raise ValueError(data)
            return str(ipaddress.ip_network(data))
        except ValueError as error:
            remedy = "write an IP address or a network such as 192.0.2.0/24, without host bits"
            raise SettingError((), f"{shown(data)} is neither an IP address nor a network", remedy) from error

    return Kind("network", read)


@dataclass(frozen=True, slots=True)
class NetworkRule(Record):
    """One rule of the list of excluded network communications. All criteria that are given have to hold (ANDed).

    The fields of the product's rule are not in its documentation (KEA-EDX-035); these are recalled and the
    emulator's. Of a list (ports, addresses) one entry has to hold. A rule without a criterion is refused. An event
    without a peer is never excluded by such a rule.
    """

    name: Annotated[str, Setting(text(), "name of the rule", basis=Basis.RECALLED)]
    direction: Annotated[
        Direction | None, Setting(choice(Direction), "who opened the connection", basis=Basis.RECALLED)
    ] = None
    protocol: Annotated[int | None, Setting(_protocol(), "IANA number or name", basis=Basis.RECALLED)] = None
    local_ports: Annotated[
        tuple[Ports, ...], Setting(many(_ports(), minimum=1), "ports of the device", basis=Basis.RECALLED)
    ] = ()
    remote_ports: Annotated[
        tuple[Ports, ...], Setting(many(_ports(), minimum=1), "ports of the other end", basis=Basis.RECALLED)
    ] = ()
    local_addresses: Annotated[
        tuple[str, ...], Setting(many(_network(), minimum=1), "addresses of the device", basis=Basis.RECALLED)
    ] = ()
    remote_addresses: Annotated[
        tuple[str, ...], Setting(many(_network(), minimum=1), "addresses of the other end", basis=Basis.RECALLED)
    ] = ()
    program: Annotated[
        str | None, Setting(masked_path(), "full path of the process's file, masks", basis=Basis.RECALLED)
    ] = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        require_criterion(self, beside=("name",))


def matches(rule: NetworkRule, event: EventClass, os: Os) -> Answer:
    """What the rule says of an event class; YES and NO hold on every device of this operating system."""
    if event.peer is None or not _concerns(rule, event.peer):
        return Answer.NO
    answers = [
        _address_answer(rule.local_addresses, event.peer.local_address),
        _address_answer(rule.remote_addresses, event.peer.remote_address),
    ]
    if rule.program is not None:
        answers.append(path_mask(rule.program, os).answer(template(event.process.path)))
    return all_of(answers)


def matches_filled(rule: NetworkRule, event: EventClass, os: Os, slots: Mapping[str, str]) -> bool:
    """The same for one device, of which `slots` gives user, host and site."""
    if event.peer is None or not _concerns(rule, event.peer):
        return False
    return (
        _holds(rule.local_addresses, template(event.peer.local_address).fill(slots))
        and _holds(rule.remote_addresses, template(event.peer.remote_address).fill(slots))
        and (
            rule.program is None or path_mask(rule.program, os).covers(template(event.process.path).fill(slots), slots)
        )
    )


def _concerns(rule: NetworkRule, peer: Peer) -> bool:
    """What of a rule no slot can decide."""
    return (
        rule.direction in (None, peer.direction)
        and rule.protocol in (None, peer.protocol)
        and (not rule.local_ports or any(peer.local_port in ports for ports in rule.local_ports))
        and (not rule.remote_ports or any(peer.remote_port in ports for ports in rule.remote_ports))
    )


def _address_answer(networks: tuple[str, ...], address: str) -> Answer:
    if networks and template(address).slots:
        return Answer.DEPENDS
    return of(_holds(networks, address))


def _holds(networks: tuple[str, ...], address: str) -> bool:
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # An event may name its peer otherwise, or not at all: no network then holds it.
        return False
    return any(parsed in _parsed(network) for network in networks)


@lru_cache(maxsize=4_096)
def _parsed(network: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(network)
