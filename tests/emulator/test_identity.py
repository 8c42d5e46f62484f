import re
from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import identity
from emulator.chance import MASK64, device_key
from emulator.images import parts
from tests.tools import make_vocabulary

KEYS = st.integers(0, MASK64)


def test_a_device_is_named_by_its_block_and_number() -> None:
    assert identity.device_name("office", 0) == "office-00001"
    assert identity.device_name("office", 123_455) == "office-123456"


@given(
    st.tuples(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), st.integers(0, 10**6)),
    st.tuples(st.from_regex(r"[a-z0-9-]{1,8}", fullmatch=True), st.integers(0, 10**6)),
)
def test_names_of_different_places_differ(one: tuple[str, int], other: tuple[str, int]) -> None:
    assert (identity.device_name(*one) == identity.device_name(*other)) == (one == other)


@given(KEYS)
def test_an_identity_follows_from_key_and_place_alone(key: int) -> None:
    assert identity.identity(key, "office", 3, "north") == identity.identity(key, "office", 3, "north")


@given(KEYS)
def test_addresses_are_private_and_no_servers(key: int) -> None:
    address = IPv4Address(identity.identity(key, "office", 0).address)
    assert address in IPv4Network("10.0.0.0/8")
    assert address not in IPv4Network("10.0.0.0/12")
    assert str(address).rsplit(".", 1)[1] not in ("0", "255")


@pytest.mark.parametrize(
    "server", [parts.ADMINISTRATION_SERVER, parts.CLIENTS, parts.DOMAIN_CONTROLLER, parts.FILE_SERVER, parts.GATEWAY]
)
def test_the_servers_of_the_images_are_where_no_device_is(server: str) -> None:
    assert IPv4Address(server) in IPv4Network("10.0.0.0/12")


@given(KEYS)
def test_a_mac_address_is_unicast_and_locally_administered(key: int) -> None:
    mac = identity.identity(key, "office", 0).mac
    assert re.fullmatch(r"([0-9A-F]{2}:){5}[0-9A-F]{2}", mac)
    assert int(mac[:2], 16) & 0b11 == 0b10


@given(KEYS)
def test_a_user_is_made_of_the_vocabulary(key: int) -> None:
    found = re.fullmatch(r"[a-z]\.([a-z]+)[0-9]{2}", identity.identity(key, "office", 0).user)
    assert found
    assert found[1] in identity.vocabulary()


def test_devices_of_a_fleet_differ() -> None:
    found = [identity.identity(device_key(1, "office", index), "office", index) for index in range(500)]
    assert len({one.name for one in found}) == 500
    assert len({one.user for one in found}) > 490
    assert len({one.address for one in found}) > 490
    assert len({one.mac for one in found}) == 500


def test_a_host_is_named_like_its_device_in_capitals() -> None:
    assert identity.identity(1, "hq-floor", 6).host_name == "HQ-FLOOR-00007"


def test_a_device_without_a_site_is_at_the_default_one() -> None:
    assert identity.slots(1, "office", 0)["site"] == identity.DEFAULT_SITE
    assert identity.slots(1, "office", 0, "north")["site"] == "north"


def test_there_is_a_value_for_every_slot() -> None:
    assert tuple(sorted(identity.slots(1, "office", 0))) == identity.SLOTS
    assert set(identity.EVENT_SLOTS) <= set(identity.SLOTS)


def test_a_template_is_filled() -> None:
    values = identity.slots(1, "office", 0, "north")
    assert (
        identity.fill("C:\\Users\\{user}\\{host}-{site}", values) == f"C:\\Users\\{values['user']}\\OFFICE-00001-north"
    )


@pytest.mark.parametrize("text", ["", "plain", "{4D36E968-E325-11CE-BFC1-08002BE10318}", "{", "{users}", "{0}"])
def test_other_braces_stay(text: str) -> None:
    assert not identity.has_slots(text)
    assert identity.fill(text, identity.slots(1, "office", 0)) == text


@pytest.mark.parametrize("slot", identity.SLOTS)
def test_a_slot_is_seen(slot: str) -> None:
    assert identity.has_slots(f"a{{{slot}}}b")


def test_the_vocabulary_is_plain_and_without_repeats() -> None:
    words = identity.vocabulary()
    assert len(words) == make_vocabulary.WORDS
    assert list(words) == sorted(set(words))
    assert all(re.fullmatch(r"[a-z]{3,10}", word) for word in words)


def test_the_tool_writes_such_a_vocabulary() -> None:
    words = make_vocabulary.text().split()
    assert len(words) == make_vocabulary.WORDS
    assert words == sorted(set(words))


def test_the_tool_gives_up_on_a_source_that_runs_dry() -> None:
    with pytest.raises(ValueError, match="only 1 different words of 2"):
        make_vocabulary.words(lambda: "Same", 2)


def test_the_tool_takes_no_word_that_is_not_plain() -> None:
    source = iter(["Müller", "O'Neil", "Li", "Smith", "SMITH", "Jones"])
    assert make_vocabulary.words(lambda: next(source), 2) == ["jones", "smith"]
