from dataclasses import replace

import pytest

from emulator.chance import device_key
from emulator.diagnostics import PROCESSES, Diagnosis, trace_rate_bytes_per_hour
from emulator.diagnostics.processes import dump_size_bytes
from emulator.diagnostics.traces import HOUR_MS
from emulator.policy.kinds import UNIT_BYTES
from emulator.policy.settings import DEFAULTS, FailureDiagnosis
from emulator.told import Told

KEY = device_key(7, "office", 0)
MB = UNIT_BYTES["MB"]
TRACING = FailureDiagnosis(write_traces=True, trace_folder="C:\\Traces")
DUMPING = FailureDiagnosis(write_dumps=True, dump_folder="C:\\Dumps")
BOTH = replace(TRACING, write_dumps=True, dump_folder="C:\\Dumps")


def there(folder: str) -> bool:
    return folder in ("C:\\Traces", "C:\\Dumps")


def nowhere(folder: str) -> bool:
    return False


def device(settings: FailureDiagnosis, *, folders: bool = True, running: bool = True) -> tuple[Diagnosis, list[str]]:
    diagnosis = Diagnosis(KEY, "windows")
    told = diagnosis.saved(0, settings, running=running, has_folder=there if folders else nowhere)
    return diagnosis, kinds(told)


def kinds(told: tuple[Told, ...]) -> list[str]:
    return [each.kind for each in told]


def test_nothing_is_diagnosed_by_default() -> None:
    diagnosis = Diagnosis(KEY, "windows")
    assert diagnosis.saved(0, DEFAULTS.failure_diagnosis, running=True, has_folder=there) == ()
    assert diagnosis.crashed(HOUR_MS, there) == ()
    assert [told.values for told in diagnosis.viewed(HOUR_MS, there)] == [{"files": 0}, {"files": 0}]


def test_each_running_process_begins_its_trace_at_the_save() -> None:
    diagnosis, told = device(TRACING)  # KEA-DIA-017
    assert told == ["traces-began", "traces-began"]
    files = list(diagnosis.trace_files(HOUR_MS))
    assert {folder for folder, _ in files} == {"C:\\Traces"}  # KEA-DIA-005
    assert {file.process for _, file in files} == set(PROCESSES["windows"])
    assert all(file.size_bytes == trace_rate_bytes_per_hour(KEY, file.process) for _, file in files)


def test_a_folder_that_is_not_there_is_not_made_and_nothing_is_saved() -> None:
    diagnosis, told = device(TRACING, folders=False)  # KEA-DIA-001, KEA-DIA-006
    assert told == ["traces-not-saved", "traces-not-saved"]
    assert list(diagnosis.trace_files(HOUR_MS)) == []
    assert device(replace(TRACING, trace_folder=""))[1] == ["traces-not-saved", "traces-not-saved"]


def test_without_the_name_of_a_folder_nothing_is_saved_anywhere() -> None:
    nameless = replace(BOTH, trace_folder="", dump_folder="")
    diagnosis = Diagnosis(KEY, "windows")
    told = diagnosis.saved(0, nameless, running=True, has_folder=lambda _: True)
    assert kinds(told) == ["traces-not-saved", "traces-not-saved"]
    assert kinds(diagnosis.crashed(HOUR_MS, lambda _: True)) == ["dump-not-saved"]


def test_the_same_settings_saved_again_begin_no_new_file() -> None:
    diagnosis, _ = device(TRACING)
    assert diagnosis.saved(HOUR_MS, TRACING, running=True, has_folder=there) == ()
    assert [file.number for _, file in diagnosis.trace_files(HOUR_MS)] == [1, 1]


def test_a_folder_that_comes_later_serves_from_the_next_start_on() -> None:
    diagnosis, _ = device(TRACING, folders=False)
    assert diagnosis.stopped(HOUR_MS) == ()
    assert kinds(diagnosis.started(2 * HOUR_MS, there)) == ["traces-began", "traces-began"]
    assert list(diagnosis.trace_files(3 * HOUR_MS))


def test_nothing_is_traced_while_endpoint_agent_does_not_run() -> None:
    diagnosis, told = device(TRACING, running=False)
    assert told == []
    assert list(diagnosis.trace_files(HOUR_MS)) == []
    assert kinds(diagnosis.started(HOUR_MS, there)) == ["traces-began", "traces-began"]
    assert kinds(diagnosis.stopped(2 * HOUR_MS)) == ["traces-ended", "traces-ended"]
    before = list(diagnosis.trace_files(2 * HOUR_MS))
    assert list(diagnosis.trace_files(9 * HOUR_MS)) == before
    diagnosis.started(9 * HOUR_MS, there)
    assert [file.number for _, file in diagnosis.trace_files(9 * HOUR_MS)] == [1, 2, 1, 2]


def test_the_number_of_files_is_of_each_process() -> None:
    settings = replace(TRACING, max_trace_file_size_mb=1, max_trace_files=3, overwrite_old_trace_files=True)
    diagnosis, _ = device(settings)  # KEA-DIA-012, KEA-DIA-013
    files = [file for _, file in diagnosis.trace_files(48 * HOUR_MS)]
    assert [file.process for file in files] == ["service"] * 3 + ["sensor"] * 3
    assert all(file.size_bytes <= MB for file in files)
    assert len(list(device(replace(settings, overwrite_old_trace_files=False))[0].trace_files(48 * HOUR_MS))) > 100


