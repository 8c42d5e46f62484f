"""Certificates of TLS connections as people hand them in, and what is kept of them.

They are read where settings are read. Between devices and servers only fingerprints are compared.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from hashlib import sha256
from typing import Annotated, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from emulator.policy.errors import SettingError
from emulator.policy.kinds import Kind
from emulator.policy.records import Record, Setting, read_record
from emulator.policy.secrets import Secret, secret

CERTIFICATE_SIZE_MAX: Final = 65_536
"""Bytes of a file with a certificate, and characters of one that is pasted."""
PFX_SIZE_MAX: Final = 65_536
"""Bytes of an archive with a client certificate."""
_SUBJECT_MAX: Final = 200
_NAME_MAX: Final = 64
"""Bytes of a common name that the library takes; the standard counts characters."""
_FIRST_DAY, _LAST_DAY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2035, 12, 31, tzinfo=UTC)
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_REMEDY: Final = "give the certificate as its file has it, from BEGIN CERTIFICATE to END CERTIFICATE"
_PFX_REMEDY: Final = "give a PFX archive (PKCS #12) with one certificate and its key (KEA-CEN-022)"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A TLS certificate. `subject`, validity (UTC, ISO 8601) and `sha256`, the fingerprint in hex, are what is shown of
    it (KEA-CEN-020); which data that is, is the emulator's choice."""

    pem: str = field(repr=False)
    subject: str
    valid_from: str
    valid_until: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.subject} (SHA-256 {self.sha256})"


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A certificate that a device shows to servers. Its key and the password of its archive are not kept: between
    devices and servers nothing is computed with them."""

    certificate: Certificate

    def __str__(self) -> str:
        return str(self.certificate)


@dataclass(frozen=True, slots=True)
class Archive:
    """The bytes of an archive, which are not shown."""

    content: bytes = field(repr=False)


# --- reading ----------------------------------------------------------------------------------------------------------


def pem() -> Kind[Certificate]:
    """A certificate as a text (PEM), the contents of its file (KEA-CEN-017); exactly one (KEA-CEN-018)."""

    def read(data: object) -> Certificate:
        if isinstance(data, Certificate):
            return data
        if not isinstance(data, str):
            raise SettingError((), "it is not a text", _REMEDY)
        if len(data) > CERTIFICATE_SIZE_MAX:
            raise SettingError((), f"the text has more than {CERTIFICATE_SIZE_MAX} characters", _REMEDY)
        return _read_pem(data)

    return Kind("certificate", read, maximum=CERTIFICATE_SIZE_MAX, unit="characters")


def pem_of(data: bytes) -> str:
    """The text of a file with a certificate, which may be in binary form (DER). Raises SettingError where it is not
    one."""
    if len(data) > CERTIFICATE_SIZE_MAX:
        raise SettingError((), f"the file has more than {CERTIFICATE_SIZE_MAX} bytes (CERTIFICATE_SIZE_MAX)", _REMEDY)
    if _BEGIN.encode() in data:
        return _read_pem(data.decode("utf-8", "replace")).pem
    try:
        return x509.load_der_x509_certificate(data).public_bytes(Encoding.PEM).decode()
    except ValueError as error:
        raise SettingError((), "this is not a certificate", _REMEDY) from error


@lru_cache(maxsize=256)
def _read_pem(text: str) -> Certificate:
    if _BEGIN not in text:
        raise SettingError((), "this is not a certificate", _REMEDY)
    try:
        found = x509.load_pem_x509_certificates(text.encode())
        if len(found) > 1:
            raise SettingError((), f"these are {len(found)} certificates", "give one certificate (KEA-CEN-018)")
        return _described(found[0])
    except ValueError as error:
        raise SettingError((), "the certificate is damaged", _REMEDY) from error


def _described(found: x509.Certificate) -> Certificate:
    return Certificate(
        pem=found.public_bytes(Encoding.PEM).decode(),
        subject=found.subject.rfc4514_string()[:_SUBJECT_MAX],
        valid_from=found.not_valid_before_utc.isoformat(),
        valid_until=found.not_valid_after_utc.isoformat(),
        sha256=found.fingerprint(SHA256()).hex(),
    )


def _archive() -> Kind[Archive]:
    """A PFX archive as a text in Base64."""

    def read(data: object) -> Archive:
        if isinstance(data, Archive):
            return data
        if not isinstance(data, str):
            raise SettingError((), "it is not a text", _PFX_REMEDY)
        try:
            content = base64.b64decode("".join(data[: 2 * PFX_SIZE_MAX].split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SettingError((), "this is not a PFX archive", _PFX_REMEDY) from error
        if len(content) > PFX_SIZE_MAX:
            raise SettingError((), f"the archive has more than {PFX_SIZE_MAX} bytes (PFX_SIZE_MAX)", _PFX_REMEDY)
        if not _is_pfx(content):
            raise SettingError((), "this is not a PFX archive", _PFX_REMEDY)
        return Archive(content)

    return Kind("archive", read, maximum=PFX_SIZE_MAX, unit="bytes")


def _is_pfx(content: bytes) -> bool:
    """True where it begins as PKCS #12 does: a sequence whose first part is the version 3."""
    if len(content) < 2 or content[0] != 0x30:
        return False
    length = 1 + (content[1] & 0x7F if content[1] & 0x80 else 0)
    return content[1 + length :].startswith(b"\x02\x01\x03")


