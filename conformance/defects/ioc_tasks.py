"""Defects of what IOC Scan tasks look at, of who manages them, and of what they do about what they find."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.clock import Rank
from emulator.components import ioc_scan
from emulator.components.ioc_scan import IocScanExecutor
from emulator.control import EndpointAgent, Sweeps, SweepTask
from emulator.policy.groups import ROOT
from emulator.policy.settings import AgentSettings
from emulator.security import attempts
from emulator.security.attempts import Reason
from emulator.tasks.central import CentralResult, CentralTask, ScanForIndicators, WorkKind
from emulator.tasks.device import Execution, TaskResult
from emulator.tasks.ioc_scan import IocScan, Response
from emulator.tasks.task import Scope, ScopeKind, Task, TaskError
from emulator.world import News
from fakes.administration import TaskStore
from fakes.central_node import CentralNode
from scenarios.central_tasks import CentralDeeds
from scenarios.told import ToldOfDevice

True_ = Callable[..., Any]


def scanning(plant: Plant, change: Callable[[EndpointAgent, IocScan], IocScan]) -> None:
    """Has scans of the Administration Server and of the command line carried out with other settings."""

    def make(true: True_) -> True_:
        def wrong(self: IocScanExecutor, owner: Any, name: str, wanted: IocScan, at_ms: int) -> Any:
            return true(self, owner, name, change(owner.agent, wanted), at_ms)

        return wrong

    plant.around(IocScanExecutor, "scan", make)


def under_usual_policy(agent: EndpointAgent) -> bool:
    """Whether what a device follows is what it follows without a policy."""
    return agent.settings.data_submission == AgentSettings().data_submission


def refusing(plant: Plant, operation: str, cause: Callable[[Task], bool]) -> None:
    """Has the Administration Server refuse an operation on a task."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, about: Any, *given: Any, **more: Any) -> Any:
            if cause(about if isinstance(about, Task) else self.task(about)):
                raise TaskError("that is not possible", "leave it")
            return true(self, about, *given, **more)

        return wrong

    plant.around(TaskStore, operation, make)


def passed_over(plant: Plant, operation: str) -> None:
    """Has the Administration Server take an operation on a task that is not its own for done."""

    def make(true: True_) -> True_:
        def wrong(*given: Any, **more: Any) -> tuple[News, ...]:
            try:
                news: tuple[News, ...] = true(*given, **more)
            except TaskError:
                return ()
            return news

        return wrong

    plant.around(TaskStore, operation, make)


def listed(plant: Plant, change: Callable[[Any], Any]) -> None:
    """Has the Central Node know other tasks of a device: (task, result) for each."""
    plant.around(CentralNode, "states", lambda true: lambda *given: change(true(*given)))


# --- what a task searches for -----------------------------------------------------------------------------------------


@defect("KEA-IOC-001", "a task looks at the image, not at the device")
def changes_are_not_looked_at(plant: Plant) -> None:
    """What a device changed is unknown to it."""
    plant.around(EndpointAgent, "host", lambda true: lambda self, at_ms, os: true(self, -1, os))


@defect("KEA-IOC-005", "a task keeps the files of the first one")
def first_files_are_kept(plant: Plant) -> None:
    """Those that are given later are not used."""
    known: list[Any] = []

    def make(true: True_) -> True_:
        def wrong(self: Sweeps, agent: EndpointAgent, at_ms: int, task: SweepTask) -> None:
            known.append(task.files)
            true(self, agent, at_ms, SweepTask(task.name, known[0]))

        return wrong

    plant.around(Sweeps, "carry_out", make)


@defect("KEA-IOC-011", "a file that is loaded reaches no device")
def tasks_reach_nobody(plant: Plant) -> None:
    """The Central Node publishes it, and hands nothing out."""
    plant.replace(CentralNode, "tasks_for", lambda self, device, above_revision, upto_revision: [])


@defect("KEA-IOC-015", "a detection isolates the device")
def detection_isolates(plant: Plant) -> None:
    """As a standard task may ask for."""

    def make(true: True_) -> True_:
        def wrong(self: Sweeps, agent: EndpointAgent, at_ms: int, task: SweepTask) -> None:
            true(self, agent, at_ms, task)
            self._context.journal.add("isolated", Rank.CONTROL, at_ms, agent.device)

        return wrong

    plant.around(Sweeps, "carry_out", make)


# --- kinds of tasks ---------------------------------------------------------------------------------------------------


@defect("KEA-IOC-002", "the Central Node does not know scans as tasks")
def scans_are_no_tasks(plant: Plant) -> None:
    """It hands them out, and lists other tasks."""
    listed(plant, lambda true: [one for one in true if one[0].kind is not WorkKind.IOC_SCAN])


