"""Application settings, failure diagnosis: trace and dump files of one device."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from emulator.policy.kinds import flag, size, text, whole
from emulator.policy.records import Setting
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group


@dataclass(frozen=True, slots=True)
class FailureDiagnosis(Group):
    """What Endpoint Agent writes for the diagnosis of failures (KEA-DIA-001 to KEA-DIA-017)."""

    about: ClassVar = About("Failure diagnosis", "Application settings / Failure diagnosis", device_only="KEA-DIA-003")

    write_traces: Annotated[
        bool,
        Setting(
            flag(), "write debug information to trace files", clause="KEA-DIA-004", default_clause=EMULATORS_CHOICE
        ),
    ] = False
    trace_folder: Annotated[
        str,
        Setting(
            text(),
            "folder of the trace files; it has to be there, nothing is saved otherwise",
            clause="KEA-DIA-005",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ""
    max_trace_file_size_mb: Annotated[
        int,
        Setting(
            size("MB", 1), "the most that one trace file takes", clause="KEA-DIA-008", default_clause="KEA-DIA-007"
        ),
    ] = 50
    overwrite_old_trace_files: Annotated[
        bool,
        Setting(
            flag(),
            "overwrite the oldest trace file once there are as many as allowed",
            clause="KEA-DIA-009",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    max_trace_files: Annotated[
        int,
        Setting(
            whole(1, unit="files"),
            "trace files of each process; without effect while old ones are not overwritten",
            clause="KEA-DIA-009",
            default_clause="KEA-DIA-010",
        ),
    ] = 1
    write_dumps: Annotated[
        bool,
        Setting(flag(), "write dump files", clause="KEA-DIA-015", default_clause=EMULATORS_CHOICE),
    ] = False
    dump_folder: Annotated[
        str,
        Setting(
            text(),
            "folder of the dump files; it has to be there, nothing is saved otherwise",
            clause="KEA-DIA-015",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ""
