"""The tasks of one device: what starts when, what ends how, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import DAY_MS, HOUR_MS, Calendar
from emulator.tasks.device import Execution, Outcome, TaskList, TaskResult
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import MANUAL, MINUTE_MS, Frequency, Schedule
from emulator.tasks.task import (
    Assignment,
    Cause,
    RunTask,
    Scope,
    StopTask,
    Task,
    TaskSettings,
    TaskState,
    TaskType,
    Withdrawal,
)
from emulator.tasks.wall import WallClock
from emulator.updates import UpdateSettings

START = datetime(2026, 3, 2, tzinfo=UTC)
KEY = 0x5EA7_71A1


@dataclass
class Work:
    """An executor of runs that take as long as they are told, and come to what they are told."""

    duration_ms: int = 10 * MINUTE_MS
    result: TaskResult = field(default_factory=TaskResult)
    began: list[tuple[str, int]] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)

    def begin(self, owner: str, task: Task, at_ms: int) -> Execution:
        assert owner == "the device"
        self.began.append((task.name, at_ms))

        def finish(at_ms: int) -> TaskResult:
            self.finished.append(at_ms)
            return self.result

        return Execution(self.duration_ms, finish)


def tasks_of(work: Work, update: Work | None = None, *, running: bool = True) -> TaskList[str]:
    executors = {TaskType.IOC_SCAN: work, TaskType.UPDATE: update or work, TaskType.ACTIVATION: work}
    return TaskList("the device", key=KEY, clock=WallClock(Calendar(START)), executors=executors, running=running)


def assigned(
    tasks: TaskList[str],
    schedule: Schedule = MANUAL,
    *,
    number: int = 1,
    at_ms: int = 0,
    since_ms: int = 0,
    settings: TaskSettings | None = None,
) -> Outcome:
    task = Task(f"task {number}", Scope.local(0), settings or IocScan(), schedule)
    return tasks.take(Assignment(number, 1, task, since_ms), at_ms)


def through(tasks: TaskList[str], until_ms: int) -> list[tuple[int, str, Mapping[str, str | int | bool]]]:
    """Wakes the list whenever it asks for it, and gives what is told: (moment, kind, values)."""
    told = []
    while (due_ms := tasks.due_ms) is not None and due_ms <= until_ms:
        told += [(due_ms, one.kind, one.values) for one in tasks.elapse(due_ms).told]
    return told


def kinds(outcome: Outcome) -> list[str]:
    return [told.kind for told in outcome.told]


def wall(at_ms: int) -> datetime:
    return START.replace(tzinfo=None) + timedelta(milliseconds=at_ms)


def at(at_ms: int, **options: object) -> Schedule:
    return replace(Schedule(start=wall(at_ms)), **options)  # type: ignore[arg-type]  # fields of a schedule


def daily(at_ms: int, **options: object) -> Schedule:
    return at(at_ms, frequency=Frequency.EVERY_DAY, **options)


def test_a_task_without_a_schedule_waits_until_it_is_started() -> None:
    work = Work()
    tasks = tasks_of(work)
    assert kinds(assigned(tasks)) == ["task-assigned"]
    assert tasks.due_ms is None
    assert tasks.state(1) is TaskState.CREATED

    started = tasks.take(RunTask(1), 5 * DAY_MS)
    assert kinds(started) == ["task-started"]
    assert started.told[0].values["cause"] == "manual"
    assert tasks.state(1) is TaskState.RUNNING
    assert tasks.due_ms == 5 * DAY_MS + work.duration_ms
    ended = tasks.elapse(tasks.due_ms)
    assert kinds(ended) == ["task-completed"]
    assert tasks.state(1) is TaskState.COMPLETED
    assert tasks.due_ms is None


def test_a_scheduled_task_starts_at_its_time_and_reports_each_state() -> None:
    tasks = tasks_of(Work())
    assigned(tasks, at(8 * HOUR_MS))
    assert tasks.due_ms == 8 * HOUR_MS
    begun = tasks.elapse(8 * HOUR_MS)
    assert [(report.state, report.at_ms, report.ended) for report in begun.reports] == [
        (TaskState.RUNNING, 8 * HOUR_MS, False)
    ]
    ended = tasks.elapse(9 * HOUR_MS)
    assert [(report.state, report.began_ms, report.ended) for report in ended.reports] == [
        (TaskState.COMPLETED, 8 * HOUR_MS, True)
    ]


def test_a_run_fails_with_the_reason_of_its_executor() -> None:
    tasks = tasks_of(Work(result=TaskResult("no licence", {"files": 3})))
    assigned(tasks)
    tasks.take(RunTask(1), 0)
    failed = tasks.elapse(HOUR_MS)
    assert kinds(failed) == ["task-failed"]
    assert failed.told[0].values["reason"] == "no licence"
    assert failed.reports[0].values == {"files": 3}
    assert tasks.state(1) is TaskState.FAILED


@pytest.mark.parametrize(("minutes", "kind"), [(9, "task-stopped"), (10, "task-completed")])
def test_a_run_is_stopped_only_where_it_takes_longer_than_the_task_allows(minutes: int, kind: str) -> None:
    work = Work(10 * MINUTE_MS)
    tasks = tasks_of(work)
    assigned(tasks, at(MINUTE_MS, stop_if_longer_than_min=minutes))
    told = [(at_ms, name) for at_ms, name, _ in through(tasks, HOUR_MS)]
    assert told == [(MINUTE_MS, "task-started"), ((minutes + 1) * MINUTE_MS, kind)]
    assert bool(work.finished) == (kind == "task-completed")
    assert (tasks.state(1) is TaskState.FAILED_BY_TIMEOUT) == (kind == "task-stopped")


def test_a_run_that_is_stopped_by_hand_comes_to_nothing() -> None:
    work = Work()
    tasks = tasks_of(work)
    assigned(tasks)
    tasks.take(RunTask(1), 0)
    assert kinds(tasks.take(StopTask(1), MINUTE_MS)) == ["task-stopped"]
    assert tasks.state(1) is TaskState.SUSPENDED
    assert tasks.due_ms is None
    assert not work.finished
    assert kinds(tasks.take(StopTask(1), 2 * MINUTE_MS)) == []


def test_tasks_run_side_by_side_and_each_of_them_once_at_a_time() -> None:
    work = Work(90 * MINUTE_MS)
    tasks = tasks_of(work)
    hourly = at(0, frequency=Frequency.EVERY_HOUR)
    assigned(tasks, hourly, number=1)
    assigned(tasks, at(30 * MINUTE_MS), number=2)
    told = through(tasks, 2 * HOUR_MS)
    assert work.began == [("task 1", 0), ("task 2", 30 * MINUTE_MS), ("task 1", 2 * HOUR_MS)]
    missed = [(at_ms, values["reason"]) for at_ms, kind, values in told if kind == "task-missed"]
    assert missed == [(HOUR_MS, "it runs already")]


def test_a_withdrawn_task_ends_and_never_starts_again() -> None:
    work = Work()
    tasks = tasks_of(work)
    assigned(tasks, daily(0))
    assert work.began == [("task 1", 0)]
    assert kinds(tasks.take(Withdrawal(1), MINUTE_MS)) == ["task-stopped", "task-withdrawn"]
    assert (len(tasks), tasks.due_ms, tasks.state(1)) == (0, None, None)
    for news in (Withdrawal(1), RunTask(1), StopTask(1)):
        assert tasks.take(news, 2 * MINUTE_MS) == Outcome()


# --- missed runs -----------------------------------------------------------------------------------------------------


def stopped_over_three_starts(schedule: Schedule) -> tuple[TaskList[str], Outcome]:
    tasks = tasks_of(Work())
    assigned(tasks, schedule)
    tasks.halted(HOUR_MS)
    assert tasks.due_ms is None
    return tasks, tasks.launched(3 * DAY_MS + HOUR_MS)


def test_missed_starts_are_told_and_wait_for_the_next_time() -> None:
    tasks, launched = stopped_over_three_starts(daily(8 * HOUR_MS))
    assert kinds(launched) == ["task-missed"]
    values = launched.told[0].values
    assert (values["count"], values["run"]) == (3, False)
    assert tasks.due_ms == 3 * DAY_MS + 8 * HOUR_MS


def test_missed_starts_are_made_up_for_by_one_run_where_the_schedule_asks_for_it() -> None:
    tasks, launched = stopped_over_three_starts(daily(8 * HOUR_MS, run_missed=True))
    assert kinds(launched) == ["task-missed", "task-started"]
    assert launched.told[1].values["cause"] == "missed-run"
    assert [name for _, name, _ in through(tasks, 3 * DAY_MS + 9 * HOUR_MS)].count("task-started") == 1


def test_nothing_is_made_up_for_once_the_schedule_is_cancelled() -> None:
    _, launched = stopped_over_three_starts(daily(8 * HOUR_MS, run_missed=True, cancel_from=date(2026, 3, 4)))
    assert kinds(launched) == ["task-missed"]
    assert launched.told[0].values["count"] == 2


def test_a_start_that_passed_before_the_task_arrived_is_missed() -> None:
    late = tasks_of(Work())
    assert kinds(assigned(late, at(HOUR_MS), at_ms=2 * HOUR_MS, since_ms=0)) == ["task-assigned", "task-missed"]
    assert late.due_ms is None
    eager = tasks_of(Work())
    outcome = assigned(eager, at(HOUR_MS, run_missed=True), at_ms=2 * HOUR_MS, since_ms=0)
    assert kinds(outcome) == ["task-assigned", "task-missed", "task-started"]


def test_a_start_from_before_the_task_was_made_is_none() -> None:
    tasks = tasks_of(Work())
    assert kinds(assigned(tasks, at(HOUR_MS, run_missed=True), at_ms=3 * HOUR_MS, since_ms=2 * HOUR_MS)) == [
        "task-assigned"
    ]


def test_an_order_that_finds_endpoint_agent_stopped_is_missed() -> None:
    tasks = tasks_of(Work(), running=False)
    assigned(tasks)
    assert kinds(tasks.take(RunTask(1), MINUTE_MS)) == ["task-missed"]
    assert tasks.state(1) is TaskState.CREATED


def test_a_run_fails_when_endpoint_agent_stops() -> None:
    work = Work()
    tasks = tasks_of(work)
    assigned(tasks, at(0, run_missed=True))
    assert kinds(tasks.halted(MINUTE_MS)) == ["task-failed"]
    assert kinds(tasks.launched(HOUR_MS)) == []  # it had started in time
    assert not work.finished


# --- what waits for something ----------------------------------------------------------------------------------------


def test_a_launch_starts_what_waits_for_it() -> None:
    tasks = tasks_of(Work())
    assigned(tasks, Schedule(frequency=Frequency.ON_APPLICATION_LAUNCH))
    assert tasks.due_ms is None
    tasks.halted(HOUR_MS)
    launched = tasks.launched(2 * HOUR_MS)
    assert kinds(launched) == ["task-started"]
    assert launched.told[0].values["cause"] == "application-launch"


def test_a_finished_database_update_starts_what_waits_for_it_and_a_failed_one_does_not() -> None:
    scan, update = Work(), Work(result=TaskResult("no source answers"))
    tasks = tasks_of(scan, update)
    assigned(tasks, Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE), number=1)
    assigned(tasks, number=2, settings=UpdateSettings())
    tasks.take(RunTask(2), 0)
    through(tasks, HOUR_MS)
    assert not scan.began
    update.result = TaskResult(databases_updated=True)
    tasks.take(RunTask(2), HOUR_MS)
    through(tasks, 2 * HOUR_MS)
    assert scan.began == [("task 1", HOUR_MS + update.duration_ms)]
    assert kinds(tasks.databases_updated(3 * HOUR_MS)) == ["task-started"]


def test_what_waits_for_something_is_cancelled_as_well() -> None:
    tasks = tasks_of(Work())
    assigned(tasks, Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE, cancel_from=date(2026, 3, 3)))
    assert kinds(tasks.databases_updated(HOUR_MS)) == ["task-started"]
    assert kinds(tasks.databases_updated(DAY_MS)) == ["task-completed"]


# --- changes and chance ----------------------------------------------------------------------------------------------


def test_a_change_holds_at_the_next_run() -> None:
    work = Work()
    tasks = tasks_of(work)
    assigned(tasks, daily(0))
    longer = Task("task 1", Scope.local(0), IocScan(), daily(2 * HOUR_MS, stop_if_longer_than_min=1))
    assert kinds(tasks.take(Assignment(1, 2, longer, MINUTE_MS), MINUTE_MS)) == ["task-assigned"]
    told = [(at_ms, kind) for at_ms, kind, _ in through(tasks, 3 * HOUR_MS)]
    assert told == [
        (10 * MINUTE_MS, "task-completed"),
        (2 * HOUR_MS, "task-started"),
        (2 * HOUR_MS + MINUTE_MS, "task-stopped"),
    ]


def test_a_change_of_something_else_keeps_the_next_start() -> None:
    tasks = tasks_of(Work())
    assigned(tasks, daily(HOUR_MS, randomise_within_min=60))
    due_ms = tasks.due_ms
    assert due_ms is not None
    assert HOUR_MS < due_ms < 2 * HOUR_MS
    renamed = Task("renamed", Scope.local(0), IocScan(), daily(HOUR_MS, randomise_within_min=60))
    tasks.take(Assignment(1, 2, renamed, due_ms - 1), due_ms - 1)
    assert tasks.due_ms == due_ms


def test_a_start_that_is_put_off_is_not_missed_before_its_moment() -> None:
    tasks = tasks_of(Work())
    assigned(tasks, daily(HOUR_MS, randomise_within_min=60))
    due_ms = tasks.due_ms
    assert due_ms is not None
    tasks.halted(MINUTE_MS)
    assert kinds(tasks.launched(due_ms - 1)) == []
    assert tasks.due_ms == due_ms
    tasks.halted(due_ms - 1)
    assert kinds(tasks.launched(due_ms + 1)) == ["task-missed"]


# --- any story -------------------------------------------------------------------------------------------------------

SCHEDULES = st.sampled_from(
    [
        MANUAL,
        at(5 * HOUR_MS, run_missed=True),
        at(0, frequency=Frequency.EVERY_HOUR, interval=3, randomise_within_min=400, run_missed=True),
        daily(HOUR_MS, stop_if_longer_than_min=5),
        daily(HOUR_MS, run_missed=True, cancel_from=date(2026, 3, 5)),
        Schedule(frequency=Frequency.ON_APPLICATION_LAUNCH, randomise_within_min=30),
        Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE),
    ]
)
DEEDS = st.lists(
    st.tuples(st.integers(0, 20 * HOUR_MS), st.sampled_from(("run", "stop", "halt", "launch", "update", "change"))),
    max_size=20,
)
ENDED = {TaskState.COMPLETED, TaskState.FAILED, TaskState.SUSPENDED, TaskState.FAILED_BY_TIMEOUT}


@settings(deadline=None, max_examples=150)
@given(SCHEDULES, SCHEDULES, DEEDS, st.sampled_from([0, 10 * MINUTE_MS, 5 * HOUR_MS]))
def test_whatever_happens_runs_begin_and_end_in_turn(
    one: Schedule, other: Schedule, deeds: list[tuple[int, str]], duration_ms: int
) -> None:
    work = Work(duration_ms)
    tasks = tasks_of(work)
    reports = [*assigned(tasks, one).reports]
    now_ms, running, planned = 0, True, one

    for revision, (pause_ms, deed) in enumerate(deeds, 2):
        now_ms += pause_ms
        while (due_ms := tasks.due_ms) is not None and due_ms <= now_ms:
            reports += tasks.elapse(due_ms).reports
        if deed == "change":
            planned = other if planned is one else one
            task = Task("task 1", Scope.local(0), IocScan(), planned)
            reports += tasks.take(Assignment(1, revision, task, now_ms), now_ms).reports
        elif deed in ("run", "stop"):
            reports += tasks.take(RunTask(1) if deed == "run" else StopTask(1), now_ms).reports
        elif deed == "halt" and running:
            running = False
            reports += tasks.halted(now_ms).reports
        elif deed == "launch" and not running:
            running = True
            reports += tasks.launched(now_ms).reports
        elif deed == "update" and running:
            reports += tasks.databases_updated(now_ms).reports

    assert [report.at_ms for report in reports] == sorted(report.at_ms for report in reports)
    running_since: int | None = None
    began = []
    for report in (report for report in reports if report.began_ms is not None):
        assert running_since in (None, report.began_ms)
        if running_since is None:
            assert report.state is TaskState.RUNNING
            began.append(report.began_ms)
        running_since = None if report.ended else report.began_ms
        assert report.state in ENDED or not report.ended
    assert began == [at_ms for _, at_ms in work.began]
    if one.cancel_from and "change" not in [deed for _, deed in deeds]:
        by_itself = [report for report in reports if report.cause in (Cause.SCHEDULE, Cause.MISSED)]
        assert all(report.began_ms is not None and report.began_ms < 3 * DAY_MS for report in by_itself)
