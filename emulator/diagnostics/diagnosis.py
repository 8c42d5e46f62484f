"""Failure diagnosis of one device: what is traced, what is dumped, and where nothing can be saved."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from emulator.diagnostics.processes import PROCESSES, SERVICE, dump_size_bytes, trace_rate_bytes_per_hour
from emulator.diagnostics.traces import Limits, TraceFile, TraceLog
from emulator.policy.kinds import UNIT_BYTES
from emulator.policy.sections.diagnosis import FailureDiagnosis
from emulator.policy.settings import DEFAULTS
from emulator.told import Told

TRACES_BEGAN: Final = "traces-began"
TRACES_ENDED: Final = "traces-ended"
TRACES_NOT_SAVED: Final = "traces-not-saved"
DUMP_WRITTEN: Final = "dump-written"
DUMP_NOT_SAVED: Final = "dump-not-saved"
TRACES_VIEWED: Final = "traces-viewed"
DUMPS_VIEWED: Final = "dumps-viewed"
FOLDER_VIEWED: Final = "diagnosis-folder-viewed"
NO_FOLDER: Final = "no-folder"
"""The reason where the folder is not there, or none is named."""

HasFolder = Callable[[str], bool]
"""Tells whether a folder is there on the device at this moment."""
Place = tuple[str, str]
"""Where a log is: folder and process."""


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump file."""

    process: str
    folder: str
    at_ms: int
    size_bytes: int


@dataclass(slots=True)
class Diagnosis:
    """Failure diagnosis of the device with this key, on this operating system.

    Moments may not go back. A folder is looked for when writing begins and when a process crashes, and never made
    (KEA-DIA-001). Processes that start after the save are traced too, into a new file: the documentation speaks of
    those running at that time only (KEA-DIA-017). The files are here alone; they are no files of the host that an
    indicator could be put to.
    """

    key: int
    os: str
    settings: FailureDiagnosis = DEFAULTS.failure_diagnosis
    dumps: list[Dump] = field(default_factory=list)
    _logs: dict[Place, TraceLog] = field(default_factory=dict)

    def saved(
        self, at_ms: int, settings: FailureDiagnosis, *, running: bool, has_folder: HasFolder
    ) -> tuple[Told, ...]:
        """Settings were saved; `running` tells whether Endpoint Agent runs. The same settings again change nothing."""
        if settings == self.settings:
            return ()
        ended = self._end(at_ms)
        self.settings = settings
        began = tuple(self._begin(at_ms, has_folder)) if running else ()
        return (*(ended if not settings.write_traces else ()), *began)

    def started(self, at_ms: int, has_folder: HasFolder) -> tuple[Told, ...]:
        """The processes of Endpoint Agent start."""
        return tuple(self._begin(at_ms, has_folder))

    def stopped(self, at_ms: int) -> tuple[Told, ...]:
        """The processes of Endpoint Agent end, orderly: there is no dump."""
        return self._end(at_ms)

    def crashed(self, at_ms: int, has_folder: HasFolder) -> tuple[Told, ...]:
        """Endpoint Agent crashes: its service leaves a dump if the dump folder is there (KEA-DIA-015, KEA-DIA-016)."""
        ended = self._end(at_ms)
        if not self.settings.write_dumps or SERVICE not in PROCESSES[self.os]:
            return ended
        folder = self.settings.dump_folder
        values: dict[str, str | int | bool] = {"process": SERVICE, "folder": folder}
        if not _is_there(folder, has_folder):
            return (*ended, Told(DUMP_NOT_SAVED, {**values, "reason": NO_FOLDER}))
        dump = Dump(SERVICE, folder, at_ms, dump_size_bytes(self.key, SERVICE, at_ms))
        self.dumps.append(dump)
        return (*ended, Told(DUMP_WRITTEN, {**values, "size-bytes": dump.size_bytes}))

    def trace_files(self, at_ms: int) -> Iterator[tuple[str, TraceFile]]:
        """Every trace file with its folder, process by process, the oldest first."""
        for (folder, _), log in self._logs.items():
            for file in log.files(at_ms):
                yield folder, file

    def viewed(self, at_ms: int, has_folder: HasFolder) -> tuple[Told, ...]:
        """What somebody sees who looks: whether the folders of the settings are there, the trace files of each process
        and folder, and the dumps of each folder.

        Where there are none, one fact says so.
        """
        wanted = dict.fromkeys((self.settings.trace_folder, self.settings.dump_folder))
        there = [Told(FOLDER_VIEWED, {"folder": folder, "there": has_folder(folder)}) for folder in wanted if folder]
        traces = [
            Told(
                TRACES_VIEWED,
                {
                    "process": process,
                    "folder": folder,
                    "files": sum(run.count for run in runs),
                    "oldest": runs[0].first,
                    "newest": runs[-1].following - 1,
                    "largest-bytes": max(run.file_bytes if run.count > 1 else run.last_bytes for run in runs),
                    "size-bytes": sum(run.size_bytes for run in runs),
                },
            )
            for (folder, process), log in self._logs.items()
            for runs in [log.at(at_ms)]
        ]
        folders = dict.fromkeys(dump.folder for dump in self.dumps)
        dumps = [
            Told(
                DUMPS_VIEWED,
                {
                    "folder": folder,
                    "files": sum(dump.folder == folder for dump in self.dumps),
                    "size-bytes": sum(dump.size_bytes for dump in self.dumps if dump.folder == folder),
                },
            )
            for folder in folders
        ]
        nothing: dict[str, str | int | bool] = {"files": 0}
        return (*there, *(traces or [Told(TRACES_VIEWED, nothing)]), *(dumps or [Told(DUMPS_VIEWED, nothing)]))

    def _begin(self, at_ms: int, has_folder: HasFolder) -> Iterator[Told]:
        settings = self.settings
        if not settings.write_traces:
            return
        folder = settings.trace_folder
        there = _is_there(folder, has_folder)
        files_max = settings.max_trace_files if settings.overwrite_old_trace_files else None
        limits = Limits(settings.max_trace_file_size_mb * UNIT_BYTES["MB"], files_max)
        for process in PROCESSES[self.os]:
            values: dict[str, str | int | bool] = {"process": process, "folder": folder}
            if not there:
                yield Told(TRACES_NOT_SAVED, {**values, "reason": NO_FOLDER})
                continue
            log = self._logs.get((folder, process))
            log = log or TraceLog(process, trace_rate_bytes_per_hour(self.key, process))
            self._logs[folder, process] = log.begin(at_ms, limits)
            yield Told(TRACES_BEGAN, values)

    def _end(self, at_ms: int) -> tuple[Told, ...]:
        told = []
        for (folder, process), log in self._logs.items():
            if log.limits is not None:
                self._logs[folder, process] = log.end(at_ms)
                told.append(Told(TRACES_ENDED, {"process": process, "folder": folder}))
        return tuple(told)


def _is_there(folder: str, has_folder: HasFolder) -> bool:
    return bool(folder) and has_folder(folder)
