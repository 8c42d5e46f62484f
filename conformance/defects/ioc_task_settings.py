"""Defects of what creation of an IOC scan asks for, of changes of its properties, and of exports of its collection."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.defects.ioc_tasks import True_, refusing
from conformance.planting import Plant, defect
from emulator.control import Sweeps
from emulator.ioc.document import IndicatorFile
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import MANUAL
from emulator.tasks.task import SYSTEM, Task, TaskError, TaskType
from fakes.administration import TaskProperties, TaskStep, TaskStore, TaskWizard, collection, task_wizard, tasks
from scenarios import task_operations
from scenarios.task_operations import TaskOperations


def answered(plant: Plant, question: str, answer: object) -> None:
    """Has the wizard take something else than what it is answered."""
    plant.around(TaskWizard, question, lambda true: lambda self, _: true(self, answer))


def stepped(plant: Plant, change: Callable[[tuple[TaskStep, ...]], tuple[TaskStep, ...]]) -> None:
    """Has the wizard of IOC scans take other steps."""
    steps: Mapping[TaskType, tuple[TaskStep, ...]] = task_wizard.STEPS
    plant.replace(task_wizard, "STEPS", {**steps, TaskType.IOC_SCAN: change(steps[TaskType.IOC_SCAN])})


def kept_as_it_was(plant: Plant, *properties: str) -> None:
    """Has the Administration Server pass over changes of some properties."""

    def make(true: True_) -> True_:
        def wrong(self: TaskProperties, **given: Any) -> None:
            true(self, **{name: value for name, value in given.items() if name not in properties})

        return wrong

    plant.around(TaskProperties, "change", make)


def set_as_it_was(plant: Plant, *settings: str) -> None:
    """Has the Administration Server pass over changes of some settings of IOC scans."""

    def make(true: True_) -> True_:
        def wrong(self: TaskProperties, **given: Any) -> None:
            before, after = self.draft.settings, given.get("settings")
            if isinstance(before, IocScan) and isinstance(after, IocScan):
                given["settings"] = replace(after, **{name: getattr(before, name) for name in settings})
            true(self, **given)

        return wrong

    plant.around(TaskProperties, "change", make)


def exported(plant: Plant, other: Callable[[True_, tuple[IndicatorFile, ...]], bytes]) -> None:
    """Has exports of the Administration Server give something else."""
    plant.around(collection, "export_collection", lambda true: lambda files: other(true, files))


# --- creation ---------------------------------------------------------------------------------------------------------


@defect("KEA-IOC-024", "the collection that is given at creation is lost")
def collection_is_lost(plant: Plant) -> None:
    """The task has an empty one."""
    answered(plant, "give_collection", ())


@defect("KEA-IOC-025", "all documents are analysed")
def all_documents_are_analysed(plant: Plant) -> None:
    """Whatever was chosen."""

    def make(true: True_) -> True_:
        def wrong(self: Sweeps, agent: Any, at_ms: int, name: str, scan: IocScan, *past: Any) -> Any:
            return true(self, agent, at_ms, name, replace(scan, documents=None), *past)

        return wrong

    plant.around(Sweeps, "scan", make)


@defect("KEA-IOC-025", "the choice of documents is lost")
def choice_of_documents_is_lost(plant: Plant) -> None:
    """The task has all of them."""
    answered(plant, "choose_documents", None)


@defect("KEA-IOC-026", "the retrospective settings are lost")
def retrospective_settings_are_lost(plant: Plant) -> None:
    """The task searches no past."""
    answered(plant, "set_retrospective", None)


@defect("KEA-IOC-027", "creation does not ask for the actions")
def scan_actions_are_not_asked_for(plant: Plant) -> None:
    """They can only be given later."""
    stepped(plant, lambda steps: tuple(step for step in steps if step is not TaskStep.RESPONSES))


@defect("KEA-IOC-028", "the schedule is lost")
def scan_loses_its_schedule(plant: Plant) -> None:
    """The task is started by hand."""
    answered(plant, "set_schedule", MANUAL)


@defect("KEA-IOC-029", "the account is lost")
def scan_loses_its_account(plant: Plant) -> None:
    """The task runs under the usual one."""
    answered(plant, "choose_account", SYSTEM)


@defect("KEA-IOC-030", "every scan has the same name")
def scans_have_one_name(plant: Plant) -> None:
    """Whatever it was given."""
    answered(plant, "give_name", "Run IOC Scan")


@defect("KEA-IOC-031", "a file that cannot be used prevents the task")
def faulty_files_prevent_the_task(plant: Plant) -> None:
    """Unsupported ones, and those with errors."""
    refusing(plant, "create", lambda task: any(not file.supported or file.faults for file in _files(task)))


@defect("KEA-IOC-031", "an identifier that is there twice prevents the task")
def duplicates_prevent_the_task(plant: Plant) -> None:
    """Nothing else does."""
    refusing(plant, "create", lambda task: len({file.id for file in _files(task)}) < len(_files(task)))


def _files(task: Task) -> tuple[IndicatorFile, ...]:
    return task.settings.collection if isinstance(task.settings, IocScan) else ()


@defect("KEA-IOC-033", "the storage time cannot be changed later")
def scan_storage_is_fixed(plant: Plant) -> None:
    """The properties do not have it."""
    others = tuple(name for name in tasks.PROPERTIES[TaskType.IOC_SCAN] if name != "storage")
    plant.replace(tasks, "PROPERTIES", {**tasks.PROPERTIES, TaskType.IOC_SCAN: others})


@defect("KEA-IOC-033", "creation asks something more")
def scan_creation_asks_more(plant: Plant) -> None:
    """Before it comes to its end."""
    stepped(plant, lambda steps: (*steps, TaskStep.DEVICES))


# --- properties -------------------------------------------------------------------------------------------------------


@defect("KEA-IOC-032", "a task keeps its name")
def scan_keeps_its_name(plant: Plant) -> None:
    """Whatever it is changed to."""
    kept_as_it_was(plant, "name")


@defect("KEA-IOC-032", "a task keeps its storage time")
def scan_keeps_its_storage(plant: Plant) -> None:
    """Whatever it is changed to."""
    kept_as_it_was(plant, "storage")


@defect("KEA-IOC-032", "a task keeps its schedule and its account")
def scan_keeps_its_start(plant: Plant) -> None:
    """Whatever they are changed to."""
    kept_as_it_was(plant, "schedule", "account")


@defect("KEA-IOC-032", "a task keeps its collection")
def scan_keeps_its_collection(plant: Plant) -> None:
    """Whatever it is changed to."""
    set_as_it_was(plant, "collection")


@defect("KEA-IOC-032", "a task keeps its documents")
def scan_keeps_its_documents(plant: Plant) -> None:
    """Whatever they are changed to."""
    set_as_it_was(plant, "documents")


@defect("KEA-IOC-032", "a task keeps its actions and its past")
def scan_keeps_its_actions(plant: Plant) -> None:
    """Whatever they are changed to."""
    set_as_it_was(plant, "responses", "retrospective")


@defect("KEA-IOC-032", "groups cannot be excluded later")
def scan_keeps_its_exclusions(plant: Plant) -> None:
    """Only at creation."""
    kept_as_it_was(plant, "excluded_groups")


@defect("KEA-IOC-034", "devices of excluded groups run the task")
def scans_run_in_excluded_groups(plant: Plant) -> None:
    """The exclusion is only shown."""
    plant.around(TaskStore, "_resolved", lambda true: lambda self, task: true(self, replace(task, excluded_groups=())))


@defect("KEA-IOC-035", "what is changed holds without being applied")
def scans_change_without_applying(plant: Plant) -> None:
    """Closing the properties is enough."""
    plant.around(
        TaskOperations,
        "_change",
        lambda true: lambda self, action, *given: true(self, action.model_copy(update={"apply": True}), *given),
    )


# --- export -----------------------------------------------------------------------------------------------------------


@defect("KEA-IOC-036", "a collection cannot be exported")
def nothing_is_exported(plant: Plant) -> None:
    """The Administration Server refuses."""

    def wrong(files: tuple[IndicatorFile, ...]) -> bytes:
        raise TaskError("a collection stays where it is", "leave it")

    plant.replace(task_operations, "export_collection", wrong)


@defect("KEA-IOC-037", "an export is no archive")
def exports_are_no_archives(plant: Plant) -> None:
    """The files stand one after the other."""
    exported(plant, lambda _, files: b"".join(file.content for file in files))


@defect("KEA-IOC-038", "an export has a name of its own")
def exports_name_themselves(plant: Plant) -> None:
    """Whatever was chosen."""
    plant.around(
        TaskOperations,
        "_export_collection",
        lambda true: lambda self, action, *given: true(self, action.model_copy(update={"to": "monday.zip"}), *given),
    )


@defect("KEA-IOC-039", "an export leaves out what cannot be used")
def exports_leave_files_out(plant: Plant) -> None:
    """The others are in it."""
    exported(plant, lambda true, files: true(tuple(file for file in files if file.supported)))


@defect("KEA-IOC-039", "an export does not keep the bytes of files")
def exports_change_files(plant: Plant) -> None:
    """They are stripped of blanks and zeros around them."""
    exported(plant, lambda true, files: true(tuple(replace(one, content=one.content.strip(b" \0")) for one in files)))
