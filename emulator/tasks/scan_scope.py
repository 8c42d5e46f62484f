"""The scope of a scan: which files and which entries of event logs it looks at, and which documents at all."""

import ntpath
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import re2

from emulator.ioc.snapshot import Changes, Instance, Snapshot
from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, many, text
from emulator.policy.records import Basis, Record, Setting
from emulator.tasks.wall import wall_time

FOLDERS_MAX: Final = 100
"""Folders of one scope."""


class FileScope(StrEnum):
    """Presets of the files that a scan looks at (public help of sibling products)."""

    ALL = "all"
    SYSTEM = "system"
    CRITICAL = "critical"
    CUSTOM = "custom"


_SYSTEM_DRIVE: Final = {"windows": "c:\\", "linux": "/"}
_CRITICAL: Final = {
    "windows": re2.compile(r"(?i)c:\\windows\\temp\\.*|c:\\users\\[^\\]+\\appdata\\local\\temp\\.*"),
    "linux": re2.compile(r"/tmp/.*|/var/tmp/.*"),  # noqa: S108  # folders of an emulated device
}
"""Temporary files in folders of the system and of users: what the preset means is recalled."""


@dataclass(frozen=True, slots=True)
class ScanScope(Record):
    """Which files and which entries of the Windows event log a scan looks at.

    Names of the presets are documented for sibling products; what they mean, and dates and channels, is recalled.
    """

    files: Annotated[
        FileScope, Setting(choice(FileScope), "a preset of files, or the given folders", basis=Basis.SIBLING)
    ] = FileScope.ALL
    folders: Annotated[
        tuple[str, ...],
        Setting(many(text(), maximum=FOLDERS_MAX), "with `custom`: folders with all below them", basis=Basis.SIBLING),
    ] = ()
    excludes: Annotated[
        tuple[str, ...],
        Setting(many(text(), maximum=FOLDERS_MAX), "folders that are left out with all below", basis=Basis.SIBLING),
    ] = ()
    events_since: Annotated[
        datetime | None,
        Setting(wall_time(), "only entries of event logs from then on (UTC)", basis=Basis.SIBLING),
    ] = None
    channels: Annotated[
        tuple[str, ...],
        Setting(many(text(), maximum=FOLDERS_MAX), "only these event logs, by full name", basis=Basis.SIBLING),
    ] = ()

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        custom = self.files is FileScope.CUSTOM
        if custom is not bool(self.folders):
            raise SettingError(("folders",), "folders and preset do not fit together", "write folders with `custom`")


EVERYTHING: Final = ScanScope()


@dataclass(frozen=True, slots=True)
class View:
    """What a scan sees of devices of a system: some documents only, and of files and event logs what is in scope.

    `documents` None stands for all of them. What is left out is as if it was not there.
    """

    os: str
    scope: ScanScope = EVERYTHING
    documents: frozenset[str] | None = None

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is left out."""
        return self.documents is None and self.scope == EVERYTHING

    def snapshot(self, image: Snapshot) -> Snapshot:
        """An image as the scan sees it."""
        if self.sees_everything:
            return image
        return Snapshot({kind: self._some(kind, instances) for kind, instances in image.items.items()})

    def changes(self, changes: Changes) -> Changes:
        """The changes of a device as the scan sees them. What is out of scope hides what the image has at its place."""
        if self.sees_everything:
            return changes
        gone = {
            kind: changes.gone.get(kind, frozenset()) | changes.put.get(kind, {}).keys()
            for kind in {*changes.gone, *changes.put}
        }
        return Changes(put={kind: self._some(kind, put) for kind, put in changes.put.items()}, gone=gone)

    def _some(self, kind: str, instances: Mapping[str, Instance]) -> dict[str, Instance]:
        if self.documents is not None and kind not in self.documents:
            return {}
        return {key: instance for key, instance in instances.items() if self._sees(kind, instance)}

    def _sees(self, kind: str, instance: Instance) -> bool:
        if kind == "FileItem":
            return self._sees_file(str(instance["FullPath"]))
        if kind == "EventLogItem":
            channels = {channel.casefold() for channel in self.scope.channels}
            if channels and str(instance["log"]).casefold() not in channels:
                return False
            return self.scope.events_since is None or _moment(str(instance["genTime"])) >= self.scope.events_since
        return True

    def _sees_file(self, path: str) -> bool:
        if self._inside(path, self.scope.excludes):
            return False
        match self.scope.files:
            case FileScope.ALL:
                return True
            case FileScope.SYSTEM:
                return path.casefold().startswith(_SYSTEM_DRIVE[self.os])
            case FileScope.CRITICAL:
                return _CRITICAL[self.os].fullmatch(path) is not None
            case FileScope.CUSTOM:
                return self._inside(path, self.scope.folders)

    def _inside(self, path: str, folders: Iterable[str]) -> bool:
        module = ntpath if self.os == "windows" else posixpath
        separator = module.sep
        folded = path.casefold() if self.os == "windows" else path
        for folder in folders:
            start = module.normpath(folder).rstrip(separator) + separator
            if folded.startswith(start.casefold() if self.os == "windows" else start):
                return True
        return False


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
