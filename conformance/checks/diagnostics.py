"""Failure diagnosis: trace files and dumps, their folders, their number and size (KEA-DIA).

What is traced, and how much that comes to, is not documented: trials are long enough for some megabytes an hour, and
ask for files as small as there are. Somebody looks at them on the device.
"""

from collections.abc import Mapping
from typing import Any, Final

from conformance.agents import DIAGNOSIS, AgentUnderTest
from conformance.checks.telemetry import HIGH, UNTHROTTLED, emit
from conformance.judging import Unobservable, at_least, at_most, between, contains, equal, holds
from conformance.registry import clause
from conformance.servers import ADMINISTRATION, ServerUnderTest
from conformance.trial import HOUR_MS, MINUTE_MS, Trial
from emulator.policy.effective import LocalSettings, edit_local
from emulator.policy.settings import LOCAL_KEYS, AgentSettings, describe, parse_group

NEEDS: Final = (DIAGNOSIS,)
KEY: Final = "failure-diagnosis"
TRACES, DUMPS, OTHER, MISSING = "C:\\Traces", "C:\\Dumps", "C:\\Other", "C:\\Missing"
THERE: Final = (TRACES, DUMPS, OTHER)
"""The folders that every device has."""
SAVED_H: Final = 1
LEAST_MB: Final = 1_000_000, 1_048_576
"""1 MB in either meaning."""
DEFAULT_MB: Final = 50
SMALL: Final[dict[str, Any]] = {"max-trace-file-size": "1MB"}


def tracing(folder: str = TRACES, **more: Any) -> dict[str, Any]:
    """Settings with traces on; keys with underscores."""
    return {"write-traces": True, "trace-folder": folder} | {key.replace("_", "-"): one for key, one in more.items()}


def dumping(folder: str = DUMPS) -> dict[str, Any]:
    """Settings with dumps on and traces off, whose folder is there."""
    return {"write-traces": False, "trace-folder": TRACES, "write-dumps": True, "dump-folder": folder}


def diagnosed(
    agent: AgentUnderTest,
    settings: Mapping[str, Any],
    *,
    views: tuple[int, ...] = (8,),
    crash: bool = False,
    lives: bool = False,
) -> Trial:
    """A device with some folders is set up for diagnosis in the first hour, and is looked at in later ones.

    It crashes in the fourth, where that is wanted; with `lives` events happen in the hour of the last look.
    """
    folders = [{"at": "1min", "do": "place-file", "target": "all", "file": f"{folder}\\readme.txt"} for folder in THERE]
    edit = {"at": f"{SAVED_H}h", "do": "edit-settings", "target": "all", "settings": {KEY: dict(settings)}}
    crashes = [{"at": "4h", "do": "crash-agent", "target": "all", "for": "10min"}] if crash else []
    looks = [{"at": f"{hour}h", "do": "view-diagnosis", "target": "all"} for hour in views]
    life = [emit(HIGH, 5, f"{views[-1]}h")] if lives else []
    steps: list[Mapping[str, Any]] = [*folders, edit, *crashes, *looks, *life]
    return agent.attempt(duration=f"{views[-1] + 1}h", steps=steps, settings=UNTHROTTLED, central_node=lives)


