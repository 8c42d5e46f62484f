"""Defects of schedules: what can be set, and when devices start by them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.clock import DAY_MS, HOUR_MS
from emulator.tasks import device
from emulator.tasks.device import TaskList
from emulator.tasks.schedule import TRIGGERED, Frequency, Schedule, Timetable, Weekday
from emulator.tasks.task import Task
from fakes.administration import TaskProperties, TaskStore
from scenarios.task_operations import TaskOperations

True_ = Callable[..., Any]


def planned(plant: Plant, other: Callable[[Schedule], Schedule]) -> None:
    """Has devices follow another schedule than the one of a task."""
    plant.around(device, "timetable", lambda true: lambda schedule, clock: true(other(schedule), clock))


def of(which: Frequency, **more: Any) -> Callable[[Schedule], Schedule]:
    """What changes schedules of one frequency."""
    return lambda schedule: replace(schedule, **more) if schedule.frequency is which else schedule


@defect("KEA-TAS-014", "a task without the option is stored with it")
def option_is_always_on(plant: Plant) -> None:
    """It waits for the launch."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task, **more: Any) -> Any:
            if not task.schedule.run_by_schedule:
                task = replace(task, schedule=Schedule(frequency=Frequency.ON_APPLICATION_LAUNCH))
            return true(self, task, **more)

        return wrong

    plant.around(TaskStore, "create", make)


@defect("KEA-TAS-015", "what waits for the launch is stored as waiting for an update")
def launch_is_stored_as_update(plant: Plant) -> None:
    """One of the six is missing."""

    def make(true: True_) -> True_:
        def wrong(self: TaskStore, task: Task, **more: Any) -> Any:
            if task.schedule.frequency is Frequency.ON_APPLICATION_LAUNCH:
                task = replace(task, schedule=Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE))
            return true(self, task, **more)

        return wrong

    plant.around(TaskStore, "create", make)


@defect("KEA-TAS-016", "a specified time comes again every day")
def specified_time_comes_again(plant: Plant) -> None:
    """As if the day were not given."""
    planned(plant, of(Frequency.AT_SPECIFIED_TIME, frequency=Frequency.EVERY_DAY))


@defect("KEA-TAS-016", "a specified time is an hour late")
def specified_time_is_late(plant: Plant) -> None:
    """Its start."""
    plant.around(Timetable, "next_start", lambda true: lambda self, after_ms: _later(true(self, after_ms)))


def _later(at_ms: int | None) -> int | None:
    return None if at_ms is None else at_ms + HOUR_MS


@defect("KEA-TAS-017", "the interval of hours is not looked at")
def every_single_hour(plant: Plant) -> None:
    """It starts every hour."""
    planned(plant, of(Frequency.EVERY_HOUR, interval=1))


@defect("KEA-TAS-018", "the interval of days is not looked at")
def every_single_day(plant: Plant) -> None:
    """It starts every day."""
    planned(plant, of(Frequency.EVERY_DAY, interval=1))


@defect("KEA-TAS-019", "only the first of the chosen weekdays counts")
def one_weekday_only(plant: Plant) -> None:
    """There is one start in a week."""
    planned(
        plant,
        lambda schedule: replace(schedule, weekdays=schedule.weekdays[:1]) if schedule.weekdays else schedule,
    )


@defect("KEA-TAS-019", "every day of the week counts")
def every_weekday(plant: Plant) -> None:
    """Whichever were chosen."""
    planned(plant, of(Frequency.EVERY_WEEK, weekdays=tuple(Weekday)))


@defect("KEA-TAS-020", "a recurring schedule applies from the day before its date on")
def recurring_begins_early(plant: Plant) -> None:
    """Its date is not waited for."""

    def make(true: True_) -> True_:
        def wrong(self: Timetable, after_ms: int) -> int | None:
            next_ms: int | None = true(self, after_ms + DAY_MS)
            recurring = self.schedule.frequency not in (*TRIGGERED, Frequency.AT_SPECIFIED_TIME)
            return next_ms - DAY_MS if recurring and next_ms is not None else true(self, after_ms)

        return wrong

    plant.around(Timetable, "next_start", make)


def unwaited(plant: Plant, overlooked: Frequency) -> None:
    """Has devices overlook what a task waits for."""

    def make(true: True_) -> True_:
        return lambda self, frequency: frequency is not overlooked and true(self, frequency)

    plant.around(device._Held, "waits_for", make)


@defect("KEA-TAS-021", "a launch starts no task")
def launch_starts_nothing(plant: Plant) -> None:
    """What waits for it goes on waiting."""
    unwaited(plant, Frequency.ON_APPLICATION_LAUNCH)


@defect("KEA-TAS-022", "a database update starts no task")
def update_starts_nothing(plant: Plant) -> None:
    """What waits for it goes on waiting."""
    unwaited(plant, Frequency.AFTER_DATABASE_UPDATE)


@defect("KEA-TAS-022", "what waits for an update starts when any task begins")
def update_is_not_waited_for(plant: Plant) -> None:
    """Before there are newer databases."""

    def make(true: True_) -> True_:
        def wrong(self: TaskList[Any], held: Any, *given: Any) -> None:
            true(self, held, *given)
            if not held.waits_for(Frequency.AFTER_DATABASE_UPDATE):
                self._after_update(given[-1] - HOUR_MS)

        return wrong

    plant.around(TaskList, "_begin", make)


@defect("KEA-TAS-024", "a confirmed schedule stays at the server")
def schedule_stays_at_the_server(plant: Plant) -> None:
    """Devices go on with the one they have."""

    def make(true: True_) -> True_:
        def wrong(self: TaskProperties, *, at_ms: int) -> Any:
            true(self, at_ms=at_ms)
            return ()

        return wrong

    plant.around(TaskProperties, "apply", make)


@defect("KEA-TAS-024", "a schedule holds before it is confirmed")
def schedule_needs_no_confirmation(plant: Plant) -> None:
    """As soon as the server has it."""
    plant.around(
        TaskOperations,
        "_change",
        lambda true: lambda self, action, *more: true(self, action.model_copy(update={"apply": True}), *more),
    )
