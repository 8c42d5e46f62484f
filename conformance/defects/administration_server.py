"""Defects of the Administration Server: remote operations, access, lists, the plug-in, and what it keeps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.planting import Plant, defect
from emulator.control import EndpointAgent
from emulator.control.service import Command, CommandKind, Service
from emulator.policy.groups import ROOT
from emulator.ports import I64
from emulator.reporting import EventReport, QuarantineReport, StateReport
from emulator.tasks.device import TaskList
from emulator.tasks.task import RunTask, StopTask
from emulator.world import Condition, Governed
from fakes.administration import ADMINISTRATOR, AccessControl, AdministrationServer, DeviceRecord, Right
from fakes.administration.events import EventLog
from fakes.administration.inventory import ENDPOINT_AGENT_NAME, Inventory
from fakes.administration.quarantine import QuarantineList
from fakes.administration.results import ResultShelf
from fakes.administration.server import Change
from fakes.administration.tasks import TaskStore

True_ = Callable[..., Any]


def commanded(plant: Plant, kind: CommandKind, instead: CommandKind | None) -> None:
    """Has Network Agent do something else about one command, or nothing."""

    def make(true: True_) -> True_:
        def wrong(self: Service, agent: EndpointAgent, at_ms: int, command: Command) -> None:
            done = instead if command.kind is kind else command.kind
            if done is not None:
                true(self, agent, at_ms, Command(done))

        return wrong

    plant.around(Service, "carry_out", make)


# --- remote operations ------------------------------------------------------------------------------------------------


@defect("KEA-ADM-001", "the command to install does nothing")
def install_does_nothing(plant: Plant) -> None:
    """The other commands work."""
    commanded(plant, CommandKind.INSTALL, None)


@defect("KEA-ADM-001", "an installation leaves Endpoint Agent stopped")
def installed_is_not_running(plant: Plant) -> None:
    """Until somebody starts it."""
    plant.around(
        Service,
        "install",
        lambda true: (
            lambda self, agent, at_ms: (
                true(self, agent, at_ms),
                self.stop(agent, at_ms, Condition.STOPPED),
            )
        ),
    )


@defect("KEA-ADM-002", "the command to uninstall stops Endpoint Agent only")
def uninstall_stops_only(plant: Plant) -> None:
    """It stays where it is."""
    commanded(plant, CommandKind.UNINSTALL, CommandKind.STOP)


@defect("KEA-ADM-003", "the command to start does nothing")
def start_does_nothing(plant: Plant) -> None:
    """What was stopped stays so."""
    commanded(plant, CommandKind.START, None)


@defect("KEA-ADM-004", "the command to stop does nothing")
def stop_does_nothing(plant: Plant) -> None:
    """Endpoint Agent runs on."""
    commanded(plant, CommandKind.STOP, None)


@defect("KEA-ADM-004", "the command to stop changes what is reported, and nothing else")
def stop_is_words(plant: Plant) -> None:
    """Events are collected as before."""
    plant.replace(
        Service,
        "stop",
        lambda self, agent, at_ms, condition: agent.report(at_ms, StateReport(installed=True, running=False)),
    )


@defect("KEA-ADM-005", "devices do not hear of changed policies")
def changed_policies_stay(plant: Plant) -> None:
    """The server stores them, and hands nothing out."""

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, change: Change) -> Any:
            return tuple(one for one in true(self, change) if not isinstance(one.item, Governed))

        return wrong

    plant.around(AdministrationServer, "news", make)


def unheard(plant: Plant, kind: type) -> None:
    """Has devices overlook one kind of order about tasks."""
    plant.around(
        TaskList,
        "take",
        lambda true: (
            lambda self, news, at_ms: self.elapse(at_ms) if isinstance(news, kind) else true(self, news, at_ms)
        ),
    )


@defect("KEA-ADM-006", "an order to run a task is not carried out")
def run_is_overlooked(plant: Plant) -> None:
    """Devices take it, and do nothing."""
    unheard(plant, RunTask)


@defect("KEA-ADM-007", "an order to stop a task is not carried out")
def stop_is_overlooked(plant: Plant) -> None:
    """The run goes on."""
    unheard(plant, StopTask)


# --- access -----------------------------------------------------------------------------------------------------------


@defect("KEA-ADM-008", "every account may do everything")
def nobody_is_refused(plant: Plant) -> None:
    """Whatever its roles."""
    plant.replace(AccessControl, "require", lambda self, *_: None)


@defect("KEA-ADM-008", "only the administrator may do anything")
def roles_give_nothing(plant: Plant) -> None:
    """Whatever they hold."""
    plant.around(
        AccessControl,
        "allows",
        lambda true: lambda self, account, *more: account == ADMINISTRATOR and true(self, account, *more),
    )


@defect("KEA-ADM-008", "whoever has any right to change has all of them")
def one_right_for_all(plant: Plant) -> None:
    """Policies and tasks are not kept apart."""

    def make(true: True_) -> True_:
        def wrong(self: AccessControl, account: str, right: Right, *more: Any) -> bool:
            return any(true(self, account, one, *more) for one in Right if one.startswith("change-"))

        return wrong

    plant.around(AccessControl, "allows", make)


@defect("KEA-ADM-009", "the rights to tasks are not looked at")
def tasks_are_open(plant: Plant) -> None:
    """Those to policies are."""
    plant.replace(TaskStore, "_require", lambda self, *_: None)


@defect("KEA-ADM-009", "an account without rights is refused after its change is stored")
def refused_afterwards(plant: Plant) -> None:
    """Of policies that are saved."""

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, name: str, *, account: str = ADMINISTRATOR, **more: Any) -> Change:
            change: Change = true(self, name, **more)
            self._check_change(name, account)
            return change

        return wrong

    plant.around(AdministrationServer, "save", make)


# --- lists ------------------------------------------------------------------------------------------------------------


@defect("KEA-ADM-010", "every device is shown as it was at the start")
def states_are_not_taken(plant: Plant) -> None:
    """What is reported is lost."""
    plant.replace(Inventory, "receive", lambda self, *_: None)


@defect("KEA-ADM-010", "the list of statuses ends after the first device")
def one_device_is_listed(plant: Plant) -> None:
    """The others are not shown."""
    plant.around(
        AdministrationServer, "devices", lambda true: lambda self, *given, **more: true(self, *given, **more)[:1]
    )


@defect("KEA-ADM-011", "the plug-in is not asked for")
def no_plug_in_is_needed(plant: Plant) -> None:
    """Everything can be made without one."""
    plant.replace(AdministrationServer, "plugin", lambda self, application: (3, 16))


@defect("KEA-ADM-011", "the plug-in is there, and nothing can be made")
def plug_in_offers_nothing(plant: Plant) -> None:
    """Neither policies nor tasks."""

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, application: str) -> tuple[int, ...]:
            self._plugins.clear()
            version: tuple[int, ...] = true(self, application)
            return version

        return wrong

    plant.around(AdministrationServer, "plugin", make)


@defect("KEA-ADM-013", "a device that was moved stays in its old group too")
def moved_devices_are_in_two_groups(plant: Plant) -> None:
    """The list of each has it."""
    before: dict[Any, I64] = {}

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, *given: Any, **more: Any) -> Any:
            here: I64 = true(self, *given, **more)
            both = before[given] = np.union1d(here, before.setdefault(given, here))
            return both

        return wrong

    plant.around(AdministrationServer, "devices", make)


@defect("KEA-ADM-013", "the root group is not in the tree")
def root_is_not_shown(plant: Plant) -> None:
    """Only groups below it are."""
    plant.around(
        AdministrationServer,
        "groups",
        lambda true: lambda self, *given, **more: tuple(one for one in true(self, *given, **more) if one != ROOT),
    )


@defect("KEA-ADM-014", "every group has the tasks of all")
def groups_share_tasks(plant: Plant) -> None:
    """Its devices and policies are its own."""
    plant.around(AdministrationServer, "groups", lambda true: lambda self, below=ROOT, **more: true(self, **more))


@defect("KEA-ADM-014", "every group has the policies of all")
def groups_share_policies(plant: Plant) -> None:
    """Its devices and tasks are its own."""
    plant.around(AdministrationServer, "policies", lambda true: lambda self, *given, **more: true(self, **more))


@defect("KEA-ADM-015", "Endpoint Agent is listed on devices that do not have it")
def always_listed(plant: Plant) -> None:
    """As if it came with the system."""
    plant.around(
        Inventory,
        "state",
        lambda true: lambda self, *given: replace(true(self, *given), installed=True),
    )


@defect("KEA-ADM-015", "only Endpoint Agent is listed")
def nothing_else_is_listed(plant: Plant) -> None:
    """Not the other applications of a device."""

    def make(true: True_) -> True_:
        def wrong(self: Inventory, *given: Any) -> DeviceRecord:
            record: DeviceRecord = true(self, *given)
            own = tuple(one for one in record.applications if one.name == ENDPOINT_AGENT_NAME)
            return replace(record, applications=own)

        return wrong

    plant.around(Inventory, "record", make)


# --- what is kept -----------------------------------------------------------------------------------------------------


@defect("KEA-ADM-016", "the server keeps the quarantined objects")
def objects_are_kept(plant: Plant) -> None:
    """Beside what it lists of them."""

    def make(true: True_) -> True_:
        def wrong(self: Any, device: int, at_ms: int, report: QuarantineReport) -> None:
            true(self, device, at_ms, report)
            self.objects = [bytes(entry.size_bytes) for entry in report.added]

        return wrong

    plant.around(QuarantineList, "receive", make)


@defect("KEA-ADM-017", "results of all tasks are kept for the default time")
def one_storage_time_for_all(plant: Plant) -> None:
    """Whatever a task says."""

    def make(true: True_) -> True_:
        def wrong(self: ResultShelf, storage: Any) -> None:
            true(self, type(storage)())

        return wrong

    plant.around(ResultShelf, "__init__", make)


@defect("KEA-ADM-018", "events are not taken")
def events_are_lost(plant: Plant) -> None:
    """What devices publish is not kept."""
    plant.replace(EventLog, "receive", lambda self, *_: None)


@defect("KEA-ADM-018", "every event is listed under the first device")
def events_of_the_first_device(plant: Plant) -> None:
    """Whoever published it."""

    def make(true: True_) -> True_:
        def wrong(self: EventLog, device: int, received_ms: int, report: EventReport) -> None:
            true(self, 0, received_ms, report)

        return wrong

    plant.around(EventLog, "receive", make)


@defect("KEA-ADM-018", "events are forgotten when the day is over")
def events_are_kept_for_hours(plant: Plant) -> None:
    """Before anybody may have looked."""
    plant.around(
        EventLog,
        "of",
        lambda true: (
            lambda self, device, now_ms: tuple(
                one for one in true(self, device, now_ms) if now_ms < one.received_ms + 12 * 3_600_000
            )
        ),
    )
