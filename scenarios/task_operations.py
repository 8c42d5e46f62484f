"""Operations on tasks: what operators do with the tasks of the Administration Server, and what they see of them."""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum
from hashlib import sha256
from typing import Any

import numpy as np

from emulator.clock import Calendar
from emulator.images.parts import hashes
from emulator.policy.settings import ThreatResponse
from emulator.policy.types import ENDPOINT_AGENT
from emulator.ports import I64
from emulator.tasks.ioc_scan import IocScan
from emulator.tasks.task import Scope, ScopeKind, Task, TaskError
from emulator.world import News
from fakes.administration import AdministrationServer, AutonomousTasks, TaskLook, advice, export_collection
from scenarios import actions, deeds
from scenarios.deeds import Indicators
from scenarios.format import TaskEntry
from scenarios.services import KnownKey
from scenarios.tasks import changed_settings, new_task
from scenarios.told import ToldOfDevice

Later = Callable[[int], tuple[News, ...]]
"""Is done at a later moment, and gives what it makes known to devices then."""
Tell = Callable[..., None]
"""Tells a fact of the run: kind, moment, and the values of its detail."""


class TaskOperations:
    """The operations of one scenario on tasks. `tell` hears of what is not about one device."""

    def __init__(
        self,
        server: AdministrationServer,
        keys: Mapping[str, KnownKey],
        indicators: Indicators,
        calendar: Calendar,
        tell: Tell,
    ) -> None:
        self._server = server
        self._keys = keys
        self._indicators = indicators
        self._tell = tell
        self.deeds: Mapping[type[actions.Operation], Callable[[Any, int, I64 | None], tuple[News, ...]]] = {
            actions.CreateTask: self._create,
            actions.ChangeTask: self._change,
            actions.RunTask: self._run,
            actions.StopTask: self._stop,
            actions.DeleteTasks: self._delete,
            actions.ScanForObject: self._scan_for_object,
            actions.ExportCollection: self._export_collection,
        }
        self._exported: dict[str, bytes] = {}
        self._autonomous = AutonomousTasks(server.tasks, calendar)
        self._later: list[tuple[int, Later]] = []

    def start_with(self, entry: TaskEntry) -> tuple[News, ...]:
        """A task that is there when time begins."""
        task = new_task(entry, entry.name, Scope.of_group(entry.group), self._keys, self._indicators, self._exported)
        return self._server.tasks.create(task, at_ms=0)

    def look(self, action: actions.ViewTask | actions.ViewIocCard, at_ms: int) -> TaskLook:
        """Opens a task, and tells its properties."""
        look = self._server.tasks.look(action.task, account=action.account)
        self.tell_task(look.task, at_ms, action.account, devices=len(look.devices), revision=look.revision)
        return look

    def list_tasks(self, group: str, account: str, at_ms: int) -> None:
        """The tasks for a group and those below it, and for chosen devices, by type (KEA-TAS-007, KEA-TAS-032)."""
        tree_below = set(self._server.groups(group))
        for tasks in self._server.tasks.sections(account=account).values():
            for task in tasks:
                if task.scope.kind is not ScopeKind.GROUP or task.scope.group in tree_below:
                    self.tell_task(task, at_ms, account)

    def tell_task(self, task: Task, at_ms: int, account: str, **more: Any) -> None:  # JSON scalars
        """A task with its properties."""
        schedule = task.schedule
        self._tell(
            "task-viewed",
            at_ms,
            account=account,
            task=task.name,
            type=str(task.type),
            scope=str(task.scope.kind),
            group=task.scope.group,
            excluded=" ".join(task.excluded_groups),
            schedule=str(schedule.frequency) if schedule.run_by_schedule else "",
            runs_as=task.account,
            storage_days=task.storage.days if task.storage.on_administration_server else 0,
            **more,
        )

    def seen(self, look: TaskLook, account: str, at_ms: int, own: I64) -> Iterator[ToldOfDevice]:
        """What a task shows at a moment of those of its devices that are in `own`: states, and stored results."""
        about = {"account": account, "task": look.task.name}
        for device in np.intersect1d(own, look.devices).tolist():
            state = look.host_state(device, at_ms)
            assert state is not None
            yield ToldOfDevice("task-state-viewed", device, {**about, "state": _written(state), "code": int(state)})
        for stored in look.results(at_ms, own):
            report = stored.report
            values = {f"result_{name}": value for name, value in report.values.items()}
            yield ToldOfDevice(
                "task-result-viewed",
                stored.device,
                {
                    **about,
                    **values,
                    "state": _written(report.state),
                    "began_ms": report.began_ms,
                    "ended_ms": stored.ended_ms,
                    "cause": "" if report.cause is None else str(report.cause),
                    "reason": report.reason,
                },
            )

    def cards(self, look: TaskLook, file: str, account: str, at_ms: int, own: I64) -> Iterator[ToldOfDevice]:
        """The cards of an IOC file in the results that are stored of devices in `own` (KEA-IOC-042 to KEA-IOC-045)."""
        for stored in look.results(at_ms, own):
            for card in stored.report.cards:
                if card.file == file:
                    values = {
                        "account": account,
                        "task": look.task.name,
                        "file": file,
                        "id": card.id,
                        "objects": [str(one) for one in card.objects],
                        "conditions": list(card.conditions),
                        "ended_ms": stored.ended_ms,
                    }
                    yield ToldOfDevice("ioc-card-viewed", stored.device, values)

    # --- operations --------------------------------------------------------------------------------------------------

    def _create(self, action: actions.CreateTask, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        """Creates a task with all its properties, or nothing; without the management plug-in, nothing (KEA-ADM-011)."""
        self._server.plugin(ENDPOINT_AGENT)
        task = new_task(action, action.task, _scope(action, devices), self._keys, self._indicators, self._exported)
        sent = self._server.tasks.create(task, at_ms=at_ms, run=action.run, account=action.account)
        self._advise(task, at_ms, action.account)
        return sent

    def _change(self, action: actions.ChangeTask, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        self._server.plugin(ENDPOINT_AGENT)
        properties = self._server.tasks.properties(action.task, account=action.account)
        given = actions.properties_of(action)
        if action.rename is not None:
            given["name"] = action.rename
        settings = changed_settings(action, properties.draft.settings, self._indicators, self._exported)
        properties.change(**given, settings=settings)
        if not action.apply:
            return ()
        sent = properties.apply(at_ms=at_ms)
        self._advise(properties.draft, at_ms, action.account)
        return sent

    def _advise(self, task: Task, at_ms: int, account: str) -> None:
        """Tells the operator what the documentation advises against, which is possible all the same (KEA-TAS-028)."""
        told = advice(task)
        if told is not None:
            self._tell("task-advice", at_ms, account=account, task=task.name, advice=told)

    def _run(self, action: actions.RunTask, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        news = self._server.tasks.run(action.task, at_ms=at_ms, account=action.account)
        self._autonomous.ran(action.task, at_ms)
        return news

    def _stop(self, action: actions.StopTask, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        return self._server.tasks.stop(action.task, at_ms=at_ms, account=action.account)

    def _delete(self, action: actions.DeleteTasks, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        store = self._server.tasks
        return store.delete(action.tasks, at_ms=at_ms, confirmed=action.confirm, account=action.account)

    def _export_collection(self, action: actions.ExportCollection, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        """A ZIP file with the collection as it is stored (KEA-IOC-036 to KEA-IOC-039)."""
        task = self._server.tasks.task(action.task, account=action.account)
        if not isinstance(task.settings, IocScan):
            raise TaskError("only an IOC scan has a collection", "name an IOC scan")
        data = export_collection(task.settings.collection)
        self._exported[action.to] = data
        about = {"files": len(task.settings.collection), "bytes": len(data), "sha256": sha256(data).hexdigest()}
        self._tell("collection-exported", at_ms, task=action.task, file=action.to, account=action.account, **about)
        return ()

    # --- autonomous scans --------------------------------------------------------------------------------------------

    def take_later(self) -> list[tuple[int, Later]]:
        """Takes out what is to be done at later moments: it gives what it makes known to devices then."""
        later, self._later = self._later, []
        return later

    def _scan_for_object(self, action: actions.ScanForObject, at_ms: int, devices: I64 | None) -> tuple[News, ...]:
        groups = [action.group] if action.group is not None else self._groups_of(devices, at_ms)
        files = () if action.file is None else (deeds.path_of(action.file, os) for os in deeds.SYSTEMS)
        md5 = (*action.md5, *(hashes(path)[0] for path in files))
        wanted = ThreatResponse(
            scan_scope=action.scope,
            scan_start=action.start,
            window_from_h=action.window_from,
            window_until_h=action.window_until,
            quarantine_when_found=action.quarantine,
            scan_critical_areas_when_found=action.scan_critical_areas,
        )
        news: tuple[News, ...] = ()
        for group in groups:
            name, sent = self._autonomous.create(md5, group, wanted, at_ms=at_ms, account=action.account)
            news += sent
            if name is not None:
                self._tell("autonomous-task-created", at_ms, task=name, group=group, account=action.account)
                self._expire_later(name)
        return news

    def _expire_later(self, name: str) -> None:
        """Has a task taken away when its time is over, whenever that turns out to be."""

        def expire(at_ms: int) -> tuple[News, ...]:
            news = self._autonomous.expire(name, at_ms)
            if self._autonomous.due_ms(name) is None:
                self._tell("autonomous-task-deleted", at_ms, task=name)
            else:
                self._expire_later(name)
            return news

        due_ms = self._autonomous.due_ms(name)
        if due_ms is not None:
            self._later.append((due_ms, expire))

    def _groups_of(self, devices: I64 | None, at_ms: int) -> list[str]:
        assert devices is not None
        indices = self._server.groups_of(devices, np.full(len(devices), at_ms))
        return [self._server.group_names[index] for index in np.unique(indices).tolist()]


def _scope(action: actions.CreateTask, devices: I64 | None) -> Scope:
    if action.group is not None:
        return Scope.of_group(action.group)
    assert devices is not None
    chosen = tuple(devices.tolist())
    return Scope.local(chosen[0]) if len(chosen) == 1 else Scope.selection(chosen)


def _written(state: IntEnum) -> str:
    return state.name.lower().replace("_", "-")
