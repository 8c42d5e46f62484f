import pytest

from emulator.policy.errors import SettingError
from emulator.policy.secrets import MASK
from emulator.policy.settings import DEFAULTS, Proxy, ProxyMode, parse_group


def refusal(data: object) -> SettingError:
    with pytest.raises(SettingError) as caught:
        parse_group("proxy", data)
    return caught.value


@pytest.mark.parametrize("host", ["proxy", "Proxy.Example.com", "192.0.2.9", "2001:db8::9"])
def test_a_proxy_server_is_given_by_name_or_by_address(host: str) -> None:
    read = parse_group("proxy", {"mode": "specified", "host": host})  # KEA-PRX-008
    assert read == Proxy(ProxyMode.SPECIFIED, host.lower(), 8080)  # KEA-PRX-009


@pytest.mark.parametrize("host", ["", "10.0.0.256", "a b", "proxy:8080", "-proxy", 7, None, "p" * 64])
def test_what_is_no_server_is_refused(host: object) -> None:
    assert refusal({"mode": "specified", "host": host}).path == ("host",)


def test_there_are_exactly_three_modes() -> None:
    assert [mode.value for mode in ProxyMode] == ["none", "auto-detect", "specified"]  # KEA-PRX-005
    assert "did you mean 'auto-detect'?" in refusal({"mode": "auto-detct"}).remedy


def test_the_mode_specified_needs_a_server_and_the_others_none() -> None:
    assert refusal({"mode": "specified"}).path == ("host",)
    parse_group("proxy", {"mode": "auto-detect"})
    assert parse_group("proxy", {"mode": "none"}) == DEFAULTS.proxy


def test_the_password_of_the_proxy_is_masked_until_it_is_asked_for() -> None:
    read = parse_group("proxy", {"use-ntlm": True, "user": "CORP\\svc-proxy", "password": "open sesame"})
    assert isinstance(read, Proxy)
    assert "sesame" not in f"{read!r} {read.password} {read}"
    assert str(read.password) == MASK
    assert read.password.characters == "open sesame"  # KEA-PRX-012
