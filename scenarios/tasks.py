"""Tasks of a scenario: what stands in a file becomes a task of the Administration Server."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from emulator.licensing import Activation, ActivationMethod
from emulator.policy.groups import GroupTree
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import MANUAL
from emulator.tasks.task import Scope, Storage, Task, TaskError, TaskSettings, TaskType
from emulator.updates import UpdateSettings
from fakes.administration import import_collection
from scenarios.actions.tasks import NewTask, TaskProperties, properties_of
from scenarios.deeds import Indicators
from scenarios.format import TaskEntry
from scenarios.problems import Loc, hint, shown
from scenarios.services import KnownKey
from scenarios.validation import Checker


def new_task(
    entry: NewTask,
    name: str,
    scope: Scope,
    keys: Mapping[str, KnownKey],
    indicators: Indicators,
    exported: Mapping[str, bytes],
) -> Task:
    """The task that an entry describes. Raises TaskError where that cannot be."""
    own = properties_of(entry)
    return Task(
        name=name,
        scope=scope,
        settings=_settings(entry, keys, indicators, exported),
        schedule=own.pop("schedule", MANUAL),
        storage=own.pop("storage", Storage()),
        **own,
    )


def changed_settings(
    change: TaskProperties, before: TaskSettings, indicators: Indicators, exported: Mapping[str, bytes]
) -> TaskSettings:
    """What a task is about after a change; `exported` are the collections that were exported, by name.

    Raises TaskError where the change is of another type of task.
    """
    given = {name: value for name in _OF_SCANS if (value := getattr(change, name)) is not None}
    if given:
        if not isinstance(before, IocScan):
            raise TaskError(f"only an IOC scan has {next(iter(given))!r}", "leave it out")
        before = _changed_scan(before, given, indicators, exported)
    if change.sources is not None or change.modules is not None:
        if not isinstance(before, UpdateSettings):
            raise TaskError("only an update has sources and modules", "leave `sources` and `modules` out")
        before = UpdateSettings(change.sources or before.sources, change.modules or before.modules)
    return before


_OF_SCANS: Final = TaskProperties.OF_TYPE[TaskType.IOC_SCAN]


def _changed_scan(
    before: IocScan, given: dict[str, Any], indicators: Indicators, exported: Mapping[str, bytes]
) -> IocScan:
    if "indicators" in given:
        given["collection"] = indicators(Path(given.pop("indicators")))
    elif "collection" in given:
        name = given["collection"]
        if name not in exported:
            raise TaskError(f"no collection was exported as {shown(name)} so far", "export one first")
        given["collection"] = import_collection(exported[name], source=name)
    if "documents" in given:
        given["documents"] = frozenset(given["documents"])
    return replace(before, **given)


def _settings(
    entry: NewTask, keys: Mapping[str, KnownKey], indicators: Indicators, exported: Mapping[str, bytes]
) -> TaskSettings:
    match entry.type:
        case TaskType.UPDATE:
            return changed_settings(entry, UpdateSettings(), indicators, exported)
        case TaskType.IOC_SCAN:
            return changed_settings(entry, IocScan(), indicators, exported)
        case TaskType.ACTIVATION:
            if entry.code is not None:
                return Activation(ActivationMethod.CODE, entry.code, additional=entry.additional)
            assert entry.key is not None
            method = entry.method or ActivationMethod.STORAGE
            return Activation(method, key=keys[entry.key].key, additional=entry.additional)


def check_tasks(
    checker: Checker,
    entries: Iterable[TaskEntry],
    tree: GroupTree | None,
    keys: Mapping[str, KnownKey],
    folder_of: Callable[[str, Loc], str | None],
) -> tuple[TaskEntry, ...]:
    """The tasks that are there at the start, with their folders of indicators as `folder_of` resolves them."""
    found: list[TaskEntry] = []
    names: set[str] = set()
    for index, entry in enumerate(entries):
        loc: Loc = ("tasks", index)
        if entry.name in names:
            checker.error((*loc, "name"), f"a second task {shown(entry.name)}", "give each task a name of its own")
        names.add(entry.name)
        groups = [("group", entry.group), *(("exclude-groups", name) for name in entry.exclude_groups or ())]
        for key, name in groups:
            if tree is not None and name not in tree:
                checker.error((*loc, key), f"there is no group {shown(name)}", hint(name, tree))
        if entry.key is not None and entry.key not in keys:
            checker.error((*loc, "key"), f"there is no key {shown(entry.key)}", hint(entry.key, keys))
        folder = None if entry.indicators is None else folder_of(entry.indicators, (*loc, "indicators"))
        found.append(entry if folder is None else entry.model_copy(update={"indicators": folder}))
    return tuple(found)
