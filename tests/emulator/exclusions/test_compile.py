import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.exclusions.answers import Answer
from emulator.exclusions.compile import Fate, Withheld, compile_rules
from emulator.exclusions.network import NetworkRule
from emulator.exclusions.network import matches_filled as network_matches
from emulator.exclusions.optimisation import WinRm, optimised
from emulator.exclusions.process import ProcessRule
from emulator.exclusions.process import matches_filled as process_matches
from emulator.policy.settings import (
    DEFAULTS,
    AgentSettings,
    ExcludedNetworkCommunications,
    ExcludedProcesses,
    KicsIntegration,
)
from emulator.ports import Target
from tests.emulator.exclusions.samples import ALICE, BOB, NETWORK_AGENT, SVCHOST, TOOL, event, peer

START, SMB, WEB, TOOL_START, TOOL_WEB, AGENT = range(6)
CLASSES = (
    event(SVCHOST),
    event(SVCHOST, "network-activity", peer(445)),
    event(SVCHOST, "network-activity", peer(443)),
    event(TOOL),
    event(TOOL, "network-activity", peer(443)),
    event(NETWORK_AGENT, "basic-communications", peer(13_000)),
)
ALL_OF_SVCHOST = ProcessRule("svchost", path=SVCHOST.path)
ALICES_TOOL = ProcessRule("tool", path=r"C:\Users\alice\**")
WEB_RULE = NetworkRule("web", remote_ports=(443,))  # type: ignore[arg-type]  # normalised
YES, NO, DEPENDS = Answer.YES, Answer.NO, Answer.DEPENDS


def settings(
    *process_rules: ProcessRule,
    network: tuple[NetworkRule, ...] = (),
    use: bool = True,
    use_network: bool = True,
    optimise: bool = False,
    kics: bool = True,
) -> AgentSettings:
    return DEFAULTS.having(
        ExcludedProcesses(use, optimise, process_rules),
        ExcludedNetworkCommunications(use_network, network),
        KicsIntegration(kics),
    )


def excluded(given: AgentSettings, target: Target = Target.KICS) -> tuple[Answer, ...]:
    return compile_rules(given, CLASSES, "windows").stream(target).excluded


@pytest.mark.parametrize("target", Target)
def test_a_process_rule_withholds_all_events_of_the_process_from_both_targets(target: Target) -> None:
    # KEA-EDX-001, KEA-EDX-006, KEA-EDX-008
    assert excluded(settings(ALL_OF_SVCHOST), target) == (YES, YES, YES, NO, NO, NO)


@pytest.mark.parametrize("target", Target)
def test_process_rules_do_nothing_while_exclusions_are_not_used(target: Target) -> None:
    assert excluded(settings(ALL_OF_SVCHOST, use=False), target) == (NO,) * 6  # KEA-EDX-009


def test_process_rules_hold_without_integration_with_kics() -> None:
    assert excluded(settings(ALL_OF_SVCHOST, kics=False), Target.CENTRAL_NODE)[START] is YES  # KEA-EDX-005


def test_a_modified_and_a_deleted_rule_are_followed() -> None:
    # KEA-EDX-027
    assert excluded(settings(ProcessRule("svchost", path=TOOL.path, event_types=("file-change",)))) == (NO,) * 6
    assert excluded(settings()) == (NO,) * 6


@pytest.mark.parametrize("target", Target)
def test_a_network_rule_withholds_matching_communications_from_both_targets(target: Target) -> None:
    # KEA-EDX-003, KEA-EDX-031, KEA-EDX-032, KEA-EDX-033
    assert excluded(settings(network=(WEB_RULE,)), target) == (NO, NO, YES, NO, YES, NO)


def test_network_rules_do_nothing_while_their_exclusions_are_not_used() -> None:
    assert excluded(settings(network=(WEB_RULE,), use_network=False)) == (NO,) * 6  # KEA-EDX-034


@pytest.mark.parametrize("target", Target)
def test_network_rules_are_not_applied_without_integration_with_kics(target: Target) -> None:
    assert excluded(settings(network=(WEB_RULE,), kics=False), target) == (NO,) * 6  # KEA-EDX-031


def test_the_two_kinds_of_exclusions_are_independent() -> None:
    # KEA-EDX-039
    both = settings(ALL_OF_SVCHOST, network=(WEB_RULE,))
    assert excluded(both) == (YES, YES, YES, NO, YES, NO)
    assert excluded(settings(ALL_OF_SVCHOST, network=(WEB_RULE,), use=False)) == (NO, NO, YES, NO, YES, NO)
    assert excluded(settings(ALL_OF_SVCHOST, network=(WEB_RULE,), use_network=False)) == (YES, YES, YES, NO, NO, NO)


def test_optimisation_thins_the_stream_to_kics_only() -> None:
    # KEA-EDX-002, KEA-EDX-015
    view = compile_rules(settings(optimise=True), CLASSES, "windows")
    assert view.stream("kics").optimised == (False, True, False, False, False, True)
    assert view.stream("central-node").optimised == (False,) * 6
    off = compile_rules(settings(optimise=False), CLASSES, "windows")
    assert off.stream("kics").optimised == (False,) * 6  # KEA-EDX-010


def test_exclusions_not_used_withhold_what_optimisation_names() -> None:
    view = compile_rules(settings(use=False, optimise=False), CLASSES, "windows")  # KEA-EDX-020
    assert view.stream("kics").optimised == (False, True, False, False, False, True)


