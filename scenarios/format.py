"""The format of a scenario file, section by section, as it is written; `scenarios.loader` resolves it."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from emulator.clock import DAY_MS, HOUR_MS
from emulator.exclusions.optimisation import WinRm
from emulator.identity import DEFAULT_SITE
from emulator.images import IMAGES
from emulator.ksn import Reputation
from emulator.licensing import KeyKind
from emulator.policy.groups import ROOT
from emulator.policy.types import ENDPOINT_AGENT, PolicyType
from emulator.ports import Port
from fakes.administration import PLUGINS, Right
from fakes.administration.events import STORAGE_DEFAULT_D, STORAGE_MAX_D
from fakes.sandbox import ANALYSIS_MS
from fakes.sandbox import NODE as SANDBOX_NODE
from scenarios.actions.central_node import CertificateText
from scenarios.actions.devices import File
from scenarios.actions.tasks import NewTask
from scenarios.facts import FACTS, RUN_FACTS
from scenarios.fields import (
    BlockName,
    Delay,
    Devices,
    Duration,
    Many,
    Model,
    Moment,
    Rate,
    ScenarioName,
    Sha256,
    Span,
    Tag,
    Text,
    Title,
    Version,
    Zone,
    enumeration,
    member_of,
    names_of,
)
from scenarios.fleet import CURRENT_VERSION, DEVICES_MAX

SEED_MAX: Final = 2**63 - 1
DURATION_MAX_D: Final = 400
"""Days of one run."""

ImageName = Annotated[str, names_of(lambda: tuple(IMAGES), "image"), enumeration(tuple(IMAGES))]
ReputationName = Annotated[Reputation, member_of(Reputation, "reputation"), enumeration(tuple(Reputation))]
_EVENTS: Final = tuple(kind for kind in FACTS if kind not in RUN_FACTS)
EventKind = Annotated[str, names_of(lambda: _EVENTS, "event"), enumeration(_EVENTS)]
StorageDays = Annotated[int, Field(ge=0, le=STORAGE_MAX_D)]
RightName = Annotated[Right, member_of(Right, "right"), enumeration(tuple(Right))]
PortName = Annotated[str, names_of(lambda: tuple(Port), "port"), enumeration(tuple(Port))]


class BlockEntry(Model):
    """Devices that are alike."""

    name: Annotated[BlockName, Field(description="devices are called `NAME-00001` and so on")]
    image: Annotated[ImageName, Field(description="what is installed on them")]
    count: Annotated[int, Field(ge=1, le=DEVICES_MAX, description="how many there are")]
    group: Annotated[Text, Field(description="administration group, as `Managed devices/HQ/Office`")] = (
        "Managed devices"
    )
    licence: Annotated[
        Text | None,
        Field(description="the key that Endpoint Agent was installed with, or `none`; without it, one that never ends"),
    ] = None
    installed: Annotated[bool, Field(description="whether Endpoint Agent is there at the start")] = True
    version: Annotated[Version, Field(description="its version at the start; it matters to the KMP service alone")] = (
        CURRENT_VERSION
    )
    kmp: Annotated[
        bool, Field(description="whether the KMP service is on at the start, which an earlier version than 3.10 set")
    ] = False
    site: Annotated[
        BlockName, Field(description=f"where they are: one of `sites`; without it, the site `{DEFAULT_SITE}`")
    ] = DEFAULT_SITE
    tags: Annotated[Many[Tag], Field(description="names for selectors")] = ()


class SiteEntry(Model):
    """A place where devices are: the clock on its wall, and its way to the servers."""

    name: Annotated[BlockName, Field(description="fills the slot `site` of what happens on its devices")]
    time_zone: Annotated[
        Zone | None,
        Field(
            alias="time-zone",
            description="the time zone that life follows, summer time and all; without it, the offset of `start`",
        ),
    ] = None
    latency: Annotated[Delay, Field(description="what its network adds to every answer of every server")] = 0
    link: Annotated[
        Rate | None,
        Field(description="the rate of each device's own link, for telemetry; without it, bytes take no time"),
    ] = None


class IntegrateEntry(Model):
    """Which servers the devices were integrated with when they were installed: their own settings, without a policy."""

    central_node: Annotated[bool, Field(alias="central-node", description="KATA Central Node")] = True
    kics: Annotated[bool, Field(description="KICS for Networks")] = False


class RampEntry(Model):
    """Enrolment spread over time: until its turn comes, Endpoint Agent does not run on a device."""

    first: Annotated[int, Field(alias="from", ge=0, le=DEVICES_MAX, description="devices that are there at the start")]
    last: Annotated[
        int | None,
        Field(alias="to", ge=1, le=DEVICES_MAX, description="devices that are there at its end; without it, all"),
    ] = None
    over: Annotated[Span, Field(description="how long it takes, from the start of the run")]
    shape: Annotated[Literal["linear"], Field(description="how their number grows")] = "linear"


class FleetEntry(Model):
    """The devices."""

    blocks: Annotated[Many[BlockEntry], Field(description="groups of devices that are alike")]
    devices: Annotated[
        int | None, Field(ge=1, le=DEVICES_MAX, description="scales the blocks to this many devices in all")
    ] = None
    start: Annotated[
        Literal["steady", "cold"], Field(description="in the middle of their life, or all starting together")
    ] = "steady"
    ramp: Annotated[
        RampEntry | None, Field(description="spreads enrolment over time; scaled with the blocks by `devices`")
    ] = None
    integrate: Annotated[IntegrateEntry, Field(description="servers that every device was installed with")] = (
        IntegrateEntry()
    )


class PolicyEntry(Model):
    """One policy of Endpoint Agent."""

    name: Title
    group: Annotated[Text, Field(description="the administration group that it is on")] = "Managed devices"
    status: Annotated[
        Literal["active", "inactive", "out-of-office"], Field(description="only an active one has an effect at once")
    ] = "active"
    inherit_from_parent: Annotated[
        bool, Field(alias="inherit-from-parent", description="takes what the policies above have under policy")
    ] = True
    force_inheritance: Annotated[
        bool, Field(alias="force-inheritance", description="policies below have no choice about that")
    ] = False
    application: Annotated[Text, Field(description="what it is a policy of; only Endpoint Agent's reach it")] = (
        ENDPOINT_AGENT
    )
    type: Annotated[
        PolicyType | None,
        member_of(PolicyType, "policy type"),
        Field(description="which sections it has; without it, all"),
    ] = None
    settings: Annotated[
        dict[str, Any], Field(default_factory=dict, description="settings groups, each with its `switch`")
    ]


class RoleEntry(Model):
    """A role of the Administration Server: a name for some rights."""

    name: Title
    rights: Annotated[Many[RightName], Field(description="what an account with the role may do")]


class GrantEntry(Model):
    """A role that an account has."""

    role: Annotated[Title, Field(description="one of `roles`, `main-administrator` or `reader`")]
    group: Annotated[Text, Field(description="the administration group with all below it")] = ROOT


class AccountEntry(Model):
    """An account of an operator of the Administration Server."""

    name: Title
    roles: Annotated[Many[GrantEntry], Field(description="its roles; without any, it may do nothing")] = ()


class KeyEntry(Model):
    """A licence key: in the key storage of the Administration Server, and with a code at the activation server."""

    name: Annotated[Title, Field(description="how blocks and tasks call it; its serial number")]
    kind: Annotated[
        KeyKind, member_of(KeyKind, "kind of key"), Field(description="a trial key is never additional")
    ] = KeyKind.COMMERCIAL
    expires: Annotated[
        Duration | None, Field(description="time from the start of the run to its end; without it, it never ends")
    ] = None
    code: Annotated[Text | None, Field(description="the activation code that stands for it")] = None
    blocked: Annotated[
        Duration | None, Field(description="time from the start of the run after which the vendor has blocked it")
    ] = None


class TaskEntry(NewTask):
    """A group task that the Administration Server has at the start."""

    name: Title
    group: Annotated[Text, Field(description="the administration group that it is for, with all below it")] = ROOT


class ProxyEntry(Model):
    """The proxy server of the organisation."""

    address: Annotated[Text, Field(description="`host:port` where it listens")]
    demands_ntlm: Annotated[
        bool, Field(alias="demands-ntlm", description="lets nobody through who does not authenticate")
    ] = False
    discoverable: Annotated[bool, Field(description="whether devices find it by themselves")] = True


class UpdatesEntry(Model):
    """How updates come out; stand-ins, all of them."""

    databases_every: Annotated[Span, Field(alias="databases-every", description="between two databases")] = 2 * HOUR_MS
    modules_every: Annotated[Span, Field(alias="modules-every", description="between two versions of modules")] = (
        30 * DAY_MS
    )
    lag: Annotated[Duration, Field(description="how much later other sources than the vendor's have them")] = HOUR_MS
    download: Annotated[Span, Field(description="how long a download takes")] = 40_000


class SandboxEntry(Model):
    """Kaspersky Sandbox: the servers of one cluster, and what they detect."""

    nodes: Annotated[Many[Text], Field(min_length=1, description="its servers, by the host names in policies")] = (
        SANDBOX_NODE,
    )
    detects: Annotated[Many[File], Field(description="the files that are malicious; all others are clean")] = ()
    analysis: Annotated[Span, Field(description="how long the examination of an object takes")] = ANALYSIS_MS


class ServicesEntry(Model):
    """The services that Endpoint Agent asks one device at a time, and the proxy server on the way."""

    proxy: Annotated[ProxyEntry | None, Field(description="without it, there is none")] = None
    updates: UpdatesEntry = UpdatesEntry()
    sandbox: SandboxEntry = SandboxEntry()
    reputations: Annotated[dict[Sha256, ReputationName], Field(description="what KSN knows of files, by SHA-256")] = (
        Field(default_factory=dict)
    )
    kics_tells_the_administration_server: Annotated[
        bool,
        Field(
            alias="kics-tells-the-administration-server",
            description="KICS for Networks interacts with it; without that, agents hear of none of its events",
        ),
    ] = True


class ServerEntry(Model):
    """What answers one port."""

    backend: Annotated[Text, Field(description="`fake`, a URL, an entry point, or `module:attribute`")] = "fake"
    options: Annotated[
        dict[str, Any], Field(default_factory=dict, description="of the backend; `${env:NAME}` reads the environment")
    ]
    nodes: Annotated[
        Many[Title],
        Field(
            description="its servers, in the order in which agents try them, by a word, a full domain name or an IP "
            "address, with a port other than 443 behind a colon; without it one, named as the port"
        ),
    ] = ()
    certificate: Annotated[
        CertificateText | None,
        Field(
            description="what all of them show: `synthetic/NAME`, the path of a file, or the contents of one; without "
            "it, each has a made-up one of its own, `synthetic/` and its name"
        ),
    ] = None
    client_certificates: Annotated[
        Many[CertificateText],
        Field(alias="client-certificates", description="whom they let in, in the same way; without it, everybody"),
    ] = ()


class RecordingEntry(Model):
    """How finely the tables of the run are written."""

    interval: Annotated[Span | None, Field(description="a multiple of 30s; without it, it follows the duration")] = None


class ReadingsEntry(Model):
    """Where the documentation leaves room: readings other than the emulator's own."""

    winrm_with_optimisation: Annotated[
        WinRm,
        member_of(WinRm, "reading"),
        Field(
            alias="winrm-with-optimisation", description="what happens to events about WinRM while optimisation is on"
        ),
    ] = WinRm.SENT


