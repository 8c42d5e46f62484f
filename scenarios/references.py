"""References of steps: the servers, policies and folders that their actions name have to be there."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from emulator.exclusions.xml import XML_SIZE_MAX, import_rules
from emulator.policy.errors import GroupError, SettingError
from emulator.policy.groups import SEPARATOR, GroupTree
from emulator.policy.policies import Policy, PolicySettings
from emulator.policy.settings import DEFAULTS, LOCAL_KEYS, parse_group
from emulator.ports import Port
from emulator.security import ENTERS
from fakes.administration import AccessControl, import_policy
from fakes.administration.exchange import FILE_SIZE_MAX
from scenarios.actions import (
    LIBRARY,
    Action,
    Attempt,
    ChangePolicy,
    ChangeTask,
    CopyPolicy,
    CorruptedUpdate,
    CreateGroup,
    CreatePolicy,
    CreateTask,
    DeleteTasks,
    EditSettings,
    ImportPolicy,
    PresentCertificate,
)
from scenarios.certificates import read_certificate, with_certificates
from scenarios.fields import Refers
from scenarios.files import looked
from scenarios.format import TaskEntry
from scenarios.library import INDICATORS
from scenarios.model import Server
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.sections import check_addresses, check_shown, read_settings
from scenarios.services import NODES, UPDATE_NODES, KnownKey
from scenarios.timeline import Step
from scenarios.validation import Checker


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What steps can refer to; None where a mistake keeps it from being known. `folder` is the scenario's.

    `made_policies` and `made_groups` are what steps make, whenever that is: whether it is there in time is told by the
    run.
    """

    folder: Path
    policies: Mapping[str, Policy] | None
    servers: Mapping[Port, Server] | None
    groups: GroupTree | None = None
    access: AccessControl | None = None
    keys: Mapping[str, KnownKey] | None = None
    tasks: tuple[TaskEntry, ...] = ()
    sandbox_nodes: tuple[str, ...] = ()
    made_policies: tuple[str, ...] = ()
    made_groups: tuple[str, ...] = ()
    made_tasks: tuple[str, ...] = ()

    def with_made(self, actions: Iterable[Action]) -> "Surroundings":
        """The same with what these actions make."""
        policies, groups, tasks = [], [], []
        for action in actions:
            if isinstance(action, CreatePolicy):
                policies.append(action.policy)
                groups += [] if action.new_subgroup is None else [action.target_group]
            elif isinstance(action, CopyPolicy):
                policies.append(action.to)
            elif isinstance(action, ImportPolicy):
                policies.append(action.policy)
            elif isinstance(action, CreateGroup):
                groups += [path.removesuffix(SEPARATOR) for path in accumulate(_parts(action.group))]
            elif isinstance(action, CreateTask):
                tasks.append(action.task)
            elif isinstance(action, ChangeTask) and action.rename is not None:
                tasks.append(action.rename)
        return replace(self, made_policies=tuple(policies), made_groups=tuple(groups), made_tasks=tuple(tasks))

    def names(self, kind: str) -> tuple[str, ...] | None:
        """The names of a kind that `Refers` marks, None where they are not known."""
        if kind == "server" and self.servers is not None:
            ports = [port.value for port in self.servers]
            nodes = [node for server in self.servers.values() for node in server.nodes]
            return tuple(dict.fromkeys([*ports, *nodes, *NODES, *self.sandbox_nodes]))
        if kind == "policy" and self.policies is not None:
            return tuple(dict.fromkeys((*self.policies, *self.made_policies)))
        if kind == "group" and self.groups is not None:
            return tuple(dict.fromkeys((*self.groups, *self.made_groups)))
        if kind == "account" and self.access is not None:
            return tuple(account.name for account in self.access.accounts)
        if kind == "key" and self.keys is not None:
            return tuple(self.keys)
        if kind == "task":
            return tuple(dict.fromkeys((*(task.name for task in self.tasks), *self.made_tasks)))
        return None


def _parts(path: str) -> list[str]:
    return [name + SEPARATOR for name in path.split(SEPARATOR)]


def checked(checker: Checker, step: Step, around: Surroundings) -> Step | None:
    """The step with its folder of indicators as a full path; None where it names what is not there."""
    before = checker.found
    action = step.action
    for field, info in type(action).model_fields.items():
        for refers in (item for item in info.metadata if isinstance(item, Refers)):
            loc = (*step.action_loc, info.alias or field)
            value: str | None = getattr(action, field)
            if value is None:
                continue
            if refers.kind == "indicators":
                action = _with_folder(checker, action, value, loc, around.folder)
                continue
            if refers.kind == "exclusions":
                action = _with_file(checker, action, value, loc, around.folder, _XML)
                continue
            if refers.kind == "policy-file":
                action = _with_file(checker, action, value, loc, around.folder, _POLICY)
                continue
            if refers.kind == "certificate":
                shown_one = read_certificate(checker, value, loc, around.folder)
                action = action if shown_one is None else action.model_copy(update={field: shown_one.pem})
                continue
            names = around.names(refers.kind)
            if names is not None and value not in names:
                checker.error(loc, f"there is no {refers.kind} {shown(value)}", hint(value, names))
    if isinstance(action, ChangePolicy | CreatePolicy | EditSettings | Attempt):
        settings = with_certificates(checker, action.settings, (*step.action_loc, "settings"), around.folder)
        action = action.model_copy(update={"settings": settings})
    if isinstance(action, ChangePolicy | CreatePolicy):
        _check_settings(checker, action, (*step.action_loc, "settings"), around)
    if isinstance(action, Attempt) and action.scan is not None:
        loc = (*step.action_loc, "scan", "indicators")
        found = folder_of_indicators(checker, around.folder, action.scan.indicators, loc)
        if found is not None:
            action = action.model_copy(update={"scan": action.scan.model_copy(update={"indicators": found})})
    if isinstance(action, EditSettings | Attempt):
        _check_edit(checker, action, (*step.action_loc, "settings"), around)
    if isinstance(action, CreateTask | ChangeTask):
        _check_groups(checker, action.exclude_groups or (), (*step.action_loc, "exclude-groups"), around)
    if isinstance(action, DeleteTasks):
        for index, name in enumerate(action.tasks):
            names = around.names("task") or ()
            if name not in names:
                checker.error((*step.action_loc, "tasks", index), f"there is no task {shown(name)}", hint(name, names))
    if isinstance(action, CorruptedUpdate) and action.server not in UPDATE_NODES:
        cause = f"{shown(action.server)} has no updates"
        checker.error((*step.action_loc, "server"), cause, f"name one of: {', '.join(UPDATE_NODES)}")
    if isinstance(action, PresentCertificate) and action.server in NODES:
        remedy = "name a port of telemetry, or one of its nodes"
        checker.error((*step.action_loc, "server"), f"{shown(action.server)} shows no certificate here", remedy)
    if isinstance(action, CreateGroup):
        _check_group(checker, action.group, (*step.action_loc, "group"))
    return step.doing(action) if checker.found == before else None


