"""Quarantine of one device: which objects are in it, where they may be restored to, and when it is called full."""

import hashlib
import ntpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from emulator.chance import mix
from emulator.folders import resolved
from emulator.ioc.snapshot import Instance
from emulator.policy.kinds import UNIT_BYTES
from emulator.policy.settings import Quarantine
from emulator.told import Severity, Told

ACCOUNT: Final = "SYSTEM"
"""Who puts objects into quarantine, whoever asked for it (KEA-QUA-019)."""
THRESHOLD_REACHED: Final = "quarantine-threshold-reached"
MAXIMUM_REACHED: Final = "quarantine-maximum-reached"
_MB: Final = UNIT_BYTES["MB"]


class PathType(StrEnum):
    """Where an object is restored to: the words of the command line."""

    ORIGINAL = "original"
    CUSTOM = "custom"
    SETTINGS = "settings"


class Conflict(StrEnum):
    """What a restore does about a file that has the name already: the words of the command line."""

    REPLACE = "replace"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a restore puts the object. Without anything said, into the folder of the settings (KEA-QUA-037).

    `folder` is that of CUSTOM. That a file in the way makes the restored one take another name is the emulator's
    default.
    """

    path_type: PathType = PathType.SETTINGS
    folder: str | None = None
    conflict: Conflict = Conflict.RENAME


@dataclass(frozen=True, slots=True)
class QuarantinedObject:
    """One object: the file that it was, as a `FileItem`, and the path at which its encrypted form lies."""

    id: str
    file: Instance
    stored: str
    at_ms: int

    @property
    def path(self) -> str:
        """Where the file was."""
        return str(self.file["FullPath"])

    @property
    def size_bytes(self) -> int:
        """The size of the file: what it takes of the quarantine."""
        size = self.file["SizeInBytes"]
        assert isinstance(size, int)
        return size


class Fill(IntEnum):
    """How full a quarantine is."""

    ROOM = 0
    THRESHOLD = 1
    MAXIMUM = 2


def fill(used_bytes: int, settings: Quarantine) -> Fill:
    """How full a quarantine of this size is. Without a maximum there is no threshold either: an emulator's choice."""
    if not settings.limit_size:
        return Fill.ROOM
    maximum = settings.max_size_mb * _MB
    if used_bytes >= maximum:
        return Fill.MAXIMUM
    if settings.use_threshold and used_bytes >= maximum - settings.threshold_mb * _MB:
        return Fill.THRESHOLD
    return Fill.ROOM


class QuarantineStore:
    """The objects of the device with this key, the oldest first.

    What is told when a limit is reached is told once, until the quarantine has room below it again.
    """

    def __init__(self, key: int) -> None:
        self._key = key
        self._objects: dict[str, QuarantinedObject] = {}
        self._taken = 0
        self._told = Fill.ROOM
        self.used_bytes = 0

    def __iter__(self) -> Iterator[QuarantinedObject]:
        return iter(self._objects.values())

    def __len__(self) -> int:
        return len(self._objects)

    def of_path(self, path: str) -> QuarantinedObject | None:
        """The object that was last quarantined from a path, as Windows compares paths."""
        wanted = path.casefold()
        return next((one for one in reversed(self._objects.values()) if one.path.casefold() == wanted), None)

    def get(self, object_id: str) -> QuarantinedObject | None:
        """The object with this id, None where there is none."""
        return self._objects.get(object_id)

    def add(self, file: Instance, folder: str, at_ms: int) -> QuarantinedObject:
        """Puts a file in, whatever the size is already (KEA-QUA-028, KEA-QUA-033)."""
        self._taken += 1
        number = mix(self._key ^ mix(self._taken))
        object_id = f"{number:016x}"
        added = QuarantinedObject(object_id, file, ntpath.join(folder, object_id), at_ms)
        self._objects[object_id] = added
        self.used_bytes += added.size_bytes
        return added

    def remove(self, object_id: str) -> QuarantinedObject:
        """Takes an object out."""
        removed = self._objects.pop(object_id)
        self.used_bytes -= removed.size_bytes
        return removed

    def follow(self, settings: Quarantine) -> tuple[Told, ...]:
        """What is to be told of how full it is now (KEA-QUA-026, KEA-QUA-030, KEA-QUA-031)."""
        before, self._told = self._told, fill(self.used_bytes, settings)
        values: dict[str, str | int | bool] = {
            "used_bytes": self.used_bytes,
            "max_size_mb": settings.max_size_mb,
            "threshold_mb": settings.threshold_mb if settings.use_threshold else 0,
        }
        kinds = {Fill.THRESHOLD: THRESHOLD_REACHED, Fill.MAXIMUM: MAXIMUM_REACHED}
        return tuple(
            Told(kind, values, Severity.WARNING, windows_log=True)
            for level, kind in kinds.items()
            if before < level <= self._told and (level is Fill.MAXIMUM or settings.use_threshold)
        )


def target_folder(
    held: QuarantinedObject, destination: Destination, restored_folder: str, slots: Mapping[str, str]
) -> str:
    """The folder that an object is restored into; `restored_folder` is that of the settings (KEA-QUA-005).

    `slots` are those of the device.
    """
    if destination.path_type is PathType.ORIGINAL:
        return ntpath.dirname(held.path)
    if destination.path_type is PathType.CUSTOM:
        assert destination.folder is not None
        return resolved(destination.folder, slots)
    return restored_folder


def free_path(folder: str, name: str, conflict: Conflict, is_there: Callable[[str], bool]) -> str:
    """The path that a restored file gets; `is_there` tells whether a path is taken."""
    path = ntpath.join(folder, name)
    if conflict is Conflict.REPLACE:
        return path
    stem, ending = ntpath.splitext(name)
    number = 0
    while is_there(path):
        number += 1
        path = ntpath.join(folder, f"{stem} ({number}){ending}")
    return path


def moved(file: Instance, path: str) -> Instance:
    """The same file at another path."""
    folder, name = ntpath.split(path)
    ending = ntpath.splitext(name)[1].removeprefix(".")
    return {**file, "FullPath": path, "FilePath": folder, "FileName": name, "FileExtension": ending}


def stored_file(held: QuarantinedObject, sealed: bytes) -> Instance:
    """The `FileItem` of an object's encrypted form: its hashes are of what is stored, not of what it was."""
    return {
        **moved(held.file, held.stored),
        "Md5sum": hashlib.md5(sealed, usedforsecurity=False).hexdigest(),
        "Sha1sum": hashlib.sha1(sealed, usedforsecurity=False).hexdigest(),
        "Sha256sum": hashlib.sha256(sealed).hexdigest(),
    }


class OrderKind(StrEnum):
    """What the Administration Server can have done with a quarantined object (KEA-QUA-013, KEA-QUA-014)."""

    RESTORE = "restore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class QuarantineOrder:
    """An order of the Administration Server about the object that was quarantined from a path, by an account.

    It is given where the object was in the common list at `listed_ms`.
    """

    kind: OrderKind
    path: str
    listed_ms: int
    account: str


@dataclass(frozen=True, slots=True)
class QuarantineArguments:
    """What somebody at the command line says of a file or an object: its path, and where a restore puts it."""

    path: str
    destination: Destination = Destination()
