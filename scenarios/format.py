"""The format of a scenario file, section by section, as it is written; `scenarios.loader` resolves it."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from emulator.exclusions.optimisation import WinRm
from emulator.identity import DEFAULT_SITE
from emulator.images import IMAGES
from emulator.policy.groups import ROOT
from emulator.policy.types import ENDPOINT_AGENT, PolicyType
from emulator.ports import Port
from fakes.administration import PLUGINS, Right
from scenarios.fields import (
    BlockName,
    Delay,
    Devices,
    Many,
    Model,
    Moment,
    Rate,
    ScenarioName,
    Span,
    Tag,
    Text,
    Title,
    Zone,
    enumeration,
    member_of,
    names_of,
    reader,
)
from scenarios.fleet import DEVICES_MAX
from scenarios.problems import LocatedError, shown

SEED_MAX: Final = 2**63 - 1
DURATION_MAX_D: Final = 400
"""Days of one run."""

ImageName = Annotated[str, names_of(lambda: tuple(IMAGES), "image"), enumeration(tuple(IMAGES))]
RightName = Annotated[Right, member_of(Right, "right"), enumeration(tuple(Right))]
PortName = Annotated[str, names_of(lambda: tuple(Port), "port"), enumeration(tuple(Port))]


def _read_version(data: object) -> tuple[int, ...]:
    parts = data.split(".") if isinstance(data, str) and len(data) <= 40 else []
    if not parts or len(parts) > 4 or not all(part.isascii() and part.isdigit() for part in parts):
        raise LocatedError((), f"{shown(data)} is not a version", "write up to four numbers with dots, such as '3.16'")
    return tuple(map(int, parts))


PluginVersion = Annotated[
    tuple[int, ...],
    PlainValidator(reader(_read_version)),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+){0,3}$"}),
]
"""The version of a management plug-in."""


class BlockEntry(Model):
    """Devices that are alike."""

    name: Annotated[BlockName, Field(description="devices are called `NAME-00001` and so on")]
    image: Annotated[ImageName, Field(description="what is installed on them")]
    count: Annotated[int, Field(ge=1, le=DEVICES_MAX, description="how many there are")]
    group: Annotated[Text, Field(description="administration group, as `Managed devices/HQ/Office`")] = (
        "Managed devices"
    )
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


class ServerEntry(Model):
    """What answers one port."""

    backend: Annotated[Text, Field(description="`fake`, a URL, an entry point, or `module:attribute`")] = "fake"
    options: Annotated[
        dict[str, Any], Field(default_factory=dict, description="of the backend; `${env:NAME}` reads the environment")
    ]
    nodes: Annotated[
        Many[Title],
        Field(description="its servers, in the order in which agents try them; without it one, named as the port"),
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
        dict[Title, PluginVersion],
        Field(default_factory=lambda: dict(PLUGINS), description="management plug-ins: `application: version`"),
    ]
    servers: Annotated[dict[PortName, ServerEntry], Field(default_factory=dict, description="by port")]
    select: Annotated[dict[Title, Devices], Field(default_factory=dict, description="named selectors")]
    timeline: Annotated[Many[Any], Field(description="what happens, and when")] = ()
    expect: Annotated[Many[Any], Field(description="what the run is judged by")] = ()
    recording: Annotated[RecordingEntry, Field(description="how finely the tables are written")] = RecordingEntry()
    readings: Annotated[ReadingsEntry, Field(description="other readings of the documentation")] = ReadingsEntry()
