"""Settings of standard IOC Scan tasks: what creation asks for, what can be changed, export of the collection (KEA-IOC).

All of it is documented for devices with Windows.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from conformance.agents import INDICATORS, AgentUnderTest
from conformance.checks.ioc_files import ABSENT, GOOD, UNKNOWN, YARA, document, indicator, item
from conformance.checks.ioc_tasks import (
    DROPPED,
    FILES,
    FOLDER,
    NAME,
    PLACED,
    matches_of,
    operation,
    refusals,
    scanned,
    standard,
    viewed,
)
from conformance.checks.ioc_tasks import done as responses
from conformance.judging import Finding, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import Trial
from emulator.ioc.document import IndicatorFile, parse
from emulator.tasks.ioc_scan import IocScan, Response, Retrospective
from emulator.tasks.schedule import Schedule
from emulator.tasks.task import Scope, Storage, Task, TaskError, TaskType
from fakes.administration import AdministrationServer, TaskStep, TaskWizard, WizardError, collection

NEEDS: Final = (INDICATORS,)
GROUP, OUT = "Managed devices", "Managed devices/Out"
ACCOUNT: Final = "HQ\\clerk"
USERS: Final = indicator("OR", item("UserItem/Username", "is", "Administrator"))
"""A user that every device with Windows has."""
OBJECT: Final = indicator("OR", item("FileItem/FullPath", "ends-with", "synthetic\\object.exe"))
"""What `HAPPENED` leaves in the past of a device."""
PAST: Final = Retrospective(datetime.fromisoformat("2026-03-01T08:00"))
NIGHT: Final = Schedule(start=datetime.fromisoformat("2026-03-03T02:00"))
HAPPENED: Final = {"at": "2min", "do": "emit", "target": "all", "type": "file-change", "count": 1}


def added(**files: bytes) -> tuple[IndicatorFile, ...]:
    """Files as the operator adds them, by their names without the ending."""
    return tuple(parse(content, f"{name}.ioc") for name, content in files.items())


def started(trial: Trial) -> tuple[tuple[int, int, dict[str, Any]], ...]:
    """The runs that have begun, as facts."""
    return trial.told("task-started")


# --- creation ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator answers when a task is created; none of it is what the task would have by itself."""

    collection: tuple[IndicatorFile, ...] = added(good=document(GOOD), absent=document(ABSENT, id="two"))
    documents: frozenset[str] = frozenset({"FileItem"})
    retrospective: Retrospective = PAST
    responses: tuple[Response, ...] = (Response.QUARANTINE,)
    schedule: Schedule = NIGHT
    account: str = ACCOUNT
    name: str = "hunt of Monday"


ASKED: Final[Mapping[TaskStep, Callable[[TaskWizard, Answers], None]]] = {
    TaskStep.TYPE: lambda wizard, _: wizard.choose_type(TaskType.IOC_SCAN),
    TaskStep.COLLECTION: lambda wizard, given: wizard.give_collection(given.collection),
    TaskStep.DOCUMENTS: lambda wizard, given: wizard.choose_documents(given.documents),
    TaskStep.RETROSPECTIVE: lambda wizard, given: wizard.set_retrospective(given.retrospective),
    TaskStep.RESPONSES: lambda wizard, given: wizard.choose_responses(given.responses),
    TaskStep.SCHEDULE: lambda wizard, given: wizard.set_schedule(given.schedule),
    TaskStep.ACCOUNT: lambda wizard, given: wizard.choose_account(given.account),
    TaskStep.NAME: lambda wizard, given: wizard.give_name(given.name),
}
"""Every question that the documentation names, and how it is answered; in which order is not documented."""


