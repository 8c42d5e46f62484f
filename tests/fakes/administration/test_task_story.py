"""A month of tasks: one server, and some devices that synchronise with it every quarter of an hour."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from emulator.chance import device_keys
from emulator.clock import DAY_MS, HOUR_MS, Calendar
from emulator.policy.groups import GroupTree
from emulator.tasks.device import Outcome, TaskList
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.schedule import Frequency, Schedule, Weekday
from emulator.tasks.task import Assignment, HostState, RunTask, Scope, StopTask, Storage, Task, TaskType, Withdrawal
from emulator.tasks.wall import WallClock
from emulator.world import Governed, News
from fakes.administration.server import AdministrationServer
from fakes.faults import FaultSchedule
from tests.emulator.tasks.test_device import Work
from tests.fakes.administration.test_tasks import LAB, OFFICE
from tests.fakes.batches import column

START = datetime(2026, 3, 16, tzinfo=UTC)  # a Monday; clocks go forward on Sunday, 29 March
QUARTER_MS = HOUR_MS // 4
SUNDAYS = Schedule(
    frequency=Frequency.EVERY_WEEK,
    start=datetime.fromisoformat("2026-03-16T02:30"),
    weekdays=(Weekday.SUNDAY,),
    randomise_within_min=30,
)


class Story:
    """Devices 0 and 1 are in the office, 2 in the lab; time goes on in quarters of an hour."""

    def __init__(self) -> None:
        keys = device_keys(7, "office", 3)
        self.server = AdministrationServer(
            GroupTree([OFFICE, LAB]),
            keys=keys,
            group_names=(OFFICE, LAB),
            group=column([0, 0, 1]),
            faults=FaultSchedule(),
        )
        clock = WallClock(Calendar(START), ZoneInfo("Europe/Berlin"))
        self.work = Work()
        executors = dict.fromkeys(TaskType, self.work)
        self.lists = [TaskList("the device", key=int(key), clock=clock, executors=executors) for key in keys]
        self.news: list[News] = []
        self.told: list[tuple[int, int, str]] = []
        self.now_ms = 0

    def until(self, at_ms: int) -> None:
        while self.now_ms < at_ms:
            self.now_ms += QUARTER_MS
            ready, self.news = self.news, []
            for device, tasks in enumerate(self.lists):
                while (due_ms := tasks.due_ms) is not None and due_ms < self.now_ms:
                    self.note(device, due_ms, tasks.elapse(due_ms))
                for news in ready:
                    if device in news.devices:
                        assert isinstance(news.item, Assignment | Withdrawal | RunTask | StopTask)
                        self.note(device, self.now_ms, tasks.take(news.item, self.now_ms))

    def note(self, device: int, at_ms: int, outcome: Outcome) -> None:
        self.told += [(at_ms, device, told.kind) for told in outcome.told]
        self.server.receive(device, self.now_ms, outcome.reports)

    def starts(self, device: int) -> list[int]:
        return [at_ms for at_ms, who, kind in self.told if who == device and kind == "task-started"]


def test_a_month_of_maintenance_windows() -> None:
    story = Story()
    tasks = story.server.tasks
    story.news += tasks.create(Task("sundays", Scope.of_group(OFFICE), IocScan(), SUNDAYS), at_ms=0)
    by_hand = Task("by hand", Scope.local(2), IocScan(), storage=Storage(days=1))
    story.news += tasks.create(by_hand, at_ms=0, run=True)
    sundays, manual = tasks.look("sundays"), tasks.look("by hand")
    assert sundays.host_state(0, 0) is HostState.MODIFIED

    story.until(DAY_MS)
    assert sundays.host_state(0, DAY_MS) is HostState.SCHEDULED
    assert story.starts(2) == [QUARTER_MS]
    assert len(manual.results(DAY_MS)) == 1

    story.until(2 * DAY_MS)
    assert manual.results(2 * DAY_MS) == ()
    story.until(13 * DAY_MS)
    assert {stored.device for stored in sundays.results(13 * DAY_MS)} == {0, 1}
    story.until(13 * DAY_MS + 3 * HOUR_MS)
    assert all(stored.ended_ms > 13 * DAY_MS for stored in sundays.results(story.now_ms))
    # 2:30 is 1:30 in UTC in winter; on the day that has no 2:30 the window opens at 3:00, which is 1:00 in UTC.
    opened = [6 * DAY_MS + HOUR_MS + HOUR_MS // 2, 13 * DAY_MS + HOUR_MS]
    for device in (0, 1):
        put_off = [at_ms - window for at_ms, window in zip(story.starts(device), opened, strict=True)]
        assert all(0 <= waited_ms < HOUR_MS // 2 for waited_ms in put_off)
    assert story.starts(0) != story.starts(1)

    story.until(15 * DAY_MS)
    assert len(sundays.results(story.now_ms)) == 2
    story.news += story.server.news(story.server.move(np.array([1]), LAB, at_ms=15 * DAY_MS))
    story.news = [news for news in story.news if not isinstance(news.item, Governed)]
    story.until(22 * DAY_MS)
    assert len(story.starts(0)) == 3
    assert len(story.starts(1)) == 2

    assert tasks.delete(["sundays"], at_ms=22 * DAY_MS, confirmed=False) == ()
    story.news += tasks.delete(["sundays"], at_ms=22 * DAY_MS, confirmed=True)
    story.until(30 * DAY_MS)
    assert len(story.starts(0)) == 3
    assert [len(held) for held in story.lists] == [0, 0, 1]
    assert sundays.results(22 * DAY_MS) == ()
