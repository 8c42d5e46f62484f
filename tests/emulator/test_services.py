"""The road to a server follows the general proxy settings (KEA-PRX-001 to KEA-PRX-014)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.policy.secrets import Secret
from emulator.policy.sections.general import Proxy, ProxyMode
from emulator.services import DIRECT, Road, Via, is_local, road_to

SPECIFIED = Proxy(mode=ProxyMode.SPECIFIED, host="proxy.example.org")
FOUND = "10.0.0.9:3128"


def test_without_a_proxy_every_connection_is_direct() -> None:
    assert road_to("updates.example.org", Proxy(), discovered=FOUND) == DIRECT


def test_a_specified_proxy_has_port_8080_unless_told_otherwise() -> None:
    assert road_to("updates.example.org", SPECIFIED, discovered="") == Road(Via.PROXY, "proxy.example.org:8080")
    other = Proxy(mode=ProxyMode.SPECIFIED, host="192.0.2.7", port=3128)
    assert road_to("updates.example.org", other, discovered="").proxy == "192.0.2.7:3128"


def test_an_automatic_proxy_is_the_one_that_is_found() -> None:
    automatic = Proxy(mode=ProxyMode.AUTO_DETECT)
    assert road_to("updates.example.org", automatic, discovered=FOUND) == Road(Via.PROXY, FOUND)
    assert road_to("updates.example.org", automatic, discovered="") == DIRECT


def test_the_proxy_hears_of_an_account_only_with_ntlm() -> None:
    account = {"mode": ProxyMode.SPECIFIED, "host": "proxy", "user": "svc-proxy", "password": Secret("x")}
    assert road_to("a.example.org", Proxy(**account, use_ntlm=True), discovered="").user == "svc-proxy"  # type: ignore[arg-type]
    assert road_to("a.example.org", Proxy(**account), discovered="").user == ""  # type: ignore[arg-type]


@pytest.mark.parametrize("server", ["10.1.2.3", "192.168.0.1", "fileserver", "updates.corp.local", "[fd00::1]"])
def test_local_addresses_bypass_the_proxy_only_if_told(server: str) -> None:
    assert is_local(server)
    bypassing = Proxy(mode=ProxyMode.SPECIFIED, host="proxy", bypass_local_addresses=True)
    assert road_to(server, bypassing, discovered="") == DIRECT
    assert road_to(server, SPECIFIED, discovered="").via is Via.PROXY


@given(st.sampled_from(["updates.example.org", "8.8.8.8", "vendor.example.com"]), st.booleans())
def test_external_addresses_never_bypass_the_proxy(server: str, bypass: bool) -> None:
    settings = Proxy(mode=ProxyMode.SPECIFIED, host="proxy", bypass_local_addresses=bypass)
    assert not is_local(server)
    assert road_to(server, settings, discovered="").via is Via.PROXY
