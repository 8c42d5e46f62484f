"""Policies on administration groups: their states, and which of them governs the devices of a group."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from emulator.policy.errors import PolicyError, SettingError, located
from emulator.policy.groups import GroupTree
from emulator.policy.kinds import choice, nearest, one_of, shown
from emulator.policy.settings import (
    DEFAULTS,
    GROUP_KEYS,
    LOCAL_KEYS,
    AgentSettings,
    Group,
    Switch,
    default_switch,
    device_only,
    key_of,
    parse_group,
)
from emulator.policy.types import ENDPOINT_AGENT, PolicyType, shown_groups

NAME_MAX: Final = 200
"""Characters of the name of a policy."""

_SWITCH: Final = choice(Switch)


class PolicyStatus(StrEnum):
    """The three statuses of a policy (KEA-POL-017)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    OUT_OF_OFFICE = "out-of-office"


IN_FORCE: Final = (PolicyStatus.ACTIVE, PolicyStatus.OUT_OF_OFFICE)
"""Statuses that a group has one policy of at most. For out-of-office that is an emulator's choice."""


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """What is stored in a policy: the values of every group, and which groups stand at Under policy.

    Values of the other groups are stored all the same, and not applied (KEA-POL-024).
    """

    values: AgentSettings = DEFAULTS
    under_policy: frozenset[str] = frozenset(key for key in GROUP_KEYS if default_switch(key) is Switch.UNDER_POLICY)

    @classmethod
    def fresh(cls, kind: PolicyType | None) -> "PolicySettings":
        """The settings of a new policy of a type: defaults, and every switch where it stands by default."""
        return cls(under_policy=cls().under_policy & set(shown_groups(kind)))

    def switch(self, key: str) -> Switch:
        """The position of a group's switch."""
        return Switch.UNDER_POLICY if key in self.under_policy else Switch.UNAFFECTED

    def having(self, values: Group, switch: Switch | None = None) -> "PolicySettings":
        """The same with other values of one group, and its switch at `switch` (None: as it stands).

        Raises SettingError for a group that policies do not have (KEA-DIA-003).
        """
        key = key_of(values)
        if key not in GROUP_KEYS:
            raise _not_of_policies(key)
        under = self.under_policy
        if switch is not None:
            under = under | {key} if switch is Switch.UNDER_POLICY else under - {key}
        return PolicySettings(self.values.having(values), under)


def parse_policy_settings(data: object, base: PolicySettings | None = None) -> PolicySettings:
    """Settings of a policy from untrusted plain data: `{group key: {switch: …, setting: …}}`.

    What is not given is as in `base`, else the default. Raises SettingError with the path inside `data`.
    """
    settings = base or PolicySettings()
    if not isinstance(data, dict):
        raise SettingError((), f"{shown(data)} is not a mapping", "write a mapping of settings groups")
    for key, content in data.items():
        if key in LOCAL_KEYS and key not in GROUP_KEYS:
            raise _not_of_policies(key)
        if key not in GROUP_KEYS:
            hint = nearest(key, GROUP_KEYS) if isinstance(key, str) else one_of(GROUP_KEYS)
            raise SettingError((key,), f"unknown settings group {shown(key)}", hint)
        with located(key):
            given = dict(content) if isinstance(content, dict) else content
            switch = None
            if isinstance(given, dict) and "switch" in given:
                with located("switch"):
                    switch = _SWITCH.read(given.pop("switch"))
            settings = settings.having(parse_group(key, given, settings.values.group(key)), switch)
    return settings


def _not_of_policies(key: str) -> SettingError:
    remedy = f"edit it in the settings of a device ({device_only(key)})"
    return SettingError((key,), f"a policy has no settings group {shown(key)}", remedy)


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of one application on one administration group (KEA-POL-001, KEA-POL-014).

    `revision` counts its saves. `type` is what it was made for, None where it has all sections. A policy of an
    application other than Endpoint Agent never reaches Endpoint Agent, whatever its settings.
    """

    name: str
    group: str
    status: PolicyStatus
    settings: PolicySettings = PolicySettings()
    inherit_from_parent: bool = True
    force_inheritance: bool = False
    revision: int = 1
    application: str = ENDPOINT_AGENT
    type: PolicyType | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A settings group as it reaches a device: its values, and the policy that locks them."""

    values: Group
    policy: str


