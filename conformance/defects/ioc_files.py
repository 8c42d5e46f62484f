"""Defects of how IOC files are read and judged."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from conformance.planting import Plant, defect
from emulator.control import EndpointAgent, Sweeps, SweepTask
from emulator.ioc import condition, document
from emulator.ioc.document import IndicatorFile
from scenarios import staging

True_ = Callable[..., Any]


def reading(plant: Plant, change: Callable[[bytes, str], tuple[bytes, str]]) -> None:
    """Has files read as if they were others."""
    plant.around(document, "parse", lambda true: lambda data, name: true(*change(data, name)))


def made(plant: Plant, change: Callable[[IndicatorFile], IndicatorFile]) -> None:
    """Has what was read changed."""
    plant.around(staging, "parse_file", lambda true: lambda path: change(true(path)))


def asked(plant: Plant, change: Callable[[str, str | None, dict[str, Any]], tuple[str, str | None]]) -> None:
    """Has a condition read as another: (version, condition, its attributes) → (version, condition)."""

    def make(true: True_) -> True_:
        def wrong(version: str, name: str | None, **more: Any) -> Any:
            return true(*change(version, name, more), **more)

        return wrong

    plant.around(document, "condition_of", make)


def tasks(plant: Plant, change: Callable[[SweepTask], SweepTask]) -> None:
    """Has a task carried out with other files."""
    plant.around(
        Sweeps, "carry_out", lambda true: lambda self, agent, at_ms, task: true(self, agent, at_ms, change(task))
    )


@defect("KEA-IOF-001", "files of any name are read")
def any_name_is_read(plant: Plant) -> None:
    """As if they ended in `.ioc`."""

    def make(true: True_) -> True_:
        return lambda data, name: replace(true(data, f"{name}.ioc"), name=name)

    plant.around(document, "parse", make)


@defect("KEA-IOF-002", "files of version 1.0 are not read")
def no_version_1_0(plant: Plant) -> None:
    """Those of 1.1 are."""
    plant.replace(document, "_VERSIONS", {"OpenIOC": ("1.1", "criteria")})


@defect("KEA-IOF-003", "a file with other rules fails the task")
def other_rules_fail(plant: Plant) -> None:
    """As a file that is too large does."""
    made(plant, lambda file: replace(file, oversized=file.oversized or not file.supported))


@defect("KEA-IOF-004", "one unsupported file empties the collection")
def unsupported_spoils_all(plant: Plant) -> None:
    """Nothing is matched then."""

    def change(task: SweepTask) -> SweepTask:
        return task if all(file.supported for file in task.files) else replace(task, files=())

    tasks(plant, change)


@defect("KEA-IOF-005", "a task without a supported file does not start")
def nothing_supported_never_starts(plant: Plant) -> None:
    """It neither ends nor fails."""

    def make(true: True_) -> True_:
        def wrong(self: Sweeps, agent: EndpointAgent, at_ms: int, task: SweepTask) -> None:
            if any(file.supported for file in task.files):
                true(self, agent, at_ms, task)

        return wrong

    plant.around(Sweeps, "carry_out", make)


@defect("KEA-IOF-006", "an unsupported file counts as found")
def unsupported_matches(plant: Plant) -> None:
    """It is read as one that is supported."""

    def change(data: bytes, name: str) -> tuple[bytes, str]:
        return data, name.replace(".txt", ".ioc")

    reading(plant, change)


@defect("KEA-IOF-007", "a semantic error fails the task")
def semantic_error_fails(plant: Plant) -> None:
    """As a file that is too large does."""
    made(plant, lambda file: replace(file, oversized=file.oversized or bool(file.faults)))


@defect("KEA-IOF-008", "an unknown term fails the task")
def unknown_term_fails(plant: Plant) -> None:
    """As a file that is too large does."""

    def change(file: IndicatorFile) -> IndicatorFile:
        unknown = any("not supported" in fault.reason or "not an element" in fault.reason for fault in file.faults)
        return replace(file, oversized=file.oversized or unknown)

    made(plant, change)


@defect("KEA-IOF-009", "a bad item is passed over in an AND")
def bad_item_is_passed_over(plant: Plant) -> None:
    """The rest of the AND decides."""

    def make(true: True_) -> True_:
        def wrong(self: Any, node: Any) -> Any:
            node.children = [
                child for child in node.children if child.tag != "IndicatorItem" or self._item(child) is not None
            ]
            return true(self, node)

        return wrong

    plant.around(document._Reading, "_indicator", make)


@defect("KEA-IOF-010", "a file with a bad part is left out")
def bad_part_spoils_the_file(plant: Plant) -> None:
    """All of it."""
    made(plant, lambda file: replace(file, alternatives=()) if file.faults else file)


@defect("KEA-IOF-012", "duplicate identifiers fail the task")
def duplicates_fail(plant: Plant) -> None:
    """As a file that is too large does."""

    def change(task: SweepTask) -> SweepTask:
        names = [file.id for file in task.files]
        twice = len(set(names)) < len(names)
        return replace(task, files=tuple(replace(file, oversized=file.oversized or twice) for file in task.files))

    tasks(plant, change)


@defect("KEA-IOF-013", "the limit is 2 MB")
def limit_of_2_mb(plant: Plant) -> None:
    """A file of 3,000,000 bytes fails the task."""
    plant.replace(document, "FILE_SIZE_MAX_BYTES", 2_500_000)


@defect("KEA-IOF-014", "a file that is too large is left out silently")
def too_large_is_left_out(plant: Plant) -> None:
    """The task goes on without it."""
    made(plant, lambda file: replace(file, oversized=False))


@defect("KEA-IOF-015", "the limit is one of the collection")
def limit_of_the_collection(plant: Plant) -> None:
    """Its files together."""
    sizes: dict[str, int] = {}

    def make(true: True_) -> True_:
        def wrong(path: Path) -> IndicatorFile:
            sizes[path.name] = path.stat().st_size
            file: IndicatorFile = true(path)
            return replace(file, oversized=file.oversized or sum(sizes.values()) > 3_300_000)

        return wrong

    plant.around(staging, "parse_file", make)


@defect("KEA-IOF-017", "`starts-with` is taken in files of 1.0")
def one_0_takes_conditions_of_1_1(plant: Plant) -> None:
    """As in those of 1.1."""
    asked(plant, lambda version, name, more: ("1.1" if name == "starts-with" else version, name))


@defect("KEA-IOF-018", "`greater-than` includes the bound")
def greater_or_equal(plant: Plant) -> None:
    """A number that is equal matches too."""

    def make(true: True_) -> True_:
        def wrong(version: str, name: str | None, *, content: str, **more: Any) -> Any:
            lower = str(int(content) - 1) if name == "greater-than" and content.isdigit() else content
            return true(version, name, content=lower, **more)

        return wrong

    plant.around(document, "condition_of", make)


@defect("KEA-IOF-019", "`preserve-case` is ignored")
def case_never_counts(plant: Plant) -> None:
    """In all files."""

    def make(true: True_) -> True_:
        return lambda *given, **more: true(*given, **{**more, "preserve_case": False})

    plant.around(document, "condition_of", make)


@defect("KEA-IOF-020", "AND is judged as OR")
def and_is_or(plant: Plant) -> None:
    """In every Indicator."""
    plant.around(
        document,
        "Indicator",
        lambda true: lambda every, questions, branches: true(False, questions, branches),
    )


@defect("KEA-IOF-021", "numbers are compared as text")
def numbers_are_text(plant: Plant) -> None:
    """Where they are to be equal."""

    def make(true: True_) -> True_:
        def wrong(version: str, name: str | None, *, content_type: str | None, **more: Any) -> Any:
            kind = "string" if name == "is" and content_type == "int" else content_type
            return true(version, name, content_type=kind, **more)

        return wrong

    plant.around(document, "condition_of", make)


@defect("KEA-IOF-022", "hashes are no strings: `contains` is unsupported for them")
def hashes_are_no_strings(plant: Plant) -> None:
    """They can only be equal."""

    def make(true: True_) -> True_:
        def wrong(version: str, name: str | None, *, content_type: str | None, **more: Any) -> Any:
            if content_type == "md5" and name != "is":
                raise condition.UnsupportedError("a hash can only be equal")
            return true(version, name, content_type=content_type, **more)

        return wrong

    plant.around(document, "condition_of", make)


@defect("KEA-IOF-023", "`negate` counts in files of 1.0 as well")
def negate_in_1_0(plant: Plant) -> None:
    """And is refused there."""

    def make(true: True_) -> True_:
        return lambda self, version, body: true(self, "1.1" if version == "1.0" else version, body)

    plant.around(document._Reading, "__init__", make)


@defect("KEA-IOF-024", "hashes are not among the terms")
def no_term_for_hashes(plant: Plant) -> None:
    """They match nothing."""

    def make(true: True_) -> True_:
        def wrong(term: str) -> Any:
            if term.endswith("Md5sum"):
                raise condition.UnsupportedError("the term is not supported")
            return true(term)

        return wrong

    plant.around(document, "_split", make)
