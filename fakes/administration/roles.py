"""Roles and accounts: who may do what at the Administration Server, and in which administration groups.

That access is divided by roles is documented (KEA-ADM-008), which rights there are is not: these are the emulator's
choice. A right holds for a group with all groups below it. Nobody has a right that no role gives.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.errors import SeatrialError
from emulator.policy.groups import ROOT, GroupTree
from emulator.policy.kinds import nearest, shown

ADMINISTRATOR: Final = "administrator"
"""The account that has every right everywhere: the one whose operations name no other."""


class Right(StrEnum):
    """What an account may be allowed to do."""

    READ_GROUPS = "read-groups"
    CHANGE_GROUPS = "change-groups"
    READ_POLICIES = "read-policies"
    CHANGE_POLICIES = "change-policies"
    READ_TASKS = "read-tasks"
    CHANGE_TASKS = "change-tasks"
    RUN_TASKS = "run-tasks"
    READ_QUARANTINE = "read-quarantine"
    CHANGE_QUARANTINE = "change-quarantine"
    READ_DEVICES = "read-devices"
    OPERATE_DEVICES = "operate-devices"
    READ_EVENTS = "read-events"


@dataclass(frozen=True, slots=True)
class Role:
    """A name for some rights."""

    name: str
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a group and all below it."""

    role: str
    group: str = ROOT


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who works with the Administration Server."""

    name: str
    grants: tuple[Grant, ...] = ()


class AccessError(SeatrialError):
    """An account lacks a right, or is none; told as `cause; remedy`."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}; {self.remedy}"


ROLES: Final = (
    Role("main-administrator", frozenset(Right)),
    Role("reader", frozenset(right for right in Right if right.startswith("read-"))),
)
"""The roles that are always there."""


class AccessControl:
    """The roles and accounts of one Administration Server. Without any, everything is done by `ADMINISTRATOR`.

    Raises AccessError for a name that is there twice, a role that is not there, and an account called as the
    administrator's.
    """

    def __init__(self, roles: Iterable[Role] = (), accounts: Iterable[Account] = ()) -> None:
        self._roles: dict[str, Role] = {}
        for role in (*ROLES, *roles):
            if role.name in self._roles:
                raise AccessError(f"there is a role {shown(role.name)} already", "choose another name")
            self._roles[role.name] = role
        self._accounts: dict[str, Account] = {ADMINISTRATOR: Account(ADMINISTRATOR, (Grant(ROLES[0].name),))}
        for account in accounts:
            if account.name in self._accounts:
                raise AccessError(f"there is an account {shown(account.name)} already", "choose another name")
            for grant in account.grants:
                if grant.role not in self._roles:
                    raise AccessError(f"there is no role {shown(grant.role)}", nearest(grant.role, self._roles))
            self._accounts[account.name] = account

    @property
    def roles(self) -> tuple[Role, ...]:
        """All roles, those that are always there first."""
        return tuple(self._roles.values())

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the administrator's first."""
        return tuple(self._accounts.values())

    def allows(self, account: str, right: Right, group: str, tree: GroupTree) -> bool:
        """True where an account has a right in a group. Raises AccessError where there is no such account."""
        return any(
            right in self._roles[grant.role].rights and grant.group in tree and tree.contains(grant.group, group)
            for grant in self._account(account).grants
        )

    def require(self, account: str, right: Right, group: str, tree: GroupTree) -> None:
        """Raises AccessError where an account lacks a right in a group (KEA-ADM-009)."""
        if not self.allows(account, right, group, tree):
            cause = f"the account {shown(account)} lacks the right {right} in {shown(group)}"
            raise AccessError(cause, "let an account with the right do it, or give it a role that has it")

    def anywhere(self, account: str, right: Right) -> None:
        """Raises AccessError where an account has a right in no group at all."""
        if not any(right in self._roles[grant.role].rights for grant in self._account(account).grants):
            cause = f"the account {shown(account)} lacks the right {right}"
            raise AccessError(cause, "let an account with the right do it, or give it a role that has it")

    def _account(self, name: str) -> Account:
        if name not in self._accounts:
            raise AccessError(f"there is no account {shown(name)}", nearest(name, self._accounts))
        return self._accounts[name]
