"""Tasks of the Central Node on the devices of a shard: taken with one synchronisation, reported with the next."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from emulator.components.ioc_scan import NO_LICENCE
from emulator.components.licence import VIOLATION
from emulator.components.quarantine import QuarantineKeeper
from emulator.control import Control, EndpointAgent, SweepTask
from emulator.host import HostBase, HostChanges
from emulator.ioc.snapshot import Instance
from emulator.ports import Outcome, Port, Target, Transmissions
from emulator.response.quarantine import Destination, PathType
from emulator.sites import US_PER_MS
from emulator.tasks.central import (
    GET_FILE_SIZE_MAX,
    CentralResult,
    CentralTask,
    DeleteFile,
    Done,
    ErrorCode,
    Failed,
    GetFile,
    QuarantineFile,
    RestoreFile,
    RunProcess,
    ScanForIndicators,
    TakesResults,
    TerminateProcess,
    WorkKind,
)
from emulator.tasks.schedule import Schedule, timetable
from emulator.tasks.wall import WallClock
from emulator.told import Severity, Told
from emulator.world import Injection

OBJECT: Final = "object"
"""The kind of request that brings a file to the Central Node."""
_NO_FILE: Final = Failed("there is no such file")


class CentralTasks:
    """Carries out what the Central Node publishes, on each device at its synchronisation (KEA-CEN-031)."""

    def __init__(self, control: Control) -> None:
        self._context = control.context
        self._sweeps = control.sweeps
        self._results: dict[int, list[CentralResult]] = {}
        self._quarantined: dict[tuple[int, str], str] = {}
        control.take(CentralTask, self.carry_out)
        control.when_reached(Target.CENTRAL_NODE, self._report)

    def carry_out(self, agent: EndpointAgent, at_ms: int, task: CentralTask) -> None:
        """Carries out a task that a device has taken.

        Without a valid licence it is taken and not run, as is one that Endpoint Agent of this system does not have.
        """
        agent.tell(at_ms, (Told("central-task-taken", _about(task)),))
        outcome = self._hindrance(agent, at_ms, task) or self._done(agent, at_ms, task)
        if outcome is not None:
            self._end(agent, at_ms, task, outcome)

    def _hindrance(self, agent: EndpointAgent, at_ms: int, task: CentralTask) -> Failed | None:
        if not agent.licensed(at_ms):
            agent.tell(at_ms, (Told(VIOLATION, {"function": str(task.kind)}, Severity.CRITICAL),))
            return Failed(NO_LICENCE, ErrorCode.ACCESS_DENIED)
        if not task.runs_on(self._base(agent).os):
            return Failed("Endpoint Agent for Linux does not have such tasks", ErrorCode.UNSUPPORTED)
        return None

    def _done(
        self, agent: EndpointAgent, at_ms: int, task: CentralTask, *, planned: bool = False
    ) -> Done | Failed | None:
        """What a task comes to; None where that is not known yet."""
        match task.work:
            case RunProcess() as work:
                return self._run(agent, at_ms, work)
            case TerminateProcess(path):
                return self._terminate(agent, at_ms, path)
            case GetFile(path):
                return self._get(agent, at_ms, task, path)
            case DeleteFile(path):
                return self._delete(agent, at_ms, path)
            case QuarantineFile(path):
                return self._quarantine(agent, at_ms, task.name, path)
            case RestoreFile(quarantined_by):
                return self._restore(agent, at_ms, quarantined_by)
            case ScanForIndicators(files, schedule) if schedule is not None and not planned:
                self._plan(agent, at_ms, task, schedule)
                return None
            case ScanForIndicators(files):
                matches = self._sweeps.carry_out(agent, at_ms, SweepTask(task.name, files))
                return Failed("a file of the task is too large") if matches is None else Done({"matches": matches})

    def _plan(self, agent: EndpointAgent, at_ms: int, task: CentralTask, schedule: Schedule) -> None:
        """Scans at the next moment of a schedule, by the clock of the device, and plans the one after it."""
        world = self._context.world
        clock = WallClock(world.calendar, world.sites[int(world.site[agent.device])].zone)
        start_ms = timetable(schedule, clock).next_start(at_ms)

        def scan(agent: EndpointAgent, at_ms: int) -> None:
            if agent.runs(at_ms):
                outcome = self._hindrance(agent, at_ms, task) or self._done(agent, at_ms, task, planned=True)
                assert outcome is not None
                self._end(agent, at_ms, task, outcome)
            self._plan(agent, at_ms, task, schedule)

        if start_ms is not None:
            agent.later(start_ms, scan)

    def _end(self, agent: EndpointAgent, at_ms: int, task: CentralTask, outcome: Done | Failed) -> None:
        # What a scan found is told as sweeps tell it; a million devices need not report it twice.
        scan = task.kind is WorkKind.IOC_SCAN
        if isinstance(outcome, Done):
            told = Told("central-task-finished", {**_about(task), **outcome.values}, None if scan else Severity.INFO)
        else:
            values = {**_about(task), "code": outcome.code, "reason": outcome.reason}
            told = Told("central-task-failed", values, None if scan else Severity.FAILURE)
        agent.tell(at_ms, (told,))
        self._results.setdefault(agent.device, []).append(CentralResult(task, outcome, at_ms))
        self._context.has_to_tell(Target.CENTRAL_NODE, agent.device)

    def _report(self, agent: EndpointAgent, at_ms: int) -> None:
        server = self._context.servers[Target.CENTRAL_NODE]
        results = self._results.pop(agent.device, [])
        if isinstance(server, TakesResults):
            server.report(agent.device, at_ms, tuple(results))

    # --- processes ----------------------------------------------------------------------------------------------------

    def _run(self, agent: EndpointAgent, at_ms: int, work: RunProcess) -> Done | Failed:
        file = self._file(agent, at_ms, work.path)
        if file is None:
            return _NO_FILE
        if work.event_class is not None:
            moment_ms = self._context.unreached(agent.device, at_ms)
            self._context.inject(Injection(np.array([agent.device], np.int64), work.event_class, moment_ms, 1))
        if agent.built:
            agent.components(at_ms).ksn.look_up(str(file["Sha256sum"]), at_ms)
        return Done({"path": work.path, "arguments": work.arguments, "return_code": work.returns})

    def _terminate(self, agent: EndpointAgent, at_ms: int, path: str) -> Done | Failed:
        base, slots, changes = self._host(agent, at_ms)
        pids = [pid for one in base.processes_of(path, slots, changes) if isinstance(pid := one["pid"], int)]
        if not pids:
            return Failed("there is no such process")
        for pid in pids:
            agent.change_host(at_ms, partial(_remove, kind="ProcessItem", key=pid))
        return Done({"path": path, "processes": len(pids)})

    # --- files --------------------------------------------------------------------------------------------------------

    def _delete(self, agent: EndpointAgent, at_ms: int, path: str) -> Done | Failed:
        file = self._file(agent, at_ms, path)
        if file is None:
            return _NO_FILE
        agent.change_host(at_ms, partial(_remove, kind="FileItem", key=str(file["FullPath"])))
        return Done(_identified(file))

    def _get(self, agent: EndpointAgent, at_ms: int, task: CentralTask, path: str) -> Failed | None:
        file = self._file(agent, at_ms, path)
        if file is None:
            return _NO_FILE
        size_bytes = file["SizeInBytes"]
        assert isinstance(size_bytes, int)
        if size_bytes > GET_FILE_SIZE_MAX:
            return Failed(f"the file has more than {GET_FILE_SIZE_MAX} bytes (GET_FILE_SIZE_MAX)")
        failed, took_ms = self._send(agent, at_ms, size_bytes)
        outcome = failed or Done({**_identified(file), "bytes": size_bytes})

        def arrive(agent: EndpointAgent, at_ms: int) -> None:
            self._end(agent, at_ms, task, outcome if agent.runs(at_ms) else Failed("Endpoint Agent ended meanwhile"))

        agent.later(at_ms + took_ms, arrive)
        return None

    def _send(self, agent: EndpointAgent, at_ms: int, size_bytes: int) -> tuple[Failed | None, int]:
        """Sends an object to the server that the device has just heard: why it did not arrive, and how long that took.

        On its way it is a body of telemetry without events: what refuses large bodies refuses it.
        """
        found = self._context.block_of(agent.device).server_of(Target.CENTRAL_NODE, agent.device)
        if found is None:
            return Failed("no server is connected"), 0
        server, route = found
        nothing, size, wait = (np.array([value], np.int64) for value in (0, size_bytes, route.wait_ms))
        moment = np.array([at_ms], np.int64)
        device = np.array([agent.device], np.int64)
        batch = Transmissions(server, device, nothing, nothing, nothing + 1, size, size, moment, wait, lambda *_: ())
        answers = route.site.delayed(self._context.servers[Target.CENTRAL_NODE].transmit(batch), wait, size)
        outcome = Outcome(int(answers.outcome[0]))
        traffic = self._context.ledger.of(server, Port.TELEMETRY, OBJECT)
        traffic.requests += 1
        traffic.outcomes(answers.outcome)
        traffic.bytes_wire += size_bytes if outcome is not Outcome.UNREACHABLE else 0
        traffic.bytes_in += size_bytes if outcome is Outcome.OK else 0
        traffic.answered(answers.latency_us[answers.outcome <= Outcome.REFUSED])
        took_ms = int(answers.latency_us[0]) // US_PER_MS
        if outcome is Outcome.OK:
            return None, took_ms
        if outcome is Outcome.REFUSED:
            status = int(answers.status[0])
            return Failed(f"the object was refused with {status}", status), took_ms
        return Failed("the object did not arrive"), took_ms

    # --- quarantine ---------------------------------------------------------------------------------------------------

    def _quarantine(self, agent: EndpointAgent, at_ms: int, task: str, path: str) -> Done | Failed:
        quarantine: QuarantineKeeper = agent.components(at_ms).quarantine
        held = quarantine.add(path, at_ms, task)
        if isinstance(held, str):
            return Failed(held)
        self._quarantined[agent.device, task] = held.id
        return Done({**_identified(held.file), "object": held.id})

    def _restore(self, agent: EndpointAgent, at_ms: int, task: str) -> Done | Failed:
        object_id = self._quarantined.get((agent.device, task))
        if object_id is None:
            return Failed(f"the task {task!r} has put nothing in quarantine")
        quarantine: QuarantineKeeper = agent.components(at_ms).quarantine
        reason = quarantine.restore_object(object_id, Destination(PathType.ORIGINAL), at_ms, task)
        return Failed(reason) if reason else Done({"object": object_id})

    # --- its host -----------------------------------------------------------------------------------------------------

    def _base(self, agent: EndpointAgent) -> HostBase:
        world = self._context.world
        return world.images[int(world.image[agent.device])].host

    def _host(self, agent: EndpointAgent, at_ms: int) -> tuple[HostBase, Mapping[str, str], HostChanges]:
        base = self._base(agent)
        return base, self._context.world.identity(agent.device), agent.host(at_ms, base.os)

    def _file(self, agent: EndpointAgent, at_ms: int, path: str) -> Instance | None:
        base, slots, changes = self._host(agent, at_ms)
        return base.find("FileItem", slots, changes, path)


def _remove(changes: HostChanges, *, kind: str, key: int | str) -> None:
    changes.remove(kind, key)


def _about(task: CentralTask) -> dict[str, str | int]:
    return {"task": task.name, "type": str(task.kind)}


def _identified(file: Instance) -> dict[str, str | int]:
    """What is reported of a file (public help)."""
    return {"path": str(file["FullPath"]), "md5": str(file["Md5sum"]), "sha256": str(file["Sha256sum"])}
