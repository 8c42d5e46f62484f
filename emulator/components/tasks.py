"""Tasks of an Endpoint Agent: its list, what it tells of it, and when it goes on."""

from collections.abc import Mapping
from typing import Any, Protocol

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.tasks.device import Executor, Outcome, TaskList
from emulator.tasks.task import TaskNews, TaskType
from emulator.tasks.wall import WallClock


class Changed(Protocol):
    """Who looks at what tasks have done to the device."""

    def after_tasks(self, at_ms: int) -> None:
        """Tasks may have changed licence and databases."""


class Tasks(Part):
    """The tasks of one device, woken at the moments at which something happens to them by itself.

    `owner` is what executors work on, `key` the device's, `clock` the one on its wall.
    """

    def __init__(
        self,
        agent: EndpointAgent,
        owner: Changed,
        *,
        key: int,
        clock: WallClock,
        executors: Mapping[TaskType, Executor[Any]],  # of owner, whose type only they need
        running: bool,
    ) -> None:
        self._agent = agent
        self._owner = owner
        self._list: TaskList[Any] = TaskList(owner, key=key, clock=clock, executors=executors, running=running)
        self._alarm = Alarm(agent, lambda at_ms: self._tell(self._list.elapse(at_ms), at_ms))

    def __len__(self) -> int:
        return len(self._list)

    def take(self, news: TaskNews, at_ms: int) -> None:
        """Takes something from the Administration Server."""
        self._tell(self._list.take(news, at_ms), at_ms)

    def started(self, at_ms: int) -> None:
        """Tasks that wait for the launch start, missed ones are made up for (KEA-TAS-021)."""
        self._tell(self._list.launched(at_ms), at_ms)

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """What runs has failed."""
        self._tell(self._list.halted(at_ms), at_ms)

    def _tell(self, outcome: Outcome, at_ms: int) -> None:
        self._agent.tell(at_ms, outcome.told)
        for report in outcome.reports:
            self._agent.report(at_ms, report)
        self._alarm.set(self._list.due_ms)
        self._owner.after_tasks(at_ms)
