"""Actions: what a step of a scenario can do to the fleet, its policies and its servers.

Each action is a model; its first docstring line tells users what it does, `example` shows it in the schema and the
docs. A further action is one more model in `ACTIONS`, a further fault one more in `FAULTS`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from emulator.events import EVENT_TYPES
from scenarios.fields import (
    Devices,
    Duration,
    Latency,
    Md5,
    Model,
    Refers,
    Sha256,
    Share,
    Size,
    Span,
    Text,
    enumeration,
    names_of,
    refused,
)
from scenarios.problems import LocatedError, shown

COUNT_MAX: Final = 10_000_000
"""Events or process starts of one device that one step makes."""
STARTS_MAX: Final = 100_000
"""Process starts of one device that one step spreads over a time, each at a moment of its own."""
SYNTHETIC: Final = "synthetic/"
"""Before the name of a made-up file or process, which needs no path."""
LIBRARY: Final = "library"
"""The folder of indicators that is shipped."""

_FILE: Final = re.compile(r"synthetic/[a-z0-9][a-z0-9-]{0,39}|[A-Za-z]:\\[^\x00-\x1f<>\"|?*]+|/[^\x00-\x1f]+")
_FILE_REMEDY: Final = "write synthetic/NAME or a full path, such as C:\\Temp\\a.exe or /tmp/a"


def _read_file(data: object) -> str:
    if isinstance(data, str) and len(data) <= 260 and _FILE.fullmatch(data):
        return data
    raise refused(LocatedError((), f"{shown(data)} is not a file", _FILE_REMEDY))


_EVENT_TYPES: Final = tuple(kind.name for kind in EVENT_TYPES)

EventType = Annotated[str, names_of(lambda: _EVENT_TYPES, "event type"), enumeration(_EVENT_TYPES)]
File = Annotated[
    str,
    BeforeValidator(_read_file),
    WithJsonSchema({"type": "string", "description": "`synthetic/NAME`, or a full path on the device"}),
]
Count = Annotated[int, Field(ge=1, le=COUNT_MAX)]
Server = Annotated[Text, Refers("server")]
PolicyName = Annotated[Text, Refers("policy"), Field(description="name of a policy")]
ExclusionsFile = Annotated[str, Refers("exclusions"), Field(max_length=1_024)]
Indicators = Annotated[str, Refers("indicators"), Field(max_length=1_024)]


class Action(Model):
    """Base of the actions. `span_ms` is how long it lasts, None where it has no end of its own."""

    example: ClassVar[str]

    @property
    def span_ms(self) -> int | None:
        """How long the action lasts: its `.end` is that much later. None for one without an end."""
        return None


class _Lasting(Action):
    """An action that may end by itself; without `for` it lasts to the end of the run."""

    for_ms: Annotated[Span | None, Field(alias="for", description="how long; without it, to the end of the run")] = None

    @property
    def span_ms(self) -> int | None:
        return self.for_ms


class _Bounded(Action):
    """An action that always ends by itself."""

    for_ms: Annotated[Span, Field(alias="for", description="how long")]

    @property
    def span_ms(self) -> int | None:
        return self.for_ms


# --- faults of servers -----------------------------------------------------------------------------------------------


class Fault(_Lasting):
    """Base of the faults: something is wrong with a server, named by its port or by one of its nodes."""

    server: Annotated[Server, Field(description="a port, meaning all of its nodes, or the name of one node")]
    share: Annotated[Share, Field(description="of the requests that it holds for")] = 1000


class Outage(Fault):
    """The server is gone: nothing arrives, and devices wait for their whole response time-out."""

    example = "{server: telemetry, kind: outage, for: 28min}"
    kind: Literal["outage"]


class RefusedConnection(Fault):
    """The host answers, but refuses connections: devices know at once."""

    example = "{server: telemetry, kind: refused-connection, for: 5min}"
    kind: Literal["refused-connection"]


class CertificateFault(Fault):
    """The server shows a certificate that the devices do not accept."""

    example = "{server: telemetry, kind: certificate, problem: expired, for: 2h}"
    kind: Literal["certificate"]
    problem: Annotated[Literal["wrong", "expired"], Field(description="what is the matter with it")] = "wrong"


class BodyLimit(Fault):
    """Something before the server refuses larger bodies with 413, as a proxy does."""

    example = "{server: telemetry, kind: body-limit, limit: 1 MB}"
    kind: Literal["body-limit"]
    limit: Annotated[Size, Field(ge=1, description="a body of this size still passes")]


class TimeOut(Fault):
    """Requests arrive, nothing of them is stored, and no answer comes."""

    example = "{server: telemetry, kind: time-out, share: 5 %, for: 1h}"
    kind: Literal["time-out"]


class Status(Fault):
    """The server refuses requests with a status of HTTP, such as 429 or 503."""

    example = "{server: telemetry, kind: status, code: 429, share: 50 %, for: 10min}"
    kind: Literal["status"]
    code: Annotated[int, Field(ge=400, le=599, description="the status of the refusal")]


class FullDisk(Fault):
    """The server is up and cannot store anything: it refuses telemetry, and answers the rest."""

    example = "{server: telemetry, kind: full-disk, for: 15min}"
    kind: Literal["full-disk"]


class SlowAnswer(Fault):
    """Answers take this long; a device has stopped waiting where it is the response time-out or more."""

    example = "{server: telemetry, kind: slow-answer, latency: {between: [2s, 12s]}, share: 20 %, for: 3min}"
    kind: Literal["slow-answer"]
    latency: Annotated[Latency, Field(description="a duration, or `{between: [first, last]}`")]


class LostAcknowledgement(Fault):
    """The server stores what it gets, and its answer is lost: devices send it again."""

    example = "{server: telemetry, kind: lost-acknowledgement, share: 10 %, for: 30min}"
    kind: Literal["lost-acknowledgement"]


class DuplicateDelivery(Fault):
    """Requests reach the server twice."""

    example = "{server: telemetry, kind: duplicate-delivery, share: 1 %}"
    kind: Literal["duplicate-delivery"]


# --- policies --------------------------------------------------------------------------------------------------------


class ActivatePolicy(Action):
    """Makes a policy the active one of its group; the one that was active becomes inactive."""

    example = "{at: 2h, do: activate-policy, policy: outbreak}"
    do: Literal["activate-policy"]
    policy: PolicyName


class DeactivatePolicy(Action):
    """Makes a policy inactive: its group falls to the next policy above, or to none."""

    example = "{at: 3h, do: deactivate-policy, policy: outbreak}"
    do: Literal["deactivate-policy"]
    policy: PolicyName


class ChangePolicy(Action):
    """Saves a policy with other settings; what is not given stays as it is."""

    example = "{at: 1h, do: change-policy, policy: office, settings: {request-throttling: {max-events-per-hour: 500}}}"
    do: Literal["change-policy"]
    policy: PolicyName
    settings: Annotated[
        dict[str, Any], Field(min_length=1, description="the groups that change, as under `policies`")
    ]  # read by emulator.policy, which knows the groups


class ImportExclusions(Action):
    """Replaces the excluded processes of a policy by those of an XML file, as the console imports them."""

    example = "{at: 1h, do: import-exclusions, policy: office, file: exclusions.xml}"
    do: Literal["import-exclusions"]
    policy: PolicyName
    file: Annotated[ExclusionsFile, Field(description="a file that was exported, below the scenario's folder")]


# --- what happens on devices -----------------------------------------------------------------------------------------


class Targeted(Action):
    """Base of the actions on devices."""

    target: Annotated[Devices, Field(description="which devices")]


class StartProcess(Targeted):
    """Starts a process on each device, `count` times."""

    example = "{at: 40min, do: start-process, target: {tag: lab}, process: synthetic/dropper, count: 3}"
    do: Literal["start-process"]
    process: File
    count: Annotated[Count, Field(description="starts on each device")] = 1
    over: Annotated[Duration, Field(description="the starts are spread over this time")] = 0

    @model_validator(mode="after")
    def _spreads_a_bounded_number(self) -> "StartProcess":
        if self.over and self.count > STARTS_MAX:
            cause = f"{self.count} starts are spread over a time, each at a moment of its own"
            remedy = f"write at most {STARTS_MAX} (STARTS_MAX), or leave `over` out"
            raise refused(LocatedError(("count",), cause, remedy))
        return self

    @property
    def span_ms(self) -> int | None:
        """The time over which the starts are spread."""
        return self.over


class Emit(Targeted):
    """Makes events on each device all at once: a burst."""

    example = "{at: 10min, do: emit, target: all, type: file-change, count: 70000}"
    do: Literal["emit"]
    type: Annotated[EventType, Field(description="type of the events")]
    count: Annotated[Count, Field(description="events on each device")]


class PlaceFile(Targeted):
    """Puts a file on each device; a synthetic one has a size and hashes that follow from its name."""

    example = "{at: 30min, do: place-file, target: {pick: 2 %}, file: synthetic/dropper}"
    do: Literal["place-file"]
    file: File
    size: Annotated[Size | None, Field(description="without it, it follows from the name")] = None
    md5: Annotated[Md5 | None, Field(description="the same")] = None
    sha256: Annotated[Sha256 | None, Field(description="the same")] = None


class RemoveFile(Targeted):
    """Takes a file away from each device; one that does not have it stays as it is, and the fact is told of it too."""

    example = "{at: 2h, do: remove-file, target: all, file: synthetic/dropper}"
    do: Literal["remove-file"]
    file: File


class Sweep(Targeted):
    """Scans each device for the indicators of compromise in a folder of IOC files."""

    example = "{at: 1h, do: sweep, target: all, indicators: library}"
    do: Literal["sweep"]
    indicators: Annotated[Indicators, Field(description="a folder, or `library` for the shipped ones")]


class Plant(Targeted):
    """Changes each device so that it matches one of the indicators in a folder of IOC files."""

    example = "{at: 30min, do: plant, target: {pick: 3}, indicators: library}"
    do: Literal["plant"]
    indicators: Annotated[Indicators, Field(description="a folder, or `library` for the shipped ones")]


class Unplug(_Lasting, Targeted):
    """Takes the network from each device; it goes on living, and its events pile up."""

    example = "{at: 9h, do: unplug, target: {tag: laptop}, for: 2h}"
    do: Literal["unplug"]


class StopAgent(_Lasting, Targeted):
    """Stops Endpoint Agent on each device, orderly: nothing is collected meanwhile."""

    example = "{at: 1h, do: stop-agent, target: {block: db}, for: 10min}"
    do: Literal["stop-agent"]


class CrashAgent(_Bounded, Targeted):
    """Crashes Endpoint Agent on each device and starts it again after a while."""

    example = "{at: 1h, do: crash-agent, target: {pick: 5 %}, for: 30s}"
    do: Literal["crash-agent"]


class Isolate(_Bounded, Targeted):
    """Isolates each device from the network; Endpoint Agent's own services go on."""

    example = "{after: seen, delay: 1min, do: isolate, target: patient-zero, for: 2h}"
    do: Literal["isolate"]


