"""All settings of Endpoint Agent, group by group, read from untrusted plain data and described from one place.

A further group is one more dataclass in `emulator.policy.sections` and one more attribute of `AgentSettings`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Final, cast

from emulator.policy.errors import SettingError
from emulator.policy.kinds import nearest, shown
from emulator.policy.records import Basis, Record, declared, read_record
from emulator.policy.secrets import Secret
from emulator.policy.sections.cloud import Ksn, Mdr
from emulator.policy.sections.diagnosis import FailureDiagnosis
from emulator.policy.sections.general import Licensing, Proxy, ProxyMode
from emulator.policy.sections.group import Group, Step, Switch
from emulator.policy.sections.repositories import AdministrationSynchronisation, Quarantine
from emulator.policy.sections.response import ExclusionProfile, Isolation, NetworkIsolation, NetworkIsolationOnDemand
from emulator.policy.sections.sandbox import SandboxIntegration, ThreatResponse
from emulator.policy.sections.security import (
    Grant,
    PasswordProtection,
    SelfDefense,
    ServiceRight,
    SettingsRight,
    UserPermissions,
)
from emulator.policy.sections.telemetry_exclusions import ExcludedNetworkCommunications, ExcludedProcesses
from emulator.policy.sections.telemetry_servers import (
    DataSubmission,
    KataIntegration,
    KicsIntegration,
    RequestThrottling,
)

__all__ = [
    "DEFAULTS",
    "GROUP_KEYS",
    "LOCAL_KEYS",
    "SECRET_KEYS",
    "AdministrationSynchronisation",
    "AgentSettings",
    "DataSubmission",
    "ExcludedNetworkCommunications",
    "ExcludedProcesses",
    "ExclusionProfile",
    "FailureDiagnosis",
    "Grant",
    "Group",
    "GroupDescription",
    "Isolation",
    "KataIntegration",
    "KicsIntegration",
    "Ksn",
    "Licensing",
    "Mdr",
    "NetworkIsolation",
    "NetworkIsolationOnDemand",
    "PasswordProtection",
    "Proxy",
    "ProxyMode",
    "Quarantine",
    "RequestThrottling",
    "SandboxIntegration",
    "SelfDefense",
    "ServiceRight",
    "SettingDescription",
    "SettingsRight",
    "Step",
    "Switch",
    "ThreatResponse",
    "UserPermissions",
    "default_switch",
    "describe",
    "device_only",
    "key_of",
    "offered_by",
    "parse_group",
]


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """All settings of Endpoint Agent, one attribute a group; without arguments every setting has its default.

    The order is that of the settings steps of a new policy (KEA-POL-011); groups without a step come after them, and
    those of a device alone last.
    """

    sandbox_integration: SandboxIntegration = field(default_factory=SandboxIntegration)
    data_submission: DataSubmission = field(default_factory=DataSubmission)
    request_throttling: RequestThrottling = field(default_factory=RequestThrottling)
    kata_integration: KataIntegration = field(default_factory=KataIntegration)
    kics_integration: KicsIntegration = field(default_factory=KicsIntegration)
    excluded_processes: ExcludedProcesses = field(default_factory=ExcludedProcesses)
    excluded_network_communications: ExcludedNetworkCommunications = field(
        default_factory=ExcludedNetworkCommunications
    )
    threat_response: ThreatResponse = field(default_factory=ThreatResponse)
    network_isolation: NetworkIsolation = field(default_factory=NetworkIsolation)
    quarantine: Quarantine = field(default_factory=Quarantine)
    administration_synchronisation: AdministrationSynchronisation = field(default_factory=AdministrationSynchronisation)
    user_permissions: UserPermissions = field(default_factory=UserPermissions)
    password_protection: PasswordProtection = field(default_factory=PasswordProtection)
    self_defense: SelfDefense = field(default_factory=SelfDefense)
    proxy: Proxy = field(default_factory=Proxy)
    licensing: Licensing = field(default_factory=Licensing)
    ksn: Ksn = field(default_factory=Ksn)
    mdr: Mdr = field(default_factory=Mdr)
    failure_diagnosis: FailureDiagnosis = field(default_factory=FailureDiagnosis)
    network_isolation_on_demand: NetworkIsolationOnDemand = field(default_factory=NetworkIsolationOnDemand)

    def group(self, key: str) -> Group:
        """The values of the group with this key."""
        values: Group = getattr(self, key.replace("-", "_"))
        return values

    def having(self, *groups: Group) -> "AgentSettings":
        """The same settings with these groups in place of what they had."""
        change: Callable[..., AgentSettings] = replace
        return change(self, **{key_of(group).replace("-", "_"): group for group in groups})


_TYPES: Final[dict[str, type[Group]]] = {
    attribute.name.replace("_", "-"): cast("type[Group]", attribute.default_factory)
    for attribute in fields(AgentSettings)
}
_KEYS: Final = {group: key for key, group in _TYPES.items()}
LOCAL_KEYS: Final = tuple(_TYPES)
"""The keys of all groups that the settings of a device have, in the order of `AgentSettings`."""
GROUP_KEYS: Final = tuple(key for key, group in _TYPES.items() if group.about.device_only is None)
"""The keys of the groups that a policy has, in the same order: all but those of a device alone."""
SECRET_KEYS: Final = tuple(
    sorted({entry.key for group in _TYPES.values() for entry in declared(group) if entry.setting.kind.name == "secret"})
)
"""The keys of settings that are secrets."""
DEFAULTS: Final = AgentSettings()


def key_of(values: Group) -> str:
    """The key of the group that these are the values of."""
    return _KEYS[type(values)]


def default_switch(key: str) -> Switch:
    """Where the switch of a group stands in a new policy (KEA-POL-025)."""
    return _TYPES[key].about.switch


def device_only(key: str) -> str | None:
    """The clause that keeps a group out of policies, None for the groups of policies."""
    return _TYPES[key].about.device_only


def offered_by(plugin: tuple[int, ...]) -> tuple[str, ...]:
    """The keys of the groups that a management plug-in of this version offers in a policy (KEA-MDR-004)."""
    return tuple(key for key in GROUP_KEYS if plugin >= _TYPES[key].about.plugin_since)


def parse_group(key: str, data: object, base: Group | None = None) -> Group:
    """The values of one group from untrusted plain data; what is not given is as in `base`, else the default.

    Raises SettingError with the path inside `data` (an empty one for an unknown group).
    """
    group = _TYPES.get(key)
    if group is None:
        raise SettingError((), f"unknown settings group {shown(key)}", nearest(key, LOCAL_KEYS))
    return read_record(group, data, base)


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting for a schema or a reference page; `choices`, `items` and bounds as far as its kind has them.

    `default` is plain data. `default_clause` and `range_clause` are None where default and range are the emulator's
    choice and not documented; `basis` says where the setting itself is known from. `items` are the settings of a
    mapping, or of the mappings in a list.
    """

    key: str
    kind: str
    about: str
    required: bool
    default: object
    minimum: int | None
    maximum: int | None
    unit: str
    choices: tuple[str, ...]
    clause: str | None
    default_clause: str | None
    range_clause: str | None
    basis: Basis
    item_kind: str | None
    items: "tuple[SettingDescription, ...]"

    @property
    def documented(self) -> bool:
        """True where the documentation gives the default."""
        return self.default_clause is not None


