"""Judges an indicator file against one device."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emulator.ioc.document import Indicator, IndicatorFile, Item, Question
from emulator.ioc.snapshot import Device, Instance


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on one file and one device.

    `matched_items` are the identifiers of the IndicatorItems that made the file match, each once, in document order:
    starting from every Indicator under the body that holds, the items of each AND, which one instance a type satisfies
    together; of each OR, those items that some instance satisfies; and the same for every Indicator inside that holds
    itself. Items without an identifier count, but cannot be listed.
    """

    matched: bool
    matched_items: tuple[str, ...]


NO_MATCH: Final = Match(matched=False, matched_items=())


def evaluate(file: IndicatorFile, device: Device) -> Match:
    """Judges the file against every instance of the device (KEA-IOF-005, KEA-IOF-009, KEA-IOF-010)."""
    instances: dict[str, tuple[Instance, ...]] = {
        item_type: tuple(device.instances(item_type)) for item_type in file.item_types()
    }
    answered = frozenset(
        question for question in file.questions() if _any_satisfies(instances[question.item_type], question)
    )
    return verdict(file, answered.__contains__)


def verdict(file: IndicatorFile, answer: Callable[[Question], bool]) -> Match:
    """What follows for the file, once it is known which of its questions some instance answers."""
    contributing = [item for indicator in file.alternatives for item in _items(indicator, answer)]
    if not contributing:
        return NO_MATCH
    identifiers = {item.position: item.id for item in contributing if item.id is not None}
    return Match(True, tuple(dict.fromkeys(identifiers[position] for position in sorted(identifiers))))


def _any_satisfies(instances: Iterable[Instance], question: Question) -> bool:
    return any(question.satisfied_by(instance) for instance in instances)


def _items(indicator: Indicator, answer: Callable[[Question], bool]) -> list[Item]:
    """The items by which an Indicator holds; none where it does not. As deep as the file, which is bounded."""
    contributing: list[Item] = []
    for question in indicator.questions:
        if answer(question):
            contributing.extend(question.items)
        elif indicator.every:
            return []
    for branch in indicator.branches:
        inside = _items(branch, answer)
        if inside:
            contributing.extend(inside)
        elif indicator.every:
            return []
    return contributing
