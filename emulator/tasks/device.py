"""The tasks of one device: which it holds, when they start and end there, and what is told of it.

Pure: a list is told what happens to the device and when, and gives back what is to be told. Its owner wakes it at
`due_ms` with `elapse`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from emulator.ioc.card import Card
from emulator.tasks.schedule import MINUTE_MS, Frequency, Timetable, timetable
from emulator.tasks.task import (
    Assignment,
    Cause,
    RunTask,
    StopTask,
    Task,
    TaskNews,
    TaskReport,
    TaskState,
    TaskType,
    Withdrawal,
)
from emulator.tasks.wall import WallClock
from emulator.told import Severity, Told

INTERRUPTED: Final = "Endpoint Agent was stopped"
"""Why a run failed during which Endpoint Agent ended."""
NOT_RUNNING: Final = "Endpoint Agent does not run"
"""Why an order to run a task came to nothing."""

Owner = TypeVar("Owner", contravariant=True)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of a run that came to its end: `reason` is why it failed, empty where it did not.

    `databases_updated` starts what waits for that, `cards` are of detected indicators.
    """

    reason: str = ""
    values: Mapping[str, str | int | bool] = field(default_factory=dict)
    told: tuple[Told, ...] = ()
    databases_updated: bool = False
    cards: tuple[Card, ...] = ()


NOTHING: Final = TaskResult()


@dataclass(frozen=True, slots=True)
class Execution:
    """A run that has begun: how long it takes, and what makes it come to its end at a moment.

    One that is stopped before is never finished: then nothing of it takes effect.
    """

    duration_ms: int
    finish: Callable[[int], TaskResult]
    told: tuple[Told, ...] = ()


