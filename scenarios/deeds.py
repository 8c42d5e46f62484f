"""Deeds: what the actions of a scenario do on a device, as event classes and changes of its host.

Names after `synthetic/` stand for made-up files and processes: path, size and hashes follow from the name.
"""

import ntpath
import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from emulator.control import Given, HostChange
from emulator.events import EVENT_TYPES, PROCESS_START, TYPE_INDEX, EventClass
from emulator.exclusions.environment import Os
from emulator.host import SYNTHETIC_FOLDERS, HostChanges, file_item, process_item
from emulator.images.parts import WEB, hashes, outbound, program
from emulator.ioc.document import IndicatorFile
from emulator.ioc.snapshot import Instance
from emulator.ports import I64
from emulator.response.isolation import BY_CENTRAL_NODE, Isolate, IsolationKind, Release
from emulator.response.prevention import Prevention
from emulator.response.quarantine import Destination, QuarantineArguments
from emulator.sandbox import SandboxObject
from emulator.security import OPERATIONS, Attempt
from emulator.tasks.central import WorkKind
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.scan_scope import EVERYTHING
from emulator.world import LocalEdit
from scenarios import actions

SYSTEMS: Final[tuple[Os, ...]] = ("windows", "linux")
CREATED: Final = "2026-01-01T00:00:00Z"
_SIZE_BYTES: Final = (4_096, 1_048_576)
_PIDS: Final = (40_000, 20_000)
Indicators = Callable[[Path], tuple[IndicatorFile, ...]]
"""Reads the indicator files of a folder."""
_HIT: Final = "prevention"
"""The type of the event that a rule of execution prevention was met."""
NO_RATES: Final = (0,) * 168
"""Classes of a scenario have no life of their own."""


def edits(action: actions.EditSettings, devices: I64, at_ms: int) -> Iterator[LocalEdit]:
    """What a step edits on devices: one settings group after the other."""
    return (LocalEdit(at_ms, devices, key, content) for key, content in action.settings.items())


def attempt(action: actions.Attempt) -> Attempt:
    """What an action has somebody try."""
    return Attempt(
        OPERATIONS[action.operation],
        action.user,
        action.groups,
        password=action.password,
        way=action.through,
        responds=action.scan is not None and bool(action.scan.responses),
    )


def given(action: actions.Attempt, os: Os, indicators: Indicators) -> Given:
    """What an attempt gives on devices of a system."""
    if action.scan is not None:
        wanted = action.scan
        scan = IocScan(
            indicators(Path(wanted.indicators)),
            None if wanted.documents is None else frozenset(wanted.documents),
            wanted.scope or EVERYTHING,
            wanted.retrospective,
            wanted.responses,
        )
        return Given(action.settings, scan=scan)
    if action.object is None:
        return Given(action.settings)
    entry = action.object
    destination = Destination(entry.path_type, entry.path, entry.action)
    return Given(action.settings, QuarantineArguments(path_of(entry.file, os), destination))


def path_of(name: str, os: Os) -> str:
    """The path of a file or process on a device: `synthetic/NAME` has one for each system, a path is itself."""
    if not name.startswith(actions.SYNTHETIC):
        return name
    short = name.removeprefix(actions.SYNTHETIC)
    folder = SYNTHETIC_FOLDERS[os]
    return f"{folder}\\{short}.exe" if os == "windows" else f"{folder}/{short}"


def met(process: str, os: Os) -> SandboxObject:
    """The file that a device runs when it starts a process."""
    path = path_of(process, os)
    md5, _, sha256 = hashes(path)
    return SandboxObject(path, md5, sha256, _size_bytes(sha256))


def _size_bytes(sha256: str) -> int:
    least, most = _SIZE_BYTES
    return least + int(sha256[:8], 16) % most


def placed_file(action: actions.PlaceFile, os: Os) -> Instance:
    """The file that an action puts on a device; what it does not say follows from the path."""
    path = path_of(action.file, os)
    md5, sha1, sha256 = hashes(path)
    size_bytes = _size_bytes(sha256) if action.size is None else action.size
    return file_item(
        os,
        path,
        size_bytes=size_bytes,
        md5=action.md5 or md5,
        sha1=sha1,
        sha256=action.sha256 or sha256,
        created=CREATED,
        modified=CREATED,
    )


def place_file(action: actions.PlaceFile, os: Os) -> HostChange:
    """Puts the file there."""
    item = placed_file(action, os)
    return lambda changes: changes.put("FileItem", item)


def remove_file(action: actions.RemoveFile, os: Os) -> HostChange:
    """Takes the file away."""
    path = path_of(action.file, os)
    return lambda changes: changes.remove("FileItem", path)


