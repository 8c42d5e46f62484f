"""Results of IOC Scan tasks at the Administration Server, and the card of a detected indicator (KEA-IOC).

All but how long results are kept is documented for devices with Windows.
"""

from typing import Any, Final

import numpy as np

from conformance.agents import INDICATORS, AgentUnderTest
from conformance.checks.ioc_files import ABSENT, SIZE_BYTES, document, indicator, item
from conformance.checks.ioc_tasks import DROPPED, FILES, FOLDER, NAME, PLACED, operation, refusals, scanned, standard
from conformance.judging import Finding, at_least, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, Trial
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.task import Assignment, Scope, Storage, Task, TaskError, TaskReport, TaskState
from emulator.world import News
from fakes.administration import AdministrationServer

NEEDS: Final = (INDICATORS,)
GROUP: Final = "Managed devices"
DAY_MS: Final = 24 * HOUR_MS
TASK: Final = Task(NAME, Scope.of_group(GROUP), IocScan())


def numbered(sent: tuple[News, ...]) -> int:
    """The number under which devices report of a task that was created."""
    return next(one.item.number for one in sent if isinstance(one.item, Assignment))


def completed(administration: AdministrationServer, number: int, device: int, at_ms: int) -> None:
    """A device tells that a run has ended just now."""
    administration.tasks.receive(device, at_ms, TaskReport(number, 1, TaskState.COMPLETED, at_ms, began_ms=at_ms - 1))


def stored(administration: AdministrationServer, at_ms: int, *devices: int, name: str = NAME) -> list[int]:
    """The devices of which results can be viewed at a moment, of all or of those that are asked for."""
    look = administration.tasks.look(name)
    wanted = np.array(devices, np.int64) if devices else None
    return [result.device for result in look.results(at_ms, wanted)]


# --- how long ---------------------------------------------------------------------------------------------------------


@clause("KEA-IOC-018", needs=[ADMINISTRATION])
def check_results_can_be_viewed_for_7_days(server: ServerUnderTest) -> None:
    """Six days after the run they are there, eight days after it they are gone; another storage time wins."""
    for storage, there, gone in ((Storage(), 6, 8), (Storage(days=30), 29, 31)):
        administration = server.administration()
        task = Task(NAME, TASK.scope, TASK.settings, storage=storage)
        number = numbered(administration.tasks.create(task, at_ms=0))
        completed(administration, number, 0, HOUR_MS)
        told = f"devices with results that are kept for {storage.days} days"
        equal(stored(administration, HOUR_MS + there * DAY_MS), [0], f"{told}, {there} days after the run")
        equal(stored(administration, HOUR_MS + gone * DAY_MS), [], f"{told}, {gone} days after the run")


@clause("KEA-IOC-019", needs=[ADMINISTRATION])
def check_results_are_gone_with_their_task(server: ServerUnderTest) -> None:
    """The task is deleted on the second day: it cannot be viewed, and a new one of its name has none of its results."""
    administration = server.administration()
    number = numbered(administration.tasks.create(TASK, at_ms=0))
    completed(administration, number, 0, HOUR_MS)
    equal(stored(administration, DAY_MS), [0], "devices with results before the deletion")
    before = administration.tasks.look(NAME)
    administration.tasks.delete([NAME], at_ms=2 * DAY_MS, confirmed=True)
    try:
        administration.tasks.look(NAME)
    except TaskError as error:
        holds(NAME in str(error), "a refusal that names the task", error)
    else:
        raise Finding("a task that cannot be viewed once it is deleted", "it is shown")
    moment_ms = 2 * DAY_MS + HOUR_MS
    equal([one.device for one in before.results(moment_ms)], [], "devices with results in a view that was open before")
    administration.tasks.create(TASK, at_ms=moment_ms)
    equal(stored(administration, moment_ms), [], "devices with results in a new task of that name")


# --- what is seen of them ---------------------------------------------------------------------------------------------


@clause("KEA-IOC-040", needs=[ADMINISTRATION])
def check_results_are_viewed_of_the_devices_that_are_selected(server: ServerUnderTest) -> None:
    """Of three devices with results those that are selected are shown, and no others; without a selection all are."""
    administration = server.administration(groups=[GROUP, f"{GROUP}/A", f"{GROUP}/B"])
    number = numbered(administration.tasks.create(TASK, at_ms=0))
    for device in range(3):
        completed(administration, number, device, HOUR_MS + device)
    for selected in ((1,), (0, 2), (0, 1, 2)):
        seen = stored(administration, 2 * HOUR_MS, *selected)
        equal(seen, list(selected), f"devices of the results that are shown, {selected} being selected")
    equal(stored(administration, 2 * HOUR_MS), [0, 1, 2], "devices of the results that are shown without a selection")


