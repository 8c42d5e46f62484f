"""Actions on the Central Node: what it shows to devices, and the tasks that it has for them."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, model_validator

from emulator.policy.certificates import CERTIFICATE_SIZE_MAX
from emulator.tasks.central import WorkKind
from scenarios.actions.base import Action, ByCentralNode, Targeted
from scenarios.actions.devices import File
from scenarios.actions.faults import Server
from scenarios.fields import Refers, Text, Title, member_of, refused
from scenarios.problems import LocatedError

CertificateText = Annotated[str, Field(min_length=1, max_length=CERTIFICATE_SIZE_MAX)]
"""A certificate: `synthetic/NAME`, the path of a file, or the contents of one."""


class PresentCertificate(Action):
    """Has a server show another TLS certificate from now on; devices that pin one compare it with theirs."""

    example = "{at: 2h, do: present-certificate, server: telemetry, certificate: synthetic/renewed}"
    do: Literal["present-certificate"]
    server: Annotated[Server, Field(description="a port, meaning all of its nodes, or the name of one node")]
    certificate: Annotated[
        CertificateText,
        Refers("certificate"),
        Field(description="`synthetic/NAME` for a made-up one, the path of a file, or the contents of one"),
    ]


class CreateCentralTask(ByCentralNode):
    """Has the Central Node publish a task, which each device takes and carries out at its next synchronisation."""

    example = "{at: 1h, do: create-central-task, target: {tag: lab}, kind: delete-file, file: synthetic/dropper}"
    do: Literal["create-central-task"]
    kind: Annotated[
        WorkKind,
        member_of(WorkKind, "kind of task"),
        Field(description="what it does; `ioc-scan` is the action `sweep`"),
    ]
    file: Annotated[
        File | None, Field(description="the program that is run, or the file that something is done with")
    ] = None
    arguments: Annotated[Text, Field(description="of run-process: the rest of its command line")] = ""
    returns: Annotated[
        int, Field(ge=-(2**31), le=2**31 - 1, description="of run-process: the return code of the program")
    ] = 0
    process: Annotated[File | None, Field(description="of terminate-process: the file of the processes")] = None
    quarantined_by: Annotated[
        Title | None,
        Field(alias="quarantined-by", description="of restore-file: the step whose task has quarantined the file"),
    ] = None

    NEEDS: ClassVar = {
        WorkKind.RUN_PROCESS: "file",
        WorkKind.TERMINATE_PROCESS: "process",
        WorkKind.GET_FILE: "file",
        WorkKind.DELETE_FILE: "file",
        WorkKind.QUARANTINE_FILE: "file",
        WorkKind.RESTORE_FILE: "quarantined_by",
    }
    """What a task of a kind is about."""

    @model_validator(mode="after")
    def _has_what_its_kind_has(self) -> "CreateCentralTask":
        needed = self.NEEDS.get(self.kind)
        if needed is None:
            raise refused(LocatedError(("kind",), "this is no way to scan", "write `do: sweep`"))
        for name in (needed, *sorted({*self.NEEDS.values()} - {needed})):
            key = name.replace("_", "-")
            if (getattr(self, name) is not None) != (name == needed):
                cause = f"a task of the kind {self.kind} {'needs' if name == needed else 'has no'} {key!r}"
                remedy = f"write `{key}: …`" if name == needed else "leave it out"
                raise refused(LocatedError(() if name == needed else (key,), cause, remedy))
        if self.kind is not WorkKind.RUN_PROCESS and (self.arguments or self.returns):
            key = "arguments" if self.arguments else "returns"
            raise refused(LocatedError((key,), f"a task of the kind {self.kind} has no {key!r}", "leave it out"))
        return self


class ViewCentralTasks(Targeted):
    """Somebody looks at the tasks of the Central Node: what it knows of each of them on each device."""

    example = "{at: 2h, do: view-central-tasks, target: all}"
    do: Literal["view-central-tasks"]


MODELS: Final[tuple[type[Action], ...]] = (PresentCertificate, CreateCentralTask, ViewCentralTasks)
