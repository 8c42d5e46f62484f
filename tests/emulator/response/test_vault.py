"""The vault: what is sealed comes back, and as nothing else (KEA-QUA-003)."""

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from emulator.response.vault import CONTENT_MAX, TAG_BYTES, Vault, content_of

KEYS = st.integers(0, 2**64 - 1)
IDS = st.text("0123456789abcdef", min_size=16, max_size=16)


@given(key=KEYS, object_id=IDS, size=st.integers(0, 5_000))
def test_what_is_opened_is_what_was_sealed(key: int, object_id: str, size: int) -> None:
    content = content_of(key, "C:\\a.exe", "0" * 64, size)
    sealed = Vault(key).seal(object_id, content)
    assert Vault(key).open(object_id, sealed) == content
    assert len(sealed) == len(content) + TAG_BYTES


@given(key=KEYS, object_id=IDS)
def test_the_sealed_form_does_not_hold_the_content(key: int, object_id: str) -> None:
    content = content_of(key, "C:\\a.exe", "0" * 64, 512)
    sealed = Vault(key).seal(object_id, content)
    assert all(content[place : place + 8] not in sealed for place in range(512 - 8))


@given(place=st.integers(0, 64 + TAG_BYTES - 1), bit=st.integers(0, 7))
def test_one_changed_bit_is_noticed(place: int, bit: int) -> None:
    vault = Vault(7)
    sealed = bytearray(vault.seal("a" * 16, content_of(7, "C:\\a.exe", "0" * 64, 64)))
    sealed[place] ^= 1 << bit
    with pytest.raises(InvalidTag):
        vault.open("a" * 16, bytes(sealed))


def test_an_object_opens_under_its_own_id_and_on_its_own_device_only() -> None:
    sealed = Vault(7).seal("a" * 16, b"content")
    with pytest.raises(InvalidTag):
        Vault(7).open("b" * 16, sealed)
    with pytest.raises(InvalidTag):
        Vault(8).open("a" * 16, sealed)


def test_content_follows_from_device_path_and_revision_and_is_bounded() -> None:
    first = content_of(1, "C:\\a.exe", "0", 64)
    assert first == content_of(1, "C:\\a.exe", "0", 64)
    for key, path, revision in ((2, "C:\\a.exe", "0"), (1, "C:\\b.exe", "0"), (1, "C:\\a.exe", "1")):
        assert content_of(key, path, revision, 64) != first
    assert len(content_of(1, "C:\\a.exe", "0", 10**9)) == CONTENT_MAX
