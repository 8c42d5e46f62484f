import ipaddress
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.events import Direction, Peer
from emulator.exclusions.answers import Answer
from emulator.exclusions.network import NetworkRule, Ports, matches, matches_filled
from emulator.policy.errors import SettingError
from tests.emulator.exclusions.samples import ALICE, BOB, TOOL, event, peer

SUBJECT = event(kind="network-activity", peer=peer(443))
CRITERIA = [
    ("direction", Direction.OUTBOUND, Direction.INBOUND),
    ("protocol", "tcp", "udp"),
    ("local_ports", ("49152-65535",), ("1-49151",)),
    ("remote_ports", (80, 443), (80, "444-500")),
    ("local_addresses", ("198.51.100.0/24",), ("203.0.113.0/24",)),
    ("remote_addresses", ("2001:db8::/32", "192.0.2.7"), ("192.0.2.8",)),
    ("program", r"%SystemRoot%\**\svchost.exe", r"%SystemRoot%\*"),
]


def built(values: Mapping[str, object]) -> NetworkRule:
    return NetworkRule("r", **values)  # type: ignore[arg-type]  # each of its kind


@pytest.mark.parametrize(("field", "hit", "miss"), CRITERIA)
def test_each_criterion_matches_and_misses(field: str, hit: object, miss: object) -> None:
    for value, expected in ((hit, True), (miss, False)):
        rule = built({field: value})
        assert matches(rule, SUBJECT, "windows") is (Answer.YES if expected else Answer.NO)
        assert matches_filled(rule, SUBJECT, "windows", ALICE) is expected


@pytest.mark.parametrize(("field", "hit", "miss"), CRITERIA)
def test_all_criteria_of_a_rule_have_to_hold(field: str, hit: object, miss: object) -> None:
    every = {name: value for name, value, _ in CRITERIA}
    assert matches(built(every), SUBJECT, "windows") is Answer.YES
    assert matches(built(every | {field: miss}), SUBJECT, "windows") is Answer.NO
    assert not matches_filled(built(every | {field: miss}), SUBJECT, "windows", ALICE)


def test_an_event_without_a_peer_is_never_excluded() -> None:
    rule = built({"program": r"C:\**"})
    assert matches(rule, event(), "windows") is Answer.NO
    assert not matches_filled(rule, event(), "windows", ALICE)


def test_an_address_with_a_slot_is_decided_on_each_device() -> None:
    subject = event(kind="network-activity", peer=peer(remote="192.0.2.{site}"))
    rule = built({"remote_addresses": ("192.0.2.0/25",)})
    assert matches(rule, subject, "windows") is Answer.DEPENDS
    assert matches_filled(rule, subject, "windows", ALICE | {"site": "7"})
    assert not matches_filled(rule, subject, "windows", ALICE | {"site": "200"})
    assert not matches_filled(rule, subject, "windows", ALICE | {"site": "north"})
    assert matches(built({"protocol": 6}), subject, "windows") is Answer.YES


def test_a_program_with_a_slot_is_decided_on_each_device() -> None:
    subject = event(TOOL, "network-activity", peer())
    rule = built({"program": r"C:\Users\bob\**"})
    assert matches(rule, subject, "windows") is Answer.DEPENDS
    assert matches_filled(rule, subject, "windows", BOB)
    assert not matches_filled(rule, subject, "windows", ALICE)


def test_an_unknown_local_address_matches_no_network() -> None:
    subject = event(kind="network-activity", peer=peer(local=""))
    assert matches(built({"local_addresses": ("0.0.0.0/0",)}), subject, "windows") is Answer.NO


def test_a_rule_without_a_criterion_is_refused() -> None:
    with pytest.raises(SettingError, match="would hold for everything"):
        NetworkRule("r")


def test_ports_and_networks_are_normalised() -> None:
    rule = built({"remote_ports": [53, "1-2"], "remote_addresses": ["2001:DB8:0::1"], "protocol": "icmpv6"})
    assert rule.remote_ports == (Ports(53, 53), Ports(1, 2))
    assert [str(ports) for ports in rule.remote_ports] == ["53", "1-2"]
    assert rule.remote_addresses == ("2001:db8::1/128",)
    assert rule.protocol == 58
    assert built({"remote_ports": rule.remote_ports, "remote_addresses": rule.remote_addresses, "protocol": 58}) == rule


ports = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
networks = st.sampled_from(["192.0.2.0/30", "192.0.2.1", "192.0.2.4/31", "2001:db8::/64"])
optional = {
    "direction": st.sampled_from(Direction),
    "protocol": st.sampled_from([6, 17]),
    "local_ports": st.lists(ports, min_size=1, max_size=2),
    "remote_ports": st.lists(ports, min_size=1, max_size=2),
    "remote_addresses": st.lists(networks, min_size=1, max_size=2),
}


@given(
    values=st.fixed_dictionaries({}, optional=optional).filter(bool),
    direction=st.sampled_from(Direction),
    protocol=st.sampled_from([6, 17]),
    local=st.integers(0, 9),
    remote=st.integers(0, 9),
    address=st.integers(0, 6),
)
def test_a_rule_never_hides_more_than_it_names(
    values: dict[str, object], direction: Direction, protocol: int, local: int, remote: int, address: int
) -> None:
    subject = event(
        kind="network-activity", peer=Peer(direction, protocol, local, remote, f"192.0.2.{address}", "198.51.100.1")
    )

    def inside(name: str, port: int) -> bool:
        ranges = values.get(name)
        if ranges is None:
            return True
        assert isinstance(ranges, list)
        return any(port in range(int(low), int(high) + 1) for low, high in (text.split("-") for text in ranges))

    wanted = values.get("remote_addresses", ["192.0.2.0/24"])
    assert isinstance(wanted, list)
    expected = (
        values.get("direction", direction) == direction
        and values.get("protocol", protocol) == protocol
        and inside("local_ports", local)
        and inside("remote_ports", remote)
        and any(
            ipaddress.ip_address(f"192.0.2.{address}") in list(ipaddress.ip_network(net))
            for net in wanted
            if ":" not in net
        )
    )
    assert matches(built(values), subject, "windows") is (Answer.YES if expected else Answer.NO)
    assert matches_filled(built(values), subject, "windows", ALICE) is expected