class ScenarioFile(Model):
    """A scenario of Seatrial: a fleet, what happens to it, and what is expected."""

    name: ScenarioName
    about: Annotated[Text, Field(description="one sentence: what is tried, and what should come of it")] = ""
    tags: Annotated[Many[Tag], Field(description="for `--tag`")] = ()
    seed: Annotated[int, Field(ge=0, le=SEED_MAX, description="what all chance is drawn from")] = 1
    start: Annotated[Moment | None, Field(description="date and time with offset; Monday, 2026-03-02, 08:00 UTC")] = (
        None
    )
    duration: Annotated[Span, Field(description="simulated time")]
    params: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="values that `--set` can change; `${name}` stands for one"),
    ]
    sites: Annotated[Many[SiteEntry], Field(description="where blocks may be")] = ()
    fleet: FleetEntry
    groups: Annotated[
        dict[str, Text],
        Field(
            default_factory=dict,
            description="administration groups as `name: its parent`; without it, those that blocks and policies name",
        ),
    ]
    policies: Annotated[Many[PolicyEntry], Field(description="policies of Endpoint Agent")] = ()
    roles: Annotated[
        Many[RoleEntry], Field(description="roles of operators, beside `main-administrator` and `reader`")
    ] = ()
    accounts: Annotated[Many[AccountEntry], Field(description="accounts of operators, for `account` of a step")] = ()
    plugins: Annotated[
        dict[Title, Version],
        Field(default_factory=lambda: dict(PLUGINS), description="management plug-ins: `application: version`"),
    ]
    servers: Annotated[dict[PortName, ServerEntry], Field(default_factory=dict, description="by port")]
    keys: Annotated[Many[KeyEntry], Field(description="licence keys, for `licence` of a block and for tasks")] = ()
    tasks: Annotated[Many[TaskEntry], Field(description="group tasks that are there at the start")] = ()
    services: Annotated[
        ServicesEntry, Field(default_factory=lambda: ServicesEntry(), description="the vendor's services")
    ]
    event_storage: Annotated[
        dict[EventKind, StorageDays],
        Field(
            alias="event-storage",
            default_factory=dict,
            description=f"days that the Administration Server keeps events, by type; {STORAGE_DEFAULT_D} without it",
        ),
    ]
    select: Annotated[dict[Title, Devices], Field(default_factory=dict, description="named selectors")]
    timeline: Annotated[Many[Any], Field(description="what happens, and when")] = ()
    expect: Annotated[Many[Any], Field(description="what the run is judged by")] = ()
    recording: Annotated[RecordingEntry, Field(description="how finely the tables are written")] = RecordingEntry()
    readings: Annotated[ReadingsEntry, Field(description="other readings of the documentation")] = ReadingsEntry()