@defect("KEA-IOC-003", "a local task is for everybody")
def local_scan_is_for_everybody(plant: Plant) -> None:
    """Whomever it was created for."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task) -> Any:
            local = task.scope.kind is ScopeKind.LOCAL
            return true(self, replace(task, scope=Scope.of_group(ROOT)) if local else task)

        return wrong

    plant.around(TaskStore, "_resolved", make)


@defect("KEA-IOC-003", "there are no local tasks")
def no_local_scans(plant: Plant) -> None:
    """They are for groups alone."""
    refusing(plant, "create", lambda task: task.scope.kind is ScopeKind.LOCAL)


@defect("KEA-IOC-004", "the command line scans nothing")
def command_line_scans_nothing(plant: Plant) -> None:
    """It lets whoever asks go."""
    plant.replace(IocScanExecutor, "by_command", lambda *_: None)


@defect("KEA-IOC-006", "a standard task needs the integration with KATA")
def standard_needs_kata(plant: Plant) -> None:
    """Without it there is no scan."""

    def make(true: True_) -> True_:
        def wrong(self: IocScanExecutor, owner: Any, task: Task, at_ms: int) -> Execution:
            if not owner.agent.settings.kata_integration.enabled:
                return Execution(0, lambda _: TaskResult("no integration"))
            begun: Execution = true(self, owner, task, at_ms)
            return begun

        return wrong

    plant.around(IocScanExecutor, "begin", make)


@defect("KEA-IOC-007", "a policy takes the responses of standard tasks away")
def policy_takes_responses(plant: Plant) -> None:
    """While there is one that says something else than usual."""
    scanning(plant, lambda agent, wanted: wanted if under_usual_policy(agent) else replace(wanted, responses=()))


@defect("KEA-IOC-008", "the past is not searched")
def past_is_not_searched(plant: Plant) -> None:
    """Though the mode can be set."""
    scanning(plant, lambda _, wanted: replace(wanted, retrospective=None))


@defect("KEA-IOC-009", "responses are stored and not carried out")
def scan_responses_are_words(plant: Plant) -> None:
    """Whatever is detected."""
    plant.replace(ioc_scan, "_respond", lambda *_: None)


@defect("KEA-IOC-009", "responses need no detection")
def scan_responses_need_no_detection(plant: Plant) -> None:
    """They follow each scan."""

    def make(true: True_) -> True_:
        def wrong(self: IocScanExecutor, owner: Any, name: str, wanted: IocScan, at_ms: int) -> Any:
            outcome = true(self, owner, name, wanted, at_ms)
            if not outcome.matches:
                ioc_scan._respond(owner.responses, wanted.responses, (), name, at_ms)
            return outcome

        return wrong

    plant.around(IocScanExecutor, "scan", make)


@defect("KEA-IOC-010", "the command line takes responses")
def command_line_takes_responses(plant: Plant) -> None:
    """And does what they say."""

    def make(true: True_) -> True_:
        def wrong(*given: Any) -> Any:
            answer = true(*given)
            return (None, "") if answer[0] is Reason.NO_RESPONSES else answer

        return wrong

    plant.around(attempts, "_refusal", make)


@defect("KEA-IOC-010", "the command line puts what it finds in quarantine")
def command_line_responds(plant: Plant) -> None:
    """Though nobody has asked for it."""

    def make(true: True_) -> True_:
        def wrong(self: IocScanExecutor, owner: Any, wanted: IocScan, *given: Any) -> None:
            true(self, owner, replace(wanted, responses=(Response.QUARANTINE,)), *given)

        return wrong

    plant.around(IocScanExecutor, "by_command", make)


@defect("KEA-IOC-014", "the Administration Server starts what is not its own")
def others_can_be_started(plant: Plant) -> None:
    """At least it says so."""
    passed_over(plant, "run")


@defect("KEA-IOC-014", "the Administration Server deletes what is not its own")
def others_can_be_deleted(plant: Plant) -> None:
    """At least it says so."""
    passed_over(plant, "delete")


@defect("KEA-IOC-016", "under a policy scans of KATA look for nothing")
def policy_stops_scans_of_kata(plant: Plant) -> None:
    """While there is one that says something else than usual."""

    def make(true: True_) -> True_:
        def wrong(self: Sweeps, agent: EndpointAgent, at_ms: int, task: SweepTask) -> int | None:
            files = task.files if under_usual_policy(agent) else ()
            matches: int | None = true(self, agent, at_ms, replace(task, files=files))
            return matches

        return wrong

    plant.around(Sweeps, "carry_out", make)


@defect("KEA-IOC-017", "a scan of KATA has a scope")
def scans_of_kata_have_a_scope(plant: Plant) -> None:
    """As a standard task has."""

    def make(true: True_) -> True_:
        def wrong(*given: Any) -> Iterator[ToldOfDevice]:
            return (replace(one, values={**one.values, "scope": "group"}) for one in true(*given))

        return wrong

    plant.around(CentralDeeds, "seen", make)


@defect("KEA-IOC-020", "standard tasks cannot be started by hand")
def standard_is_not_started_by_hand(plant: Plant) -> None:
    """They have their schedule."""
    refusing(plant, "run", lambda _: True)


@defect("KEA-IOC-020", "standard tasks cannot be stopped")
def standard_is_not_stopped(plant: Plant) -> None:
    """It looks as if they could."""
    plant.replace(TaskStore, "stop", lambda *_, **__: ())


@defect("KEA-IOC-021", "the command line does not tell what a scan came to")
def command_line_tells_nothing(plant: Plant) -> None:
    """It tells of an error."""
    plant.around(ioc_scan, "_shown", lambda true: lambda user, code, **_: true(user, ioc_scan.GENERAL_ERROR))


@defect("KEA-IOC-022", "the Central Node lists standard tasks")
def central_node_lists_standard_tasks(plant: Plant) -> None:
    """Beside its own."""
    names: list[str] = []

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task, **more: Any) -> Any:
            names.append(task.name)
            return true(self, task, **more)

        return wrong

    def more(true: Iterator[tuple[CentralTask, CentralResult | None]]) -> Iterator[Any]:
        yield from true
        yield from ((CentralTask(name, ScanForIndicators(())), None) for name in names)

    plant.around(TaskStore, "create", make)
    listed(plant, more)