@dataclass(frozen=True, slots=True)
class Pfx(Record):
    """A client certificate as it is handed in: an archive, and the password that opens it."""

    archive: Annotated[Archive, Setting(_archive(), "the PFX archive, in Base64", clause="KEA-CEN-022")]
    password: Annotated[Secret, Setting(secret(), "its password", clause="KEA-CEN-023")]


def pfx() -> Kind[ClientCertificate]:
    """A client certificate: `{archive: …, password: …}` (KEA-CEN-022, KEA-CEN-023)."""

    def read(data: object) -> ClientCertificate:
        if isinstance(data, ClientCertificate):
            return data
        given = read_record(Pfx, data)
        return _opened(given.archive.content, given.password.characters)

    return Kind("client-certificate", read, record=Pfx)


@lru_cache(maxsize=64)
def _opened(content: bytes, password: str) -> ClientCertificate:
    cause = "it does not open the archive, or the archive is damaged"
    wrong = SettingError(("password",), cause, "give the password of the archive (KEA-CEN-023)")
    if "\0" in password:  # none has it, and the library panics
        raise wrong
    try:
        key, found, _ = pkcs12.load_key_and_certificates(content, password.encode())
    except ValueError as error:
        raise wrong from error
    if key is None or found is None:
        raise SettingError(("archive",), "the archive has no certificate with its key", _PFX_REMEDY)
    return ClientCertificate(_described(found))


# --- made up ----------------------------------------------------------------------------------------------------------


@cache
def made_up(name: str) -> Certificate:
    """The certificate that stands for a name: signed by itself, and the same in every run."""
    return _described(_made(name)[1])


def made_up_archive(name: str) -> str:
    """The same with its key as a PFX archive, in Base64; the name is its password. Its bytes differ each time."""
    key, found = _made(name)
    encryption = BestAvailableEncryption(name.encode())
    content = pkcs12.serialize_key_and_certificates(name.encode(), key, found, None, encryption)
    return base64.b64encode(content).decode()


def _made(name: str) -> tuple[Ed25519PrivateKey, x509.Certificate]:
    seed = sha256(f"seatrial/certificate/{name}".encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    called = name.encode()[:_NAME_MAX].decode("utf-8", "ignore")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(seed[:8], "big") | 1)
        .not_valid_before(_FIRST_DAY)
        .not_valid_after(_LAST_DAY)
    )
    return key, builder.sign(key, None)
