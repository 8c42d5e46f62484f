"""Defects of failure diagnosis: folders that are made or ignored, files that grow, are too many, or too few."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.components.diagnosis import DiagnosisKeeper
from emulator.diagnostics import diagnosis, traces
from emulator.diagnostics.diagnosis import Diagnosis
from emulator.diagnostics.traces import Limits, Run
from emulator.host import HostChanges
from emulator.policy import effective
from emulator.policy.sections.diagnosis import FailureDiagnosis
from emulator.policy.settings import DEFAULTS
from emulator.told import Told

True_ = Callable[..., Any]


def traced(plant: Plant, change: Callable[[FailureDiagnosis], FailureDiagnosis]) -> None:
    """Has processes traced by other settings than those that were saved."""

    def make(true: True_) -> True_:
        def wrong(self: Diagnosis, *given: Any) -> Iterator[Told]:
            own = self.settings
            self.settings = change(own)
            yield from true(self, *given)
            self.settings = own

        return wrong

    plant.around(Diagnosis, "_begin", make)


def dumped(plant: Plant, change: Callable[[FailureDiagnosis], FailureDiagnosis]) -> None:
    """Has a crash leave a dump by other settings than those that were saved."""

    def make(true: True_) -> True_:
        def wrong(self: Diagnosis, *given: Any) -> Any:
            own = self.settings
            self.settings = change(own)
            told = true(self, *given)
            self.settings = own
            return told

        return wrong

    plant.around(Diagnosis, "crashed", make)


def everything_is_there(plant: Plant, name: str) -> None:
    """Has a step of diagnosis take every folder for one that is there."""
    plant.around(Diagnosis, name, lambda true: lambda self, at_ms, _: true(self, at_ms, lambda folder: True))


# --- folders ----------------------------------------------------------------------------------------------------------


@defect("KEA-DIA-001", "missing folders are made")
def folders_are_made(plant: Plant) -> None:
    """With the save."""

    def make(true: True_) -> True_:
        def wrong(self: DiagnosisKeeper, at_ms: int) -> None:
            settings = self._agent.settings.failure_diagnosis

            def change(changes: HostChanges) -> None:
                for folder in filter(None, (settings.trace_folder, settings.dump_folder)):
                    changes.make_folder(folder)

            self._agent.change_host(at_ms, change)
            true(self, at_ms)

        return wrong

    plant.around(DiagnosisKeeper, "_follow", make)


@defect("KEA-DIA-002", "folders that exist are not found")
def folders_are_not_found(plant: Plant) -> None:
    """None is."""
    plant.replace(diagnosis, "_is_there", lambda *_: False)


@defect("KEA-DIA-003", "diagnosis stands among the general settings")
def diagnosis_has_another_section(plant: Plant) -> None:
    """Not in a section of its own."""
    plant.replace(
        FailureDiagnosis, "about", replace(FailureDiagnosis.about, section="Application settings / General settings")
    )


@defect("KEA-DIA-005", "traces are in the folder of the dumps")
def traces_are_with_the_dumps(plant: Plant) -> None:
    """Where one is set."""
    traced(plant, lambda given: replace(given, trace_folder=given.dump_folder or given.trace_folder))


@defect("KEA-DIA-006", "traces are saved though their folder is missing")
def traces_need_no_folder(plant: Plant) -> None:
    """It is not looked for."""
    everything_is_there(plant, "_begin")


# --- traces -----------------------------------------------------------------------------------------------------------


@defect("KEA-DIA-004", "traces are written with the option off")
def traces_are_always_on(plant: Plant) -> None:
    """As soon as there is a folder."""
    traced(plant, lambda given: replace(given, write_traces=True))


@defect("KEA-DIA-007", "trace files are of 100 MB by default")
def default_size_is_another(plant: Plant) -> None:
    """Twice as large."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(FailureDiagnosis(max_trace_file_size_mb=100)))


@defect("KEA-DIA-008", "a trace file grows on")
def trace_files_grow(plant: Plant) -> None:
    """Whatever size is set."""
    plant.replace(traces, "_written", lambda first, amount_bytes, _: Run(first, 1, amount_bytes, amount_bytes))


@defect("KEA-DIA-009", "a number of files selects the option")
def number_selects_the_option(plant: Plant) -> None:
    """By being more than one."""

    def make(true: True_) -> True_:
        def wrong(self: FailureDiagnosis) -> None:
            object.__setattr__(self, "overwrite_old_trace_files", self.max_trace_files > 1)
            true(self)

        return wrong

    plant.around(FailureDiagnosis, "__post_init__", make)


@defect("KEA-DIA-010", "two trace files are kept by default")
def default_number_is_another(plant: Plant) -> None:
    """One more."""
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(FailureDiagnosis(max_trace_files=2)))


@defect("KEA-DIA-011", "the newest trace files are given up")
def oldest_files_are_kept(plant: Plant) -> None:
    """The oldest stay."""

    def oldest(runs: tuple[Run, ...], files: int) -> tuple[Run, ...]:
        first = runs[0]
        kept = min(first.count, files)
        return (replace(first, count=kept, last_bytes=first.last_bytes if kept == first.count else first.file_bytes),)

    plant.replace(traces, "_newest", oldest)


@defect("KEA-DIA-012", "the number of files is for all processes together")
def number_is_shared(plant: Plant) -> None:
    """Each has its share."""

    def shared(file_bytes: int, files_max: int | None) -> Limits:
        return Limits(file_bytes, None if files_max is None else max(1, files_max // 2))

    plant.replace(diagnosis, "Limits", shared)


@defect("KEA-DIA-013", "the number of files is the most of all processes together")
def total_is_limited(plant: Plant) -> None:
    """The last one has what the others leave of it."""
    begun = 0

    def limited(file_bytes: int, files_max: int | None) -> Limits:
        nonlocal begun
        begun += 1
        return Limits(file_bytes, None if files_max is None else max(1, files_max - 1 if begun % 2 else 1))

    plant.replace(diagnosis, "Limits", limited)


@defect("KEA-DIA-014", "old trace files are overwritten with the option off")
def files_are_always_overwritten(plant: Plant) -> None:
    """It is not looked at."""
    traced(plant, lambda given: replace(given, overwrite_old_trace_files=True))


@defect("KEA-DIA-017", "traces begin with the next start")
def traces_wait_for_a_start(plant: Plant) -> None:
    """Not with the save."""
    plant.around(
        Diagnosis,
        "saved",
        lambda true: (
            lambda self, at_ms, settings, *, running, has_folder: true(
                self, at_ms, settings, running=False, has_folder=has_folder
            )
        ),
    )


# --- dumps ------------------------------------------------------------------------------------------------------------


@defect("KEA-DIA-015", "dumps are in the folder of the traces")
def dumps_are_with_the_traces(plant: Plant) -> None:
    """Where one is set."""
    dumped(plant, lambda given: replace(given, dump_folder=given.trace_folder or given.dump_folder))


@defect("KEA-DIA-016", "a dump is saved though its folder is missing")
def dumps_need_no_folder(plant: Plant) -> None:
    """It is not looked for."""
    everything_is_there(plant, "crashed")