def _by_literal(field: str, models: tuple[type[Action], ...]) -> Mapping[str, type[Action]]:
    return {model.model_fields[field].annotation.__args__[0]: model for model in models}  # type: ignore[union-attr]


FAULTS: Final = _by_literal(
    "kind",
    (
        Outage,
        RefusedConnection,
        CertificateFault,
        BodyLimit,
        TimeOut,
        Status,
        FullDisk,
        SlowAnswer,
        LostAcknowledgement,
        DuplicateDelivery,
    ),
)
"""The faults by their `kind`."""
ACTIONS: Final = _by_literal(
    "do",
    (
        ActivatePolicy,
        DeactivatePolicy,
        ChangePolicy,
        ImportExclusions,
        StartProcess,
        Emit,
        PlaceFile,
        RemoveFile,
        Sweep,
        Plant,
        Unplug,
        StopAgent,
        CrashAgent,
        Isolate,
    ),
)
"""The other actions by their `do`."""


def name_of(action: Action) -> str:
    """What users call an action: its `do`, or the kind of its fault."""
    return next(name for known in (FAULTS, ACTIONS) for name, model in known.items() if type(action) is model)


def about(model: type[Action]) -> str:
    """The line that tells users what an action does."""
    return (model.__doc__ or "").strip().splitlines()[0]
