"""What isolation lets through: exclusions of network isolation, put to the event classes of an image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emulator.events import EventClass
from emulator.exclusions.answers import Answer, any_of
from emulator.exclusions.environment import Os
from emulator.exclusions.network import NetworkRule, matches, matches_filled


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether events of each class happen on an isolated device; `answers` are by the index of the class."""

    answers: tuple[Answer, ...]
    _rules: tuple[NetworkRule, ...]
    _classes: tuple[EventClass, ...]
    _os: Os

    def lets_through(self, index: int, slots: Mapping[str, str]) -> bool:
        """The answer of the device with these values of user, host and site."""
        event = self._classes[index]
        return not event.can_be_cut_off or any(matches_filled(rule, event, self._os, slots) for rule in self._rules)


def compile_passage(rules: tuple[NetworkRule, ...], classes: Sequence[EventClass], os: Os) -> Passage:
    """Puts every exclusion to every event class once."""
    answers = tuple(
        any_of(matches(rule, event, os) for rule in rules) if event.can_be_cut_off else Answer.YES for event in classes
    )
    return Passage(answers, rules, tuple(classes), os)
