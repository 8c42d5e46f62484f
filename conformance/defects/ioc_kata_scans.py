"""Defects of scans by IOC files that were loaded at the Central Node."""

from dataclasses import replace
from typing import Any

from conformance.defects.ioc_tasks import True_
from conformance.planting import Plant, defect
from emulator.components.central import CentralTasks
from emulator.tasks.central import CentralTask, ScanForIndicators
from emulator.telemetry.block import Block
from emulator.telemetry.database import EventDatabase


def done(plant: Plant, change: Any) -> None:
    """Has devices carry out another task than the one that they took: (task, whether its time has come) → both."""

    def make(true: True_) -> True_:
        def wrong(self: CentralTasks, agent: Any, at_ms: int, task: CentralTask, *, planned: bool = False) -> Any:
            task, planned = change(task, planned)
            return true(self, agent, at_ms, task, planned=planned)

        return wrong

    plant.around(CentralTasks, "_done", make)


@defect("KEA-IOC-012", "the Central Node searches devices alone")
def events_are_not_searched(plant: Plant) -> None:
    """And none of the events that it holds."""
    plant.replace(EventDatabase, "matches", lambda *_: iter(()))


@defect("KEA-IOC-012", "events match that the Central Node does not hold")
def events_on_devices_are_searched(plant: Plant) -> None:
    """Wherever they are."""
    plant.replace(Block, "delivered_all", lambda *_: True)


@defect("KEA-IOC-013", "devices scan as soon as they have a task")
def schedule_of_the_central_node_is_ignored(plant: Plant) -> None:
    """Whatever its schedule."""
    done(plant, lambda task, _: (task, True))


@defect("KEA-IOC-013", "a schedule of the Central Node holds once")
def schedule_of_the_central_node_holds_once(plant: Plant) -> None:
    """After the first scan there is no other."""
    planned: set[tuple[int, str]] = set()

    def make(true: True_) -> True_:
        def wrong(self: CentralTasks, agent: Any, at_ms: int, task: CentralTask, *given: Any) -> None:
            if (agent.device, task.name) not in planned:
                planned.add((agent.device, task.name))
                true(self, agent, at_ms, task, *given)

        return wrong

    plant.around(CentralTasks, "_plan", make)


@defect("KEA-IOC-023", "a scan by schedule looks for nothing")
def scans_by_schedule_have_no_files(plant: Plant) -> None:
    """What was loaded for it is lost."""

    def change(task: CentralTask, planned: bool) -> tuple[CentralTask, bool]:
        if isinstance(task.work, ScanForIndicators) and planned:
            task = replace(task, work=replace(task.work, files=()))
        return task, planned

    done(plant, change)


@defect("KEA-IOC-023", "scans without a schedule are not taken")
def scans_without_a_schedule_are_not_taken(plant: Plant) -> None:
    """They wait for one."""

    def make(true: True_) -> True_:
        def wrong(self: CentralTasks, agent: Any, at_ms: int, task: CentralTask) -> None:
            if not isinstance(task.work, ScanForIndicators) or task.work.schedule is not None:
                true(self, agent, at_ms, task)

        return wrong

    plant.around(CentralTasks, "carry_out", make)