class Executor(Protocol[Owner]):
    """What tasks of one type do."""

    def begin(self, owner: Owner, task: Task, at_ms: int) -> Execution:
        """Begins a run on the device of `owner`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What something came to: what is told, and what the Administration Server is to know, each in order."""

    told: tuple[Told, ...] = ()
    reports: tuple[TaskReport, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pending:
    begins_ms: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class _Run:
    began_ms: int
    cause: Cause
    execution: Execution
    stops_ms: int | None

    @property
    def ends_ms(self) -> int:
        finishes_ms = self.began_ms + self.execution.duration_ms
        return finishes_ms if self.stops_ms is None else min(finishes_ms, self.stops_ms)

    @property
    def overruns(self) -> bool:
        return self.ends_ms < self.began_ms + self.execution.duration_ms


@dataclass(slots=True)
class _Held:
    """A task on the device. `covered_ms`: up to there every planned start has been started, missed, or is pending."""

    assignment: Assignment
    timetable: Timetable
    covered_ms: int
    state: TaskState = TaskState.CREATED
    pending: _Pending | None = None
    run: _Run | None = None

    @property
    def task(self) -> Task:
        return self.assignment.task

    def waits_for(self, frequency: Frequency) -> bool:
        return self.task.schedule.run_by_schedule and self.task.schedule.frequency is frequency


class TaskList(Generic[Owner]):
    """The tasks of the device of `owner`; `key` is the device's, `clock` the one on its wall.

    A task is created, then running, then completed, failed (also by its time-out) or suspended, then running again.
    Tasks run side by side, each once at a time.

    `running` tells whether Endpoint Agent runs at the start. Network Agent takes news from the Administration Server
    also while it does not, and reports what has come of tasks. Moments are given in ascending order.
    """

    def __init__(
        self,
        owner: Owner,
        *,
        key: int,
        clock: WallClock,
        executors: Mapping[TaskType, Executor[Owner]],
        running: bool = True,
    ) -> None:
        self._owner = owner
        self._key = key
        self._clock = clock
        self._executors = executors
        self._running = running
        self._held: dict[int, _Held] = {}
        self._told: list[Told] = []
        self._reports: list[TaskReport] = []

    def __len__(self) -> int:
        return len(self._held)

    @property
    def due_ms(self) -> int | None:
        """The next moment at which something happens by itself, None where nothing will."""
        return min((at_ms for at_ms, _, _ in self._due()), default=None)

    def state(self, number: int) -> TaskState | None:
        """The state of a task here, None where the device does not hold it."""
        held = self._held.get(number)
        return None if held is None else held.state

    def elapse(self, at_ms: int) -> Outcome:
        """Lets everything happen that is due until a moment, in its order; what is told is of that moment."""
        self._elapse(at_ms)
        return self._handed_over()

    def take(self, news: TaskNews, at_ms: int) -> Outcome:
        """Takes something from the Administration Server. What is not held (any more) cannot be run or stopped."""
        self._elapse(at_ms)
        held = self._held.get(news.number)
        match news:
            case Assignment():
                self._assign(news, held, at_ms)
            case Withdrawal() if held is not None:
                self._withdraw(held, at_ms)
            case RunTask() if held is not None:
                self._run_by_hand(held, at_ms)
            case StopTask() if held is not None and held.run is not None:
                self._end(held, at_ms, TaskState.SUSPENDED, TaskResult("stopped by hand"))
        self._elapse(at_ms)
        return self._handed_over()

    def launched(self, at_ms: int) -> Outcome:
        """Endpoint Agent starts: missed runs are run or told, and what waits for the launch starts (KEA-TAS-021)."""
        self._running = True
        for held in self._in_order():
            self._catch_up(held, at_ms)
            if held.waits_for(Frequency.ON_APPLICATION_LAUNCH):
                self._trigger(held, at_ms, Cause.LAUNCH)
        self._elapse(at_ms)
        return self._handed_over()

    def halted(self, at_ms: int) -> Outcome:
        """Endpoint Agent stops, crashes, or the device goes off: what runs has failed."""
        self._elapse(at_ms)
        for held in self._in_order():
            if held.run is not None:
                self._end(held, at_ms, TaskState.FAILED, TaskResult(INTERRUPTED))
        self._running = False
        return self._handed_over()

    def databases_updated(self, at_ms: int) -> Outcome:
        """The databases have been updated by other means than a task of the list (KEA-TAS-022)."""
        self._elapse(at_ms)
        self._after_update(at_ms)
        self._elapse(at_ms)
        return self._handed_over()

    # --- what happens by itself --------------------------------------------------------------------------------------

    def _due(self) -> Iterator[tuple[int, int, int]]:
        """(moment, 0 for an end and 1 for a beginning, task) of what happens next to each task."""
        if not self._running:
            return
        for number, held in self._held.items():
            if held.run is not None:
                yield held.run.ends_ms, 0, number
            if held.pending is not None:
                yield held.pending.begins_ms, 1, number

    def _elapse(self, at_ms: int) -> None:
        while (first := min(self._due(), default=None)) is not None and first[0] <= at_ms:
            moment_ms, beginning, number = first
            held = self._held[number]
            if beginning:
                self._begin_pending(held, moment_ms)
            else:
                self._finish(held, moment_ms)

    def _begin_pending(self, held: _Held, at_ms: int) -> None:
        pending, held.pending = held.pending, None
        assert pending is not None
        if held.run is None:
            self._begin(held, pending.cause, at_ms)
        else:
            self._tell("task-missed", held, Severity.WARNING, count=1, reason="it runs already", run=False)
        self._plan(held, at_ms)

    def _begin(self, held: _Held, cause: Cause, at_ms: int) -> None:
        execution = self._executors[held.task.type].begin(self._owner, held.task, at_ms)
        limit_min = held.task.schedule.stop_if_longer_than_min
        stops_ms = None if limit_min is None else at_ms + limit_min * MINUTE_MS
        held.run = _Run(at_ms, cause, execution, stops_ms)
        self._enter(held, TaskState.RUNNING, at_ms)
        self._tell("task-started", held, Severity.INFO, cause=cause.value, account=held.task.account)
        self._told += execution.told

    def _finish(self, held: _Held, at_ms: int) -> None:
        run = held.run
        assert run is not None
        if run.overruns:
            self._end(held, at_ms, TaskState.FAILED_BY_TIMEOUT, TaskResult("it ran longer than the task allows"))
            return
        result = run.execution.finish(at_ms)
        self._told += result.told
        state = TaskState.FAILED if result.reason else TaskState.COMPLETED
        self._end(held, at_ms, state, result)
        if result.databases_updated:
            self._after_update(at_ms)

    def _after_update(self, at_ms: int) -> None:
        for held in self._in_order():
            if held.waits_for(Frequency.AFTER_DATABASE_UPDATE):
                self._trigger(held, at_ms, Cause.UPDATE)

    # --- planning ----------------------------------------------------------------------------------------------------

    def _plan(self, held: _Held, now_ms: int) -> None:
        """Makes the next planned start pending, unless one is."""
        if held.pending is not None:
            return
        planned_ms = held.timetable.next_start(held.covered_ms)
        if planned_ms is not None:
            held.covered_ms = planned_ms
            # A start that was put off for longer than the interval comes to the next one's moment.
            begins_ms = max(now_ms, planned_ms + self._put_off_ms(held, planned_ms))
            held.pending = _Pending(begins_ms, Cause.SCHEDULE)

    def _trigger(self, held: _Held, at_ms: int, cause: Cause) -> None:
        """Something happened that a task waits for; a start that is pending already is not doubled."""
        if held.pending is None and not held.timetable.cancelled(at_ms):
            held.pending = _Pending(at_ms + self._put_off_ms(held, at_ms), cause)

    def _put_off_ms(self, held: _Held, planned_ms: int) -> int:
        return held.task.schedule.put_off_ms(self._key, held.task.name, planned_ms)

    def _catch_up(self, held: _Held, at_ms: int) -> None:
        """Starts that were planned while the device could not know of them or not run them are missed."""
        missed = 0
        if held.pending is not None and held.pending.begins_ms < at_ms:
            missed += held.pending.cause is not Cause.LAUNCH  # a launch comes with the next one
            held.pending = None
        last_ms = held.timetable.last_start(at_ms)
        if last_ms is not None and last_ms > held.covered_ms:
            missed += held.timetable.starts_within(held.covered_ms, at_ms)
            held.covered_ms = last_ms
            begins_ms = last_ms + self._put_off_ms(held, last_ms)
            if begins_ms >= at_ms and held.pending is None:
                held.pending = _Pending(begins_ms, Cause.SCHEDULE)
                missed -= 1
        if missed:
            self._miss(held, missed, at_ms)
        self._plan(held, at_ms)

    def _miss(self, held: _Held, count: int, at_ms: int) -> None:
        """Starts were missed; they are made up for by one run, where the schedule asks for it and still holds."""
        again = held.task.schedule.run_missed and self._running and not held.timetable.cancelled(at_ms)
        self._tell("task-missed", held, Severity.WARNING, count=count, reason="it could not start in time", run=again)
        if again and held.run is None:
            self._begin(held, Cause.MISSED, at_ms)

    # --- news --------------------------------------------------------------------------------------------------------

    def _assign(self, assignment: Assignment, held: _Held | None, at_ms: int) -> None:
        planned = timetable(assignment.task.schedule, self._clock)
        if held is None:
            held = _Held(assignment, planned, assignment.since_ms - 1)
            self._held[assignment.number] = held
        else:
            # What the schedule planned before was of the old one, and has had its turn.
            kept = held.assignment.task.schedule == assignment.task.schedule
            held.assignment, held.timetable = assignment, planned
            if not kept:
                held.pending, held.covered_ms = None, at_ms - 1
        self._tell("task-assigned", held, None, revision=assignment.revision)
        self._report(held, held.state, at_ms)
        if self._running:
            self._catch_up(held, at_ms)

    def _withdraw(self, held: _Held, at_ms: int) -> None:
        if held.run is not None:
            self._end(held, at_ms, TaskState.SUSPENDED, TaskResult("the task was deleted"))
        del self._held[held.assignment.number]
        self._tell("task-withdrawn", held, None)

    def _run_by_hand(self, held: _Held, at_ms: int) -> None:
        """Started by hand, with or without a schedule (KEA-TAS-011, KEA-TAS-012)."""
        if not self._running:
            # Network Agent has the order, and nobody to give it to.
            self._tell("task-missed", held, Severity.WARNING, count=1, reason=NOT_RUNNING, run=False)
        elif held.run is None:
            self._begin(held, Cause.MANUAL, at_ms)

    # --- telling -----------------------------------------------------------------------------------------------------

    def _in_order(self) -> list[_Held]:
        return [self._held[number] for number in sorted(self._held)]

    def _end(
        self,
        held: _Held,
        at_ms: int,
        state: TaskState,
        result: TaskResult = NOTHING,
    ) -> None:
        """Ends the run of a task."""
        run = held.run
        assert run is not None
        self._enter(held, state, at_ms, result)
        held.run = None
        kind, severity = _ENDS[state]
        about = {"reason": result.reason} if result.reason else {}
        self._tell(kind, held, severity, duration_ms=at_ms - run.began_ms, cause=run.cause.value, **about)

    def _enter(
        self,
        held: _Held,
        state: TaskState,
        at_ms: int,
        result: TaskResult = NOTHING,
    ) -> None:
        held.state = state
        self._report(held, state, at_ms, result)

    def _report(
        self,
        held: _Held,
        state: TaskState,
        at_ms: int,
        result: TaskResult = NOTHING,
    ) -> None:
        run = held.run
        number, revision = held.assignment.number, held.assignment.revision
        began_ms, cause = (None, None) if run is None else (run.began_ms, run.cause)
        told = (result.reason, result.values, result.cards)
        self._reports.append(TaskReport(number, revision, state, at_ms, began_ms, cause, *told))

    def _tell(self, kind: str, held: _Held, severity: Severity | None, **values: str | int | bool) -> None:
        about = {"task": held.task.name, "type": held.task.type.value}
        self._told.append(Told(kind, {**about, **values}, severity))

    def _handed_over(self) -> Outcome:
        outcome = Outcome(tuple(self._told), tuple(self._reports))
        self._told.clear()
        self._reports.clear()
        return outcome


_ENDS: Final[Mapping[TaskState, tuple[str, Severity]]] = {
    TaskState.COMPLETED: ("task-completed", Severity.INFO),
    TaskState.FAILED: ("task-failed", Severity.FAILURE),
    TaskState.FAILED_BY_TIMEOUT: ("task-stopped", Severity.WARNING),
    TaskState.SUSPENDED: ("task-stopped", Severity.WARNING),
}
"""What is told of a run that has ended in a state; the severities are the emulator's."""