def details(trial: Trial, kind: str) -> dict[int, dict[str, Any]]:
    """What was viewed of each device."""
    return {device: detail for _, device, detail in trial.told(kind)}


@clause("KEA-IOC-041")
def check_details_of_a_run_can_be_opened(agent: AgentUnderTest) -> None:
    """They have more than the entry of the list: begin and end of the run, and how many files match on the device."""
    trial = scanned(agent, DROPPED, standard(5), operation(120, "view-task", task=NAME), devices=2)
    entries, opened = details(trial, "task-state-viewed"), details(trial, "task-result-viewed")
    equal(sorted(entries), [0, 1], "devices in the list")
    equal(sorted(opened), [0, 1], "devices with details of the run")
    for device, detail in opened.items():
        at_least(len(detail.keys() - entries[device].keys()), 1, "what the details have beside what is in the list")
        equal(
            detail.get("result_matches"), 1 if device == 0 else 0, f"matches that the details of device {device} tell"
        )
        holds(detail.get("ended_ms", 0) > detail.get("began_ms", 0), "an end after the begin", detail)


# --- cards ------------------------------------------------------------------------------------------------------------


def cards(agent: AgentUnderTest, *steps: Any, file: str = "good.ioc", **more: Any) -> Trial:
    """Steps, a scan, and a look at the card of a file."""
    view = operation(120, "view-ioc-card", task=NAME, file=file)
    trial = scanned(agent, *steps, standard(10), view, **more)
    equal(len(trial.told("sweep-finished")), more.get("devices", 1), "devices on which the task has ended")
    return trial


@clause("KEA-IOC-042", "KEA-IOC-045")
def check_there_is_a_card_where_something_was_detected(agent: AgentUnderTest) -> None:
    """A file has a card of the device on which it was detected and of no other; one without a detection has none."""
    files = {**FILES, f"{FOLDER}/absent.ioc": document(ABSENT, id="absent")}
    trial = cards(agent, DROPPED, files=files, devices=2)
    equal(refusals(trial), [], "operations that are refused")
    seen = [(device, detail["file"], detail["id"]) for _, device, detail in trial.told("ioc-card-viewed")]
    equal(seen, [(0, "good.ioc", "one")], "devices, files and identifiers of the cards of a file that was detected")
    for file in ("absent.ioc", "nothing.ioc"):
        trial = cards(agent, DROPPED, file=file, files=files, devices=2)
        equal([device for _, device, _ in trial.told("ioc-card-viewed")], [], f"devices with a card of {file}")


@clause("KEA-IOC-043")
def check_a_card_lists_every_object_that_matches(agent: AgentUnderTest) -> None:
    """Three of four planted files match: the card tells of each of the three, and not of the fourth."""
    matching = [f"C:\\Data\\Marker-{number}.exe" for number in range(1, 4)]
    others = ["C:\\Data\\Unrelated.exe"]
    steps = [{**PLACED, "file": path} for path in (*matching, *others)]
    wanted = indicator("OR", item("FileItem/FileName", "starts-with", "Marker-"))
    trial = cards(agent, *steps, files={f"{FOLDER}/good.ioc": document(wanted)})
    shown = [" ".join(detail["objects"]) for _, _, detail in trial.told("ioc-card-viewed")]
    equal(len(shown), 1, "cards")
    seen = [path for path in (*matching, *others) if path in shown[0]]
    equal(seen, matching, "planted files that the card tells of")


@clause("KEA-IOC-044")
def check_a_card_quotes_what_matched(agent: AgentUnderTest) -> None:
    """Of three alternatives one condition and one branch match: the card quotes both, and nothing of the third."""
    branch = indicator(
        "AND", item("FileItem/FullPath", "contains", "Data"), item("FileItem/FileExtension", "is", "exe")
    )
    size = item("FileItem/SizeInBytes", "is", str(SIZE_BYTES), "int")
    other = indicator("AND", size, item("FileItem/FileName", "is", "elsewhere.dll"))
    wanted = indicator("OR", item("FileItem/FileName", "is", "Marker-File.exe"), branch, other)
    placed = {**PLACED, "size": f"{SIZE_BYTES} B"}
    trial = cards(agent, placed, files={f"{FOLDER}/good.ioc": document(wanted)})
    quoted = [" ".join(detail["conditions"]) for _, _, detail in trial.told("ioc-card-viewed")]
    equal(len(quoted), 1, "cards")
    missing = [
        part for part in ("Marker-File.exe", "FileExtension", "exe", "FullPath", "Data") if part not in quoted[0]
    ]
    equal(missing, [], "parts of the condition and of the branch that match which the card does not quote")
    strange = [part for part in ("elsewhere.dll", "SizeInBytes") if part in quoted[0]]
    equal(strange, [], "parts of the branch that does not match which the card quotes")