def created(server: AdministrationServer, given: Answers) -> tuple[Task, list[TaskStep]]:
    """Creates a task by way of the wizard: the one task that is listed then, and what was asked.

    Raises Finding where the wizard asks for something else, or creates before everything is asked.
    """
    wizard = TaskWizard(server.tasks, Scope.of_group(GROUP))
    asked: list[TaskStep] = []
    while wizard.step in ASKED:
        try:
            wizard.finish(at_ms=0)
        except WizardError:
            asked.append(wizard.step)
            ASKED[wizard.step](wizard, given)
        else:
            raise Finding("no task before everything is asked for", f"a task is created at the step {wizard.step}")
    try:
        wizard.finish(at_ms=0)
    except WizardError as error:
        raise Finding(f"a task once {', '.join(asked)} are answered", str(error)) from error
    listed = server.tasks.tasks()
    equal(len(listed), 1, "tasks in the list after a creation")
    return listed[0], asked


@clause(
    "KEA-IOC-024",
    "KEA-IOC-026",
    "KEA-IOC-027",
    "KEA-IOC-028",
    "KEA-IOC-029",
    "KEA-IOC-030",
    needs=[ADMINISTRATION],
)
def check_creation_asks_for_every_setting(server: ServerUnderTest) -> None:
    """Collection, documents, past, responses, schedule, account and name are asked for, and the task has what was said.

    Under that name it stands in the list.
    """
    given = Answers()
    task, asked = created(server.administration(), given)
    equal([step for step in ASKED if step not in asked], [], "what is not asked for")
    scan = task.settings
    assert isinstance(scan, IocScan)
    equal([file.name for file in scan.collection], ["good.ioc", "absent.ioc"], "files of the collection")
    equal([file.content for file in scan.collection], [file.content for file in given.collection], "their content")
    equal(scan.retrospective, given.retrospective, "settings of the retrospective scan")
    equal(scan.responses, given.responses, "actions upon a detection")
    equal(task.schedule, given.schedule, "the schedule")
    equal(task.account, given.account, "the account")
    equal(task.name, given.name, "the name in the list")


@clause("KEA-IOC-025")
def check_indicators_of_a_kind_that_is_left_out_are_not_detected(agent: AgentUnderTest) -> None:
    """Of two files that match, one of files and one of users, each task detects the one whose kind was chosen."""
    files = {**FILES, f"{FOLDER}/users.ioc": document(USERS, id="users")}
    tasks = {"both": ["FileItem", "UserItem"], "files": ["FileItem"], "users": ["UserItem"]}
    steps = [standard(5 + 20 * place, name, documents=kinds) for place, (name, kinds) in enumerate(tasks.items())]
    trial = scanned(agent, PLACED, *steps, files=files)
    seen = [(detail["task"], detail["file"]) for _, _, detail in trial.told("ioc-match")]
    wanted = [("both", "good.ioc"), ("both", "users.ioc"), ("files", "good.ioc"), ("users", "users.ioc")]
    equal(sorted(seen), wanted, "tasks, by the kinds that were chosen, and files that match in them")


@clause("KEA-IOC-025", needs=[ADMINISTRATION])
def check_creation_asks_which_documents_are_analysed(server: ServerUnderTest) -> None:
    """It is asked for, and the task has the kinds that were chosen, where it is one and where it is several."""
    for kinds in (frozenset({"FileItem"}), frozenset({"UserItem", "PortItem"})):
        task, asked = created(server.administration(), Answers(documents=kinds))
        holds(TaskStep.DOCUMENTS in asked, "a question for the kinds of documents", ", ".join(asked))
        assert isinstance(task.settings, IocScan)
        equal(task.settings.documents, kinds, "kinds of documents that the task analyses")


@clause("KEA-IOC-033", needs=[ADMINISTRATION])
def check_creation_does_not_ask_for_the_storage_time(server: ServerUnderTest) -> None:
    """The wizard comes to its end without it; in the properties of the task it can be changed then."""
    administration = server.administration()
    task, _ = created(administration, Answers())
    properties = administration.tasks.properties(task.name)
    properties.change(storage=Storage(days=30))
    try:
        properties.apply(at_ms=1)
    except TaskError as error:
        raise Finding("another storage time in the properties of the task", str(error)) from error
    equal(administration.tasks.task(task.name).storage.days, 30, "days of storage that were set in the properties")


