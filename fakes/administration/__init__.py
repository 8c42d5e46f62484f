"""The Administration Server: administration groups, devices, policies, accounts, events, and what it tells devices."""

from fakes.administration.autonomous import LIFETIME_MS, AutonomousTasks
from fakes.administration.collection import export_collection, import_collection
from fakes.administration.events import Event, EventLog
from fakes.administration.exchange import PolicyFile, export_policy, import_policy
from fakes.administration.history import RevisionHistory, Saved
from fakes.administration.inventory import DeviceRecord, GeneralStatus, InstalledApplication, Inventory
from fakes.administration.results import StoredResult
from fakes.administration.roles import ADMINISTRATOR, AccessControl, AccessError, Account, Grant, Right, Role
from fakes.administration.server import NAME, PLUGINS, AdministrationServer, Change
from fakes.administration.task_wizard import TaskStep, TaskWizard
from fakes.administration.tasks import TaskLook, TaskProperties, TaskStore, advice
from fakes.administration.wizard import CreationMode, PolicyWizard, WizardError, WizardStep

__all__ = [
    "ADMINISTRATOR",
    "LIFETIME_MS",
    "NAME",
    "PLUGINS",
    "AccessControl",
    "AccessError",
    "Account",
    "AdministrationServer",
    "AutonomousTasks",
    "Change",
    "CreationMode",
    "DeviceRecord",
    "Event",
    "EventLog",
    "GeneralStatus",
    "Grant",
    "InstalledApplication",
    "Inventory",
    "PolicyFile",
    "PolicyWizard",
    "RevisionHistory",
    "Right",
    "Role",
    "Saved",
    "StoredResult",
    "TaskLook",
    "TaskProperties",
    "TaskStep",
    "TaskStore",
    "TaskWizard",
    "WizardError",
    "WizardStep",
    "advice",
    "export_collection",
    "export_policy",
    "import_collection",
    "import_policy",
]