def test_by_default_a_file_takes_50_mb() -> None:
    diagnosis, _ = device(TRACING)  # KEA-DIA-007
    sizes = [file.size_bytes for _, file in diagnosis.trace_files(240 * HOUR_MS)]
    assert max(sizes) == 50 * MB


def test_switching_off_ends_the_trace_and_leaves_the_files() -> None:
    diagnosis, _ = device(TRACING)
    off = replace(TRACING, write_traces=False)
    told = diagnosis.saved(HOUR_MS, off, running=True, has_folder=there)
    assert kinds(told) == ["traces-ended", "traces-ended"]
    assert len(list(diagnosis.trace_files(9 * HOUR_MS))) == 2
    assert diagnosis.saved(9 * HOUR_MS, off, running=True, has_folder=there) == ()


def test_another_size_holds_from_the_save_on_in_a_new_file() -> None:
    diagnosis, _ = device(TRACING)
    told = diagnosis.saved(HOUR_MS, replace(TRACING, max_trace_file_size_mb=1), running=True, has_folder=there)
    assert kinds(told) == ["traces-began", "traces-began"]
    assert [file.number for _, file in diagnosis.trace_files(HOUR_MS)] == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("settings", "folders", "told"),
    [
        (DUMPING, True, ["dump-written"]),
        (DUMPING, False, ["dump-not-saved"]),  # KEA-DIA-016
        (replace(DUMPING, dump_folder=""), True, ["dump-not-saved"]),
        (TRACING, True, ["traces-ended", "traces-ended"]),
        (BOTH, True, ["traces-ended", "traces-ended", "dump-written"]),
        (DEFAULTS.failure_diagnosis, True, []),
    ],
)
def test_a_crash_leaves_a_dump_only_where_dumps_are_on_and_can_be_saved(
    settings: FailureDiagnosis, folders: bool, told: list[str]
) -> None:
    diagnosis, _ = device(settings, folders=folders)
    assert kinds(diagnosis.crashed(HOUR_MS, there if folders else nowhere)) == told
    assert bool(diagnosis.dumps) == ("dump-written" in told)


def test_dumps_without_traces_lie_in_their_own_folder_alone() -> None:
    diagnosis, _ = device(DUMPING)  # KEA-DIA-015
    diagnosis.crashed(HOUR_MS, there)
    diagnosis.crashed(2 * HOUR_MS, there)
    assert [(dump.folder, dump.at_ms) for dump in diagnosis.dumps] == [
        ("C:\\Dumps", HOUR_MS),
        ("C:\\Dumps", 2 * HOUR_MS),
    ]
    assert list(diagnosis.trace_files(3 * HOUR_MS)) == []
    size = sum(dump_size_bytes(KEY, "service", hours * HOUR_MS) for hours in (1, 2))
    assert diagnosis.viewed(3 * HOUR_MS, there)[-1].values == {"folder": "C:\\Dumps", "files": 2, "size-bytes": size}


def test_an_orderly_stop_leaves_no_dump() -> None:
    diagnosis, _ = device(BOTH)
    diagnosis.stopped(HOUR_MS)
    assert not diagnosis.dumps


def test_who_looks_sees_each_process_with_numbers_and_sizes() -> None:
    settings = replace(TRACING, max_trace_file_size_mb=1, max_trace_files=2, overwrite_old_trace_files=True)
    diagnosis, _ = device(settings)
    folder, service, sensor, dumps = diagnosis.viewed(48 * HOUR_MS, there)
    assert folder.values == {"folder": "C:\\Traces", "there": True}
    assert (service.values["process"], sensor.values["process"]) == ("service", "sensor")
    files = [file for _, file in diagnosis.trace_files(48 * HOUR_MS) if file.process == "sensor"]
    assert sensor.values == {
        "process": "sensor",
        "folder": "C:\\Traces",
        "files": 2,
        "oldest": files[0].number,
        "newest": files[-1].number,
        "largest-bytes": MB,
        "size-bytes": sum(file.size_bytes for file in files),
    }
    assert dumps.values == {"files": 0}


def test_nothing_is_diagnosed_where_the_pages_may_not_hold() -> None:
    diagnosis = Diagnosis(KEY, "linux")
    assert diagnosis.saved(0, BOTH, running=True, has_folder=lambda _: True) == ()
    assert diagnosis.crashed(HOUR_MS, lambda _: True) == ()


def test_devices_write_different_amounts_and_each_the_same_every_time() -> None:
    keys = [device_key(7, "office", index) for index in range(20)]
    rates = [trace_rate_bytes_per_hour(key, "sensor") for key in keys]
    assert len(set(rates)) == len(rates)
    assert rates == [trace_rate_bytes_per_hour(key, "sensor") for key in keys]
    assert all(10 * MB <= rate < 40 * MB for rate in rates)