@dataclass(frozen=True, slots=True)
class Governing:
    """What the devices of a group hear: the policy that governs them with all it inherits.

    `chain` names every policy that has a part in it with its revision, the outermost first and the governing one
    last. `locks` are the groups under policy, in the order of `GROUP_KEYS`; nothing else reaches a device
    (KEA-POL-024, KEA-POL-029).
    """

    policy: str
    chain: tuple[tuple[str, int], ...]
    locks: tuple[Lock, ...]

    def lock(self, key: str) -> Lock | None:
        """The lock on a settings group, if there is one."""
        return next((lock for lock in self.locks if key_of(lock.values) == key), None)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What governs each group at one moment: inside and outside of the corporate network."""

    groups: tuple[tuple[str, Governing | None, Governing | None], ...]


class PolicySet:
    """The policies of one Administration Server. At any time a group has one active policy at most.

    Raises PolicyError where the policies to start with have a name twice, or two active ones on a group.
    """

    def __init__(self, groups: GroupTree, policies: Iterable[Policy] = ()) -> None:
        self._groups = groups
        self._policies: dict[str, Policy] = {}
        self._in_force: dict[tuple[str, str, PolicyStatus], str] = {}
        for policy in policies:
            other = self._in_force.get(_place(policy))
            if other is not None:
                cause = f"{shown(other)} and {shown(policy.name)} are both {policy.status} on {shown(policy.group)}"
                raise PolicyError(cause, "let one of them be inactive")
            self.add(policy)

    def __len__(self) -> int:
        return len(self._policies)

    def __iter__(self) -> Iterator[Policy]:
        return iter(self._policies.values())

    def __getitem__(self, name: str) -> Policy:
        try:
            return self._policies[name]
        except KeyError:
            known = self._policies
            hint = nearest(name, known) if known else "create it first"
            raise PolicyError(f"there is no policy {shown(name)}", hint) from None

    def add(self, policy: Policy) -> None:
        """Creates a policy (KEA-POL-017 to KEA-POL-019); another one of its group that is in force gives way."""
        self.check(policy)
        if policy.group not in self._groups:
            raise PolicyError(f"there is no group {shown(policy.group)}", nearest(policy.group, self._groups))
        self._put(policy)

    def check(self, policy: Policy) -> None:
        """Raises PolicyError where a policy could not be created, whatever its group."""
        self.check_name(policy.name)
        _check_sections(policy)

    def check_name(self, name: str) -> None:
        """Raises PolicyError where a new policy cannot have this name."""
        if not name or name != name.strip() or len(name) > NAME_MAX or not name.isprintable():
            cause = f"{shown(name)} cannot be the name of a policy"
            raise PolicyError(cause, f"use 1 to {NAME_MAX} printable characters without blanks around them")
        if name in self._policies:
            raise PolicyError(f"there is a policy {shown(name)} already", "choose another name")

    def activate(self, name: str) -> None:
        """Makes a policy the active one of its group; the one that was becomes inactive."""
        self._put(replace(self[name], status=PolicyStatus.ACTIVE))

    def deactivate(self, name: str) -> None:
        """Makes a policy inactive, so that it affects no device (KEA-POL-019)."""
        self._put(replace(self[name], status=PolicyStatus.INACTIVE))

    def set_out_of_office(self, name: str) -> None:
        """Makes a policy the one for devices of its group outside of the corporate network (KEA-POL-020)."""
        self._put(replace(self[name], status=PolicyStatus.OUT_OF_OFFICE))

    def save(
        self,
        name: str,
        *,
        settings: PolicySettings | None = None,
        inherit_from_parent: bool | None = None,
        force_inheritance: bool | None = None,
    ) -> Policy:
        """Saves a policy with what is given changed, as its next revision (KEA-POL-030)."""
        old = self[name]
        new = replace(
            old,
            settings=old.settings if settings is None else settings,
            inherit_from_parent=old.inherit_from_parent if inherit_from_parent is None else inherit_from_parent,
            force_inheritance=old.force_inheritance if force_inheritance is None else force_inheritance,
            revision=old.revision + 1,
        )
        _check_sections(new)
        self._put(new)
        return new

    def delete(self, name: str) -> None:
        """Removes a policy; the devices it governed fall to the next one above, or to none."""
        self._release(self[name])
        del self._policies[name]

    def governing(self, group: str, *, out_of_office: bool = False) -> Governing | None:
        """What governs the devices of a group: its own active policy, else the nearest one above.

        Outside of the corporate network the group's own out-of-office policy comes first; it neither inherits nor
        acts on groups below. A policy that inherits takes the groups that its parent has under policy; the parent is
        the nearest active policy above. Where any policy above forces inheritance, no policy below it has the choice.
        """
        line = (group, *self._groups.ancestors(group))
        away = self._in_force.get((group, ENDPOINT_AGENT, PolicyStatus.OUT_OF_OFFICE)) if out_of_office else None
        if away is not None:
            return _inherited((self._policies[away],))
        active = [self._in_force.get((place, ENDPOINT_AGENT, PolicyStatus.ACTIVE)) for place in reversed(line)]
        policies = tuple(self._policies[name] for name in active if name is not None)
        return _inherited(policies) if policies else None

    def snapshot(self) -> Snapshot:
        """What governs every group now."""
        return Snapshot(
            tuple((group, self.governing(group), self.governing(group, out_of_office=True)) for group in self._groups)
        )

    def _put(self, policy: Policy) -> None:
        if policy.name in self._policies:
            self._release(self._policies[policy.name])
        if policy.status in IN_FORCE:
            place = _place(policy)
            other = self._in_force.get(place)
            if other is not None:
                self._policies[other] = replace(self._policies[other], status=PolicyStatus.INACTIVE)
            self._in_force[place] = policy.name
        self._policies[policy.name] = policy

    def _release(self, policy: Policy) -> None:
        if policy.status in IN_FORCE:
            del self._in_force[_place(policy)]


def _place(policy: Policy) -> tuple[str, str, PolicyStatus]:
    """What a policy in force is alone in."""
    return policy.group, policy.application, policy.status


def _check_sections(policy: Policy) -> None:
    """A policy has the sections of its type and no others (KEA-POL-010)."""
    hidden = sorted(policy.settings.under_policy - set(shown_groups(policy.type)))
    if hidden:
        cause = f"a policy for {policy.type} does not have the settings group {shown(hidden[0])}"
        raise PolicyError(cause, "leave the group out, or make a policy of the other type")


def affected_groups(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """The groups, in their order afterwards, whose devices hear something else than before."""
    old = {group: governing for group, *governing in before.groups}
    return tuple(group for group, *governing in after.groups if old.get(group, [None, None]) != governing)


def _inherited(policies: tuple[Policy, ...]) -> Governing:
    """The last of these policies with all it inherits from those before it, the outermost first."""
    locks: dict[str, Lock] = {}
    chain: list[tuple[str, int]] = []
    forced = False
    for policy in policies:
        if not (policy.inherit_from_parent or forced):
            locks, chain = {}, []
        for key in GROUP_KEYS:
            if key in policy.settings.under_policy and key not in locks:
                locks[key] = Lock(policy.settings.values.group(key), policy.name)
        chain.append((policy.name, policy.revision))
        forced = forced or policy.force_inheritance
    ordered = tuple(locks[key] for key in GROUP_KEYS if key in locks)
    return Governing(policies[-1].name, tuple(chain), ordered)
