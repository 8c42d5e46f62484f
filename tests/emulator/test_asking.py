"""How servers are asked for: one text, from which address, road and trust come back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.asking import ANYBODY, Asked, Trust, asked, destination, onward, servers_of
from emulator.policy.addresses import Address
from emulator.policy.certificates import ClientCertificate, made_up
from emulator.policy.settings import KataIntegration, KicsIntegration, Proxy, ProxyMode
from emulator.services import DIRECT, Road, Via

HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
TRUST = st.builds(Trust, st.none() | st.just("") | HEX, st.just("") | HEX)
ROAD = st.just(DIRECT) | st.builds(
    Road, st.just(Via.PROXY), st.sampled_from(["proxy:8080", "[2001:db8::1]:3128"]), st.text(max_size=20)
)
SERVER = Address("kata.example.com", 443)
PROXY = Proxy(mode=ProxyMode.SPECIFIED, host="proxy.example.org", port=8_080)


@given(address=st.sampled_from(["kata:443", "[2001:db8::7]:443"]), road=ROAD, trust=TRUST)
def test_what_is_written_is_read_back(address: str, road: Road, trust: Trust) -> None:
    text = str(Asked(address, road, trust))
    assert asked(text) == Asked(address, road, trust)
    assert destination(text) == address
    assert asked(onward(text)) == Asked(address, DIRECT, trust)


def test_who_trusts_everybody_asks_for_the_address_alone() -> None:
    assert str(Asked("kata:443")) == "kata:443"
    assert asked("kata:443") == Asked("kata:443", DIRECT, ANYBODY)


@pytest.mark.parametrize(
    ("values", "trust"),
    [
        ({}, ANYBODY),
        ({"server_certificate": made_up("a")}, ANYBODY),
        ({"use_pinned_certificate": True}, Trust("")),
        ({"use_pinned_certificate": True, "server_certificate": made_up("a")}, Trust(made_up("a").sha256)),
        ({"client_certificate": ClientCertificate(made_up("me"))}, ANYBODY),
        ({"use_client_certificate": True}, ANYBODY),
        (
            {"use_client_certificate": True, "client_certificate": ClientCertificate(made_up("me"))},
            Trust(None, made_up("me").sha256),
        ),
    ],
)
def test_trust_is_what_the_options_say(values: dict[str, object], trust: Trust) -> None:
    link = KataIntegration(enabled=True, servers=(SERVER,), **values)  # type: ignore[arg-type]  # fields of several types
    (server,) = servers_of(link, PROXY, discovered="")
    assert asked(server) == Asked("kata.example.com:443", DIRECT, trust)


def test_the_road_is_that_of_the_general_settings_where_they_are_used() -> None:
    for link in (KataIntegration, KicsIntegration):
        assert servers_of(link(servers=(SERVER,)), PROXY, discovered="") == ("kata.example.com:443",)
        (server,) = servers_of(link(servers=(SERVER,), connect_using_general_proxy=True), PROXY, discovered="")
        assert asked(server).road == Road(Via.PROXY, "proxy.example.org:8080")
