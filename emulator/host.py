"""The state of a host that indicators are judged against: what its image holds, and what the device itself changed.

All devices of an image share one `HostBase`; a device holds only its `HostChanges`. So a rule is evaluated once an
image, and again only for what differs. Item types and fields are those of OpenIOC (`emulator.ioc`).
"""

import ntpath
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from emulator import identity
from emulator.ioc.snapshot import Changes, FieldValue, Instance, Snapshot

KeyPart = str | int

KEY_FIELDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "ArpEntryItem": ("IPv4Address",),
        "DnsEntryItem": ("Host", "RecordType", "RecordName"),
        "EventLogItem": ("log", "index"),
        "FileItem": ("FullPath",),
        "PortItem": ("protocol", "localIP", "localPort", "remoteIP", "remotePort"),
        "ProcessItem": ("pid",),
        "RegistryItem": ("Path",),
        "ServiceItem": ("name",),
        "SystemInfoItem": (),
        "UserItem": ("Username",),
        "VolumeItem": ("DevicePath",),
    }
)
"""The item types, and the fields that tell two instances of one host apart; a host has one `SystemInfoItem`."""
SYNTHETIC_FOLDERS: Final[Mapping[str, str]] = MappingProxyType(
    {"windows": "C:\\ProgramData\\Synthetic", "linux": "/opt/synthetic"}
)
"""Where made-up files lie on hosts of a system."""


@dataclass(frozen=True, slots=True, eq=False)
class HostBase:
    """What every device of an image holds.

    `shared` is the same on all of them. `own` holds templates by item type: each has a value with a slot, so what it
    makes differs from device to device.
    """

    os: str
    shared: Snapshot
    own: Mapping[str, tuple[Instance, ...]]

    def changes(self, slots: Mapping[str, str], changes: "HostChanges | None" = None) -> Changes:
        """How a device differs from `shared`: its templates, filled with its slots, and what it changed itself."""
        put: dict[str, dict[str, Instance]] = {}
        gone: dict[str, frozenset[str]] = {}
        for kind, templates in self.own.items():
            instances = ({name: _filled(value, slots) for name, value in item.items()} for item in templates)
            put[kind] = {instance_key(self.os, kind, instance): instance for instance in instances}
        if changes is not None:
            for kind in changes.kinds:
                entries = changes.entries(kind)
                kept = {key: instance for key, instance in put.get(kind, {}).items() if key not in entries}
                put[kind] = kept | {key: instance for key, instance in entries.items() if instance is not None}
                gone[kind] = frozenset(key for key, instance in entries.items() if instance is None)
        return Changes(put=put, gone=gone)

    def file(self, path: str, slots: Mapping[str, str], changes: "HostChanges | None" = None) -> Instance | None:
        """The `FileItem` with this path on the device, None where there is none."""
        return self.find("FileItem", slots, changes, path)

    def find(
        self, kind: str, slots: Mapping[str, str], changes: "HostChanges | None", *key: KeyPart
    ) -> Instance | None:
        """The instance of a device that has this key (the values of `KEY_FIELDS[kind]`), None where there is none."""
        own, wanted = self.changes(slots, changes), _key(self.os, key)
        put = own.put.get(kind, {}).get(wanted)
        if put is not None or wanted in own.gone.get(kind, ()):
            return put
        return self.shared.items.get(kind, {}).get(wanted)

    def processes_of(self, path: str, slots: Mapping[str, str], changes: "HostChanges | None") -> tuple[Instance, ...]:
        """The processes of a device whose file is at this path."""
        running = self.shared.instances_with(self.changes(slots, changes), "ProcessItem")
        wanted = _key(self.os, (path,))
        return tuple(one for one in running if _key(self.os, (str(one["path"]),)) == wanted)

    def has_folder(self, path: str, slots: Mapping[str, str], changes: "HostChanges | None" = None) -> bool:
        """True where a folder is on the device: it was made there, or one of its files is in it or below it."""
        separator = "\\" if self.os == "windows" else "/"
        wanted = _key(self.os, (path.rstrip(separator) + separator,))
        if changes is not None and any(folder.startswith(wanted) for folder in changes.folders):
            return True
        files = self.shared.instances_with(self.changes(slots, changes), "FileItem")
        return any(_key(self.os, (str(file["FullPath"]),)).startswith(wanted) for file in files)

    def device(self, slots: Mapping[str, str], changes: "HostChanges | None" = None) -> Snapshot:
        """All items of one device; what differs from `shared` comes last in its type."""
        return self.shared.with_changes(self.changes(slots, changes))


@dataclass(slots=True)
class HostChanges:
    """What one device has that its image has not, and what it lacks.

    `revision` grows with each change, so that a cached judgement knows when it is stale. `folders` are those that were
    made without a file in them, as their keys.
    """

    os: str
    revision: int = 0
    folders: set[str] = field(default_factory=set)
    _entries: dict[str, dict[str, Instance | None]] = field(default_factory=dict)

    def put(self, kind: str, instance: Instance) -> None:
        """Places an instance; one with the same key, the image's or the device's own, is replaced."""
        self._set(kind, instance_key(self.os, kind, instance), instance)

    def remove(self, kind: str, *key: KeyPart) -> None:
        """Takes the instance with this key away, whether it is the image's or the device's own.

        `key` holds the values of `KEY_FIELDS[kind]`. Removing what is not there changes nothing that can be seen.
        """
        if len(key) != len(KEY_FIELDS[kind]):
            raise ValueError(f"a {kind} is known by {KEY_FIELDS[kind]}, not by {key}")
        self._set(kind, _key(self.os, key), None)

    def make_folder(self, path: str) -> None:
        """Makes a folder, empty or not."""
        separator = "\\" if self.os == "windows" else "/"
        self.folders.add(_key(self.os, (path.rstrip(separator) + separator,)))

    def entries(self, kind: str) -> Mapping[str, Instance | None]:
        """What was changed of one item type by `instance_key`; None where the instance is gone."""
        return self._entries.get(kind, {})

    @property
    def kinds(self) -> tuple[str, ...]:
        """The item types with a change, sorted."""
        return tuple(sorted(self._entries))

    def _set(self, kind: str, key: str, instance: Instance | None) -> None:
        self._entries.setdefault(kind, {})[key] = instance
        self.revision += 1


