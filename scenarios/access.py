"""Access: the sections `roles` and `accounts` of a scenario become the access control of its Administration Server."""

from collections.abc import Sequence

from emulator.policy.groups import GroupTree
from fakes.administration import ADMINISTRATOR, AccessControl, Account, Grant, Role
from fakes.administration.roles import ROLES
from scenarios.format import AccountEntry, RoleEntry
from scenarios.problems import hint, shown
from scenarios.validation import Checker


def read_access(
    checker: Checker, roles: Sequence[RoleEntry], accounts: Sequence[AccountEntry], tree: GroupTree
) -> AccessControl | None:
    """The roles and accounts; None where something is wrong with them."""
    before = checker.found
    known = {role.name: role for role in ROLES}
    for index, role in enumerate(roles):
        if role.name in known:
            cause = f"a second role {shown(role.name)}"
            checker.error(("roles", index, "name"), cause, "give each role a name of its own")
        known[role.name] = Role(role.name, frozenset(role.rights))
    names = {ADMINISTRATOR}
    found = []
    for index, account in enumerate(accounts):
        if account.name in names:
            cause = f"a second account {shown(account.name)}"
            remedy = f"give each account a name of its own; {ADMINISTRATOR!r} is always there"
            checker.error(("accounts", index, "name"), cause, remedy)
        names.add(account.name)
        for place, grant in enumerate(account.roles):
            loc = ("accounts", index, "roles", place)
            if grant.role not in known:
                checker.error((*loc, "role"), f"there is no role {shown(grant.role)}", hint(grant.role, known))
            if grant.group not in tree:
                checker.error((*loc, "group"), f"there is no group {shown(grant.group)}", hint(grant.group, tree))
        found.append(Account(account.name, tuple(Grant(grant.role, grant.group) for grant in account.roles)))
    if checker.found > before:
        return None
    return AccessControl([role for role in known.values() if role not in ROLES], found)
