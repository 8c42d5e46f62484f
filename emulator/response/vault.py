"""The vault of one device: quarantined objects encrypted at rest with AES-GCM (KEA-QUA-003).

No content is kept anywhere. What stands for the content of a file follows from the device, the path and the revision of
the file, and the encrypted form follows from that and the object's id: both are made again whenever they are asked for.
"""

import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CONTENT_MAX: Final = 65_536
"""Bytes that stand for the content of a file, however large it is; its size is accounted in full."""
TAG_BYTES: Final = 16
"""What encryption adds to a content: the tag that shows whether it was changed."""
_NONCE_BYTES: Final = 12


def content_of(key: int, path: str, revision: str, size_bytes: int) -> bytes:
    """What stands for the content of a file: min(size, CONTENT_MAX) bytes from device key, path and revision."""
    seed = f"content/{key}/{path}/{revision}".encode()
    return hashlib.shake_256(seed).digest(min(size_bytes, CONTENT_MAX))


class Vault:
    """Encrypts and decrypts the objects of the device with this key; an object is bound to its id."""

    def __init__(self, key: int) -> None:
        self._cipher = AESGCM(hashlib.sha256(f"vault/{key}".encode()).digest())

    def seal(self, object_id: str, content: bytes) -> bytes:
        """The encrypted form of a content. The nonce follows from the id, which is never given twice."""
        return self._cipher.encrypt(_nonce(object_id), content, object_id.encode())

    def open(self, object_id: str, sealed: bytes) -> bytes:
        """The content again. Raises `cryptography.exceptions.InvalidTag` where a bit of it or the id is another."""
        return self._cipher.decrypt(_nonce(object_id), sealed, object_id.encode())


def _nonce(object_id: str) -> bytes:
    return hashlib.sha256(f"nonce/{object_id}".encode()).digest()[:_NONCE_BYTES]
