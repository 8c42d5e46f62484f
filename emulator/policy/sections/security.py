"""Application settings, security: who may manage Endpoint Agent, its password, and its defence of itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, flag, many, text
from emulator.policy.records import Basis, Record, Setting, mapping
from emulator.policy.secrets import NONE, Secret, secret
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step

SECURITY: Final = "Application settings / Security settings"


class SettingsRight(StrEnum):
    """The items that can be granted for the application's settings: recalled, the documentation lists none."""

    FULL_CONTROL = "full-control"
    READ = "read"
    WRITE = "write"
    CHANGE_PERMISSIONS = "change-permissions"


class ServiceRight(StrEnum):
    """The items that can be granted for the application's service: recalled, the documentation lists none."""

    QUERY = "query"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Grant(Record):
    """What one user or one group of users may do (KEA-SEC-002, KEA-SEC-005, KEA-SEC-027)."""

    user: Annotated[str | None, Setting(text(), "the user's account", clause="KEA-SEC-002")] = None
    group: Annotated[str | None, Setting(text(), "the group of users", clause="KEA-SEC-002")] = None
    settings: Annotated[
        tuple[SettingsRight, ...],
        Setting(many(choice(SettingsRight)), "items for the application's settings", basis=Basis.RECALLED),
    ] = ()
    service: Annotated[
        tuple[ServiceRight, ...],
        Setting(many(choice(ServiceRight)), "items for the application's service", basis=Basis.RECALLED),
    ] = ()

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if (self.user is None) == (self.group is None):
            cause = "it names both a user and a group" if self.user else "it names neither a user nor a group"
            raise SettingError((), cause, "write 'user' or 'group', each entry is of one of them (KEA-SEC-002)")
        if not self.settings and not self.service:
            raise SettingError((), "it grants nothing", "list items under 'settings' or 'service', or leave it out")


@dataclass(frozen=True, slots=True)
class UserPermissions(Group):
    """Who may manage settings and service of Endpoint Agent on a device (KEA-SEC-001 to KEA-SEC-007, KEA-SEC-027)."""

    about: ClassVar = About("User permissions", SECURITY, step=Step.SECURITY)

    granted: Annotated[
        tuple[Grant, ...],
        Setting(
            many(mapping(Grant)),
            "users and groups with what each may do, and nobody else may; while it is empty, everyone may",
            clause="KEA-SEC-003",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class PasswordProtection(Group):
    """The password that protected actions ask for (KEA-SEC-008 to KEA-SEC-020); its strength is not checked."""

    about: ClassVar = About("Password protection", SECURITY, step=Step.SECURITY)

    enabled: Annotated[
        bool,
        Setting(
            flag(),
            "ask for the password; needs one, and its confirmation",
            clause="KEA-SEC-019",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    password: Annotated[
        Secret,
        Setting(secret(), "the password", clause="KEA-SEC-011", default_clause=EMULATORS_CHOICE),
    ] = NONE
    confirmation: Annotated[
        Secret,
        Setting(secret(), "the password once more", clause="KEA-SEC-011", default_clause=EMULATORS_CHOICE),
    ] = NONE

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.enabled and not self.password:
            raise SettingError(("password",), "no password is given", "write one, and confirm it (KEA-SEC-011)")
        if self.password != self.confirmation:
            cause = "password and confirmation are not the same"
            raise SettingError(("confirmation",), cause, "write the password once more (KEA-SEC-011)")


@dataclass(frozen=True, slots=True)
class SelfDefense(Group):
    """The defence of Endpoint Agent's files, processes and registry entries (KEA-SEC-021 to KEA-SEC-026)."""

    about: ClassVar = About("Self-defense", SECURITY, step=Step.SECURITY)

    enabled: Annotated[
        bool,
        Setting(
            flag(),
            "refuse other programs the change of files, processes and registry entries of Endpoint Agent",
            clause="KEA-SEC-024",
            default_clause="KEA-SEC-024",
        ),
    ] = True
