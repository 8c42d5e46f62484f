"""Exclusions and optimisation in the agent's pipeline (the agent's part of KEA-EDX-001 to KEA-EDX-039)."""

from dataclasses import replace

import pytest

from emulator.exclusions.network import NetworkRule
from emulator.exclusions.optimisation import WinRm
from emulator.exclusions.process import ProcessRule
from emulator.policy.settings import AgentSettings, ExcludedNetworkCommunications, ExcludedProcesses, Group
from tests.emulator.plain.support import (
    MINUTE_MS,
    SMB,
    START,
    WEB,
    WINRM,
    Run,
    event_class,
    kata,
    kics,
    run,
    settings,
    world,
)

APP = START.process.path
OTHER = event_class("process-start", run_by="other.exe")
APP_MODULE = event_class("module-load")
SMB_8 = event_class("network-activity", name="smb", run_by="system.exe", peer=SMB)
SMB_102 = event_class("basic-communications", name="smb", run_by="system.exe", peer=SMB)
AGENT_8 = event_class("network-activity", run_by="klnagent.exe", peer=WEB)
AGENT_102 = event_class("basic-communications", run_by="klnagent.exe", peer=WEB)
WINRM_8 = event_class("network-activity", run_by="svchost.exe", peer=WINRM)
AGENT_FILE = event_class("file-change", run_by="klnagent.exe")
WEB_8 = event_class("network-activity", run_by="browser.exe", peer=WEB)
NETWORK = (SMB_8, SMB_102, AGENT_8, AGENT_102, WINRM_8, AGENT_FILE, WEB_8)
THINNED = NETWORK[:4]

BOTH = settings(kics())
KATA_ONLY = settings()
KICS_ONLY = settings(kata(enabled=False), kics())
RULE = ProcessRule("the app", path=APP)
WEB_RULE = NetworkRule("the web", remote_addresses=(WEB.remote_address,))


def processes(*rules: ProcessRule, use: bool = True, optimise: bool = False) -> ExcludedProcesses:
    return ExcludedProcesses(use_exclusions=use, optimise_telemetry=optimise, rules=rules)


def communications(*rules: NetworkRule, use: bool = True) -> ExcludedNetworkCommunications:
    return ExcludedNetworkCommunications(use_exclusions=use, rules=rules)


def programs(hold: AgentSettings, *groups: Group) -> Run:
    """One start each of two programs, and a module of the first."""
    events = [(0, MINUTE_MS, 1), (1, MINUTE_MS, 1), (2, MINUTE_MS, 1)]
    return run(world([START, OTHER, APP_MODULE], events, hold=hold.having(*groups)))


def network(hold: AgentSettings, *groups: Group) -> Run:
    """One event of each of the classes of `NETWORK`."""
    events = [(index, MINUTE_MS, 1) for index in range(len(NETWORK))]
    return run(world(NETWORK, events, hold=hold.having(*groups)))


@pytest.mark.parametrize("hold", [BOTH, KATA_ONLY, KICS_ONLY])
def test_nothing_of_an_excluded_process_leaves_for_any_server(hold: AgentSettings) -> None:
    """KEA-EDX-001, KEA-EDX-005, KEA-EDX-006."""
    result = programs(hold, processes(RULE))
    for target, integrated in ((result.central, hold.kata_integration), (result.thinned, hold.kics_integration)):
        if integrated.enabled:
            assert (target["excluded"], target["acknowledged"]) == (2, 1)


def test_what_matches_no_exclusion_is_sent() -> None:
    """KEA-EDX-008."""
    result = programs(BOTH, processes(RULE))
    [sent] = result.node.sent
    assert [event.process_path for event in sent.events] == [OTHER.process.path]


def test_a_rule_without_use_exclusions_does_nothing() -> None:
    """KEA-EDX-009."""
    result = programs(BOTH, processes(RULE, use=False))
    assert (result.central["excluded"], result.thinned["excluded"]) == (0, 0)


def test_excluded_events_are_not_judged_by_what_comes_after() -> None:
    """KEA-EDX-007: they neither count for the TTL nor for the throttle."""
    hold = settings(kata(use_ttl=True, ttl_period_min=10), throttled=True)
    result = programs(hold, processes(RULE))
    assert (result.central["repeated"], result.central["throttled"]) == (0, 0)