@clause("KEA-IOC-031")
def check_a_task_can_be_created_with_files_that_cannot_be_used(agent: AgentUnderTest) -> None:
    """Unsupported, semantically faulty and with an identifier twice: each task is created with all of its files."""
    good = document(GOOD)
    folders: dict[str, dict[str, bytes]] = {
        "unsupported": {"a.ioc": YARA, "b.ioc": good},
        "faulty": {"a.ioc": document(indicator("OR", UNKNOWN), id="faulty"), "b.ioc": good},
        "twice": {"a.ioc": good, "b.ioc": good},
    }
    steps = []
    for place, name in enumerate(folders):
        steps.append(standard(5 + 20 * place, name, indicators=name))
        steps.append(operation(120 + place, "export-collection", task=name, to=f"{name}.zip"))
    files = {f"{folder}/{name}": content for folder, inside in folders.items() for name, content in inside.items()}
    trial = scanned(agent, PLACED, *steps, files=files)
    equal(refusals(trial), [], "operations that are refused")
    kept = {detail["task"]: detail["files"] for _, _, detail in trial.told("collection-exported")}
    equal(kept, dict.fromkeys(folders, 2), "files of each collection")
    equal([detail["task"] for _, _, detail in trial.told("sweep-finished")], list(folders), "tasks that run to the end")


# --- properties -------------------------------------------------------------------------------------------------------

BEFORE: Final = {"before/absent.ioc": document(ABSENT, id="absent"), **FILES}
OTHER: Final = {
    **BEFORE,
    f"{FOLDER}/past.ioc": document(OBJECT, id="past"),
    f"{FOLDER}/users.ioc": document(USERS, id="users"),
}
MOVED: Final = (
    operation(3, "create-group", group=OUT),
    operation(4, "move-devices", target="lab-00002", group=OUT),
)
"""The second device comes to a group below that of the others."""


@clause("KEA-IOC-032")
def check_every_setting_can_be_changed_after_creation(agent: AgentUnderTest) -> None:
    """Name, storage, collection, past, responses, documents, schedule, account and excluded groups: as of the next run.

    Before the change the task looks for a file that is nowhere, on both devices, started by hand.
    """
    change = {
        "rename": "changed",
        "storage": {"days": 30},
        "indicators": FOLDER,
        "retrospective": {},
        "responses": ["scan-critical-areas"],
        "documents": ["FileItem"],
        "schedule": {"frequency": "every-day", "start": "2026-03-02T12:00"},
        "runs-as": ACCOUNT,
        "exclude-groups": [OUT],
    }
    steps = [
        *MOVED,
        standard(30, indicators="before"),
        operation(90, "change-task", task=NAME, **change),
        operation(220, "view", what="tasks"),
    ]
    trial = scanned(agent, PLACED, HAPPENED, *steps, devices=2, files=OTHER, hours=5)
    equal(refusals(trial), [], "operations that are refused")
    runs = [(device, detail["task"], detail["account"], detail["cause"]) for _, device, detail in started(trial)]
    wanted = [(0, "changed", ACCOUNT, "schedule"), (0, NAME, "SYSTEM", "manual"), (1, NAME, "SYSTEM", "manual")]
    equal(sorted(runs), wanted, "devices, names, accounts and causes of the runs")
    seen = sorted((detail["file"], device) for _, device, detail in trial.told("ioc-match"))
    equal(seen, [("good.ioc", 0), ("past.ioc", 0)], "matches of the run after the change")
    equal(responses(trial), ["critical-areas-not-scanned"], "responses of the run after the change")
    (shown,) = viewed(trial)
    seen_of = {name: shown[name] for name in ("task", "storage_days", "schedule", "runs_as", "excluded")}
    named = {"task": "changed", "storage_days": 30, "schedule": "every-day", "runs_as": ACCOUNT, "excluded": OUT}
    equal(seen_of, named, "properties in the list after the change")


