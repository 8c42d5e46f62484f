"""Parts that images are put together from: programs with synthetic hashes, event classes, files of a host."""

import hashlib
from collections.abc import Iterable
from typing import Final

from emulator import chance, events
from emulator.events import Direction, EventClass, Peer, Process
from emulator.host import file_item
from emulator.ioc.snapshot import Instance

TCP: Final = 6
UDP: Final = 17

# The servers of the emulated network; 10.0.0.0/12 holds no devices, the others are reserved for documentation.
ADMINISTRATION_SERVER: Final = "10.0.0.5"
DOMAIN_CONTROLLER: Final = "10.0.0.10"
UPDATE_SERVER: Final = "10.0.0.12"
FILE_SERVER: Final = "10.0.0.20"
MAIL_SERVER: Final = "10.0.0.30"
DATABASE_SERVER: Final = "10.0.0.40"
LINUX_SERVER: Final = "10.0.0.50"
GATEWAY: Final = "10.0.0.1"
WEB: Final = "203.0.113.80"
MEETINGS: Final = "198.51.100.40"
CODE_SERVER: Final = "192.0.2.22"
CLIENTS: Final = "10.0.1.20"
"""Stands for the clients of a server, as behind a translating router."""

_SIZE_BYTES: Final = (16_384, 8_388_608)
_INSTALLED_DAYS: Final = 28
_SHARE: Final = "\\\\"


def hashes(text: str) -> tuple[str, str, str]:
    """MD5, SHA-1 and SHA-256 of a text, lower-case hex: the synthetic hashes of a file that the text names."""
    data = text.encode()
    return (
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        hashlib.sha1(data, usedforsecurity=False).hexdigest(),
        hashlib.sha256(data).hexdigest(),
    )


def program(
    path: str, arguments: str = "", *, parent: str = "", description: str = "", original: str = "", version: str = ""
) -> Process:
    """A process: the command line is the quoted path with the arguments, the hashes are those of path and version."""
    quoted = f'"{path}"' if " " in path else path
    md5, _, sha256 = hashes(f"{path}|{version}")
    return Process(
        path=path,
        command_line=f"{quoted} {arguments}".rstrip(),
        parent_path=parent,
        description=description,
        original_name=original,
        version=version,
        md5=md5,
        sha256=sha256,
    )


def event(
    kind: str, name: str, process: Process, rates: tuple[int, ...], *, subject: str = "", peer: Peer | None = None
) -> EventClass:
    """An event class of the type called `kind`; its full name is ``name/kind``."""
    return EventClass(f"{name}/{kind}", events.TYPE_INDEX[kind], process, rates, peer, subject)


def outbound(address: str, port: int, protocol: int = TCP) -> Peer:
    """A connection that the device opens; its own port changes, which is told as 0."""
    return Peer(Direction.OUTBOUND, protocol, local_port=0, remote_port=port, remote_address=address)


def inbound(port: int, address: str = CLIENTS, protocol: int = TCP) -> Peer:
    """A connection that others open to a port of the device."""
    return Peer(Direction.INBOUND, protocol, local_port=port, remote_port=0, remote_address=address)


def file_of(os: str, path: str, version: str = "") -> Instance:
    """The `FileItem` of a synthetic file: hashes, size and times follow from path and version."""
    text = f"{path}|{version}"
    md5, sha1, sha256 = hashes(text)
    low, high = _SIZE_BYTES
    bits = chance.name_hash(text)
    day = 1 + chance.below(chance.mix(bits), _INSTALLED_DAYS)
    return file_item(
        os,
        path,
        size_bytes=low + chance.below(bits, high - low),
        md5=md5,
        sha1=sha1,
        sha256=sha256,
        created=f"2025-09-{day:02d}T09:00:00Z",
        modified=f"2025-10-{day:02d}T10:00:00Z",
    )


def files_of(
    os: str, classes: Iterable[EventClass], programs: Iterable[Process], paths: Iterable[str]
) -> list[Instance]:
    """The files of an image, by path: its programs, what its classes run, load or write, and other `paths`.

    What lies on a share is no file of the host.
    """
    versions = dict.fromkeys(paths, "")
    for item in classes:
        versions[item.process.path] = item.process.version
        if events.EVENT_TYPES[item.type].name in ("module-load", "driver-load", "file-change", "script-run"):
            versions.setdefault(item.subject, "")
    versions |= {process.path: process.version for process in programs}
    return [file_of(os, path, versions[path]) for path in sorted(versions) if not path.startswith(_SHARE)]
