"""The tasks of the Administration Server: whom each is for, what devices hear of it, what is kept of its results."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock import DAY_MS, HOUR_MS
from emulator.policy.errors import GroupError
from emulator.policy.groups import ROOT, GroupTree
from emulator.ports import I64
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import MANUAL, Frequency, Schedule
from emulator.tasks.task import (
    Assignment,
    HostState,
    RunTask,
    Scope,
    StopTask,
    Storage,
    Task,
    TaskError,
    TaskReport,
    TaskSettings,
    TaskState,
    TaskType,
)
from emulator.updates import Source, SourceKind, UpdateSettings
from emulator.world import News
from fakes.administration.roles import AccessControl, AccessError, Account, Grant, Right, Role
from fakes.administration.server import AdministrationServer
from fakes.administration.tasks import TaskStore, advice
from fakes.faults import FaultSchedule
from tests.fakes.batches import column, keys

HQ, OFFICE, LAB = f"{ROOT}/HQ", f"{ROOT}/HQ/Office", f"{ROOT}/HQ/Lab"


class Fleet:
    """Devices 0 and 1 are in the office, 2 in the lab, 3 in the headquarters, 4 in the root."""

    def __init__(self) -> None:
        self.tree = GroupTree([OFFICE, LAB])
        self.home = [OFFICE, OFFICE, LAB, HQ, ROOT]

    def inside(self, groups: Collection[str]) -> I64:
        return np.flatnonzero([group in groups for group in self.home]).astype(np.int64)

    def groups_of(self, devices: I64) -> Sequence[str]:
        return sorted({self.home[device] for device in devices.tolist()})


def task(name: str = "scan", scope: Scope | None = None, about: TaskSettings | None = None, **options: object) -> Task:
    made = Task(name, scope or Scope.of_group(HQ), about or IocScan())
    return replace(made, **options)  # type: ignore[arg-type]  # fields of a task


def store(*tasks: Task, fleet: Fleet | None = None, access: AccessControl | None = None) -> TaskStore:
    made = TaskStore(fleet or Fleet(), access)
    for one in tasks:
        made.create(one, at_ms=0)
    return made


def heard(sent: tuple[News, ...]) -> list[tuple[str, list[int]]]:
    return [(type(one.item).__name__, one.devices.tolist()) for one in sent]


def result(number: int, at_ms: int, *, revision: int = 1, state: TaskState = TaskState.COMPLETED) -> TaskReport:
    return TaskReport(number, revision, state, at_ms, at_ms - 1_000)


# --- whom a task is for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "devices"),
    [
        (Scope.local(1), [1]),
        (Scope.of_group(OFFICE), [0, 1]),
        (Scope.of_group(HQ), [0, 1, 2, 3]),
        (Scope.of_group(ROOT), [0, 1, 2, 3, 4]),
        (Scope.selection((4, 2, 4)), [2, 4]),
    ],
)
def test_a_task_is_for_exactly_the_devices_of_its_scope(scope: Scope, devices: list[int]) -> None:
    made = TaskStore(Fleet())
    sent = made.create(task(scope=scope), at_ms=5)
    assert heard(sent) == [("Assignment", devices)]
    assert made.look("scan").devices.tolist() == devices
    assert isinstance(sent[0].item, Assignment)
    assert sent[0].item.since_ms == 5


def test_excluded_groups_with_all_below_them_are_left_out() -> None:
    assert store(task(excluded_groups=(OFFICE,))).look("scan").devices.tolist() == [2, 3]
    everything = task(scope=Scope.of_group(ROOT), excluded_groups=(HQ,))
    assert store(everything).look("scan").devices.tolist() == [4]


def test_a_task_whose_groups_make_no_sense_is_refused() -> None:
    made = TaskStore(Fleet())
    with pytest.raises(GroupError, match="there is no group"):
        made.create(task(scope=Scope.of_group(f"{ROOT}/Moon")), at_ms=0)
    with pytest.raises(TaskError, match="is not in"):
        made.create(task(scope=Scope.of_group(OFFICE), excluded_groups=(LAB,)), at_ms=0)
    with pytest.raises(TaskError, match="groups are excluded from a local task"):
        task(scope=Scope.local(1), excluded_groups=(LAB,))
    assert len(made) == 0


def test_scopes_that_are_not_complete_are_refused() -> None:
    with pytest.raises(TaskError, match="has none"):
        Scope.selection(())
    with pytest.raises(TaskError, match="needs one group"):
        Scope.of_group("")


def test_devices_that_move_hold_the_tasks_of_their_new_group() -> None:
    fleet = Fleet()
    made = store(task("office", Scope.of_group(OFFICE)), task("lab", Scope.of_group(LAB)), fleet=fleet)
    fleet.home[0] = LAB
    assert heard(made.moved(np.array([0]), at_ms=9)) == [("Assignment", [0]), ("Withdrawal", [0])]
    assert (made.look("office").devices.tolist(), made.look("lab").devices.tolist()) == ([1], [0, 2])
    assert made.moved(np.array([0]), at_ms=10) == ()


# --- operations ------------------------------------------------------------------------------------------------------


def test_the_list_has_what_was_created_and_not_deleted_each_under_its_type() -> None:
    made = store(task("b"), task("a"), task("c", about=UpdateSettings()))
    assert [one.name for one in made.tasks()] == ["a", "b", "c"]
    sections = {kind: [one.name for one in tasks] for kind, tasks in made.sections().items()}
    assert sections == {TaskType.ACTIVATION: [], TaskType.UPDATE: ["c"], TaskType.IOC_SCAN: ["a", "b"]}


def test_deletion_removes_exactly_what_is_named_and_needs_confirmation() -> None:
    made = store(task("a"), task("b"), task("c"))
    assert made.delete(["a", "c"], at_ms=1, confirmed=False) == ()
    assert len(made) == 3
    assert heard(made.delete(["a", "c", "a"], at_ms=1, confirmed=True)) == [("Withdrawal", [0, 1, 2, 3])] * 2
    assert [one.name for one in made.tasks()] == ["b"]
    with pytest.raises(TaskError, match="there is no task 'a'"):
        made.delete(["b", "a"], at_ms=1, confirmed=True)
    assert [one.name for one in made.tasks()] == ["b"]


def test_a_task_is_run_and_stopped_by_hand_whatever_its_schedule() -> None:
    made = store(task(schedule=MANUAL))
    assert [type(sent.item) for sent in (*made.run("scan", at_ms=1), *made.stop("scan", at_ms=1))] == [
        RunTask,
        StopTask,
    ]


def test_a_task_can_be_run_right_after_its_creation() -> None:
    assert heard(TaskStore(Fleet()).create(task(), at_ms=0, run=True)) == [
        ("Assignment", [0, 1, 2, 3]),
        ("RunTask", [0, 1, 2, 3]),
    ]


def test_two_tasks_of_one_name_are_refused() -> None:
    made = store(task("a"), task("b"))
    with pytest.raises(TaskError, match="already"):
        made.create(task("a"), at_ms=0)
    draft = made.properties("a")
    draft.change(name="b")
    with pytest.raises(TaskError, match="already"):
        draft.apply(at_ms=1)


def test_a_change_is_nothing_until_it_is_applied() -> None:
    made = store(task())
    daily = Schedule(frequency=Frequency.EVERY_DAY, start=datetime.fromisoformat("2026-03-02T08:00"))
    properties = made.properties("scan")
    properties.change(schedule=daily, name="daily scan")
    assert made.task("scan").schedule is MANUAL
    sent = properties.apply(at_ms=7)
    assert heard(sent) == [("Assignment", [0, 1, 2, 3])]
    assert made.task("daily scan").schedule == daily
    assert isinstance(sent[0].item, Assignment)
    assert (sent[0].item.revision, sent[0].item.since_ms, sent[0].item.task.name) == (2, 7, "daily scan")
    with pytest.raises(TaskError, match="did you mean 'daily scan'"):
        made.task("daily-scan")
    assert properties.apply(at_ms=8) == ()


def test_a_change_of_what_devices_do_not_hold_sends_them_nothing() -> None:
    made = store(task())
    properties = made.properties("scan")
    properties.change(storage=Storage(days=3))
    assert properties.apply(at_ms=1) == ()
    properties.change(excluded_groups=(OFFICE,))
    assert heard(properties.apply(at_ms=2)) == [("Withdrawal", [0, 1])]
    properties.change(excluded_groups=())
    assert heard(properties.apply(at_ms=3)) == [("Assignment", [0, 1])]


def test_what_a_type_does_not_let_change_is_refused() -> None:
    made = store(task("scan", Scope.selection((0, 1))), task("update", Scope.selection((0, 1)), UpdateSettings()))
    scan, update = made.properties("scan"), made.properties("update")
    scan.change(scope=Scope.selection((2,)))
    update.change(scope=Scope.selection((1, 2)), settings=UpdateSettings((Source(SourceKind.VENDOR),)))
    with pytest.raises(TaskError, match="the scope of a task of the type ioc-scan cannot be changed"):
        scan.apply(at_ms=1)
    assert heard(update.apply(at_ms=1)) == [("Withdrawal", [0]), ("Assignment", [1, 2])]
    update.change(settings=IocScan())
    with pytest.raises(TaskError, match="another kind of task"):
        update.apply(at_ms=2)


def test_an_update_task_that_waits_for_an_update_is_refused() -> None:
    with pytest.raises(TaskError, match="waits for a database update"):
        task(about=UpdateSettings(), schedule=Schedule(frequency=Frequency.AFTER_DATABASE_UPDATE))


# --- accounts --------------------------------------------------------------------------------------------------------


def test_an_account_does_what_its_rights_in_the_groups_of_a_task_let_it() -> None:
    roles = [
        Role("reading", frozenset({Right.READ_TASKS})),
        Role("running", frozenset({Right.READ_TASKS, Right.RUN_TASKS})),
        Role("changing", frozenset({Right.READ_TASKS, Right.CHANGE_TASKS})),
    ]
    accounts = [Account(role.name, (Grant(role.name, OFFICE),)) for role in roles]
    made = store(
        task("office", Scope.of_group(OFFICE)),
        task("hq"),
        task("mixed", Scope.selection((0, 2))),
        access=AccessControl(roles, accounts),
    )
    assert [one.name for one in made.tasks(account="reading")] == ["office"]
    made.run("office", at_ms=1, account="running")
    for refused in (
        lambda: made.run("office", at_ms=1, account="reading"),
        lambda: made.run("hq", at_ms=1, account="running"),
        lambda: made.run("mixed", at_ms=1, account="running"),
        lambda: made.look("hq", account="reading"),
        lambda: made.properties("office", account="running"),
        lambda: made.delete(["office", "hq"], at_ms=1, confirmed=True, account="changing"),
        lambda: made.create(task("new"), at_ms=0, account="changing"),
        lambda: made.create(task("new", Scope.of_group(OFFICE)), at_ms=0, run=True, account="changing"),
        lambda: made.tasks(account="nobody"),
    ):
        with pytest.raises(AccessError):
            refused()
    assert len(made) == 3
    assert heard(made.delete(["office"], at_ms=1, confirmed=True, account="changing")) == [("Withdrawal", [0, 1])]


# --- states and results ----------------------------------------------------------------------------------------------


def test_a_state_is_pending_until_the_device_tells_of_the_task_as_it_is_now() -> None:
    made = store(task(scope=Scope.selection((0, 1))))
    look = made.look("scan")
    assert (look.host_state(0, 9), look.host_state(3, 9)) == (HostState.MODIFIED, None)
    made.receive(0, 10, TaskReport(1, 1, TaskState.CREATED, 5))
    made.receive(0, 20, result(1, 15, state=TaskState.FAILED_BY_TIMEOUT))
    states = [look.host_state(0, at_ms) for at_ms in (9, 10, 19, 20)]
    assert states == [HostState.MODIFIED, HostState.SCHEDULED, HostState.SCHEDULED, HostState.FAILED]
    properties = made.properties("scan")
    properties.change(account="HQ\\clerk")
    properties.apply(at_ms=30)
    assert made.look("scan").host_state(0, 30) is HostState.MODIFIED
    made.receive(0, 40, result(1, 35, revision=2))
    assert made.look("scan").host_state(0, 40) is HostState.COMPLETED


def test_results_are_kept_for_seven_days_from_the_run_and_then_gone() -> None:
    made = store(task())
    made.receive(0, HOUR_MS, result(1, HOUR_MS))
    assert len(made.look("scan").results(6 * DAY_MS)) == 1
    assert len(made.look("scan").results(7 * DAY_MS + HOUR_MS - 1)) == 1
    assert made.look("scan").results(7 * DAY_MS + HOUR_MS) == ()


def test_each_task_keeps_its_results_for_its_own_time() -> None:
    made = store(task("a", storage=Storage(days=1)), task("b", storage=Storage(days=30)))
    for number in (1, 2):
        made.receive(0, 0, result(number, 0))
    assert [len(made.look(name).results(2 * DAY_MS)) for name in ("a", "b")] == [0, 1]


def test_nothing_is_kept_where_results_are_not_stored_on_the_server() -> None:
    made = store(task(storage=Storage(on_administration_server=False, days=30)))
    made.receive(0, 10, result(1, 10))
    assert made.look("scan").results(20) == ()
    assert made.look("scan").host_state(0, 20) is HostState.COMPLETED


def test_a_shortened_time_removes_at_once_what_is_older_and_a_longer_one_does_not_bring_it_back() -> None:
    made = store(task())
    for day in (0, 1, 2, 3):
        made.receive(0, day * DAY_MS, result(1, day * DAY_MS))
    properties = made.properties("scan")
    properties.change(storage=Storage(days=2))
    properties.apply(at_ms=3 * DAY_MS + 1)
    assert [stored.ended_ms for stored in made.look("scan").results(3 * DAY_MS + 1)] == [2 * DAY_MS, 3 * DAY_MS]
    properties.change(storage=Storage(days=30))
    properties.apply(at_ms=3 * DAY_MS + 2)
    assert len(made.look("scan").results(20 * DAY_MS)) == 2


def test_what_had_expired_does_not_come_back_with_a_longer_time() -> None:
    made = store(task())
    made.receive(0, 0, result(1, 0))
    properties = made.properties("scan")
    properties.change(storage=Storage(days=30))
    properties.apply(at_ms=8 * DAY_MS)
    assert made.look("scan").results(8 * DAY_MS) == ()


def test_results_go_with_their_task() -> None:
    made = store(task())
    look = made.look("scan")
    made.receive(0, 0, result(1, 0))
    made.delete(["scan"], at_ms=2 * DAY_MS, confirmed=True)
    made.create(task(), at_ms=2 * DAY_MS)
    made.receive(1, 2 * DAY_MS, result(1, 2 * DAY_MS))  # of the task that was
    assert made.look("scan").results(2 * DAY_MS) == ()
    assert look.results(2 * DAY_MS) == ()
    assert look.host_state(0, 2 * DAY_MS) is HostState.MODIFIED


def test_operations_that_are_made_ahead_hold_from_their_own_moment_on() -> None:
    made = store(task())
    week = made.look("scan")
    properties = made.properties("scan")
    properties.change(storage=Storage(days=1))
    properties.apply(at_ms=3 * DAY_MS)
    made.delete(["scan"], at_ms=4 * DAY_MS, confirmed=True)
    for day in (0, 2):
        made.receive(0, day * DAY_MS, result(1, day * DAY_MS))
    made.receive(0, 3 * DAY_MS, result(1, 3 * DAY_MS))
    made.receive(0, 5 * DAY_MS, result(1, 5 * DAY_MS))
    shown = [(at_ms, len(week.results(at_ms))) for at_ms in (2 * DAY_MS, 3 * DAY_MS - 1, 3 * DAY_MS, 4 * DAY_MS)]
    assert [number for _, number in shown] == [2, 2, 1, 0]


def test_results_are_viewed_of_the_devices_that_are_asked_for() -> None:
    made = store(task())
    for device in (2, 0, 1):
        made.receive(device, 50, result(1, 10))
    made.receive(3, 60, TaskReport(1, 1, TaskState.RUNNING, 55, 55))
    assert [stored.device for stored in made.look("scan").results(100)] == [0, 1, 2]
    assert [stored.device for stored in made.look("scan").results(100, np.array([1, 4]))] == [1]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20 * HOUR_MS), st.integers(0, 4 * DAY_MS)), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 9)), max_size=3),
)
def test_results_are_those_of_a_list_that_forgets_nothing(
    arrivals: list[tuple[int, int]], changes: list[tuple[int, int]]
) -> None:
    """`arrivals` are pauses and how late each result comes, `changes` storage times from the arrival of a number on."""
    made = store(task())
    plain: list[int] = []
    days, now_ms = 7, 4 * DAY_MS
    for number, (pause_ms, late_ms) in enumerate(arrivals):
        now_ms += pause_ms
        plain = [at_ms for at_ms in plain if at_ms + days * DAY_MS > now_ms]
        if number in dict(changes):
            days = dict(changes)[number]
            properties = made.properties("scan")
            properties.change(storage=Storage(days=days))
            properties.apply(at_ms=now_ms)
        made.receive(0, now_ms, result(1, now_ms - late_ms))
        plain = [at_ms for at_ms in [*plain, now_ms - late_ms] if at_ms + days * DAY_MS > now_ms]
        assert [stored.ended_ms for stored in made.look("scan").results(now_ms)] == sorted(plain)


def test_a_year_of_results_takes_no_more_memory_than_a_week_of_them() -> None:
    made = store(task())
    for hour in range(365 * 24):
        made.receive(0, hour * HOUR_MS, result(1, hour * HOUR_MS))
    assert len(made.look("scan").shelf) == 7 * 24 + 1  # an hour is left for lists that lie a little back


def test_a_short_storage_time_is_advised_against_for_ioc_scans_only() -> None:
    short = Storage(days=6)
    assert advice(task()) is None
    assert advice(task(storage=short)) == "results of an IOC Scan task are kept for less than 7 days"
    assert advice(task(storage=Storage(on_administration_server=False)))
    assert advice(task(about=UpdateSettings(), storage=short)) is None


# --- as a part of the server -----------------------------------------------------------------------------------------


def server(**options: Any) -> AdministrationServer:  # options of the server
    home = column([0, 0, 1])
    names = (OFFICE, LAB)
    return AdministrationServer(
        GroupTree(names), keys=keys(3), group_names=names, group=home, faults=FaultSchedule(), **options
    )


def test_the_server_takes_what_devices_report_of_tasks() -> None:
    answering = server()
    answering.tasks.create(task(scope=Scope.of_group(OFFICE)), at_ms=0)
    answering.receive(1, 20, [result(1, 10)])
    look = answering.tasks.look("scan")
    assert (look.devices.tolist(), [stored.device for stored in look.results(20)]) == ([0, 1], [1])


def test_moved_devices_hear_of_policies_and_tasks() -> None:
    answering = server()
    answering.tasks.create(task(scope=Scope.of_group(OFFICE)), at_ms=0)
    moved = answering.news(answering.move(np.array([1, 2]), LAB, at_ms=5))
    assert heard(moved) == [("Governed", [1]), ("Withdrawal", [1])]
    assert heard(answering.news(answering.move(np.array([2]), OFFICE, at_ms=6))) == [
        ("Governed", [2]),
        ("Assignment", [2]),
    ]


def test_the_rights_of_the_server_hold_for_its_tasks() -> None:
    access = AccessControl([Role("runner", frozenset({Right.RUN_TASKS}))], [Account("clerk", (Grant("runner", LAB),))])
    answering = server(access=access)
    for name, scope in (("lab", Scope.of_group(LAB)), ("one", Scope.local(0))):
        answering.tasks.create(task(name, scope), at_ms=0)
    assert answering.tasks.run("lab", at_ms=1, account="clerk")
    with pytest.raises(AccessError, match="lacks the right run-tasks"):
        answering.tasks.run("one", at_ms=1, account="clerk")
