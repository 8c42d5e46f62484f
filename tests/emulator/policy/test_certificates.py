import base64
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.policy.certificates import (
    CERTIFICATE_SIZE_MAX,
    PFX_SIZE_MAX,
    ClientCertificate,
    made_up,
    made_up_archive,
    pem,
    pem_of,
    pfx,
)
from emulator.policy.errors import SettingError
from emulator.policy.settings import KataIntegration, parse_group

READ = pem().read
OPEN = pfx().read


def refusal(data: object) -> SettingError:
    with pytest.raises(SettingError) as caught:
        OPEN(data)
    return caught.value


def der(name: str) -> bytes:
    return x509.load_pem_x509_certificate(made_up(name).pem.encode()).public_bytes(Encoding.DER)


# --- certificates of servers ------------------------------------------------------------------------------------------


def test_a_pasted_certificate_is_stored_with_what_is_shown_of_it() -> None:
    stored = READ(made_up("cn-1").pem)
    assert stored == made_up("cn-1")
    assert (stored.subject, stored.valid_from[:10], stored.valid_until[:10]) == ("CN=cn-1", "2026-01-01", "2035-12-31")
    assert len(stored.sha256) == 64


def test_a_file_gives_the_same_as_pasting_whatever_its_form() -> None:
    for content in (made_up("cn-1").pem.encode(), b"Subject: cn-1\r\n" + made_up("cn-1").pem.encode(), der("cn-1")):
        assert READ(pem_of(content)) == made_up("cn-1")


def test_reading_again_changes_nothing() -> None:
    assert READ(READ(made_up("cn-1").pem)) is made_up("cn-1") or READ(made_up("cn-1")) == made_up("cn-1")


def test_another_certificate_takes_the_place_of_the_first() -> None:
    first = parse_group("kata-integration", {"server-certificate": made_up("a").pem})
    second = parse_group("kata-integration", {"server-certificate": made_up("b").pem}, first)
    assert isinstance(second, KataIntegration)
    assert second.server_certificate == made_up("b")


def test_two_certificates_at_once_are_refused() -> None:
    with pytest.raises(SettingError, match="KEA-CEN-018"):
        READ(made_up("a").pem + made_up("b").pem)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x30\x82", der("a")[:-10], made_up("a").pem.encode()[:-60], b"x" * (CERTIFICATE_SIZE_MAX + 1)],
)
def test_a_file_that_is_no_certificate_is_refused(content: bytes) -> None:
    with pytest.raises(SettingError):
        pem_of(content)


@given(st.one_of(st.text(max_size=200), st.integers(), st.none(), st.lists(st.text(max_size=3))))
def test_nothing_else_is_taken_for_a_certificate(data: object) -> None:
    with pytest.raises(SettingError):
        READ(data)


@given(st.binary(max_size=400))
def test_bytes_are_a_certificate_or_refused(content: bytes) -> None:
    with pytest.raises(SettingError):
        pem_of(content)


def test_a_long_text_is_refused() -> None:
    with pytest.raises(SettingError, match=str(CERTIFICATE_SIZE_MAX)):
        READ("x" * (CERTIFICATE_SIZE_MAX + 1))


# --- certificates of devices ------------------------------------------------------------------------------------------


def test_an_archive_is_opened_with_its_password() -> None:
    stored = OPEN({"archive": made_up_archive("agent"), "password": "agent"})
    assert stored == ClientCertificate(made_up("agent"))
    assert OPEN(stored) is stored


def test_an_archive_may_be_folded() -> None:
    text = made_up_archive("agent")
    folded = "\n".join(text[place : place + 64] for place in range(0, len(text), 64))
    assert OPEN({"archive": folded, "password": "agent"}) == ClientCertificate(made_up("agent"))


@settings(deadline=None, max_examples=30)  # an archive is slow to open, on purpose
@given(st.text(min_size=1, max_size=20).filter(lambda text: text != "agent"))
def test_another_password_is_refused_and_not_repeated(password: str) -> None:
    error = refusal({"archive": made_up_archive("agent"), "password": password})
    assert error.path == ("password",)
    assert "KEA-CEN-023" in error.remedy
    assert len(password) < 4 or password not in str(error)


@settings(deadline=None, max_examples=50)
@given(st.integers(20, 700), st.binary(min_size=1, max_size=4))
def test_a_damaged_archive_is_refused_or_opened(place: int, damage: bytes) -> None:
    content = bytearray(base64.b64decode(made_up_archive("agent")))
    content[place : place + len(damage)] = damage
    with suppress(SettingError):
        assert OPEN({"archive": base64.b64encode(content).decode(), "password": "agent"})


def test_the_password_has_to_be_given() -> None:
    assert "'password' is missing" in refusal({"archive": made_up_archive("agent")}).cause


@pytest.mark.parametrize("content", [b"", b"0", made_up("agent").pem.encode(), der("agent"), b"PK\x03\x04" + bytes(40)])
def test_what_is_not_an_archive_is_refused(content: bytes) -> None:
    error = refusal({"archive": base64.b64encode(content).decode(), "password": "agent"})
    assert error.path == ("archive",)
    assert "KEA-CEN-022" in error.remedy


def test_what_is_not_base64_is_refused() -> None:
    assert refusal({"archive": "agent.pfx", "password": "agent"}).path == ("archive",)


def test_an_archive_without_a_key_is_refused() -> None:
    found = x509.load_pem_x509_certificate(made_up("agent").pem.encode())
    content = pkcs12.serialize_key_and_certificates(b"agent", None, found, None, BestAvailableEncryption(b"agent"))
    assert refusal({"archive": base64.b64encode(content).decode(), "password": "agent"}).path == ("archive",)


def test_a_large_archive_is_refused_by_name() -> None:
    content = base64.b64encode(bytes(PFX_SIZE_MAX + 1)).decode()
    assert "PFX_SIZE_MAX" in refusal({"archive": content, "password": "agent"}).cause


# --- made-up ones -----------------------------------------------------------------------------------------------------


@example("ü" * 80)
@given(st.text(min_size=1, max_size=80, alphabet=st.characters(min_codepoint=33, max_codepoint=0x2FF)))
def test_a_made_up_certificate_follows_from_its_name_alone(name: str) -> None:
    fresh = made_up.__wrapped__(name)
    assert fresh == made_up(name)
    assert READ(fresh.pem) == fresh
    assert fresh.sha256 != made_up("another name").sha256