@dataclass(frozen=True, slots=True)
class GroupDescription:
    """One settings group for a schema or a reference page."""

    key: str
    title: str
    section: str
    about: str
    switch: Switch
    switch_clause: str
    basis: Basis
    step: Step | None
    device_only: str | None
    settings: tuple[SettingDescription, ...]


def describe(keys: Iterable[str] = GROUP_KEYS) -> tuple[GroupDescription, ...]:
    """The groups of these keys with their settings: those of a policy, or of a device with `LOCAL_KEYS`."""
    return tuple(
        GroupDescription(
            key=key,
            title=group.about.title,
            section=group.about.section,
            about=(group.__doc__ or "").strip(),
            switch=group.about.switch,
            switch_clause=group.about.switch_clause,
            basis=group.about.basis,
            step=group.about.step,
            device_only=group.about.device_only,
            settings=describe_record(group),
        )
        for key, group in ((key, _TYPES[key]) for key in keys)
    )


def describe_record(record: type[Record]) -> tuple[SettingDescription, ...]:
    """The settings that a record declares."""
    return tuple(
        SettingDescription(
            key=entry.key,
            kind=(kind := entry.setting.kind).name,
            about=entry.setting.about,
            required=entry.required,
            default=_plain(entry.default),
            minimum=kind.minimum,
            maximum=kind.maximum,
            unit=kind.unit,
            choices=kind.choices if kind.items is None else kind.items.choices,
            clause=entry.setting.clause,
            default_clause=entry.setting.default_clause,
            range_clause=kind.range_clause,
            basis=entry.setting.basis,
            item_kind=None if kind.items is None else kind.items.name,
            items=() if (inner := (kind.items or kind).record) is None else describe_record(inner),
        )
        for entry in declared(record)
    )


def _plain(default: object) -> object:
    if isinstance(default, tuple):
        return list(default)
    return str(default) if isinstance(default, Secret) else default