def run_process(action: actions.StartProcess, os: Os) -> HostChange:
    """Has the process running; several starts of one process leave one instance."""
    path = path_of(action.process, os)
    first, count = _PIDS
    pid = first + int(hashes(path)[2][:8], 16) % count
    arguments = "" if action.opens is None else path_of(action.opens, os)
    item = process_item(os, path, pid=pid, parent_pid=1, arguments=arguments, user="{user}", started=CREATED)
    return lambda changes: changes.put("ProcessItem", item)


def starts(action: actions.StartProcess, at_ms: int) -> Iterator[tuple[int, int]]:
    """When a program starts, and how often then."""
    if not action.over:
        yield at_ms, action.count
    else:
        yield from ((at_ms + number * action.over // action.count, 1) for number in range(action.count))


def published(action: actions.ByCentralNode) -> Isolate | Release | Prevention:
    """What the Central Node holds for devices from an action on."""
    match action:
        case actions.CentralNodeIsolate():
            return Isolate(IsolationKind.CENTRAL_NODE, action.for_ms, action.exclusions)
        case actions.CentralNodeRelease():
            return BY_CENTRAL_NODE
        case actions.SetPrevention():
            return Prevention(action.mode, action.rules, action.notify_user)
        case _:
            raise AssertionError(f"nobody says what {action} makes known")


def place_items(items: Iterable[tuple[str, Instance]]) -> HostChange:
    """Puts instances there, by item type."""
    placed = tuple(items)

    def change(changes: HostChanges) -> None:
        for kind, instance in placed:
            changes.put(kind, instance)

    return change


@dataclass(frozen=True, slots=True)
class Deed:
    """The event class of an action on devices of one system."""

    os: Os
    action: str
    subject: str
    arguments: str = ""


class ScenarioClasses:
    """The event classes that the actions of a scenario make, by what they do and on which system.

    `prevents` tells whether execution prevention may have a say in what starts.
    """

    def __init__(self, all_actions: Iterable[actions.Action | None]) -> None:
        every = list(all_actions)
        self.prevents = any(isinstance(action, actions.SetPrevention) for action in every)
        wanted: dict[Deed, EventClass] = {}
        for action in every:
            for os in SYSTEMS:
                for deed in self._deeds(action, os):
                    if deed not in wanted:
                        wanted[deed] = _class(deed)
        self._index = {deed: index for index, deed in enumerate(wanted)}
        self.all = tuple(wanted.values())

    def _deeds(self, action: actions.Action | None, os: Os) -> Iterator[Deed]:
        deed = deed_of(action, os)
        if deed is not None:
            yield deed
        if self.prevents and isinstance(action, actions.StartProcess):
            yield _hit(action, os)

    def hit(self, action: actions.StartProcess, os: Os) -> int:
        """Where the class of the event stands that a rule of execution prevention met a start."""
        return self._index[_hit(action, os)]

    def index(self, action: actions.Action, os: Os) -> int:
        """Where the class of an action stands among all."""
        deed = deed_of(action, os)
        assert deed is not None
        return self._index[deed]


def deed_of(action: actions.Action | None, os: Os) -> Deed | None:
    """What an action comes to on devices of a system, or None where it makes no events."""
    if isinstance(action, actions.StartProcess):
        return Deed(os, action.do, action.process)
    if isinstance(action, actions.Emit):
        return Deed(os, action.do, action.type)
    if isinstance(action, actions.CreateCentralTask) and action.kind is WorkKind.RUN_PROCESS:
        assert action.file is not None
        return Deed(os, "start-process", action.file, action.arguments)
    return None


def _hit(action: actions.StartProcess, os: Os) -> Deed:
    return Deed(os, _HIT, action.process)


def _class(deed: Deed) -> EventClass:
    name = f"scenario/{deed.os}/{deed.action}/{deed.subject}{f'/{deed.arguments}' if deed.arguments else ''}"
    if deed.action == "start-process":
        path = path_of(deed.subject, deed.os)
        parent = "C:\\Windows\\explorer.exe" if deed.os == "windows" else "/usr/bin/bash"
        stem = (ntpath if deed.os == "windows" else posixpath).basename(path)
        started = program(path, deed.arguments, parent=parent, original=stem)
        return EventClass(name, PROCESS_START, started, NO_RATES)
    if deed.action == _HIT:
        starter = program("C:\\Windows\\explorer.exe" if deed.os == "windows" else "/usr/bin/bash")
        return EventClass(name, TYPE_INDEX[_HIT], starter, NO_RATES, subject=path_of(deed.subject, deed.os))
    kind = TYPE_INDEX[deed.subject]
    maker = program(path_of("synthetic/emitter", deed.os))
    peer = outbound(WEB, 443) if EVENT_TYPES[kind].code is not None else None
    subject = path_of("synthetic/object", deed.os)
    return EventClass(name, kind, maker, NO_RATES, peer, "" if peer else subject)