def test_exclusion_comes_before_optimisation() -> None:
    view = compile_rules(settings(ALL_OF_SVCHOST, optimise=True), CLASSES, "windows")
    assert view.stream("kics").excluded[SMB] is YES
    assert not view.stream("kics").optimised[SMB]
    assert view.fate("kics", SMB, ALICE) is Fate.EXCLUDED
    assert view.fate("kics", AGENT, ALICE) is Fate.OPTIMISED
    assert view.fate("central-node", AGENT, ALICE) is Fate.SENT


def test_what_depends_is_decided_for_one_device() -> None:
    view = compile_rules(settings(ALICES_TOOL), CLASSES, "windows")
    assert view.stream("kics").excluded == (NO, NO, NO, DEPENDS, DEPENDS, NO)
    assert view.excludes(TOOL_START, ALICE)
    assert not view.excludes(TOOL_START, BOB)
    assert not view.excludes(START, ALICE)
    assert view.fate("central-node", TOOL_WEB, ALICE) is Fate.EXCLUDED
    assert view.fate("central-node", TOOL_WEB, BOB) is Fate.SENT


def test_a_certain_rule_settles_what_another_leaves_open() -> None:
    view = compile_rules(settings(ALICES_TOOL, network=(WEB_RULE,)), CLASSES, "windows")
    assert view.stream("kics").excluded[TOOL_WEB] is YES
    assert view.excludes(TOOL_WEB, BOB)


def test_a_network_rule_about_one_user_is_decided_for_one_device() -> None:
    rule = NetworkRule("r", program=r"C:\Users\bob\**")
    view = compile_rules(settings(network=(rule,)), CLASSES, "windows")
    assert view.stream("kics").excluded == (NO, NO, NO, NO, DEPENDS, NO)
    assert (view.excludes(TOOL_WEB, ALICE), view.excludes(TOOL_WEB, BOB)) == (False, True)


def test_the_reading_of_winrm_is_passed_on() -> None:
    winrm = (event(SVCHOST, "network-activity", peer(5985)),)
    assert compile_rules(settings(optimise=True), winrm, "windows").stream("kics").optimised == (False,)
    view = compile_rules(settings(optimise=True), winrm, "windows", winrm=WinRm.NOT_SENT)
    assert view.stream("kics").optimised == (True,)


def test_an_unknown_target_is_an_error() -> None:
    with pytest.raises(ValueError):
        compile_rules(settings(), CLASSES, "windows").stream("kicks")


def test_the_view_goes_to_another_process_and_compares_by_value() -> None:
    view = compile_rules(settings(ALICES_TOOL), CLASSES, "windows")
    assert pickle.loads(pickle.dumps(view)) == view
    assert hash(view) == hash(compile_rules(settings(ALICES_TOOL), CLASSES, "windows"))


def test_the_defaults_exclude_nothing() -> None:
    assert set(compile_rules(AgentSettings(), CLASSES, "windows").stream("central-node").excluded) == {NO}


process_rules = st.lists(
    st.sampled_from(
        [
            ALL_OF_SVCHOST,
            ALICES_TOOL,
            ProcessRule("any tool", path=r"%TEMP%\*", event_types=("process-start",)),
            ProcessRule("south", command_line="*--site south"),
            ProcessRule("none", path="D:\\**"),
        ]
    ),
    max_size=3,
)
network_rules = st.lists(
    st.sampled_from([WEB_RULE, NetworkRule("b", program=r"C:\Users\bob\**"), NetworkRule("u", protocol=17)]), max_size=2
)


def differences(view: Withheld, given: AgentSettings) -> list[tuple[str, int]]:
    """Where the view says something else than the rules one by one, device by device."""
    wrong = []
    for index, subject in enumerate(CLASSES):
        for slots in (ALICE, BOB, {"user": "x", "host": "bob", "site": "south"}):
            hidden = given.excluded_processes.use_exclusions and any(
                process_matches(rule, subject, "windows", slots) for rule in given.excluded_processes.rules
            )
            communications = given.excluded_network_communications
            if communications.use_exclusions and given.kics_integration.enabled:
                hidden = hidden or any(
                    network_matches(rule, subject, "windows", slots) for rule in communications.rules
                )
            thinned = optimised(subject, given.excluded_processes)
            for target in ("central-node", "kics"):
                expected = Fate.EXCLUDED if hidden else Fate.OPTIMISED if thinned and target == "kics" else Fate.SENT
                if view.fate(target, index, slots) is not expected:
                    wrong.append((target, index))
    return wrong


@given(process_rules, network_rules, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_the_view_says_what_the_rules_say_one_by_one(
    rules: list[ProcessRule],
    network: list[NetworkRule],
    use: bool,
    use_network: bool,
    optimise: bool,
    kics: bool,
) -> None:
    subject = settings(*rules, network=tuple(network), use=use, use_network=use_network, optimise=optimise, kics=kics)
    assert differences(compile_rules(subject, CLASSES, "windows"), subject) == []


FAULTS: dict[str, Callable[[AgentSettings], AgentSettings]] = {
    "rules used while exclusions are off": lambda s: s.having(
        ExcludedProcesses(True, s.excluded_processes.optimise_telemetry, s.excluded_processes.rules)
    ),
    "network rules used without KICS": lambda s: s.having(KicsIntegration(True)),
    "optimisation alone decides": lambda s: s.having(
        ExcludedProcesses(True, s.excluded_processes.optimise_telemetry, ())
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_comparison_sees_a_planted_fault(fault: str) -> None:
    subject = settings(ALL_OF_SVCHOST, network=(WEB_RULE,), use=False, kics=False)
    assert differences(compile_rules(subject, CLASSES, "windows"), subject) == []
    assert differences(compile_rules(FAULTS[fault](subject), CLASSES, "windows"), subject) != []
