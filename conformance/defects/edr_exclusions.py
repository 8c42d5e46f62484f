"""Defects of process exclusions, optimisation of volume and network exclusions."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from conformance.planting import Plant, defect
from emulator.events import EVENT_TYPES, Direction, EventClass
from emulator.exclusions import compile as rules
from emulator.exclusions import network, optimisation, process
from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Stream, Withheld
from emulator.policy.effective import LocalSettings
from emulator.policy.policies import PolicySet, PolicySettings
from emulator.policy.settings import AgentSettings, Switch
from emulator.ports import Target
from emulator.telemetry import profiles
from fakes.administration import AdministrationServer

True_ = Callable[..., Any]
_SERVER: Final = sys.modules[AdministrationServer.__module__]
"""Where the Administration Server has its names from."""


def compiled(plant: Plant, change: Callable[[AgentSettings], AgentSettings]) -> None:
    """Has the rules made from other settings, while everything else follows those that were given."""
    plant.around(
        profiles,
        "compile_rules",
        lambda true: lambda given, classes, os, **more: true(change(given), classes, os, **more),
    )


def streams(plant: Plant, change: Callable[[Target, Stream], Stream]) -> None:
    """Has what is withheld of each stream changed."""

    def make(true: True_) -> True_:
        def wrong(*given: Any, **more: Any) -> Withheld:
            made: Withheld = true(*given, **more)
            return replace(made, streams=tuple((target, change(target, stream)) for target, stream in made.streams))

        return wrong

    plant.around(profiles, "compile_rules", make)


def optimising(plant: Plant, spares: Callable[[EventClass], bool]) -> None:
    """Has optimisation pass over some classes of events."""

    def make(true: True_) -> True_:
        return lambda event, excluded, **more: not spares(event) and true(event, excluded, **more)

    plant.around(rules, "optimised", make)


def about_smb(event: EventClass) -> bool:
    """Whether a class is about Microsoft SMB."""
    return event.peer is not None and event.peer.remote_port in optimisation.SMB_PORTS


def of_network_agent(event: EventClass) -> bool:
    """Whether a class is of klnagent.exe."""
    return event.process.path.lower().endswith(optimisation.NETWORK_AGENT)


def code_of(event: EventClass) -> int | None:
    """The vendor's number of a class's events."""
    return EVENT_TYPES[event.type].code


def without_process_rules(given: AgentSettings) -> AgentSettings:
    """The settings without rules for processes."""
    return given.having(replace(given.excluded_processes, rules=()))


@defect("KEA-EDX-006", "excluded processes are kept from KICS for Networks only")
def excluded_from_one_server(plant: Plant) -> None:
    """The Central Node hears of them."""

    def change(target: Target, stream: Stream) -> Stream:
        if target is Target.KICS:
            return stream
        return replace(stream, excluded=tuple(type(one).NO for one in stream.excluded))

    streams(plant, change)


@defect("KEA-EDX-001", "no process is ever excluded")
def no_process_is_excluded(plant: Plant) -> None:
    """Rules are stored and not used."""
    compiled(plant, without_process_rules)


@defect("KEA-EDX-008", "a rule excludes every process")
def a_rule_excludes_all(plant: Plant) -> None:
    """Where there is one."""
    plant.replace(process, "matches", lambda rule, event, os: Answer.YES)


@defect("KEA-EDX-005", "process exclusions need KICS for Networks")
def exclusions_need_kics(plant: Plant) -> None:
    """With the Central Node alone they are not used."""
    compiled(plant, lambda given: given if given.kics_integration.enabled else without_process_rules(given))


@defect("KEA-EDX-007", "excluded events use up the hourly maximum")
def excluded_events_count(plant: Plant) -> None:
    """They are throttled like others, and left out afterwards: here the rule is simply not used before."""
    compiled(plant, without_process_rules)


@defect("KEA-EDX-009", "process rules are used though `Use exclusions` is off")
def process_rules_always(plant: Plant) -> None:
    """For every setting."""
    compiled(plant, lambda given: given.having(replace(given.excluded_processes, use_exclusions=True)))


@defect("KEA-EDX-011", "102 about SMB is sent with optimisation on")
def smb_102_is_sent(plant: Plant) -> None:
    """The other three are withheld."""
    optimising(plant, lambda event: code_of(event) == 102 and about_smb(event))


@defect("KEA-EDX-012", "8 about SMB is sent with optimisation on")
def smb_8_is_sent(plant: Plant) -> None:
    """The other three are withheld."""
    optimising(plant, lambda event: code_of(event) == 8 and about_smb(event))


@defect("KEA-EDX-013", "102 of klnagent.exe is sent with optimisation on")
def network_agent_102_is_sent(plant: Plant) -> None:
    """The other three are withheld."""
    optimising(plant, lambda event: code_of(event) == 102 and of_network_agent(event))


@defect("KEA-EDX-014", "8 of klnagent.exe is sent with optimisation on")
def network_agent_8_is_sent(plant: Plant) -> None:
    """The other three are withheld."""
    optimising(plant, lambda event: code_of(event) == 8 and of_network_agent(event))


@defect("KEA-EDX-015", "optimisation thins the stream to the Central Node instead")
def the_other_stream_is_thinned(plant: Plant) -> None:
    """The one to KICS for Networks stays whole."""

    def make(true: True_) -> True_:
        def wrong(*given: Any, **more: Any) -> Withheld:
            made: Withheld = true(*given, **more)
            (first, one), (second, other) = made.streams
            return replace(
                made,
                streams=(
                    (first, replace(one, optimised=other.optimised)),
                    (second, replace(other, optimised=one.optimised)),
                ),
            )

        return wrong

    plant.around(profiles, "compile_rules", make)


def _always_optimised(plant: Plant, which: Callable[[EventClass], bool]) -> None:
    def make(true: True_) -> True_:
        return lambda event, excluded, **more: (
            (code_of(event) in optimisation.CODES and which(event)) or true(event, excluded, **more)
        )

    plant.around(rules, "optimised", make)


@defect("KEA-EDX-016", "SMB is withheld with optimisation off")
def smb_is_never_sent(plant: Plant) -> None:
    """For every setting."""
    _always_optimised(plant, about_smb)


@defect("KEA-EDX-017", "WinRM is withheld with optimisation off")
def winrm_is_never_sent(plant: Plant) -> None:
    """For every setting."""
    ports = optimisation.WINRM_PORTS
    _always_optimised(plant, lambda event: event.peer is not None and event.peer.remote_port in ports)


@defect("KEA-EDX-018", "klnagent.exe is withheld with optimisation off")
def network_agent_is_never_sent(plant: Plant) -> None:
    """For every setting."""
    _always_optimised(plant, of_network_agent)


@defect("KEA-EDX-019", "optimisation withholds all events of klnagent.exe")
def all_of_network_agent_is_withheld(plant: Plant) -> None:
    """Whatever their code."""

    def make(true: True_) -> True_:
        return lambda event, excluded, **more: (
            (of_network_agent(event) and optimisation.withholds(excluded)) or true(event, excluded, **more)
        )

    plant.around(rules, "optimised", make)


@defect("KEA-EDX-020", "with `Use exclusions` off everything is sent")
def everything_without_exclusions(plant: Plant) -> None:
    """Only optimisation decides while exclusions are used, and nothing else."""

    def wrong(excluded: Any) -> bool:
        return bool(excluded.optimise_telemetry and excluded.use_exclusions)

    plant.replace(optimisation, "withholds", wrong)


@defect("KEA-EDX-002", "optimisation cannot be turned off again")
def optimisation_stays_on(plant: Plant) -> None:
    """For every setting."""
    compiled(plant, lambda given: given.having(replace(given.excluded_processes, optimise_telemetry=True)))


@defect("KEA-EDX-010", "optimisation cannot be turned on")
def optimisation_stays_off(plant: Plant) -> None:
    """While exclusions are used."""
    compiled(plant, lambda given: given.having(replace(given.excluded_processes, optimise_telemetry=False)))


@defect("KEA-EDX-032", "excluded communications still go to the Central Node")
def communications_go_to_one_server(plant: Plant) -> None:
    """Network rules are kept from KICS for Networks only."""

    def make(true: True_) -> True_:
        def wrong(given: AgentSettings, classes: Any, os: Any, **more: Any) -> Withheld:
            made: Withheld = true(given, classes, os, **more)
            communications = replace(given.excluded_network_communications, rules=())
            plain: Withheld = true(given.having(communications), classes, os, **more)
            return replace(made, streams=(plain.streams[0], made.streams[1]))

        return wrong

    plant.around(profiles, "compile_rules", make)


@defect("KEA-EDX-031", "network exclusions are never applied")
def no_communication_is_excluded(plant: Plant) -> None:
    """Rules are stored and not used."""
    compiled(plant, lambda given: given.having(replace(given.excluded_network_communications, rules=())))


@defect("KEA-EDX-003", "a network rule matches the other direction")
def rules_match_the_other_direction(plant: Plant) -> None:
    """What goes out counts as what comes in."""

    def turn(given: AgentSettings) -> AgentSettings:
        turned = tuple(
            replace(rule, direction=Direction.INBOUND if rule.direction is Direction.OUTBOUND else rule.direction)
            for rule in given.excluded_network_communications.rules
        )
        return given.having(replace(given.excluded_network_communications, rules=turned))

    compiled(plant, turn)


@defect("KEA-EDX-033", "a network rule excludes all communications")
def a_rule_excludes_all_communications(plant: Plant) -> None:
    """Where there is one."""
    plant.replace(
        network,
        "matches",
        lambda rule, event, os: Answer.NO if event.peer is None else Answer.YES,
    )


@defect("KEA-EDX-034", "network rules are used though their `Use exclusions` is off")
def network_rules_always(plant: Plant) -> None:
    """For every setting."""
    compiled(plant, lambda given: given.having(replace(given.excluded_network_communications, use_exclusions=True)))


@defect("KEA-EDX-039", "one `Use exclusions` is for both kinds")
def one_switch_for_both(plant: Plant) -> None:
    """That of processes."""
    compiled(
        plant,
        lambda given: given.having(
            replace(given.excluded_network_communications, use_exclusions=given.excluded_processes.use_exclusions)
        ),
    )


@defect("KEA-EDX-027", "the first list of process rules is kept for ever")
def first_process_rules_are_kept(plant: Plant) -> None:
    """Later ones are stored and not used."""
    known: list[Any] = []

    def first(given: AgentSettings) -> AgentSettings:
        if given.excluded_processes.rules or known:
            known.append(given.excluded_processes.rules)
            return given.having(replace(given.excluded_processes, rules=known[0]))
        return given

    compiled(plant, first)


@defect("KEA-EDX-036", "network rules are not deleted")
def first_network_rules_are_kept(plant: Plant) -> None:
    """An empty list leaves those in use that were there before."""
    known: list[Any] = [()]

    def last(given: AgentSettings) -> AgentSettings:
        own = given.excluded_network_communications
        if own.rules:
            known[0] = own.rules
        return given.having(replace(own, rules=known[0]))

    compiled(plant, last)


@defect("KEA-EDX-025", "the export leaves out the last rule")
def export_without_the_last(plant: Plant) -> None:
    """It is well-formed otherwise."""
    plant.around(_SERVER, "export_rules", lambda true: lambda listed: true(listed[:-1]))


@defect("KEA-EDX-026", "an import gives rules without their paths")
def import_without_paths(plant: Plant) -> None:
    """Names are read, and nothing else."""

    def make(true: True_) -> True_:
        def wrong(data: bytes, *, source: str) -> Any:
            return tuple(replace(rule, path="C:\\*") for rule in true(data, source=source))

        return wrong

    plant.around(_SERVER, "import_rules", make)


def _switch(plant: Plant, wrong_key: str) -> None:
    def wrong(self: PolicySettings, key: str) -> Switch:
        there = key in self.under_policy and key != wrong_key
        return Switch.UNDER_POLICY if there else Switch.UNAFFECTED

    plant.replace(PolicySettings, "switch", wrong)


@defect("KEA-EDX-028", "the switch of process exclusions is off by default")
def switch_of_process_exclusions(plant: Plant) -> None:
    """In a fresh policy."""
    _switch(plant, "excluded-processes")


@defect("KEA-EDX-038", "the switch of network exclusions is off by default")
def switch_of_network_exclusions(plant: Plant) -> None:
    """In a fresh policy."""
    _switch(plant, "excluded-network-communications")


def _not_on_a_device(plant: Plant, left_out: str) -> None:
    def make(true: True_) -> True_:
        return lambda self, key: None if key == left_out else true(self, key)

    plant.around(LocalSettings, "group", make)


@defect("KEA-EDX-004", "process exclusions of a single device are not used")
def no_process_exclusions_on_a_device(plant: Plant) -> None:
    """Those of the policy are."""
    _not_on_a_device(plant, "excluded-processes")


@defect("KEA-EDX-030", "network exclusions of a single device are not used")
def no_network_exclusions_on_a_device(plant: Plant) -> None:
    """Those of the policy are."""
    _not_on_a_device(plant, "excluded-network-communications")


@defect("KEA-EDX-024", "a rule that was added does not appear")
def rules_do_not_appear(plant: Plant) -> None:
    """The policy is saved with the settings that it had."""
    plant.around(PolicySet, "save", lambda true: lambda self, name, *, settings=None, **more: true(self, name, **more))