@clause("KEA-IOC-034")
def check_devices_of_an_excluded_group_do_not_run_the_task(agent: AgentUnderTest) -> None:
    """Of three devices the one in the excluded group below does not run the task; without the exclusion it does."""
    for excluded, wanted in (([OUT], [0, 2]), ([], [0, 1, 2])):
        own: dict[str, Any] = {"exclude-groups": excluded} if excluded else {}
        trial = scanned(agent, PLACED, *MOVED, standard(30, **own), devices=3)
        equal(refusals(trial), [], "operations that are refused")
        told = f"devices that run the task, {excluded or 'nothing'} being excluded"
        equal(sorted(device for _, device, _ in started(trial)), wanted, told)
        equal(sorted(matches_of(trial)), [(NAME, device) for device in wanted], "tasks and devices that match")


@clause("KEA-IOC-035")
def check_a_change_that_is_not_applied_does_not_hold(agent: AgentUnderTest) -> None:
    """The next run is as before, and so are the properties; the same change, once it is applied, holds."""
    change = {"indicators": "before", "runs-as": ACCOUNT}
    steps = [standard(5)]
    for minute, applied in ((30, False), (90, True)):
        steps.append(operation(minute, "change-task", task=NAME, apply=applied, **change))
        steps.append(operation(minute + 10, "view", what="tasks"))
        steps.append(operation(minute + 20, "run-task", task=NAME))
    trial = scanned(agent, PLACED, *steps, files=BEFORE)
    equal(refusals(trial), [], "operations that are refused")
    accounts = [detail["account"] for _, _, detail in started(trial)]
    equal(accounts, ["SYSTEM", "SYSTEM", ACCOUNT], "accounts of the runs before, after closing, and after applying")
    equal(len(matches_of(trial)), 2, "matches, of which the run after applying has none")
    shown = [one["runs_as"] for one in viewed(trial)]
    equal(shown, ["SYSTEM", ACCOUNT], "the account in the list after closing, and after applying")


# --- export -----------------------------------------------------------------------------------------------------------


@clause("KEA-IOC-036", "KEA-IOC-038")
def check_a_collection_is_exported_under_the_name_that_is_chosen(agent: AgentUnderTest) -> None:
    """The collection is in the file and folder that were chosen, where another task takes it from, and nowhere else."""
    chosen, elsewhere = "exports/monday.zip", "monday.zip"
    steps = [
        standard(5),
        operation(60, "export-collection", task=NAME, to=chosen),
        {**standard(70, "again"), "collection": chosen},
        {**standard(80, "from elsewhere"), "collection": elsewhere},
    ]
    for step in steps[2:]:
        del step["indicators"]
    trial = scanned(agent, DROPPED, *steps, devices=2)
    exported = [(detail["task"], detail["file"], detail["files"]) for _, _, detail in trial.told("collection-exported")]
    equal(exported, [(NAME, chosen, 1)], "the task, the file and how many files are in it")
    equal(refusals(trial), ["create-task"], "operations that are refused: taking the collection from elsewhere")
    equal(matches_of(trial), [(NAME, 0), ("again", 0)], "matches of the task, and of the one that has what it exports")


@clause("KEA-IOC-037", "KEA-IOC-039", needs=[ADMINISTRATION])
def check_an_export_is_a_zip_file_with_the_files_of_the_collection(server: ServerUnderTest) -> None:
    """It can be unpacked, and each file is there byte for byte, also those that cannot be used, and no other."""
    given = added(good=document(GOOD), rules=YARA, bytes=bytes(range(256)) * 40)
    administration = server.administration()
    administration.tasks.create(Task(NAME, Scope.of_group(GROUP), IocScan(given)), at_ms=0)
    stored = administration.tasks.task(NAME).settings
    assert isinstance(stored, IocScan)
    data = collection.export_collection(stored.collection)
    holds(zipfile.is_zipfile(io.BytesIO(data)), "a ZIP file", f"{len(data)} bytes that are none")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        equal(archive.testzip(), None, "a file of the archive that is damaged")
        unpacked = {name: archive.read(name) for name in archive.namelist()}
    equal(sorted(unpacked), sorted(file.name for file in given), "files in the archive")
    wrong = [file.name for file in given if unpacked[file.name] != file.content]
    equal(wrong, [], "files that differ from those that were added")
