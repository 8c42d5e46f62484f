"""The wizards that create tasks: their steps in the order of each type, and the task that comes of them.

A step that is not the next one is refused, and nothing is stored before the end. No wizard asks for the storage time of
results (KEA-UPD-014, KEA-IOC-033).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from emulator.ioc.document import IndicatorFile
from emulator.licensing import Activation, ActivationMethod, Key
from emulator.policy.kinds import shown
from emulator.tasks.ioc_scan import IocScan, Response, Retrospective
from emulator.tasks.schedule import MANUAL, Schedule
from emulator.tasks.task import SYSTEM, Scope, Task, TaskError, TaskSettings, TaskType
from emulator.updates import ModuleUpdates, Source, UpdateSettings
from emulator.world import News
from fakes.administration.roles import ADMINISTRATOR
from fakes.administration.tasks import TaskStore
from fakes.administration.wizard import WizardError


class TaskStep(StrEnum):
    """Steps of the wizards."""

    TYPE = "type"
    METHOD_AND_KEY = "activation-method-and-key"
    ADDITIONAL_KEY = "additional-key"
    SOURCE = "update-source"
    MODULES = "module-updates"
    COLLECTION = "ioc-collection"
    DOCUMENTS = "ioc-documents"
    RETROSPECTIVE = "retrospective-scan"
    RESPONSES = "actions-on-detection"
    SCHEDULE = "schedule"
    DEVICES = "devices"
    ACCOUNT = "account"
    NAME = "name"
    RUN = "run-after-creation"
    FINISHED = "finished"


STEPS: Final[Mapping[TaskType, tuple[TaskStep, ...]]] = {
    TaskType.ACTIVATION: (
        TaskStep.METHOD_AND_KEY,
        TaskStep.ADDITIONAL_KEY,
        TaskStep.SCHEDULE,
        TaskStep.ACCOUNT,
        TaskStep.NAME,
        TaskStep.RUN,
    ),
    TaskType.UPDATE: (
        TaskStep.SOURCE,
        TaskStep.MODULES,
        TaskStep.SCHEDULE,
        TaskStep.DEVICES,
        TaskStep.ACCOUNT,
        TaskStep.NAME,
        TaskStep.RUN,
    ),
    TaskType.IOC_SCAN: (
        TaskStep.COLLECTION,
        TaskStep.DOCUMENTS,
        TaskStep.RETROSPECTIVE,
        TaskStep.RESPONSES,
        TaskStep.SCHEDULE,
        TaskStep.ACCOUNT,
        TaskStep.NAME,
    ),
}
"""The steps after the type (KEA-LIC-017, KEA-UPD-009, and the list of settings of an IOC Scan task)."""


@dataclass(frozen=True, slots=True)
class CreatedTask:
    """What came of a wizard: the task, and what its devices are to hear."""

    task: Task
    sent: tuple[News, ...]


class TaskWizard:
    """One creation of a task by one account. `step` is the next step.

    `scope` is where the wizard was started: on a device, whichever way (KEA-TAS-003), or on a group. The wizard of an
    update task is started anywhere, and asks. A step that is refused can be taken again.
    """

    def __init__(self, store: TaskStore, scope: Scope | None = None, *, account: str = ADMINISTRATOR) -> None:
        self._store = store
        self._scope = scope
        self._operator = account
        self._waiting: tuple[TaskStep, ...] = (TaskStep.TYPE,)
        self._settings: TaskSettings = UpdateSettings()
        self._schedule = MANUAL
        self._account = SYSTEM
        self._name = ""

    @property
    def step(self) -> TaskStep:
        """The next step."""
        return self._waiting[0] if self._waiting else TaskStep.FINISHED

    def choose_type(self, kind: TaskType) -> None:
        """The type of the task (KEA-TAS-002, KEA-TAS-006); it decides the steps that follow."""
        self._at(TaskStep.TYPE)
        steps = STEPS[kind]
        if self._scope is None and TaskStep.DEVICES not in steps:
            raise TaskError(f"nothing says whom the {kind} task is for", "start the wizard on a device or a group")
        self._waiting = (TaskStep.TYPE, *steps)
        if kind is TaskType.ACTIVATION:
            self._settings = Activation(ActivationMethod.CODE)
        elif kind is TaskType.IOC_SCAN:
            self._settings = IocScan()
        self._go_on()

    def choose_key(self, method: ActivationMethod, *, code: str = "", key: Key | None = None) -> None:
        """How an activation task activates: with a code, or with a key (KEA-LIC-004, KEA-LIC-009).

        Raises TaskError where what the method needs is missing. The step of the additional key is only presented for a
        key (KEA-LIC-018).
        """
        self._at(TaskStep.METHOD_AND_KEY)
        by_code = method is ActivationMethod.CODE
        if (by_code and not code) or (not by_code and key is None):
            raise TaskError(f"the method {method} is given nothing to activate with", "give a code or a key")
        self._settings = Activation(method, code if by_code else "", None if by_code else key)
        self._go_on()
        if by_code:
            self._go_on()

    def use_as_additional(self, additional: bool) -> None:
        """Whether the key is added as an additional one."""
        self._at(TaskStep.ADDITIONAL_KEY)
        assert isinstance(self._settings, Activation)
        self._settings = replace(self._settings, additional=additional)
        self._go_on()

    def choose_sources(self, sources: tuple[Source, ...]) -> None:
        """The sources of database updates, in the order in which they are tried (KEA-UPD-002)."""
        self._at(TaskStep.SOURCE)
        assert isinstance(self._settings, UpdateSettings)
        if not sources:
            raise TaskError("the update task has no source", "choose at least one")
        self._settings = replace(self._settings, sources=sources)
        self._go_on()

    def choose_modules(self, modules: ModuleUpdates) -> None:
        """What is done about application modules (KEA-UPD-003)."""
        self._at(TaskStep.MODULES)
        assert isinstance(self._settings, UpdateSettings)
        self._settings = replace(self._settings, modules=modules)
        self._go_on()

    def give_collection(self, files: tuple[IndicatorFile, ...]) -> None:
        """The IOC collection (KEA-IOC-024); files that cannot be used are taken as well (KEA-IOC-031)."""
        self._at(TaskStep.COLLECTION)
        self._scan(replace(self._ioc, collection=files))

    def choose_documents(self, documents: frozenset[str] | None) -> None:
        """The kinds of IOC documents that are analysed, None for all (KEA-IOC-025)."""
        self._at(TaskStep.DOCUMENTS)
        self._scan(replace(self._ioc, documents=documents))

    def set_retrospective(self, retrospective: Retrospective | None) -> None:
        """The span of past events that is searched besides, None for none (KEA-IOC-026)."""
        self._at(TaskStep.RETROSPECTIVE)
        self._scan(replace(self._ioc, retrospective=retrospective))

    def choose_responses(self, responses: tuple[Response, ...]) -> None:
        """The actions upon a detection (KEA-IOC-027)."""
        self._at(TaskStep.RESPONSES)
        self._scan(replace(self._ioc, responses=responses))

    def set_schedule(self, schedule: Schedule) -> None:
        """The schedule (KEA-LIC-013, KEA-UPD-004, KEA-IOC-028)."""
        self._at(TaskStep.SCHEDULE)
        self._schedule = schedule
        self._go_on()

    def choose_devices(self, scope: Scope) -> None:
        """The devices on which an update task is performed (KEA-UPD-005)."""
        self._at(TaskStep.DEVICES)
        self._scope = scope
        self._go_on()

    def choose_account(self, account: str) -> None:
        """The account under which the task runs (KEA-LIC-014, KEA-UPD-006, KEA-IOC-029)."""
        self._at(TaskStep.ACCOUNT)
        if not account:
            raise TaskError("the account of a task is empty", f"name one, such as {SYSTEM}")
        self._account = account
        self._go_on()

    def give_name(self, name: str) -> None:
        """The name of the task (KEA-LIC-015, KEA-UPD-007, KEA-IOC-030)."""
        self._at(TaskStep.NAME)
        if not name or name != name.strip():
            raise TaskError(f"the name {shown(name)} is empty or has blanks around it", "give another")
        self._name = name
        self._go_on()

    def finish(self, *, at_ms: int, run: bool = False) -> CreatedTask:
        """Creates the task; with `run`, where the wizard offers it, to be run at once (KEA-LIC-016, KEA-UPD-008)."""
        if self._waiting not in ((), (TaskStep.RUN,)) or not self._name:
            raise WizardError(f"the step {TaskStep.FINISHED} is not the next one", f"go on with {self.step}")
        if run and self.step is not TaskStep.RUN:
            raise WizardError("this wizard does not offer to run the task", "run it once it is created")
        assert self._scope is not None
        task = Task(self._name, self._scope, self._settings, self._schedule, self._account)
        sent = self._store.create(task, at_ms=at_ms, run=run, account=self._operator)
        self._waiting, self._name = (), ""
        return CreatedTask(task, sent)

    @property
    def _ioc(self) -> IocScan:
        assert isinstance(self._settings, IocScan)
        return self._settings

    def _scan(self, settings: IocScan) -> None:
        self._settings = settings
        self._go_on()

    def _go_on(self) -> None:
        self._waiting = self._waiting[1:]

    def _at(self, step: TaskStep) -> None:
        if self.step is not step:
            raise WizardError(f"the step {step} is not the next one", f"go on with {self.step}")
