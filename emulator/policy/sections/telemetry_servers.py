"""Telemetry collection servers: what is sent when, what is held back, and the links to both kinds of server."""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from emulator.policy.addresses import Address, address
from emulator.policy.certificates import Certificate, ClientCertificate, pem, pfx
from emulator.policy.kinds import duration, flag, many, whole
from emulator.policy.records import Basis, Setting
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step, Switch

SERVERS_MAX: Final = 64
"""Servers of one list."""
TTL_PERIOD_MIN_MAX: Final = 43_200
"""30 days: the table of process starts keeps minutes in 16 bits from a base that moves."""

GENERAL: Final = "Telemetry collection servers / General settings"


@dataclass(frozen=True, slots=True)
class DataSubmission(Group):
    """When collected events are sent and how many a package holds (KEA-TEL-001 to KEA-TEL-006)."""

    about: ClassVar = About("Data submission settings", GENERAL, step=Step.KATA_AND_KICS)

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

    about: ClassVar = About("Request throttling", GENERAL, Switch.UNDER_POLICY, "KEA-TEL-019", step=Step.KATA_AND_KICS)

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
    """The link to KATA Central Node (KEA-CEN-004 to KEA-CEN-035, KEA-TEL-020).

    The group holds one certificate of the server: the one that was added last (KEA-CEN-018, KEA-CEN-019).
    """

    about: ClassVar = About(
        "Connection settings", "Telemetry collection servers / Integration with KATA", step=Step.KATA_AND_KICS
    )

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
    use_pinned_certificate: Annotated[
        bool,
        Setting(
            flag(),
            "accept only servers that show the certificate below; while there is none, no server",
            clause="KEA-CEN-015",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    server_certificate: Annotated[
        Certificate | None,
        Setting(
            pem(),
            "the servers' TLS certificate, as the contents of its file (PEM); another one takes its place",
            clause="KEA-CEN-017",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = None
    use_client_certificate: Annotated[
        bool,
        Setting(
            flag(),
            "show the certificate below to servers that ask for one",
            clause="KEA-CEN-021",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    client_certificate: Annotated[
        ClientCertificate | None,
        Setting(
            pfx(),
            "the client certificate: its PFX archive, in Base64, and the password of that",
            clause="KEA-CEN-022",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = None
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
        step=Step.KATA_AND_KICS,
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
