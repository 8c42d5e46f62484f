"""The compiled view of all rules: what of an image's event classes never leaves for which target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from emulator.events import EventClass
from emulator.exclusions import network, process
from emulator.exclusions.answers import Answer, any_of
from emulator.exclusions.environment import Os
from emulator.exclusions.optimisation import WinRm, optimised
from emulator.policy.settings import AgentSettings
from emulator.ports import Target


class Fate(StrEnum):
    """What becomes of an event at this stage."""

    SENT = "sent"
    EXCLUDED = "excluded"
    OPTIMISED = "optimised"


@dataclass(frozen=True, slots=True)
class Stream:
    """One target's stream, by the index of the event class. Exclusion comes first: where a class is excluded on every
    device, `optimised` is false; where that depends, the devices that exclude it do not optimise it."""

    excluded: tuple[Answer, ...]
    optimised: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Withheld:
    """What the settings of an agent withhold of the event classes of one image.

    `streams` has an entry a target, in the order of `Target`. Nothing of it depends on a device but what `excludes`
    decides. It can be sent to another process.
    """

    streams: tuple[tuple[Target, Stream], ...]
    _classes: tuple[EventClass, ...]
    _os: Os
    _process_rules: tuple[tuple[process.ProcessRule, ...], ...]
    _network_rules: tuple[tuple[network.NetworkRule, ...], ...]

    def stream(self, target: str) -> Stream:
        """The stream to `target`."""
        return dict(self.streams)[Target(target)]

    def excludes(self, index: int, slots: Mapping[str, str]) -> bool:
        """True where the device with these values of user, host and site excludes the class (for either target)."""
        answer = self.streams[0][1].excluded[index]
        if answer is not Answer.DEPENDS:
            return answer is Answer.YES
        event = self._classes[index]
        return any(process.matches_filled(rule, event, self._os, slots) for rule in self._process_rules[index]) or any(
            network.matches_filled(rule, event, self._os, slots) for rule in self._network_rules[index]
        )

    def fate(self, target: str, index: int, slots: Mapping[str, str]) -> Fate:
        """What becomes of an event of the class on one device at this stage."""
        if self.excludes(index, slots):
            return Fate.EXCLUDED
        return Fate.OPTIMISED if self.stream(target).optimised[index] else Fate.SENT


def compile_rules(
    settings: AgentSettings, classes: Sequence[EventClass], os: Os, *, winrm: WinRm = WinRm.SENT
) -> Withheld:
    """Puts every rule to every event class once.

    Process exclusions hold for both targets while their `Use exclusions` is on (KEA-EDX-006, KEA-EDX-009). Network
    exclusions hold while theirs is on and the agent is integrated with KICS for Networks, then for both targets
    (KEA-EDX-031, KEA-EDX-032, KEA-EDX-034). Optimisation thins the stream to KICS for Networks (KEA-EDX-015).
    """
    excluded = settings.excluded_processes
    communications = settings.excluded_network_communications
    process_rules = excluded.rules if excluded.use_exclusions else ()
    integrated = settings.kics_integration.enabled
    network_rules = communications.rules if communications.use_exclusions and integrated else ()
    answers = []
    open_processes = []
    open_networks = []
    for event in classes:
        by_process = [(process.matches(rule, event, os), rule) for rule in process_rules]
        by_network = [(network.matches(rule, event, os), rule) for rule in network_rules]
        answers.append(any_of([answer for answer, _ in by_process] + [answer for answer, _ in by_network]))
        open_processes.append(tuple(rule for answer, rule in by_process if answer is Answer.DEPENDS))
        open_networks.append(tuple(rule for answer, rule in by_network if answer is Answer.DEPENDS))
    thinned = tuple(
        answer is not Answer.YES and optimised(event, excluded, winrm=winrm)
        for answer, event in zip(answers, classes, strict=True)
    )
    return Withheld(
        streams=(
            (Target.CENTRAL_NODE, Stream(tuple(answers), (False,) * len(classes))),
            (Target.KICS, Stream(tuple(answers), thinned)),
        ),
        _classes=tuple(classes),
        _os=os,
        _process_rules=tuple(open_processes),
        _network_rules=tuple(open_networks),
    )