def test_a_rule_that_depends_on_the_device_is_judged_on_the_device() -> None:
    home = event_class("module-load", run_by="home.exe")
    at_home = event_class("process-start", run_by="{user}.exe")
    rule = ProcessRule("of the first user", path=at_home.process.path.replace("{user}", "a.user00"))
    given = world([at_home, home], [(0, MINUTE_MS, 1), (1, MINUTE_MS, 1)], hold=BOTH.having(processes(rule)), devices=2)
    result = run(given)
    assert result.central["excluded"] == 1
    assert sum(one.upto - one.first for one in result.node.sent if one.device == 1) == 2


@pytest.mark.parametrize(
    ("use", "optimise", "thinned"),
    [(True, True, True), (True, False, False), (False, True, True), (False, False, True)],
)
def test_the_truth_table_of_optimisation(use: bool, optimise: bool, thinned: bool) -> None:
    """KEA-EDX-002, KEA-EDX-010 to KEA-EDX-014, KEA-EDX-016, KEA-EDX-018, KEA-EDX-020."""
    result = network(BOTH, processes(use=use, optimise=optimise))
    assert result.thinned["optimised"] == (len(THINNED) if thinned else 0)
    assert result.thinned["acknowledged"] == len(NETWORK) - result.thinned["optimised"]


def test_optimisation_thins_the_stream_to_kics_only() -> None:
    """KEA-EDX-015."""
    result = network(BOTH, processes(optimise=True))
    assert (result.central["optimised"], result.central["acknowledged"]) == (0, len(NETWORK))


def test_winrm_is_sent_with_optimisation_off() -> None:
    """KEA-EDX-017."""
    result = run(world([WINRM_8], [(0, MINUTE_MS, 1)], hold=BOTH.having(processes(optimise=False))))
    assert result.received_by_kics("network-activity") == 1


def test_whether_winrm_is_sent_with_optimisation_on_is_a_reading() -> None:
    given = world([WINRM_8], [(0, MINUTE_MS, 1)], hold=BOTH.having(processes(optimise=True)))
    for reading, sent in ((WinRm.SENT, 1), (WinRm.NOT_SENT, 0)):
        assert run(replace(given, winrm=reading)).received_by_kics("network-activity") == sent


def test_optimisation_leaves_other_codes_protocols_and_processes_alone() -> None:
    """KEA-EDX-019."""
    result = network(BOTH, processes(optimise=True))
    names = {event.process_path.rpartition("\\")[2] for sent in result.kics.sent for event in sent.events}
    assert {"browser.exe", "klnagent.exe"} <= names
    assert result.received_by_kics("file-change") == 1


def test_a_communication_that_matches_is_withheld_from_both_servers() -> None:
    """KEA-EDX-003, KEA-EDX-031, KEA-EDX-032, KEA-EDX-033."""
    result = network(BOTH, processes(optimise=False), communications(WEB_RULE))
    assert (result.central["excluded"], result.thinned["excluded"]) == (3, 3)
    assert result.central["acknowledged"] == len(NETWORK) - 3


def test_network_exclusions_need_their_own_setting() -> None:
    """KEA-EDX-034, KEA-EDX-039."""
    off = network(BOTH, processes(optimise=False), communications(WEB_RULE, use=False))
    assert off.thinned["excluded"] == 0
    others_off = network(BOTH, processes(RULE, use=False), communications(WEB_RULE))
    assert others_off.thinned["excluded"] == 3
    assert programs(BOTH, processes(RULE), communications(WEB_RULE, use=False)).thinned["excluded"] == 2


def test_an_event_that_is_excluded_is_not_counted_as_optimised() -> None:
    rule = NetworkRule("file server", remote_addresses=(SMB.remote_address,))
    result = network(BOTH, processes(optimise=True), communications(rule))
    assert (result.thinned["excluded"], result.thinned["optimised"]) == (2, 2)


def test_the_new_list_is_followed_after_a_change() -> None:
    """KEA-EDX-027, KEA-EDX-036."""
    events = [(0, MINUTE_MS, 1), (0, 17 * MINUTE_MS, 1), (0, 32 * MINUTE_MS, 1)]
    changes = [
        (5 * MINUTE_MS, BOTH.having(processes(RULE))),
        (20 * MINUTE_MS, BOTH.having(processes(ProcessRule("another", path=OTHER.process.path)))),
    ]
    result = run(world([START], events, hold=BOTH, changes=changes, duration_ms=40 * MINUTE_MS))
    assert (result.central["excluded"], result.central["acknowledged"]) == (1, 2)