def files(trial: Trial, kind: str = "traces-viewed", hour: int | None = None) -> list[dict[str, Any]]:
    """What was seen of traces or dumps, a process or folder each; nothing of those that are not there."""
    seen = [(at_ms // HOUR_MS, one) for at_ms, _, one in trial.told(kind)]
    at_least(len(seen), 1, f"facts {kind}, of those who looked")
    return [one for at, one in seen if one["files"] and hour in (None, at)]


def folders_of(seen: list[dict[str, Any]]) -> list[str]:
    """Their folders."""
    return sorted({str(one["folder"]) for one in seen})


# --- folders ----------------------------------------------------------------------------------------------------------


@clause("KEA-DIA-001")
def check_no_folder_is_made(agent: AgentUnderTest) -> None:
    """Folders that are missing are missing after the save, after hours of traces, and after a crash."""
    settings = {**tracing(f"{MISSING}\\T"), "write-dumps": True, "dump-folder": f"{MISSING}\\D"}
    trial = diagnosed(agent, settings, views=(2, 8), crash=True)
    seen = [(one["folder"], one["there"]) for _, _, one in trial.told("diagnosis-folder-viewed")]
    equal(sorted(seen), [(f"{MISSING}\\D", False)] * 2 + [(f"{MISSING}\\T", False)] * 2, "folders, and are they there")
    trial = diagnosed(agent, {**tracing(), "write-dumps": True, "dump-folder": DUMPS})
    seen = [(one["folder"], one["there"]) for _, _, one in trial.told("diagnosis-folder-viewed")]
    equal(sorted(seen), [(DUMPS, True), (TRACES, True)], "the same of folders that were there before")


@clause("KEA-DIA-002")
def check_files_appear_in_a_folder_that_exists(agent: AgentUnderTest) -> None:
    """Traces and a dump are in folders that were there, and nothing is where they were not."""
    settings = {**tracing(), "write-dumps": True, "dump-folder": DUMPS}
    trial = diagnosed(agent, settings, crash=True)
    seen = [folders_of(files(trial, kind)) for kind in ("traces-viewed", "dumps-viewed")]
    equal(seen, [[TRACES], [DUMPS]], "folders with traces and with dumps")
    trial = diagnosed(agent, {**settings, "trace-folder": MISSING, "dump-folder": MISSING}, crash=True)
    seen = [folders_of(files(trial, kind)) for kind in ("traces-viewed", "dumps-viewed")]
    equal(seen, [[], []], "the same with a folder that is missing")


@clause("KEA-DIA-005")
def check_traces_are_in_their_folder_and_nowhere_else(agent: AgentUnderTest) -> None:
    """Whichever of the folders that are there is set."""
    for folder in (TRACES, OTHER):
        seen = folders_of(files(diagnosed(agent, {**tracing(folder), "dump-folder": DUMPS})))
        equal(seen, [folder], f"folders with trace files, {folder} being set")


@clause("KEA-DIA-006")
def check_without_the_folder_no_traces_are_saved(agent: AgentUnderTest) -> None:
    """There is no trace file anywhere, and Endpoint Agent goes on working."""
    trial = diagnosed(agent, tracing(MISSING), lives=True)
    equal(files(trial), [], "trace files with a folder that is missing")
    equal(trial.count(HIGH), 5, "events that are collected after hours without it")
    at_least(len(files(diagnosed(agent, tracing()))), 1, "processes with trace files, the folder being there")


# --- traces -----------------------------------------------------------------------------------------------------------


@clause("KEA-DIA-004")
def check_traces_can_be_turned_on(agent: AgentUnderTest) -> None:
    """With the option on trace files appear in a folder that is there; with it off none do."""
    at_least(len(files(diagnosed(agent, tracing()))), 1, "processes with trace files, the option on")
    equal(files(diagnosed(agent, tracing(write_traces=False))), [], "trace files, the option off")


@clause("KEA-DIA-007")
def check_files_are_of_50_mb_by_default(agent: AgentUnderTest) -> None:
    """Where no size is set a process that writes a lot fills files of 50 MB, and goes on in another."""
    seen = files(diagnosed(agent, tracing(), views=(48,)))
    most = max((one for one in seen if one["files"] > 1), key=lambda one: int(one["files"]), default=None)
    holds(most is not None, "a process that has filled one file goes on in another", seen)
    assert most is not None
    least, largest = (DEFAULT_MB * mb for mb in LEAST_MB)
    between(int(most["largest-bytes"]), least, largest, "bytes of its largest file")


@clause("KEA-DIA-008")
def check_a_full_file_is_followed_by_a_new_one(agent: AgentUnderTest) -> None:
    """With 1 MB set, and more written, there are several files, none of them larger."""
    seen = files(diagnosed(agent, tracing(**SMALL)))
    at_least(len(seen), 1, "processes with trace files")
    for one in seen:
        at_least(int(one["files"]), 2, f"files of {one['process']}, which has written {one['size-bytes']} bytes")
        at_most(int(one["largest-bytes"]), LEAST_MB[1], f"bytes of the largest file of {one['process']}")


@clause("KEA-DIA-010")
def check_one_file_is_kept_by_default(agent: AgentUnderTest) -> None:
    """With overwriting on and no number set, each process has one file, though it has filled several."""
    seen = files(diagnosed(agent, tracing(overwrite_old_trace_files=True, **SMALL)))
    at_least(len(seen), 1, "processes with trace files")
    equal([one["files"] for one in seen], [1] * len(seen), "files of each process")
    equal([one["process"] for one in seen if one["newest"] < 2], [], "processes that have filled no file yet")


def rotating(agent: AgentUnderTest, number: int, *, overwrite: bool = True) -> Trial:
    """Traces in small files, with a number of them; looked at twice."""
    settings = tracing(overwrite_old_trace_files=overwrite, max_trace_files=number, **SMALL)
    return diagnosed(agent, settings, views=(6, 10))


@clause("KEA-DIA-011")
def check_the_oldest_file_is_overwritten_first(agent: AgentUnderTest) -> None:
    """With three files wanted and more filled, the newest three are there at each look."""
    trial = rotating(agent, 3)
    newest = []
    for hour in (6, 10):
        seen = files(trial, hour=hour)
        at_least(len(seen), 1, "processes with trace files")
        for one in seen:
            kept = (one["files"], one["newest"] - one["oldest"])
            equal(kept, (3, 2), f"files of {one['process']}, and how far the newest is from the oldest")
        newest.append(sum(one["newest"] for one in seen))
    at_least(newest[1], newest[0] + 1, "the number of the newest files at the second look")


@clause("KEA-DIA-012", "KEA-DIA-013")
def check_the_number_of_files_is_for_each_process(agent: AgentUnderTest) -> None:
    """Each process has as many as are wanted, and all together have more."""
    for number in (1, 3):
        seen = files(rotating(agent, number), hour=10)
        at_least(len(seen), 1, "processes with trace files")
        if len(seen) == 1:
            raise Unobservable("there are traces of one process only: nobody can tell what several have")
        equal([one["files"] for one in seen], [number] * len(seen), f"files of each process, {number} being wanted")
        at_least(sum(one["files"] for one in seen), number + 1, f"files of all, {number} being wanted")


@clause("KEA-DIA-014")
def check_without_overwriting_files_add_up(agent: AgentUnderTest) -> None:
    """Beyond the number, from the first file on."""
    trial = rotating(agent, 3, overwrite=False)
    seen = files(trial, hour=10)
    at_least(len(seen), 1, "processes with trace files")
    for one in seen:
        at_least(int(one["files"]), 4, f"files of {one['process']}, of which 3 are wanted with overwriting")
        equal(one["oldest"], 1, f"the number of the oldest file of {one['process']}")


@clause("KEA-DIA-017")
def check_traces_begin_with_the_save(agent: AgentUnderTest) -> None:
    """Every process of which there are traces later has begun within a minute of the save, without a restart."""
    trial = diagnosed(agent, tracing())
    began = [(at_ms - SAVED_H * HOUR_MS, str(one["process"])) for at_ms, _, one in trial.told("traces-began")]
    wanted = sorted(str(one["process"]) for one in files(trial))
    at_least(len(wanted), 1, "processes with trace files")
    equal(sorted(process for _, process in began), wanted, "processes that begin to write traces")
    between(max(wait for wait, _ in began), 0, MINUTE_MS, "milliseconds from the save until the last of them begins")
    equal([len(trial.told(kind)) for kind in ("agent-stopped", "agent-started")], [0, 0], "stops and starts meanwhile")


# --- dumps ------------------------------------------------------------------------------------------------------------


@clause("KEA-DIA-015")
def check_dumps_are_an_option_with_a_folder_of_their_own(agent: AgentUnderTest) -> None:
    """With dumps on and traces off a crash leaves a dump in its folder, and no trace file; the other way round none."""
    trial = diagnosed(agent, dumping(), crash=True)
    equal(folders_of(files(trial, "dumps-viewed")), [DUMPS], "folders with dumps after a crash")
    equal(files(trial), [], "trace files, traces being off")
    trial = diagnosed(agent, {**tracing(), "write-dumps": False, "dump-folder": DUMPS}, crash=True)
    equal(files(trial, "dumps-viewed"), [], "dumps after a crash, dumps being off")
    equal(folders_of(files(trial)), [TRACES], "folders with trace files, traces being on")


@clause("KEA-DIA-016")
def check_without_the_folder_no_dump_is_saved(agent: AgentUnderTest) -> None:
    """After a crash there is none anywhere; where the folder is there, there is one."""
    for folder, wanted in ((MISSING, []), (DUMPS, [DUMPS])):
        trial = diagnosed(agent, dumping(folder), crash=True)
        equal(len(trial.told("agent-crashed")), 1, "crashes")
        equal(folders_of(files(trial, "dumps-viewed")), wanted, f"folders with dumps, {folder} being set")


# --- the model --------------------------------------------------------------------------------------------------------


def stored(**values: Any) -> Any:  # FailureDiagnosis
    """The group as the properties of a device hold it after somebody has set these values."""
    data = {key.replace("_", "-"): value for key, value in values.items()}
    edited = edit_local(LocalSettings(), None, parse_group(KEY, data))
    assert isinstance(edited, LocalSettings)
    return edited.group(KEY)


@clause("KEA-DIA-003", needs=[ADMINISTRATION])
def check_diagnosis_is_in_the_properties_of_a_device(server: ServerUnderTest) -> None:
    """The device has the group in its section, and stores what is set there."""
    contains(LOCAL_KEYS, KEY, "settings groups of a device")
    (group,) = describe((KEY,))
    equal(group.section, "Application settings / Failure diagnosis", "where it stands")
    kept = stored(write_traces=True, trace_folder=TRACES, write_dumps=True, dump_folder=DUMPS)
    seen = (kept.write_traces, kept.trace_folder, kept.write_dumps, kept.dump_folder)
    equal(seen, (True, TRACES, True, DUMPS), "options and folders, as they were stored")


@clause("KEA-DIA-009", needs=[ADMINISTRATION])
def check_overwriting_is_an_option_with_a_number(server: ServerUnderTest) -> None:
    """Both are stored as they were set, one whatever the other is."""
    for overwrite, number in ((True, 4), (False, 9)):
        kept = stored(overwrite_old_trace_files=overwrite, max_trace_files=number)
        seen = (kept.overwrite_old_trace_files, kept.max_trace_files)
        equal(seen, (overwrite, number), "the option and the number, as they were stored")


@clause("KEA-DIA-007", "KEA-DIA-010", needs=[ADMINISTRATION])
def check_fresh_settings_have_one_file_of_50_mb(server: ServerUnderTest) -> None:
    """Those of a device that nobody has set anything on."""
    fresh = AgentSettings().failure_diagnosis
    equal((fresh.max_trace_file_size_mb, fresh.max_trace_files), (DEFAULT_MB, 1), "size in MB and number of files")
