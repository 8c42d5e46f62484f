"""Autonomous IOC scans: group tasks that the Administration Server makes of a detection, and takes away again.

Known from the help of Kaspersky Sandbox and of the product's siblings: the file of the task is made of the MD5 of the
detected object, a task goes 7 days after its last run, or after its creation where it never ran, and of more than 100
the oldest go.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from emulator.clock import DAY_MS, HOUR_MS, Calendar
from emulator.ioc.document import IndicatorFile, parse
from emulator.policy.sections.sandbox import AutonomousScope, AutonomousStart
from emulator.policy.settings import ThreatResponse
from emulator.tasks.ioc_scan import IocScan, Response
from emulator.tasks.scan_scope import FileScope, ScanScope
from emulator.tasks.schedule import MANUAL, Frequency, Schedule
from emulator.tasks.task import Scope, Task
from emulator.world import News
from fakes.administration.roles import ADMINISTRATOR
from fakes.administration.tasks import TaskStore

LIFETIME_MS: Final = 7 * DAY_MS
TASKS_MAX: Final = 100
PREFIX: Final = "Autonomous IOC Scan"
_FILES: Final = {
    AutonomousScope.SYSTEM_DRIVES: FileScope.SYSTEM,
    AutonomousScope.CRITICAL_AREAS: FileScope.CRITICAL,
}
_NAMESPACE: Final = UUID("6f1f7e0e-9a7f-4a43-8f0c-6d2f2c1b7a55")


@dataclass(slots=True)
class _Made:
    name: str
    object: tuple[str, ...]
    group: str
    last_ms: int


class AutonomousTasks:
    """The autonomous tasks of one server, which are tasks of `store`; `calendar` is the server's."""

    def __init__(self, store: TaskStore, calendar: Calendar) -> None:
        self._store = store
        self._calendar = calendar
        self._made: dict[str, _Made] = {}
        self._numbered = 0

    def create(
        self, md5: Iterable[str], group: str, settings: ThreatResponse, *, at_ms: int, account: str = ADMINISTRATOR
    ) -> tuple[str | None, tuple[News, ...]]:
        """Makes a task for objects with these MD5 hashes: its name, and the news for devices.

        No name where a task for the same objects and group is there.
        """
        wanted = tuple(sorted(set(md5)))
        if any((made.object, made.group) == (wanted, group) for made in self._made.values()):
            return None, ()
        schedule, run, runs_ms = self._start(settings, at_ms)
        name = f"{PREFIX} {self._numbered + 1}: {wanted[0]}"
        task = Task(name, Scope.of_group(group), _scan(wanted, settings), schedule)
        news = self._store.create(task, at_ms=at_ms, run=run, account=account)
        self._numbered += 1
        self._made[name] = _Made(name, wanted, group, runs_ms)
        return name, (*news, *self._rotate(at_ms))

    def ran(self, name: str, at_ms: int) -> None:
        """A task was started by hand."""
        if name in self._made:
            self._made[name].last_ms = max(self._made[name].last_ms, at_ms)

    def due_ms(self, name: str) -> int | None:
        """When a task is to go, None where it is gone."""
        made = self._made.get(name)
        return None if made is None else made.last_ms + LIFETIME_MS

    def expire(self, name: str, at_ms: int) -> tuple[News, ...]:
        """Takes a task away whose time is over; one that ran since stays."""
        due_ms = self.due_ms(name)
        return self._delete(name, at_ms) if due_ms is not None and due_ms <= at_ms else ()

    def _start(self, settings: ThreatResponse, at_ms: int) -> tuple[Schedule, bool, int]:
        """The schedule of a task made now, whether it runs at once, and the last moment at which it starts."""
        if settings.scan_start is AutonomousStart.MANUAL:
            return MANUAL, False, at_ms
        now = self._calendar.moment(at_ms)
        if settings.scan_start is AutonomousStart.AT_ONCE or (
            settings.window_from_h <= now.hour < settings.window_until_h
        ):
            return MANUAL, True, at_ms
        begins = now.replace(hour=settings.window_from_h, minute=0, second=0, microsecond=0)
        if begins <= now:
            begins += timedelta(days=1)
        hours = settings.window_until_h - settings.window_from_h
        schedule = Schedule(
            frequency=Frequency.AT_SPECIFIED_TIME,
            start=begins.replace(tzinfo=None),
            run_missed=True,
            randomise_within_min=hours * 60,
        )
        wait_ms = round((begins - now).total_seconds() * 1000)
        return schedule, False, at_ms + wait_ms + hours * HOUR_MS

    def _rotate(self, at_ms: int) -> tuple[News, ...]:
        news: tuple[News, ...] = ()
        while len(self._made) > TASKS_MAX:
            news += self._delete(next(iter(self._made)), at_ms)
        return news

    def _delete(self, name: str, at_ms: int) -> tuple[News, ...]:
        del self._made[name]
        still_there = any(task.name == name for task in self._store.tasks())
        return self._store.delete([name], at_ms=at_ms, confirmed=True) if still_there else ()


def indicator_file(md5: tuple[str, ...]) -> IndicatorFile:
    """The IOC file of objects with these hashes, as OpenIOC 1.1."""
    name = "-".join(md5)
    items = "".join(
        f'<IndicatorItem id="{uuid5(_NAMESPACE, one)}" condition="is">'
        '<Context document="FileItem" search="FileItem/Md5sum" type="mir"/>'
        f'<Content type="md5">{one}</Content></IndicatorItem>'
        for one in md5
    )
    text = (
        f'<OpenIOC xmlns="http://openioc.org/schemas/OpenIOC_1.1" id="{uuid5(_NAMESPACE, name)}">'
        f"<metadata><short_description>Object {md5[0]}</short_description></metadata>"
        f'<criteria><Indicator id="{uuid5(_NAMESPACE, name + "/or")}" operator="OR">{items}</Indicator></criteria>'
        "</OpenIOC>"
    )
    return parse(text.encode(), f"{md5[0]}.ioc")


def _scan(md5: tuple[str, ...], settings: ThreatResponse) -> IocScan:
    responses = []
    if settings.quarantine_when_found:
        responses.append(Response.QUARANTINE)
    if settings.scan_critical_areas_when_found:
        responses.append(Response.SCAN_CRITICAL_AREAS)
    scope = ScanScope(_FILES[settings.scan_scope])
    return IocScan((indicator_file(md5),), frozenset({"FileItem"}), scope, responses=tuple(responses))
