"""The Administration Server: administration groups, the devices in them, and the policies that govern them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from emulator.chance import U64
from emulator.exclusions.xml import export_rules, import_rules
from emulator.policy.groups import GroupTree
from emulator.policy.policies import Governing, Policy, PolicySet, PolicySettings, affected_groups
from emulator.ports import I64, Answers, Synchronisations
from fakes.faults import FaultSchedule, Requests, unreachable
from fakes.revisions import Listener, Revisions, TimedColumn
from fakes.telemetry import LATENCY_US, TIMEOUT_US_MIN

NAME: Final = "administration"
"""The name under which faults of the Administration Server hold, and its address."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one operation came to: the groups and the devices (sorted indices) that hear something else from `at_ms` on.

    `revision` is what these devices should hold from then on.
    """

    revision: int
    at_ms: int
    groups: tuple[str, ...]
    devices: I64


class AdministrationServer:
    """One Administration Server with its tree of groups and the policies it starts with.

    The devices hold revision 0 at the start and follow these policies. `keys` holds the key of each device of the
    fleet, `group` where it is: an index into `group_names`. Operations are made with their moment, in ascending order
    (else ValueError), and may lie ahead of the synchronisations that are asked: each is answered as of its own moment.
    An operation that is not possible raises PolicyError or GroupError and changes nothing.
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
    ) -> None:
        for name in group_names:
            tree.ancestors(name)
        self._tree = tree
        self._policies = PolicySet(tree, policies)
        self._keys = keys
        self._names = list(group_names)
        self._group = TimedColumn(group)
        self._faults = faults
        self._latency_us = latency_us
        self._revisions = Revisions(len(keys))
        self._changed_ms = 0
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

    def policy(self, name: str) -> Policy:
        """A policy as it is after all operations; raises PolicyError where there is none of this name."""
        return self._policies[name]

    def groups_of(self, device: I64, at_ms: I64) -> I64:
        """The administration group of each device at its own moment, as an index into `group_names`."""
        return self._group.at(device, at_ms)

    def add_group(self, path: str, *, at_ms: int) -> Change:
        """Creates an administration group."""
        return self._operate(lambda: self._tree.add(path), at_ms)

    def create(self, policy: Policy, *, at_ms: int) -> Change:
        """Creates a policy; one that is active takes effect at once (KEA-POL-018)."""
        return self._operate(lambda: self._policies.add(policy), at_ms)

    def activate(self, name: str, *, at_ms: int) -> Change:
        """Makes a policy the active one of its group."""
        return self._operate(lambda: self._policies.activate(name), at_ms)

    def deactivate(self, name: str, *, at_ms: int) -> Change:
        """Makes a policy inactive."""
        return self._operate(lambda: self._policies.deactivate(name), at_ms)

    def set_out_of_office(self, name: str, *, at_ms: int) -> Change:
        """Makes a policy the one for devices outside of the corporate network (KEA-POL-020)."""
        return self._operate(lambda: self._policies.set_out_of_office(name), at_ms)

    def save(
        self,
        name: str,
        *,
        at_ms: int,
        settings: PolicySettings | None = None,
        inherit_from_parent: bool | None = None,
        force_inheritance: bool | None = None,
    ) -> Change:
        """Saves a policy with what is given changed (KEA-POL-030)."""

        def save() -> None:
            self._policies.save(
                name,
                settings=settings,
                inherit_from_parent=inherit_from_parent,
                force_inheritance=force_inheritance,
            )

        return self._operate(save, at_ms)

    def export_exclusions(self, name: str) -> bytes:
        """The excluded processes of a policy as an XML file (KEA-EDX-025)."""
        return export_rules(self.policy(name).settings.values.excluded_processes.rules)

    def import_exclusions(self, name: str, data: bytes, *, at_ms: int) -> Change:
        """Replaces the excluded processes of a policy by those of an XML file (KEA-EDX-026).

        Whether an import replaces or extends the list is not documented. Raises UserError where the file is not one.
        """
        stored = self.policy(name).settings
        rules = import_rules(data, source=name)
        return self.save(
            name, settings=stored.having(replace(stored.values.excluded_processes, rules=rules)), at_ms=at_ms
        )

    def delete(self, name: str, *, at_ms: int) -> Change:
        """Removes a policy."""
        return self._operate(lambda: self._policies.delete(name), at_ms)

    def move(self, devices: I64, group: str, *, at_ms: int) -> Change:
        """Moves devices (indices) to another administration group, where they hear of its policies."""
        self._check_order(at_ms)
        self._tree.ancestors(group)
        if group not in self._names:
            self._names.append(group)
        target = self._names.index(group)
        candidates: I64 = np.unique(devices).astype(np.int64)
        moved = candidates[self._group.now()[candidates] != target]
        self._group.put(moved, target, at_ms)
        # A new revision also where the same policies govern both groups: the revision that a device held before may
        # stand for something else in the group it comes to.
        return self._announce((), moved, at_ms)

    def _operate(self, operation: Callable[[], object], at_ms: int) -> Change:
        self._check_order(at_ms)
        operation()
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
