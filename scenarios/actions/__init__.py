"""Actions: what a step of a scenario can do to the fleet, its policies and its servers.

Each action is a model; its first docstring line tells users what it does, `example` shows it in the schema and the
docs. A further action is one more model in the `MODELS` of a module of this package, and a name in `__all__`.
"""

from collections.abc import Mapping
from typing import Final

from scenarios.actions import administration, central_node, devices, faults, policies, security, surroundings, tasks
from scenarios.actions.administration import CreateGroup, MoveDevices, View, Viewed
from scenarios.actions.base import Action, Bounded, Lasting, Operation, Targeted, by_literal
from scenarios.actions.central_node import CreateCentralTask, PresentCertificate, ViewCentralTasks
from scenarios.actions.devices import (
    COUNT_MAX,
    LIBRARY,
    STARTS_MAX,
    SYNTHETIC,
    CrashAgent,
    EditSettings,
    Emit,
    Isolate,
    LeaveNetwork,
    PlaceFile,
    Plant,
    RemoveFile,
    StartProcess,
    StopAgent,
    Sweep,
    SwitchOff,
    Unplug,
)
from scenarios.actions.faults import (
    BodyLimit,
    CertificateFault,
    CorruptedUpdate,
    DuplicateDelivery,
    Fault,
    FullDisk,
    LostAcknowledgement,
    Outage,
    RefusedConnection,
    SlowAnswer,
    Status,
    TimeOut,
)
from scenarios.actions.policies import (
    ActivatePolicy,
    ChangePolicy,
    CopyPolicy,
    CreatePolicy,
    DeactivatePolicy,
    DeletePolicy,
    ExportPolicy,
    ImportExclusions,
    ImportPolicy,
    RollBackPolicy,
    SetOutOfOffice,
)
from scenarios.actions.security import Attempt
from scenarios.actions.surroundings import (
    CommandAgent,
    InstallProtection,
    RaiseKicsEvent,
    RemoveProtection,
    UpdateProtection,
    ViewDiagnosis,
)
from scenarios.actions.tasks import (
    ChangeTask,
    CreateTask,
    DeleteTasks,
    NewTask,
    RunTask,
    StopTask,
    TaskProperties,
    ViewTask,
    properties_of,
)

__all__ = [
    "ACTIONS",
    "COUNT_MAX",
    "FAULTS",
    "LIBRARY",
    "STARTS_MAX",
    "SYNTHETIC",
    "Action",
    "ActivatePolicy",
    "Attempt",
    "BodyLimit",
    "Bounded",
    "CertificateFault",
    "ChangePolicy",
    "ChangeTask",
    "CommandAgent",
    "CopyPolicy",
    "CorruptedUpdate",
    "CrashAgent",
    "CreateCentralTask",
    "CreateGroup",
    "CreatePolicy",
    "CreateTask",
    "DeactivatePolicy",
    "DeletePolicy",
    "DeleteTasks",
    "DuplicateDelivery",
    "EditSettings",
    "Emit",
    "ExportPolicy",
    "Fault",
    "FullDisk",
    "ImportExclusions",
    "ImportPolicy",
    "InstallProtection",
    "Isolate",
    "Lasting",
    "LeaveNetwork",
    "LostAcknowledgement",
    "MoveDevices",
    "NewTask",
    "Operation",
    "Outage",
    "PlaceFile",
    "Plant",
    "PresentCertificate",
    "RaiseKicsEvent",
    "RefusedConnection",
    "RemoveFile",
    "RemoveProtection",
    "RollBackPolicy",
    "RunTask",
    "SetOutOfOffice",
    "SlowAnswer",
    "StartProcess",
    "Status",
    "StopAgent",
    "StopTask",
    "Sweep",
    "SwitchOff",
    "Targeted",
    "TaskProperties",
    "TimeOut",
    "Unplug",
    "UpdateProtection",
    "View",
    "ViewCentralTasks",
    "ViewDiagnosis",
    "ViewTask",
    "Viewed",
    "about",
    "name_of",
    "properties_of",
]

FAULTS: Final[Mapping[str, type[Action]]] = by_literal("kind", faults.MODELS)
"""The faults by their `kind`."""
ACTIONS: Final[Mapping[str, type[Action]]] = by_literal(
    "do",
    (
        *policies.MODELS,
        *administration.MODELS,
        *tasks.MODELS,
        *devices.MODELS,
        *security.MODELS,
        *surroundings.MODELS,
        *central_node.MODELS,
    ),
)
"""The other actions by their `do`."""


def name_of(action: Action) -> str:
    """What users call an action: its `do`, or the kind of its fault."""
    return next(name for known in (FAULTS, ACTIONS) for name, model in known.items() if type(action) is model)


def about(model: type[Action]) -> str:
    """The line that tells users what an action does."""
    return (model.__doc__ or "").strip().splitlines()[0]
