"""Defects of how results of IOC scans are kept and viewed, and of cards."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from conformance.defects.ioc_tasks import True_
from conformance.planting import Plant, defect
from emulator.clock import DAY_MS
from emulator.control import sweeps
from emulator.ioc.card import Card
from emulator.ioc.document import IndicatorFile
from emulator.tasks.ioc_scan import IocScan
from fakes.administration import TaskLook, TaskStore
from fakes.administration.results import ResultShelf
from scenarios.task_operations import TaskOperations
from scenarios.told import ToldOfDevice


def kept_longer(plant: Plant, days: int) -> None:
    """Has results kept for so many days more than the storage time."""

    def make(true: True_) -> True_:
        def wrong(self: ResultShelf, result: Any) -> int:
            gone_ms: int = true(self, result)
            return max(0, gone_ms + days * DAY_MS)

        return wrong

    plant.around(ResultShelf, "_gone_ms", make)


def made(plant: Plant, change: Any) -> None:
    """Has cards show something else: (card, its file) → card."""

    def make(true: True_) -> True_:
        def wrong(file: IndicatorFile, device: Any) -> Card | None:
            one: Card | None = true(file, device)
            changed: Card | None = None if one is None else change(one, file)
            return changed

        return wrong

    plant.around(sweeps, "card", make)


@defect("KEA-IOC-018", "results are kept for some days more")
def scan_results_are_kept_longer(plant: Plant) -> None:
    """Three, whatever the storage time."""
    kept_longer(plant, 3)


@defect("KEA-IOC-018", "results are kept for some days less")
def scan_results_are_kept_shorter(plant: Plant) -> None:
    """Three, whatever the storage time."""
    kept_longer(plant, -3)


@defect("KEA-IOC-019", "results stay without their task")
def scan_results_outlive_their_task(plant: Plant) -> None:
    """Whoever has them open still sees them."""
    plant.replace(ResultShelf, "close", lambda *_: None)


@defect("KEA-IOC-019", "a task that is deleted is still there")
def deleted_scans_stay(plant: Plant) -> None:
    """It looks as if it was deleted."""
    plant.replace(TaskStore, "delete", lambda *_, **__: ())


@defect("KEA-IOC-040", "results are shown of all devices")
def scan_results_of_all_devices(plant: Plant) -> None:
    """Whatever is selected."""
    plant.around(TaskLook, "results", lambda true: lambda self, at_ms, *_: true(self, at_ms))


@defect("KEA-IOC-041", "the details are those of the list")
def scan_details_tell_nothing_more(plant: Plant) -> None:
    """They only name the state."""

    def make(true: True_) -> True_:
        def wrong(*given: Any) -> Iterator[ToldOfDevice]:
            for one in true(*given):
                values = {name: one.values[name] for name in ("account", "task", "state")}
                yield replace(one, values=values) if one.kind == "task-result-viewed" else one

        return wrong

    plant.around(TaskOperations, "seen", make)


@defect("KEA-IOC-042", "there are no cards")
def there_are_no_cards(plant: Plant) -> None:
    """Whatever was detected."""
    made(plant, lambda *_: None)


@defect("KEA-IOC-043", "a card has one object")
def cards_have_one_object(plant: Plant) -> None:
    """The first of them."""
    made(plant, lambda one, _: replace(one, objects=one.objects[:1]))


@defect("KEA-IOC-044", "a card quotes the whole file")
def cards_quote_everything(plant: Plant) -> None:
    """With what did not match."""
    made(plant, lambda one, file: replace(one, conditions=(file.content.decode(),)))


@defect("KEA-IOC-044", "a card quotes one alternative")
def cards_quote_one_alternative(plant: Plant) -> None:
    """The first that matched."""
    made(plant, lambda one, _: replace(one, conditions=(one.conditions[0].strip("()").split(" OR ")[0],)))


@defect("KEA-IOC-045", "a file without a detection has the card of another")
def every_file_has_a_card(plant: Plant) -> None:
    """Where anything was detected."""

    def make(true: True_) -> True_:
        def wrong(self: TaskOperations, look: TaskLook, file: str, *given: Any) -> Iterator[ToldOfDevice]:
            assert isinstance(look.task.settings, IocScan)
            for one in look.task.settings.collection:
                yield from true(self, look, one.name, *given)

        return wrong

    plant.around(TaskOperations, "cards", make)
