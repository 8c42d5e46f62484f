"""Operations: what operators do at the Administration Server, and what devices follow from then on."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from emulator.clock import SLOT_MS, Calendar
from emulator.control import Command
from emulator.errors import UserError
from emulator.policy.errors import GroupError, PolicyError, SettingError
from emulator.policy.policies import Policy, PolicySettings, parse_policy_settings
from emulator.policy.types import sections_of, shown_groups
from emulator.ports import I64
from emulator.response.isolation import BY_CONSOLE, Isolate, IsolationKind
from emulator.response.quarantine import QuarantineOrder
from emulator.tasks.task import TaskError
from emulator.world import Governed, News
from fakes.administration import (
    AccessError,
    AdministrationServer,
    Change,
    CreationMode,
    PolicyWizard,
    Right,
    WizardError,
    import_policy,
)
from scenarios import actions, deeds
from scenarios.deeds import Indicators
from scenarios.format import TaskEntry
from scenarios.services import KnownKey
from scenarios.task_operations import Later, TaskOperations
from scenarios.told import ToldOfDevice, ToldOfRun

REFUSALS: Final = (AccessError, GroupError, PolicyError, SettingError, TaskError, UserError, WizardError)
"""What an operation may be refused with."""

ORDERS: Final[Mapping[type[actions.Operation], Callable[[Any], object]]] = {
    actions.CommandAgent: lambda action: Command(action.command),
    actions.IsolateOnDemand: lambda action: Isolate(IsolationKind.ON_DEMAND),
    actions.EndIsolation: lambda action: BY_CONSOLE,
}
"""What Network Agent of devices is to carry out, by the operation."""
SUBJECTS: Final = ("policy", "task", "command", "group")
"""What an operation is about: the first of these fields that it has."""
OF_DEVICES: Final[Mapping[actions.Viewed, Right]] = {
    actions.Viewed.DEVICES: Right.READ_DEVICES,
    actions.Viewed.EVENTS: Right.READ_EVENTS,
    actions.Viewed.STATUS: Right.READ_DEVICES,
    actions.Viewed.QUARANTINE: Right.READ_QUARANTINE,
}
"""Lists about devices, with the right that seeing one takes: what they show is told of each device."""
Look = Callable[[I64], Iterator[ToldOfDevice]]
"""Looks at what a list about devices shows of some of them; when its moment has come."""
LIST_LAG_MS: Final = 2 * SLOT_MS
"""Lists about devices show what the server has had for this long, so that they do not depend on who reports first."""


def possible_settings(policies: Iterable[Policy], steps: Iterable[actions.Action | None]) -> Iterator[PolicySettings]:
    """The settings that policies may come to have: at the start, when steps make them, and after each change of one."""
    every = list(steps)
    known = {policy.name: policy.settings for policy in policies}
    for action in every:
        if isinstance(action, actions.CreatePolicy):
            base = known.get(action.take_over or "", PolicySettings.fresh(action.type))
            known[action.policy] = parse_policy_settings(action.settings, base)
        elif isinstance(action, actions.CopyPolicy) and action.policy in known:
            known[action.to] = known[action.policy]
        elif isinstance(action, actions.ImportPolicy) and action.file is not None:
            known[action.policy] = import_policy(Path(action.file).read_bytes(), source=action.file).settings
    yield from known.values()
    for action in every:
        if isinstance(action, actions.ChangePolicy):
            yield parse_policy_settings(action.settings, known.get(action.policy))


class Operations:
    """The operations of one scenario on its Administration Server, made in the order of their moments.

    `news` holds what was made known to devices so far; `take_told` and `take_views` give the facts, and the lists about
    devices that were asked for, since the last time. An operation that is refused tells why and changes nothing.
    """

    def __init__(
        self, server: AdministrationServer, keys: Mapping[str, KnownKey], indicators: Indicators, calendar: Calendar
    ) -> None:
        self._server = server
        self._tasks = TaskOperations(server, keys, indicators, calendar, self._tell)
        self._news: list[News] = []
        self._told: list[ToldOfRun] = []
        self._views: list[tuple[int, Look]] = []
        self._moved: list[tuple[int, I64, str]] = []
        self._exported: dict[str, bytes] = {}
        self._deeds: Mapping[type[actions.Operation], Callable[[Any, int], Change | None]] = {
            actions.ActivatePolicy: self._activate,
            actions.DeactivatePolicy: self._deactivate,
            actions.ChangePolicy: self._change,
            actions.ImportExclusions: self._import_exclusions,
            actions.CreatePolicy: self._create,
            actions.CopyPolicy: self._copy,
            actions.DeletePolicy: self._delete,
            actions.ExportPolicy: self._export,
            actions.ImportPolicy: self._import,
            actions.SetOutOfOffice: self._set_out_of_office,
            actions.RollBackPolicy: self._roll_back,
            actions.CreateGroup: self._create_group,
            actions.View: self._view,
            actions.ViewTask: self._view_task,
            actions.ViewIocCard: self._view_ioc_card,
        }

    @property
    def news(self) -> tuple[News, ...]:
        """What was made known to devices, in the order of time."""
        return tuple(self._news)

    def take_told(self) -> list[ToldOfRun]:
        """Takes out the facts that operations came to."""
        told, self._told = self._told, []
        return told

    def take_views(self) -> list[tuple[int, Look]]:
        """Takes out what is to be looked at, each with its moment: it tells what it shows of some devices."""
        views, self._views = self._views, []
        return views

    def take_later(self) -> list[tuple[int, Later]]:
        """Takes out what is to be done at later moments, by `do_later`."""
        return self._tasks.take_later()

    def do_later(self, act: Later, at_ms: int) -> tuple[News, ...]:
        """Does what was left for a moment, and gives what it makes known to devices."""
        news = act(at_ms)
        self._news += news
        return news

    def take_moved(self) -> list[tuple[int, I64, str]]:
        """Takes out the devices that were moved to a group: (moment, devices, group)."""
        moved, self._moved = self._moved, []
        return moved

    def _seen(self, action: actions.View, at_ms: int, own: I64) -> Iterator[ToldOfDevice]:
        """What a list about devices shows at its moment of those in `own` that the account may see."""
        server, account = self._server, action.account
        since_ms = max(0, at_ms - LIST_LAG_MS)
        for device in np.intersect1d(own, self._devices(action, at_ms)).tolist():
            if action.what is actions.Viewed.EVENTS:
                for event in server.events_of(device, at_ms=since_ms, account=account):
                    values: dict[str, Any] = {
                        "event": event.kind,
                        "severity": int(event.severity),
                        "happened_ms": event.at_ms,
                    }
                    yield ToldOfDevice("event-viewed", device, {**event.values, **values, "account": account})
                continue
            if action.what is actions.Viewed.QUARANTINE:
                for entry in server.quarantined(device, at_ms=since_ms, account=account):
                    values = {"object": entry.id, "file": entry.path, "size_bytes": entry.size_bytes}
                    values |= {"md5": entry.md5, "sha256": entry.sha256, "quarantined_ms": entry.at_ms}
                    yield ToldOfDevice("quarantine-listed", device, {**values, "by": entry.account, "account": account})
                continue
            record = server.record(device, at_ms=since_ms, account=account)
            state = record.endpoint_agent
            if action.what is actions.Viewed.STATUS:
                components = " ".join(f"{name}={int(status)}" for name, status in sorted(state.components.items()))
                values = {"status": int(record.status), "reason": record.reason, "components": components}
                values |= {"installed": state.installed, "running": state.running, "isolated": state.isolated}
                yield ToldOfDevice("status-viewed", device, {**values, "account": account})
                continue
            applications = "; ".join(f"{one.name} {one.version}" for one in record.applications)
            values = {"host": record.host_name, "address": record.address, "mac": record.mac, "group": record.group}
            values |= {"os": record.os_name, "users": " ".join(record.users), "applications": applications}
            yield ToldOfDevice("device-viewed", device, {**values, "account": account})

    def _devices(self, action: actions.View, at_ms: int) -> I64:
        right = OF_DEVICES[action.what]
        return self._server.devices(action.group, account=action.account, right=right, at_ms=at_ms)

    def governed(self, device: int, at_ms: int) -> Governed | None:
        """What the Administration Server held for a device at a moment; None where it is what it was at the start."""
        for news in reversed(self._news):
            if news.at_ms <= at_ms and device in news.devices and isinstance(news.item, Governed):
                return news.item
        return None

    def perform(self, action: actions.Operation, at_ms: int, devices: I64 | None = None) -> tuple[News, ...]:
        """Does an operation, on `devices` where it is on devices, and gives what it makes known to devices."""
        about: dict[str, Any] = {"operation": actions.name_of(action), "account": action.account}
        subject = next((value for name in SUBJECTS if (value := getattr(action, name, None)) is not None), None)
        if subject is not None:
            about["subject"] = str(subject)
        try:
            news = self._done(action, at_ms, devices)
        except REFUSALS as error:
            self._tell("operation-refused", at_ms, **about, reason=str(error))
            return ()
        self._tell("operation-done", at_ms, **about)
        self._news += news
        return news

    def start_with(self, tasks: Iterable[TaskEntry]) -> tuple[News, ...]:
        """What devices hear of the tasks that are there when time begins."""
        news = tuple(one for entry in tasks for one in self._tasks.start_with(entry))
        self._news += news
        return news

    def _done(self, action: actions.Operation, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        if type(action) in self._tasks.deeds:
            return self._tasks.deeds[type(action)](action, at_ms, devices)
        if type(action) in ORDERS:
            assert devices is not None
            order = ORDERS[type(action)](action)
            return self._server.command(devices, order, at_ms=at_ms, account=action.account)
        if isinstance(action, actions.CommandQuarantine):
            assert devices is not None
            return self._command_quarantine(action, at_ms, devices)
        if isinstance(action, actions.MoveDevices):
            assert devices is not None
            change: Change | None = self._server.move(devices, action.group, at_ms=at_ms, account=action.account)
            assert change is not None
            self._moved.append((at_ms, change.devices, action.group))
        else:
            change = self._deeds[type(action)](action, at_ms)
        return () if change is None else self._server.news(change)

    def _tell(self, kind: str, at_ms: int, **values: Any) -> None:  # JSON scalars
        self._told.append(ToldOfRun(kind, at_ms, values))

    # --- policies ---------------------------------------------------------------------------------------------------

    def _activate(self, action: actions.ActivatePolicy, at_ms: int) -> Change:
        return self._server.activate(action.policy, at_ms=at_ms, account=action.account)

    def _deactivate(self, action: actions.DeactivatePolicy, at_ms: int) -> Change:
        return self._server.deactivate(action.policy, at_ms=at_ms, account=action.account)

    def _set_out_of_office(self, action: actions.SetOutOfOffice, at_ms: int) -> Change:
        return self._server.set_out_of_office(action.policy, at_ms=at_ms, account=action.account)

    def _change(self, action: actions.ChangePolicy, at_ms: int) -> Change:
        stored = self._server.policy(action.policy).settings
        change = self._server.save(
            action.policy,
            settings=parse_policy_settings(action.settings, stored),
            inherit_from_parent=action.inherit_from_parent,
            force_inheritance=action.force_inheritance,
            at_ms=at_ms,
            account=action.account,
        )
        self._tell_consent(action.policy, stored, at_ms, action.account)
        return change

    def _tell_consent(self, policy: str, before: PolicySettings, at_ms: int, account: str) -> None:
        """Loading an MDR configuration is the consent to data being sent, which the operator is told (KEA-MDR-007)."""
        blob = self._server.policy(policy).settings.values.mdr.blob
        if blob and blob != before.values.mdr.blob:
            self._tell("mdr-consent-told", at_ms, policy=policy, account=account)

    def _import_exclusions(self, action: actions.ImportExclusions, at_ms: int) -> Change:
        data = Path(action.file).read_bytes()
        return self._server.import_exclusions(action.policy, data, at_ms=at_ms, account=action.account)

    def _create(self, action: actions.CreatePolicy, at_ms: int) -> Change:
        wizard = PolicyWizard(self._server, account=action.account)
        wizard.choose_application(action.application)
        wizard.give_name(action.policy, settings_of=action.take_over)
        configured = bool(action.settings) or action.take_over is not None
        fallback = wizard.preselected_mode if configured else CreationMode.DEFAULTS
        wizard.choose_mode(action.mode or fallback)
        if wizard.step is wizard.step.TYPE:
            wizard.choose_type(action.type)
        while wizard.section is not None:
            wizard.configure({key: action.settings[key] for key in wizard.shown if key in action.settings})
        wizard.choose_group(action.group, subgroup=action.new_subgroup)
        finished = wizard.finish(action.status, at_ms=at_ms, open_properties=action.open_properties)
        self._tell_consent(finished.policy.name, PolicySettings.fresh(finished.policy.type), at_ms, action.account)
        if finished.open_properties:
            self._tell_policy(finished.policy.name, at_ms, action.account)
        return finished.change

    def _copy(self, action: actions.CopyPolicy, at_ms: int) -> Change:
        group = action.group or self._server.policy(action.policy).group
        return self._server.copy(action.policy, action.to, group, at_ms=at_ms, account=action.account)

    def _delete(self, action: actions.DeletePolicy, at_ms: int) -> Change:
        return self._server.delete(action.policy, at_ms=at_ms, account=action.account)

    def _roll_back(self, action: actions.RollBackPolicy, at_ms: int) -> Change:
        return self._server.roll_back(action.policy, action.revision, at_ms=at_ms, account=action.account)

    def _export(self, action: actions.ExportPolicy, at_ms: int) -> None:
        data = self._server.export(action.policy, account=action.account)
        self._exported[action.to] = data
        digest = hashlib.sha256(data).hexdigest()
        self._tell("policy-exported", at_ms, policy=action.policy, file=action.to, bytes=len(data), sha256=digest)

    def _import(self, action: actions.ImportPolicy, at_ms: int) -> Change:
        if action.file is not None:
            data = Path(action.file).read_bytes()
        elif action.exported in self._exported:
            data = self._exported[action.exported]
        else:
            raise PolicyError(f"nothing was exported as {action.exported!r} so far", "export a policy first")
        return self._server.import_file(
            data,
            action.group,
            name=action.policy,
            at_ms=at_ms,
            account=action.account,
            source=action.file or "the file",
        )

    # --- quarantine -------------------------------------------------------------------------------------------------

    def _command_quarantine(self, action: actions.CommandQuarantine, at_ms: int, devices: I64) -> tuple[News, ...]:
        """Gives an order; of devices whose object is not in the list it is told that there is nothing to order."""
        path = deeds.path_of(action.file, "windows")
        order = QuarantineOrder(action.command, path, max(0, at_ms - LIST_LAG_MS), action.account)
        right = Right.CHANGE_QUARANTINE
        news = self._server.command(devices, order, at_ms=at_ms, account=action.account, right=right)
        self._views.append((at_ms, lambda own: self._unlisted(order, np.intersect1d(own, devices))))
        return news

    def _unlisted(self, order: QuarantineOrder, devices: I64) -> Iterator[ToldOfDevice]:
        for device in devices.tolist():
            if not self._server.can_manage(device, order.path, at_ms=order.listed_ms):
                values = {"command": str(order.kind), "file": order.path, "account": order.account}
                yield ToldOfDevice("quarantine-command-refused", device, values)

    # --- groups and lists -------------------------------------------------------------------------------------------

    def _create_group(self, action: actions.CreateGroup, at_ms: int) -> Change:
        return self._server.add_group(action.group, at_ms=at_ms, account=action.account)

    def _view(self, action: actions.View, at_ms: int) -> None:
        """What the server has of its own; what it has of devices is looked at when the moment has come."""
        server, account = self._server, action.account
        if action.what is actions.Viewed.POLICIES:
            for policy in server.policies(action.group, account=account):
                self._tell_policy(policy.name, at_ms, account)
        elif action.what is actions.Viewed.GROUPS:
            for name in server.groups(action.group, account=account):
                self._tell_group(name, at_ms, account)
        elif action.what is actions.Viewed.TASKS:
            self._tasks.list_tasks(action.group, account, at_ms)
        else:
            self._devices(action, at_ms)
            self._views.append((at_ms, lambda own: self._seen(action, at_ms, own)))

    def _view_task(self, action: actions.ViewTask, at_ms: int) -> None:
        look = self._tasks.look(action, at_ms)
        since_ms = max(0, at_ms - LIST_LAG_MS)
        self._views.append((at_ms, lambda own: self._tasks.seen(look, action.account, since_ms, own)))

    def _view_ioc_card(self, action: actions.ViewIocCard, at_ms: int) -> None:
        look = self._tasks.look(action, at_ms)
        since_ms = max(0, at_ms - LIST_LAG_MS)
        self._views.append((at_ms, lambda own: self._tasks.cards(look, action.file, action.account, since_ms, own)))

    def _tell_policy(self, name: str, at_ms: int, account: str) -> None:
        policy = self._server.policy(name)
        under = [key for key in shown_groups(policy.type) if key in policy.settings.under_policy]
        self._tell(
            "policy-viewed",
            at_ms,
            account=account,
            policy=name,
            application=policy.application,
            group=policy.group,
            status=str(policy.status),
            type="" if policy.type is None else str(policy.type),
            revision=policy.revision,
            inherits=policy.inherit_from_parent,
            forces=policy.force_inheritance,
            sections=" ".join(sections_of(policy.type)),
            under_policy=" ".join(under),
        )
        self._tell_certificates(policy, at_ms, account)

    def _tell_certificates(self, policy: Policy, at_ms: int, account: str) -> None:
        """What is shown of the certificates that a policy holds (KEA-CEN-020)."""
        kata = policy.settings.values.kata_integration
        client = None if kata.client_certificate is None else kata.client_certificate.certificate
        for of, stored in (("server", kata.server_certificate), ("client", client)):
            if stored is not None:
                self._tell(
                    "certificate-viewed",
                    at_ms,
                    account=account,
                    policy=policy.name,
                    of=of,
                    subject=stored.subject,
                    valid_from=stored.valid_from,
                    valid_until=stored.valid_until,
                    sha256=stored.sha256,
                )

    def _tell_group(self, name: str, at_ms: int, account: str) -> None:
        """A group with how many devices and policies are in it itself."""
        server = self._server
        devices = len(server.devices(name, below=False, at_ms=at_ms))
        policies = len(server.policies(name, below=False))
        self._tell("group-viewed", at_ms, account=account, group=name, devices=devices, policies=policies)
