"""The Administration Server: administration groups, the devices in them, and the policies that govern them.

Every operation takes the account that asks for it; one that the account may not do, or that is not possible, changes
nothing.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from emulator.chance import U64
from emulator.exclusions.xml import export_rules, import_rules
from emulator.policy.errors import PolicyError
from emulator.policy.groups import ROOT, SEPARATOR, GroupTree
from emulator.policy.kinds import nearest, shown
from emulator.policy.policies import Governing, Policy, PolicySet, PolicySettings, PolicyStatus, affected_groups
from emulator.policy.settings import offered_by
from emulator.policy.types import ENDPOINT_AGENT
from emulator.ports import I64, Answers, Synchronisations
from emulator.reporting import EventReport, QuarantineEntry, QuarantineReport, Report
from emulator.tasks.task import TaskReport
from emulator.world import Governed, News
from fakes.administration.events import Event, EventLog
from fakes.administration.exchange import PolicyFile, export_policy, import_policy
from fakes.administration.history import RevisionHistory, Saved
from fakes.administration.inventory import DeviceRecord, Inventory
from fakes.administration.quarantine import QuarantineList
from fakes.administration.roles import ADMINISTRATOR, AccessControl, Right
from fakes.administration.tasks import TaskStore
from fakes.faults import FaultSchedule, Requests, unreachable
from fakes.revisions import Listener, Revisions, TimedColumn
from fakes.telemetry import LATENCY_US, TIMEOUT_US_MIN

NAME: Final = "administration"
"""The name under which faults of the Administration Server hold, and its address."""
PLUGINS: Final[Mapping[str, tuple[int, ...]]] = {ENDPOINT_AGENT: (3, 16)}
"""The management plug-ins that are there unless something else is said, by application, with their versions."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one operation came to: the groups and the devices (sorted indices) that hear something else from `at_ms` on.

    `revision` is what these devices should hold from then on, `tasks` what they are to hear of tasks besides.
    """

    revision: int
    at_ms: int
    groups: tuple[str, ...]
    devices: I64
    tasks: tuple[News, ...] = ()


class AdministrationServer:
    """One Administration Server with its tree of groups and the policies it starts with.

    The devices hold revision 0 at the start and follow these policies. `keys` holds the key of each device of the
    fleet, `group` where it is: an index into `group_names`. Operations are made with their moment, in ascending order
    (else ValueError), and may lie ahead of the synchronisations that are asked: each is answered as of its own moment.
    An operation that is not possible raises PolicyError or GroupError, one that its account may not do AccessError;
    either changes nothing. `plugins` are the management plug-ins by application: without an application's, none of its
    policies can be made or changed (KEA-ADM-011).
    """

    def __init__(
        self,
        tree: GroupTree,
        policies: Iterable[Policy] = (),
        *,
        keys: U64,
        group_names: Sequence[str],
        group: I64,
        faults: FaultSchedule,
        latency_us: int = LATENCY_US,
        access: AccessControl | None = None,
        plugins: Mapping[str, tuple[int, ...]] = PLUGINS,
        inventory: Inventory | None = None,
        events: EventLog | None = None,
    ) -> None:
        for name in group_names:
            tree.ancestors(name)
        self._tree = GroupTree(tree)  # its own, since operations add to it
        self._policies = PolicySet(self._tree, policies)
        self._keys = keys
        self._names = list(group_names)
        self._group = TimedColumn(group)
        self._faults = faults
        self._latency_us = latency_us
        self._revisions = Revisions(len(keys))
        self._changed_ms = 0
        self.access = access or AccessControl()
        self.events = EventLog() if events is None else events
        self.tasks = TaskStore(_Places(self._tree, self._names, self._group), self.access)
        self._quarantine = QuarantineList()
        self._inventory = inventory
        self._plugins = dict(plugins)
        self._history_of_policies = RevisionHistory()
        for policy in self._policies:
            self._history_of_policies.record(policy, 0, ADMINISTRATOR)
        self._snapshot = self._policies.snapshot()
        # Of each group, from which revision on it was governed by what: inside and outside of the corporate network.
        self._history: dict[str, list[tuple[int, Governing | None, Governing | None]]] = {
            name: [(0, inside, outside)] for name, inside, outside in self._snapshot.groups
        }

    @property
    def group_names(self) -> tuple[str, ...]:
        """The administration groups that devices are or were in; `groups_of` gives indices into it."""
        return tuple(self._names)

    def subscribe(self, listener: Listener) -> None:
        """Has `listener` called after every operation that concerns a device."""
        self._revisions.subscribe(listener)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """The latency in µs with which it surely answers in [from_ms, to_ms), or None."""
        if server != NAME or self._latency_us >= TIMEOUT_US_MIN or not self._faults.quiet(NAME, from_ms, to_ms):
            return None
        return self._latency_us

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers with the revision of its policies that each device should hold."""
        if batch.server != NAME:
            return unreachable(batch.revision)
        requests = Requests(batch.at_ms, batch.timeout_ms, self._keys[batch.device])
        verdict = self._faults.judge(NAME, requests, self._latency_us)
        return verdict.answers(batch.revision, self._revisions.due(batch.device, batch.at_ms))

    def governing(self, group: str, revision: int, *, out_of_office: bool = False) -> Governing | None:
        """What governs the devices of a group that hold `revision`; None where no policy does.

        With a device's own settings, `emulator.policy.effective` makes its effective settings of it.
        """
        history = self._history.get(group, [])
        place = bisect_right(history, revision, key=lambda entry: entry[0]) - 1
        if place < 0:
            return None
        _, inside, outside = history[place]
        return outside if out_of_office else inside

    def governed(self, group: str, revision: int) -> Governed:
        """What governs the devices of a group that hold `revision`, inside and outside of the corporate network."""
        return Governed(self.governing(group, revision), self.governing(group, revision, out_of_office=True))

    def news(self, change: Change) -> tuple[News, ...]:
        """What the last operation makes known, for the devices of each group that it concerns."""
        here = self._group.now()[change.devices]
        governed = (
            News(change.at_ms, change.devices[here == place], self.governed(self._names[place], change.revision))
            for place in np.unique(here).tolist()
        )
        return (*governed, *change.tasks)

    def policy(self, name: str) -> Policy:
        """A policy as it is after all operations; raises PolicyError where there is none of this name."""
        return self._policies[name]

    def groups_of(self, device: I64, at_ms: I64) -> I64:
        """The administration group of each device at its own moment, as an index into `group_names`."""
        return self._group.at(device, at_ms)

    # --- what accounts see -------------------------------------------------------------------------------------------

    def groups(self, below: str = ROOT, *, account: str = ADMINISTRATOR) -> tuple[str, ...]:
        """The administration groups from `below` on that an account may see, parents first (KEA-ADM-013)."""
        self.access.anywhere(account, Right.READ_GROUPS)
        places = (below, *self._tree.descendants(below))
        return tuple(name for name in places if self.access.allows(account, Right.READ_GROUPS, name, self._tree))

    def policies(self, group: str = ROOT, *, below: bool = True, account: str = ADMINISTRATOR) -> tuple[Policy, ...]:
        """The policies on a group, with `below` those on groups below it too, that an account may see: by name."""
        self.access.anywhere(account, Right.READ_POLICIES)
        places = {group, *self._tree.descendants(group)} if below else {group}
        found = (
            policy
            for policy in self._policies
            if policy.group in places and self.access.allows(account, Right.READ_POLICIES, policy.group, self._tree)
        )
        return tuple(sorted(found, key=lambda policy: policy.name))

    def devices(
        self,
        group: str = ROOT,
        *,
        below: bool = True,
        account: str = ADMINISTRATOR,
        right: Right = Right.READ_DEVICES,
        at_ms: int | None = None,
    ) -> I64:
        """The devices in a group, with `below` those in groups below it too, of which an account has `right`.

        Sorted indices: those after all operations, or those of a moment.
        """
        self.access.anywhere(account, right)
        places = {group, *self._tree.descendants(group)} if below else {group}
        allowed = (name for name in places if self.access.allows(account, right, name, self._tree))
        seen = [self._names.index(name) for name in allowed if name in self._names]
        here = self._group.now()
        if at_ms is not None:
            here = self._group.at(np.arange(len(self._keys)), np.full(len(self._keys), at_ms))
        return np.flatnonzero(np.isin(here, seen))

    def history(self, name: str, *, account: str = ADMINISTRATOR) -> tuple[Saved, ...]:
        """The revisions of a policy that are kept, the oldest first."""
        self._require(account, Right.READ_POLICIES, self._policies[name].group)
        return self._history_of_policies.of(name)

    def plugin(self, application: str) -> tuple[int, ...]:
        """The version of an application's management plug-in; raises PolicyError without one (KEA-ADM-011)."""
        if application not in self._plugins:
            remedy = nearest(application, self._plugins) if self._plugins else "install the management plug-in first"
            raise PolicyError(f"there is no management plug-in for the application {shown(application)}", remedy)
        return self._plugins[application]

    def check_name(self, name: str) -> None:
        """Raises PolicyError where a new policy cannot have this name."""
        self._policies.check_name(name)

    # --- what devices report -----------------------------------------------------------------------------------------

    def receive(self, device: int, at_ms: int, items: Iterable[Report]) -> None:
        """Takes what Network Agent of a device reports at a synchronisation."""
        for item in items:
            if isinstance(item, EventReport):
                self.events.receive(device, at_ms, item)
            elif isinstance(item, TaskReport):
                self.tasks.receive(device, at_ms, item)
            elif isinstance(item, QuarantineReport):
                self._quarantine.receive(device, at_ms, item)
            elif self._inventory is not None:
                self._inventory.receive(device, at_ms, item)

    def events_of(self, device: int, *, at_ms: int, account: str = ADMINISTRATOR) -> tuple[Event, ...]:
        """The events of a device that are stored at a moment, in the order of their reception."""
        self._require(account, Right.READ_EVENTS, self._place(device, at_ms))
        return self.events.of(device, at_ms)

    def quarantined(self, device: int, *, at_ms: int, account: str = ADMINISTRATOR) -> tuple[QuarantineEntry, ...]:
        """The objects of a device in the common list of quarantined objects at a moment (KEA-QUA-012)."""
        self._require(account, Right.READ_QUARANTINE, self._place(device, at_ms))
        return self._quarantine.of(device, at_ms)

    def can_manage(self, device: int, path: str, *, at_ms: int) -> bool:
        """Whether an object that was quarantined from a path is in the list, so that something can be done with it
        from here (KEA-QUA-040)."""
        return self._quarantine.find(device, path, at_ms) is not None

    def record(self, device: int, *, at_ms: int, account: str = ADMINISTRATOR) -> DeviceRecord:
        """A device as the inventory has it at a moment; the server has to have one."""
        assert self._inventory is not None
        group = self._place(device, at_ms)
        self._require(account, Right.READ_DEVICES, group)
        return self._inventory.record(device, group, at_ms)

    def _place(self, device: int, at_ms: int) -> str:
        one: I64 = np.array([device])
        return self._names[int(self._group.at(one, np.array([at_ms]))[0])]

    # --- operations --------------------------------------------------------------------------------------------------

    def add_group(self, path: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Creates an administration group with the parents that it needs."""
        self._require(account, Right.CHANGE_GROUPS, self._nearest(path))
        return self._operate(lambda: self._tree.add(path), at_ms)

    def create(self, policy: Policy, *, at_ms: int, account: str = ADMINISTRATOR, new_group: bool = False) -> Change:
        """Creates a policy; one that is active takes effect at once (KEA-POL-018).

        With `new_group` its group is created with it, where there is none yet (KEA-POL-016).
        """
        self._check_plugin(policy)
        place = policy.group
        if new_group and place not in self._tree:
            place = self._nearest(place)
            self._require(account, Right.CHANGE_GROUPS, place)
        self._require(account, Right.CHANGE_POLICIES, place)

        def create() -> None:
            self._policies.check(policy)
            if new_group:
                self._tree.add(policy.group)
            self._policies.add(policy)

        return self._operate(create, at_ms, (policy.name,), account)

    def copy(self, name: str, new_name: str, group: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Copies a policy to a group under another name. The copy is inactive: an emulator's choice."""
        source = self._policies[name]
        self._require(account, Right.READ_POLICIES, source.group)
        copied = replace(source, name=new_name, group=group, status=PolicyStatus.INACTIVE, revision=1)
        return self.create(copied, at_ms=at_ms, account=account)

    def export(self, name: str, *, account: str = ADMINISTRATOR) -> bytes:
        """A policy as a file, see `fakes.administration.exchange`."""
        policy = self._policies[name]
        self._require(account, Right.READ_POLICIES, policy.group)
        return export_policy(policy)

    def import_file(
        self,
        data: bytes,
        group: str,
        *,
        at_ms: int,
        account: str = ADMINISTRATOR,
        name: str | None = None,
        source: str = "the file",
    ) -> Change:
        """Creates an inactive policy from a file; without `name`, as the file calls it.

        That it is inactive is an emulator's choice. Raises UserError where the file is not one.
        """
        self._require(account, Right.CHANGE_POLICIES, group)
        return self.create(_imported(import_policy(data, source=source), name, group), at_ms=at_ms, account=account)

    def activate(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Makes a policy the active one of its group."""
        self._check_change(name, account)
        return self._operate(lambda: self._policies.activate(name), at_ms)

    def deactivate(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Makes a policy inactive."""
        self._check_change(name, account)
        return self._operate(lambda: self._policies.deactivate(name), at_ms)

    def set_out_of_office(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Makes a policy the one for devices outside of the corporate network (KEA-POL-020)."""
        self._check_change(name, account)
        return self._operate(lambda: self._policies.set_out_of_office(name), at_ms)

    def save(
        self,
        name: str,
        *,
        at_ms: int,
        account: str = ADMINISTRATOR,
        settings: PolicySettings | None = None,
        inherit_from_parent: bool | None = None,
        force_inheritance: bool | None = None,
    ) -> Change:
        """Saves a policy with what is given changed (KEA-POL-030)."""
        self._check_change(name, account)
        if settings is not None:
            self._check_plugin(replace(self._policies[name], settings=settings))

        def save() -> None:
            self._policies.save(
                name,
                settings=settings,
                inherit_from_parent=inherit_from_parent,
                force_inheritance=force_inheritance,
            )

        return self._operate(save, at_ms, (name,), account)

    def roll_back(self, name: str, revision: int, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Saves a policy as it was at one of its revisions: settings, switches and inheritance, as its next revision.

        Group and status stay as they are. Raises PolicyError where the revision is not kept.
        """
        self._check_change(name, account)
        old = self._history_of_policies.revision(name, revision)
        return self.save(
            name,
            at_ms=at_ms,
            account=account,
            settings=old.settings,
            inherit_from_parent=old.inherit_from_parent,
            force_inheritance=old.force_inheritance,
        )

    def export_exclusions(self, name: str, *, account: str = ADMINISTRATOR) -> bytes:
        """The excluded processes of a policy as an XML file (KEA-EDX-025)."""
        policy = self._policies[name]
        self._require(account, Right.READ_POLICIES, policy.group)
        return export_rules(policy.settings.values.excluded_processes.rules)

    def import_exclusions(self, name: str, data: bytes, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Replaces the excluded processes of a policy by those of an XML file (KEA-EDX-026).

        Whether an import replaces or extends the list is not documented. Raises UserError where the file is not one.
        """
        stored = self.policy(name).settings
        self._check_change(name, account)
        rules = import_rules(data, source=name)
        settings = stored.having(replace(stored.values.excluded_processes, rules=rules))
        return self.save(name, settings=settings, at_ms=at_ms, account=account)

    def delete(self, name: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Removes a policy with its revisions."""
        self._check_change(name, account)
        change = self._operate(lambda: self._policies.delete(name), at_ms)
        self._history_of_policies.forget(name)
        return change

    def move(self, devices: I64, group: str, *, at_ms: int, account: str = ADMINISTRATOR) -> Change:
        """Moves devices (indices) to another administration group, where they hear of its policies and tasks."""
        self._check_order(at_ms)
        self._tree.ancestors(group)
        candidates: I64 = np.unique(devices).astype(np.int64)
        here = self._group.now()[candidates]
        for place in {group, *(self._names[index] for index in np.unique(here).tolist())}:
            self._require(account, Right.CHANGE_GROUPS, place)
        if group not in self._names:
            self._names.append(group)
        target = self._names.index(group)
        moved = candidates[here != target]
        self._group.put(moved, target, at_ms)
        # A new revision also where the same policies govern both groups: the revision that a device held before may
        # stand for something else in the group it comes to.
        return replace(self._announce((), moved, at_ms), tasks=self.tasks.moved(moved, at_ms=at_ms))

    def command(
        self,
        devices: I64,
        order: object,
        *,
        at_ms: int,
        account: str = ADMINISTRATOR,
        right: Right = Right.OPERATE_DEVICES,
    ) -> tuple[News, ...]:
        """Has Network Agent of devices (indices) carry out an order (KEA-ADM-001 to KEA-ADM-004)."""
        self._check_order(at_ms)
        chosen: I64 = np.unique(devices).astype(np.int64)
        for index in np.unique(self._group.now()[chosen]).tolist():
            self._require(account, right, self._names[index])
        self._changed_ms = at_ms
        return (News(at_ms, chosen, order),) if len(chosen) else ()

    def _require(self, account: str, right: Right, group: str) -> None:
        self._tree.ancestors(group)
        self.access.require(account, right, group, self._tree)

    def _check_change(self, name: str, account: str) -> None:
        policy = self._policies[name]
        self._require(account, Right.CHANGE_POLICIES, policy.group)
        self.plugin(policy.application)

    def _nearest(self, path: str) -> str:
        """The nearest group that is there, of a group to be made: its rights decide."""
        while path not in self._tree and SEPARATOR in path:
            path = path.rpartition(SEPARATOR)[0]
        return path if path in self._tree else ROOT

    def _check_plugin(self, policy: Policy) -> None:
        """The plug-in offers the settings groups that a policy of Endpoint Agent has under it (KEA-MDR-004)."""
        version = self.plugin(policy.application)
        missing = sorted(policy.settings.under_policy - set(offered_by(version)))
        if policy.application == ENDPOINT_AGENT and missing:
            told = ".".join(map(str, version))
            cause = f"the management plug-in {told} does not offer the settings group {shown(missing[0])}"
            raise PolicyError(cause, "leave the group out, or install a newer plug-in")

    def _operate(
        self, operation: Callable[[], object], at_ms: int, saved: Sequence[str] = (), account: str = ADMINISTRATOR
    ) -> Change:
        """Does an operation; `saved` names the policies that have a new revision through it."""
        self._check_order(at_ms)
        operation()
        for name in saved:
            self._history_of_policies.record(self._policies[name], at_ms, account)
        snapshot = self._policies.snapshot()
        groups = affected_groups(self._snapshot, snapshot)
        self._snapshot = snapshot
        indices = [index for index, name in enumerate(self._names) if name in groups]
        return self._announce(groups, np.flatnonzero(np.isin(self._group.now(), indices)), at_ms)

    def _announce(self, groups: tuple[str, ...], devices: I64, at_ms: int) -> Change:
        self._changed_ms = at_ms
        if not groups and not len(devices):
            return Change(self._revisions.last, at_ms, groups, devices)
        revision = self._revisions.change(devices, at_ms)
        governing = {name: both for name, *both in self._snapshot.groups}
        for name in groups:
            inside, outside = governing[name]
            self._history.setdefault(name, []).append((revision, inside, outside))
        self._revisions.announce(devices)
        return Change(revision, at_ms, groups, devices)

    def _check_order(self, at_ms: int) -> None:
        if at_ms < self._changed_ms:
            raise ValueError(f"an operation at {at_ms} ms comes after one at {self._changed_ms} ms")


class _Places:
    """Where devices are, for tasks."""

    def __init__(self, tree: GroupTree, names: list[str], group: TimedColumn) -> None:
        self.tree = tree
        self._names = names
        self._group = group

    def inside(self, groups: Collection[str]) -> I64:
        indices = [index for index, name in enumerate(self._names) if name in groups]
        return np.flatnonzero(np.isin(self._group.now(), indices)).astype(np.int64)

    def groups_of(self, devices: I64) -> Sequence[str]:
        return [self._names[index] for index in np.unique(self._group.now()[devices]).tolist()]


def _imported(file: PolicyFile, name: str | None, group: str) -> Policy:
    return Policy(
        file.name if name is None else name,
        group,
        PolicyStatus.INACTIVE,
        file.settings,
        file.inherit_from_parent,
        file.force_inheritance,
        application=file.application,
        type=file.type,
    )