def _check_group(checker: Checker, path: str, loc: Loc) -> None:
    try:
        GroupTree([path])
    except GroupError as error:
        checker.error(loc, error.cause, error.remedy)


def _check_groups(checker: Checker, groups: Iterable[str], loc: Loc, around: Surroundings) -> None:
    known = around.names("group")
    for index, name in enumerate(groups):
        if known is not None and name not in known:
            checker.error((*loc, index), f"there is no group {shown(name)}", hint(name, known))


def _check_settings(checker: Checker, action: ChangePolicy | CreatePolicy, loc: Loc, around: Surroundings) -> None:
    """The settings of a policy that a step makes or changes, over what the file itself tells of the policy."""
    if isinstance(action, CreatePolicy):
        check_shown(checker, action.settings, loc, action.type)
        base = PolicySettings.fresh(action.type)
    elif action.policy in (around.policies or {}):
        base = (around.policies or {})[action.policy].settings
    else:
        base = PolicySettings()
    settings = read_settings(checker, action.settings, loc, base)
    if settings is not None and around.servers is not None:
        check_addresses(checker, action.settings, loc, around.servers)


def _check_edit(checker: Checker, action: EditSettings | Attempt, loc: Loc, around: Surroundings) -> None:
    """The settings that a step edits on devices: every group that a device has, and no switches."""
    before, known = checker.found, LOCAL_KEYS
    if isinstance(action, Attempt):
        known = ENTERS.get(action.operation) or tuple(key for key in LOCAL_KEYS if key != "user-permissions")
    elif not action.settings:
        checker.error(loc, "nothing is edited", "write a mapping of settings groups")
    for key, content in action.settings.items():
        if key not in known:
            what = "unknown settings group" if key not in LOCAL_KEYS else "the operation does not enter the group"
            checker.error((*loc, key), f"{what} {shown(key)}", hint(key, known), key=True)
            continue
        try:
            parse_group(key, content, DEFAULTS.group(key))
        except SettingError as error:
            checker.error((*loc, key, *error.path), error.cause, error.remedy)
    if checker.found == before and around.servers is not None:
        check_addresses(checker, action.settings, loc, around.servers)


def _with_folder(checker: Checker, action: Action, text: str, loc: Loc, folder: Path) -> Action:
    """The action with its folder of indicators as a full path."""
    found = folder_of_indicators(checker, folder, text, loc)
    return action if found is None else action.model_copy(update={"indicators": found})


def folder_of_indicators(checker: Checker, folder: Path, text: str, loc: Loc) -> str | None:
    """A folder of indicators as a full path; None where it is not there, which the checker then has."""
    if text == LIBRARY:
        return str(INDICATORS)

    def look(path: Path) -> str:
        if not path.is_dir():
            cause = f"{shown(text)} is not a folder" if path.exists() else f"there is no folder {shown(text)}"
            raise LocatedError((), cause, f"give a folder of IOC files, or `{LIBRARY}`")
        next(path.iterdir(), None)
        return str(path.resolve())

    return looked(checker, text, loc, folder, look)


@dataclass(frozen=True, slots=True)
class _Format:
    """A kind of file: what messages call it, how much of it is read, and what reads it."""

    told: str
    size_max: int
    read: Callable[[bytes, str], object]


_XML: Final = _Format(
    "an XML file of excluded processes", XML_SIZE_MAX, lambda data, source: import_rules(data, source=source)
)
_POLICY: Final = _Format(
    "a file of an exported policy", FILE_SIZE_MAX, lambda data, source: import_policy(data, source=source)
)


def _with_file(checker: Checker, action: Action, text: str, loc: Loc, folder: Path, format_: _Format) -> Action:
    """The action with its file as a full path; the file has been read once."""

    def look(path: Path) -> str:
        if not path.is_file():
            raise LocatedError((), f"there is no file {shown(text)}", f"give {format_.told}")
        with path.open("rb") as file:
            format_.read(file.read(format_.size_max + 1), text)
        return str(path.resolve())

    found = looked(checker, text, loc, folder, look)
    return action if found is None else action.model_copy(update={"file": found})
