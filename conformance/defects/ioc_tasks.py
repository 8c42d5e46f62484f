"""Defects of what IOC Scan tasks look at, and of what they do about it."""

from collections.abc import Callable
from typing import Any

from conformance.planting import Plant, defect
from emulator.clock import Rank
from emulator.control import EndpointAgent, Sweeps, SweepTask
from fakes.central_node import CentralNode

True_ = Callable[..., Any]


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
