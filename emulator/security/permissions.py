"""User permissions: which of the rights over settings and service a user of a device has."""

from collections.abc import Iterable
from enum import IntEnum

from emulator.policy.sections.security import Grant, ServiceRight, SettingsRight, UserPermissions

Right = SettingsRight | ServiceRight


class Standing(IntEnum):
    """How far what was granted to a user reaches towards one right."""

    UNLISTED = 0
    """Nothing was granted."""
    OTHER_KIND = 1
    """Items were granted, none of this kind: settings or service (KEA-SEC-027)."""
    OTHER_ITEM = 2
    """Items of this kind were granted, but not this one (KEA-SEC-005)."""
    GRANTED = 3


def standing(permissions: UserPermissions, right: Right, user: str, groups: Iterable[str] = ()) -> Standing:
    """How a user with these groups stands to a right; everyone has it while nothing is granted to anyone.

    Names are compared as a whole, without regard to upper and lower case. The best of all grants counts.
    """
    if not permissions.granted:
        return Standing.GRANTED
    names = {group.casefold() for group in groups}
    return max(
        (_reach(grant, right) for grant in permissions.granted if _concerns(grant, user.casefold(), names)),
        default=Standing.UNLISTED,
    )


def _concerns(grant: Grant, user: str, groups: set[str]) -> bool:
    if grant.user is not None:
        return grant.user.casefold() == user
    return grant.group is not None and grant.group.casefold() in groups


def _reach(grant: Grant, right: Right) -> Standing:
    items: tuple[Right, ...] = grant.settings if isinstance(right, SettingsRight) else grant.service
    if right in items or SettingsRight.FULL_CONTROL in items:
        return Standing.GRANTED
    return Standing.OTHER_ITEM if items else Standing.OTHER_KIND