def instance_key(os: str, kind: str, instance: Instance) -> str:
    """What tells this instance from the others of its type on one host; Windows does not tell upper from lower case.

    Raises `ValueError` where a field of the key is missing or holds no single text or number.
    """
    values: list[KeyPart] = []
    for name in KEY_FIELDS[kind]:
        value = instance.get(name)
        if not isinstance(value, (str, int)):
            raise ValueError(f"{kind}/{name} tells instances apart, so it holds one text or number, not {value!r}")
        values.append(value)
    return _key(os, values)


def host_base(os: str, items: Mapping[str, Iterable[Instance]]) -> HostBase:
    """Sorts an image's items into those that all devices share and those that depend on the device.

    Raises `ValueError` where two instances of a type have the same key.
    """
    shared: dict[str, dict[str, Instance]] = {}
    own: dict[str, list[Instance]] = {}
    for kind in sorted(items):
        seen: set[str] = set()
        for instance in items[kind]:
            key = instance_key(os, kind, instance)
            if key in seen:
                raise ValueError(f"two instances of {kind} with the key {key!r}")
            seen.add(key)
            if any(identity.has_slots(part) for value in instance.values() for part in _texts(value)):
                own.setdefault(kind, []).append(instance)
            else:
                shared.setdefault(kind, {})[key] = instance
    return HostBase(os, Snapshot(shared), {kind: tuple(templates) for kind, templates in own.items()})


def file_item(
    os: str, path: str, *, size_bytes: int, md5: str, sha1: str, sha256: str, created: str, modified: str
) -> Instance:
    """A `FileItem`; hashes are lower-case hex, times are ISO 8601 in UTC with a Z."""
    module = ntpath if os == "windows" else posixpath
    folder, name = module.split(path)
    return {
        "FullPath": path,
        "FilePath": folder,
        "FileName": name,
        "FileExtension": module.splitext(name)[1].removeprefix("."),
        "SizeInBytes": size_bytes,
        "Md5sum": md5,
        "Sha1sum": sha1,
        "Sha256sum": sha256,
        "Created": created,
        "Modified": modified,
        "Accessed": modified,
    }


def process_item(os: str, path: str, *, pid: int, parent_pid: int, arguments: str, user: str, started: str) -> Instance:
    """A `ProcessItem`: a running process; `path` is its file."""
    return {
        "pid": pid,
        "parentpid": parent_pid,
        "name": (ntpath if os == "windows" else posixpath).basename(path),
        "path": path,
        "arguments": arguments,
        "Username": user,
        "startTime": started,
    }


def registry_item(hive: str, key_path: str, value_name: str, value: KeyPart, *, kind: str, modified: str) -> Instance:
    r"""A `RegistryItem`: one value. `hive` is ``HKEY_LOCAL_MACHINE`` or the like, `key_path` the key below it."""
    return {
        "Hive": hive,
        "KeyPath": key_path,
        "Path": "\\".join(part for part in (hive, key_path, value_name) if part),
        "ValueName": value_name,
        "Value": value,
        "Text": str(value),
        "Type": kind,
        "Modified": modified,
    }


def dns_entry_item(host: str, *, record_type: str, time_to_live_s: int) -> Instance:
    """A `DnsEntryItem`: one entry of the resolver's cache."""
    return {"Host": host, "RecordName": host, "RecordType": record_type, "TimeToLive": time_to_live_s}


def port_item(
    *,
    protocol: str,
    local_address: str,
    local_port: int,
    state: str,
    path: str,
    pid: int,
    remote_address: str = "",
    remote_port: int = 0,
) -> Instance:
    """A `PortItem`: a listening port or, with a remote end, an open connection."""
    return {
        "protocol": protocol,
        "localIP": local_address,
        "localPort": local_port,
        "remoteIP": remote_address,
        "remotePort": remote_port,
        "state": state,
        "path": path,
        "pid": pid,
    }


def _key(os: str, values: Iterable[KeyPart]) -> str:
    text = "\n".join(str(value) for value in values)
    return text.casefold() if os == "windows" else text


def _texts(value: FieldValue) -> tuple[str, ...]:
    """The texts that a field holds."""
    if isinstance(value, str):
        return (value,)
    return tuple(part for part in value if isinstance(part, str)) if isinstance(value, (list, tuple)) else ()


def _filled(value: FieldValue, slots: Mapping[str, str]) -> FieldValue:
    if isinstance(value, str):
        return identity.fill(value, slots)
    if isinstance(value, (list, tuple)):
        return tuple(identity.fill(part, slots) if isinstance(part, str) else part for part in value)
    return value
