"""The settings of Endpoint Agent in their groups, each with a switch in a policy, read from untrusted plain data.

A further group is one more dataclass here and one more attribute of `AgentSettings`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Annotated, ClassVar, Final, cast

from emulator.exclusions.network import NetworkRule
from emulator.exclusions.process import ProcessRule
from emulator.policy.addresses import Address, address
from emulator.policy.errors import SettingError
from emulator.policy.kinds import duration, flag, many, nearest, shown, whole
from emulator.policy.records import Basis, Record, Setting, declared, mapping, read_record

SERVERS_MAX: Final = 64
"""Servers of one list."""
TTL_PERIOD_MIN_MAX: Final = 43_200
"""30 days: the table of process starts keeps minutes in 16 bits from a base that moves."""

GENERAL: Final = "Telemetry collection servers / General settings"
EMULATORS_CHOICE: Final = None
"""Said for a default that no clause of the documentation gives."""


class Switch(StrEnum):
    """The two positions of a group's switch in a policy (KEA-POL-026)."""

    UNDER_POLICY = "under-policy"
    UNAFFECTED = "unaffected-by-policy"


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a group: its title and section in the console, and where its switch stands in a new policy."""

    title: str
    section: str
    switch: Switch = Switch.UNAFFECTED
    switch_clause: str = "KEA-POL-025"
    basis: Basis = Basis.DOCUMENTED


class Group(Record):
    """Base of the settings groups; the values of one group are hashable and compare by value."""

    __slots__ = ()
    about: ClassVar[About]


@dataclass(frozen=True, slots=True)
class DataSubmission(Group):
    """When collected events are sent and how many a package holds (KEA-TEL-001 to KEA-TEL-006)."""

    about: ClassVar = About("Data submission settings", GENERAL)

    events_transmission_period_s: Annotated[
        int,
        Setting(
            duration("s", 1),
            "how often collected events are transmitted",
            clause="KEA-TEL-002",
            default_clause="KEA-TEL-001",
        ),
    ] = 30
    max_events_per_package: Annotated[
        int,
        Setting(
            whole(1, unit="events"),
            "the most events of one package",
            clause="KEA-TEL-004",
            default_clause="KEA-TEL-003",
        ),
    ] = 1_024


@dataclass(frozen=True, slots=True)
class RequestThrottling(Group):
    """How the flow of low-importance events is restricted (KEA-TEL-007 to KEA-TEL-019)."""

    about: ClassVar = About("Request throttling", GENERAL, Switch.UNDER_POLICY, "KEA-TEL-019")

    enabled: Annotated[
        bool,
        Setting(flag(), "restrict low-importance events", clause="KEA-TEL-026", default_clause="KEA-TEL-010"),
    ] = True
    max_events_per_hour: Annotated[
        int,
        Setting(
            whole(1, unit="events/h"),
            "events an hour from which low-importance ones are held back",
            clause="KEA-TEL-012",
            default_clause="KEA-TEL-011",
        ),
    ] = 3_000
    percentage_of_event_limit_excess: Annotated[
        int,
        Setting(
            whole(5, 100, unit="per cent", range_clause="KEA-TEL-016"),
            "share from which low-importance events of one type are held back",
            clause="KEA-TEL-014",
            default_clause="KEA-TEL-017",
        ),
    ] = 15


@dataclass(frozen=True, slots=True)
class KataIntegration(Group):
    """The link to KATA Central Node (KEA-CEN-004 to KEA-CEN-014, KEA-CEN-027 to KEA-CEN-035, KEA-TEL-020)."""

    about: ClassVar = About("Connection settings", "Telemetry collection servers / Integration with KATA")

    enabled: Annotated[
        bool, Setting(flag(), "connect to a KATA server", clause="KEA-CEN-004", default_clause=EMULATORS_CHOICE)
    ] = False
    servers: Annotated[
        tuple[Address, ...],
        Setting(
            many(address(), maximum=SERVERS_MAX),
            "KATA servers in the order in which they are tried",
            clause="KEA-CEN-007",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()
    connect_using_general_proxy: Annotated[
        bool,
        Setting(
            flag(), "use the general proxy for this connection", clause="KEA-CEN-013", default_clause="KEA-CEN-011"
        ),
    ] = False
    response_timeout_s: Annotated[
        int,
        Setting(
            duration("s", 1),
            "how long an answer is waited for",
            clause="KEA-CEN-028",
            default_clause="KEA-CEN-027",
        ),
    ] = 10
    sync_interval_min: Annotated[
        int,
        Setting(
            duration("min", 1, 60, range_clause="KEA-CEN-030"),
            "time between two synchronisation requests",
            clause="KEA-CEN-032",
            default_clause="KEA-CEN-029",
        ),
    ] = 5
    use_ttl: Annotated[
        bool,
        Setting(
            flag(),
            "do not send a process start that is repeated within the TTL period",
            clause="KEA-TEL-021",
            default_clause="KEA-TEL-020",
        ),
    ] = False
    ttl_period_min: Annotated[
        int,
        Setting(
            duration("min", 1, TTL_PERIOD_MIN_MAX),
            "how long a start counts as repeated; without effect while use-ttl is off",
            clause="KEA-TEL-029",
            default_clause="KEA-TEL-024",
        ),
    ] = 1_440


@dataclass(frozen=True, slots=True)
class KicsIntegration(Group):
    """The link to KICS for Networks: a stand-in, its settings are not documented but for the proxy (KEA-SBX-006)."""

    about: ClassVar = About(
        "Connection settings",
        "Telemetry collection servers / Integration with KICS for Networks",
        basis=Basis.EMULATOR,
    )

    enabled: Annotated[bool, Setting(flag(), "connect to a KICS for Networks server", basis=Basis.EMULATOR)] = False
    servers: Annotated[
        tuple[Address, ...],
        Setting(
            many(address(), maximum=SERVERS_MAX),
            "KICS for Networks servers in the order in which they are tried",
            basis=Basis.EMULATOR,
        ),
    ] = ()
    connect_using_general_proxy: Annotated[
        bool,
        Setting(
            flag(), "use the general proxy for this connection", clause="KEA-SBX-007", default_clause="KEA-SBX-006"
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class ExcludedProcesses(Group):
    """Process exclusions and the optimisation of volume (KEA-EDX-004 to KEA-EDX-029)."""

    about: ClassVar = About("Exclusions", "EDR telemetry / Excluded processes", Switch.UNDER_POLICY, "KEA-EDX-028")

    use_exclusions: Annotated[
        bool,
        Setting(
            flag(),
            "use the rules; while off, what optimisation names is withheld from KICS for Networks",
            clause="KEA-EDX-009",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = True
    optimise_telemetry: Annotated[
        bool,
        Setting(
            flag(),
            "withhold events 102 and 8 about SMB and klnagent.exe from KICS for Networks",
            clause="KEA-EDX-010",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = True
    rules: Annotated[
        tuple[ProcessRule, ...],
        Setting(
            many(mapping(ProcessRule)),
            "processes whose events are neither analysed nor sent",
            clause="KEA-EDX-022",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class ExcludedNetworkCommunications(Group):
    """Network exclusions, in force while integrated with KICS for Networks (KEA-EDX-030 to KEA-EDX-038)."""

    about: ClassVar = About(
        "Exclusions", "EDR telemetry / Excluded network communications", Switch.UNDER_POLICY, "KEA-EDX-038"
    )

    use_exclusions: Annotated[
        bool, Setting(flag(), "use the rules", clause="KEA-EDX-034", default_clause=EMULATORS_CHOICE)
    ] = True
    rules: Annotated[
        tuple[NetworkRule, ...],
        Setting(
            many(mapping(NetworkRule)),
            "communications whose events are neither analysed nor sent",
            clause="KEA-EDX-036",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """All settings of an agent, one attribute a group; without arguments every setting has its default."""

    data_submission: DataSubmission = field(default_factory=DataSubmission)
    request_throttling: RequestThrottling = field(default_factory=RequestThrottling)
    kata_integration: KataIntegration = field(default_factory=KataIntegration)
    kics_integration: KicsIntegration = field(default_factory=KicsIntegration)
    excluded_processes: ExcludedProcesses = field(default_factory=ExcludedProcesses)
    excluded_network_communications: ExcludedNetworkCommunications = field(
        default_factory=ExcludedNetworkCommunications
    )

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
GROUP_KEYS: Final = tuple(_TYPES)
"""The keys of all groups, in the order of `AgentSettings`."""
DEFAULTS: Final = AgentSettings()


def key_of(values: Group) -> str:
    """The key of the group that these are the values of."""
    return _KEYS[type(values)]


def default_switch(key: str) -> Switch:
    """Where the switch of a group stands in a new policy (KEA-POL-025)."""
    return _TYPES[key].about.switch


def parse_group(key: str, data: object, base: Group | None = None) -> Group:
    """The values of one group from untrusted plain data; what is not given is as in `base`, else the default.

    Raises SettingError with the path inside `data` (an empty one for an unknown group).
    """
    group = _TYPES.get(key)
    if group is None:
        raise SettingError((), f"unknown settings group {shown(key)}", nearest(key, GROUP_KEYS))
    return read_record(group, data, base)


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting for a schema or a reference page; `choices`, `items` and bounds as far as its kind has them.

    `default` is plain data. `default_clause` and `range_clause` are None where default and range are the emulator's
    choice and not documented; `basis` says where the setting itself is known from. `items` are the settings of the
    mappings in a list.
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
    settings: tuple[SettingDescription, ...]


def describe() -> tuple[GroupDescription, ...]:
    """All groups with their settings, in the order of `AgentSettings`."""
    return tuple(
        GroupDescription(
            key=key,
            title=group.about.title,
            section=group.about.section,
            about=(group.__doc__ or "").strip(),
            switch=group.about.switch,
            switch_clause=group.about.switch_clause,
            basis=group.about.basis,
            settings=_described(group),
        )
        for key, group in _TYPES.items()
    )


def _described(record: type[Record]) -> tuple[SettingDescription, ...]:
    return tuple(
        SettingDescription(
            key=entry.key,
            kind=(kind := entry.setting.kind).name,
            about=entry.setting.about,
            required=entry.required,
            default=[] if entry.default == () else entry.default,
            minimum=kind.minimum,
            maximum=kind.maximum,
            unit=kind.unit,
            choices=kind.choices if kind.items is None else kind.items.choices,
            clause=entry.setting.clause,
            default_clause=entry.setting.default_clause,
            range_clause=kind.range_clause,
            basis=entry.setting.basis,
            item_kind=None if kind.items is None else kind.items.name,
            items=_described(kind.items.record) if kind.items is not None and kind.items.record is not None else (),
        )
        for entry in declared(record)
    )
