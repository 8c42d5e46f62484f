"""Actions on devices: what happens to them, and what they are put into."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from emulator.events import EVENT_TYPES
from emulator.tasks.schedule import Schedule
from scenarios.actions.base import Action, Bounded, ByCentralNode, Lasting, Targeted, record_of
from scenarios.fields import RECORD_FORMAT, Duration, Md5, Refers, Sha256, Size, enumeration, names_of, refused
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
Indicators = Annotated[str, Refers("indicators"), Field(max_length=1_024)]


class StartProcess(Targeted):
    """Starts a process on each device, `count` times."""

    example = "{at: 40min, do: start-process, target: {tag: lab}, process: synthetic/dropper, count: 3}"
    do: Literal["start-process"]
    process: File
    count: Annotated[Count, Field(description="starts on each device")] = 1
    over: Annotated[Duration, Field(description="the starts are spread over this time")] = 0
    opens: Annotated[File | None, Field(description="a script or a document that it is started with")] = None

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


class Sweep(ByCentralNode):
    """Scans each device for the indicators of compromise in a folder of IOC files."""

    example = "{at: 1h, do: sweep, target: all, indicators: library}"
    do: Literal["sweep"]
    indicators: Annotated[Indicators, Field(description="a folder, or `library` for the shipped ones")]
    schedule: Annotated[
        Schedule | None,
        record_of(Schedule),
        WithJsonSchema({"format": RECORD_FORMAT.format(name="schedule")}),
        Field(description="when each device scans; without it, as soon as it has the task"),
    ] = None


class Plant(Targeted):
    """Changes each device so that it matches one of the indicators in a folder of IOC files."""

    example = "{at: 30min, do: plant, target: {pick: 3}, indicators: library}"
    do: Literal["plant"]
    indicators: Annotated[Indicators, Field(description="a folder, or `library` for the shipped ones")]


class Unplug(Lasting, Targeted):
    """Takes the network from each device; it goes on living, and its events pile up."""

    example = "{at: 9h, do: unplug, target: {tag: laptop}, for: 2h}"
    do: Literal["unplug"]


class LeaveNetwork(Lasting, Targeted):
    """Takes each device out of the corporate network: out-of-office policies hold, until it returns."""

    example = "{at: 9h, do: leave-network, target: {tag: laptop}, for: 8h}"
    do: Literal["leave-network"]


class SwitchOff(Lasting, Targeted):
    """Switches each device off: nothing happens on it, and it asks no server."""

    example = "{at: 18h, do: switch-off, target: {block: office}, for: 13h}"
    do: Literal["switch-off"]


class EditSettings(Targeted):
    """Edits settings of each device on the device itself, at once; groups that its policy locks are refused."""

    example = "{at: 1h, do: edit-settings, target: {pick: 3}, settings: {request-throttling: {enabled: false}}}"
    do: Literal["edit-settings"]
    settings: Annotated[
        dict[str, Any], Field(description="the groups that change; what is not given of one stays as the device has it")
    ]  # read by emulator.policy, which knows the groups


class StopAgent(Lasting, Targeted):
    """Stops Endpoint Agent on each device, orderly: nothing is collected meanwhile."""

    example = "{at: 1h, do: stop-agent, target: {block: db}, for: 10min}"
    do: Literal["stop-agent"]


class CrashAgent(Bounded, Targeted):
    """Crashes Endpoint Agent on each device and starts it again after a while."""

    example = "{at: 1h, do: crash-agent, target: {pick: 5 %}, for: 30s}"
    do: Literal["crash-agent"]


class Isolate(Bounded, Targeted):
    """Keeps each device from the network as isolation does, whatever its settings say, and lets it go."""

    example = "{after: seen, delay: 1min, do: isolate, target: patient-zero, for: 2h}"
    do: Literal["isolate"]


MODELS: Final[tuple[type[Action], ...]] = (
    StartProcess,
    Emit,
    PlaceFile,
    RemoveFile,
    Sweep,
    Plant,
    Unplug,
    LeaveNetwork,
    SwitchOff,
    EditSettings,
    StopAgent,
    CrashAgent,
    Isolate,
)
