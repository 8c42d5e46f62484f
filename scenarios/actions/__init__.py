"""Actions: what a step of a scenario can do to the fleet, its policies and its servers.

Each action is a model; its first docstring line tells users what it does, `example` shows it in the schema and the
docs. A further action is one more model in the `MODELS` of a module of this package, and a name in `__all__`.
"""

from collections.abc import Mapping
from typing import Final

from scenarios.actions import (
    administration,
    central_node,
    devices,
    faults,
    policies,
    response,
    security,
    surroundings,
    tasks,
)
from scenarios.actions.administration import (
    CommandQuarantine,
    CreateGroup,
    MoveDevices,
    View,
    Viewed,
)
from scenarios.actions.base import Action, Bounded, ByCentralNode, Lasting, Operation, Targeted, by_literal
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
from scenarios.actions.response import (
    CentralNodeIsolate,
    CentralNodeRelease,
    DetectThreat,
    EndIsolation,
    IsolateOnDemand,
    ScanForObject,
    SetPrevention,
)
from scenarios.actions.security import Attempt
from scenarios.actions.surroundings import (
    CommandAgent,
    InstallProtection,
    RaiseKicsEvent,
    RemoveProtection,
    SetKmp,
    UpdateProtection,
    UpgradeAgent,
    ViewDiagnosis,
)
from scenarios.actions.tasks import (
    ChangeTask,
    CreateTask,
    DeleteTasks,
    ExportCollection,
    NewTask,
    RunTask,
    StopTask,
    TaskProperties,
    ViewIocCard,
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
    "ByCentralNode",
    "CentralNodeIsolate",
    "CentralNodeRelease",
    "CertificateFault",
    "ChangePolicy",
    "ChangeTask",
    "CommandAgent",
    "CommandQuarantine",
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
    "DetectThreat",
    "DuplicateDelivery",
    "EditSettings",
    "Emit",
    "EndIsolation",
    "ExportCollection",
    "ExportPolicy",
    "Fault",
    "FullDisk",
    "ImportExclusions",
    "ImportPolicy",
    "InstallProtection",
    "Isolate",
    "IsolateOnDemand",
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
    "ScanForObject",
    "SetKmp",
    "SetOutOfOffice",
    "SetPrevention",
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
    "UpgradeAgent",
    "View",
    "ViewCentralTasks",
    "ViewDiagnosis",
    "ViewIocCard",
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
        *response.MODELS,
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
