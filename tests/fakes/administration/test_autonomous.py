"""Autonomous IOC scans: when they start, how long they stay, and how many there are."""

from datetime import datetime

import numpy as np
import pytest

from emulator.clock import DAY_MS, HOUR_MS, Calendar
from emulator.ioc.snapshot import Changes, Snapshot
from emulator.ioc.sweep import Sweep
from emulator.policy.sections.sandbox import AutonomousScope, AutonomousStart
from emulator.policy.settings import ThreatResponse
from emulator.tasks.ioc_scan import IocScan, Response
from emulator.tasks.scan_scope import FileScope
from emulator.tasks.task import RunTask
from fakes.administration import TaskStore
from fakes.administration.autonomous import LIFETIME_MS, TASKS_MAX, AutonomousTasks, indicator_file
from tests.fakes.administration.test_tasks import HQ, Fleet

MD5 = "0123456789abcdef0123456789abcdef"
AT_NINE = Calendar(datetime.fromisoformat("2026-03-02T09:00:00+01:00"))


def tasks() -> tuple[AutonomousTasks, TaskStore]:
    store = TaskStore(Fleet())
    return AutonomousTasks(store, AT_NINE), store


def settings(start: AutonomousStart, first: int = 0, last: int = 24) -> ThreatResponse:
    return ThreatResponse(scan_start=start, window_from_h=first, window_until_h=last)


def runs_at_once(news: tuple[object, ...]) -> bool:
    return any(isinstance(getattr(one, "item", None), RunTask) for one in news)


def test_the_file_of_a_task_finds_the_object_by_its_md5_and_nothing_else() -> None:
    sweep = Sweep((indicator_file((MD5,)),))
    here = Snapshot.of({"FileItem": [{"FullPath": "C:\\a.exe", "Md5sum": MD5}]})
    other = Snapshot.of({"FileItem": [{"FullPath": "C:\\a.exe", "Md5sum": "f" * 32}]})
    assert [sweep.on_device(one, Changes())[0].matched for one in (here, other)] == [True, False]


def test_a_manual_one_waits_for_somebody_and_one_at_once_does_not() -> None:
    made, store = tasks()
    name, news = made.create([MD5], HQ, settings(AutonomousStart.MANUAL), at_ms=0)
    assert name is not None
    assert not runs_at_once(news)
    assert not store.task(name).schedule.run_by_schedule
    _, news = made.create(["f" * 32], HQ, settings(AutonomousStart.AT_ONCE), at_ms=0)
    assert runs_at_once(news)


@pytest.mark.parametrize(
    ("first", "last", "starts"),
    [(8, 12, None), (11, 13, "2026-03-02T11:00"), (3, 5, "2026-03-03T03:00"), (9, 10, None)],
)
def test_a_daily_window_lets_it_start_inside_it_today_or_tomorrow(first: int, last: int, starts: str | None) -> None:
    made, store = tasks()
    name, news = made.create([MD5], HQ, settings(AutonomousStart.DAILY_WINDOW, first, last), at_ms=0)
    assert name is not None
    assert runs_at_once(news) is (starts is None)
    schedule = store.task(name).schedule
    if starts is not None:
        assert schedule.start == datetime.fromisoformat(starts)
        assert schedule.randomise_within_min == (last - first) * 60


def test_one_object_in_one_group_has_one_task() -> None:
    made, store = tasks()
    made.create([MD5], HQ, settings(AutonomousStart.MANUAL), at_ms=0)
    assert made.create([MD5], HQ, settings(AutonomousStart.MANUAL), at_ms=1) == (None, ())
    assert len(store) == 1


def test_it_goes_seven_days_after_its_last_run_or_its_creation() -> None:
    made, store = tasks()
    name, _ = made.create([MD5], HQ, settings(AutonomousStart.MANUAL), at_ms=0)
    assert name is not None
    assert made.due_ms(name) == LIFETIME_MS
    made.ran(name, DAY_MS)
    assert made.expire(name, LIFETIME_MS) == ()
    assert made.due_ms(name) == LIFETIME_MS + DAY_MS
    assert len(store) == 1
    made.expire(name, LIFETIME_MS + DAY_MS)
    assert made.due_ms(name) is None
    assert len(store) == 0


def test_one_that_waits_for_its_window_lives_from_the_end_of_that() -> None:
    made, _ = tasks()
    name, _ = made.create([MD5], HQ, settings(AutonomousStart.DAILY_WINDOW, 11, 13), at_ms=0)
    assert name is not None
    assert made.due_ms(name) == LIFETIME_MS + 4 * HOUR_MS


def test_of_more_than_a_hundred_the_oldest_go() -> None:
    made, store = tasks()
    for number in range(TASKS_MAX + 3):
        made.create([f"{number:032x}"], HQ, settings(AutonomousStart.MANUAL), at_ms=number)
    assert len(store) == TASKS_MAX
    assert not [task for task in store.tasks() if task.name.endswith(f"{2:032x}")]


def test_one_that_somebody_deleted_is_gone_without_a_word() -> None:
    made, store = tasks()
    name, _ = made.create([MD5], HQ, settings(AutonomousStart.MANUAL), at_ms=0)
    assert name is not None
    store.delete([name], at_ms=1, confirmed=True)
    assert made.expire(name, LIFETIME_MS) == ()


def test_what_is_done_where_it_is_found_is_what_the_settings_say() -> None:
    made, store = tasks()
    wanted = ThreatResponse(quarantine_when_found=True, scan_critical_areas_when_found=True)
    name, _ = made.create([MD5], HQ, wanted, at_ms=0)
    assert name is not None
    scan = store.task(name).settings
    assert isinstance(scan, IocScan)
    assert scan.scope.files is FileScope.SYSTEM
    assert scan.responses == (Response.QUARANTINE, Response.SCAN_CRITICAL_AREAS)
    assert np.array_equal(store.look(name).devices, [0, 1, 2, 3])


def test_it_looks_at_the_files_that_the_settings_say() -> None:
    made, store = tasks()
    name, _ = made.create([MD5], HQ, ThreatResponse(scan_scope=AutonomousScope.CRITICAL_AREAS), at_ms=0)
    assert name is not None
    scan = store.task(name).settings
    assert isinstance(scan, IocScan)
    assert scan.scope.files is FileScope.CRITICAL
