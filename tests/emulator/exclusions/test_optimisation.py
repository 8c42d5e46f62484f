import pytest

from emulator.events import EVENT_TYPES, Direction, Process
from emulator.exclusions.optimisation import WinRm, optimised
from emulator.policy.settings import ExcludedProcesses
from tests.emulator.exclusions.samples import NETWORK_AGENT, SVCHOST, event, peer

CODED = ["network-activity", "basic-communications"]
ON = ExcludedProcesses(use_exclusions=True, optimise_telemetry=True)
OFF = ExcludedProcesses(use_exclusions=True, optimise_telemetry=False)

TRUTH = [(True, True, True), (True, False, False), (False, True, True), (False, False, True)]


@pytest.mark.parametrize(("use", "optimise", "withheld"), TRUTH)
@pytest.mark.parametrize("kind", CODED)
def test_the_truth_table(kind: str, use: bool, optimise: bool, withheld: bool) -> None:
    # KEA-EDX-011 to KEA-EDX-014, KEA-EDX-016, KEA-EDX-018, KEA-EDX-020
    settings = ExcludedProcesses(use_exclusions=use, optimise_telemetry=optimise)
    assert optimised(event(SVCHOST, kind, peer(445)), settings) is withheld
    assert optimised(event(NETWORK_AGENT, kind, peer(13_000)), settings) is withheld
    assert optimised(event(NETWORK_AGENT, kind), settings) is withheld


@pytest.mark.parametrize("port", [445, 139])
def test_smb_is_known_by_its_ports_at_either_end(port: int) -> None:
    outbound = event(SVCHOST, "network-activity", peer(port))
    inbound = event(SVCHOST, "network-activity", peer(50_001, local_port=port, direction=Direction.INBOUND))
    assert optimised(outbound, ON)
    assert optimised(inbound, ON)
    assert not optimised(event(SVCHOST, "network-activity", peer(port, protocol=17)), ON)


@pytest.mark.parametrize("kind", [kind.name for kind in EVENT_TYPES if kind.code not in (8, 102)])
def test_events_of_other_codes_are_sent(kind: str) -> None:
    assert not optimised(event(SVCHOST, kind, peer(445)), ON)  # KEA-EDX-019
    assert not optimised(event(NETWORK_AGENT, kind, peer(445)), ON)


@pytest.mark.parametrize("kind", CODED)
def test_other_processes_over_other_protocols_are_sent(kind: str) -> None:
    assert not optimised(event(SVCHOST, kind, peer(443)), ON)  # KEA-EDX-019
    assert not optimised(event(SVCHOST, kind), ON)


@pytest.mark.parametrize("path", ["klnagent.exe", r"C:\x\KLNAGENT.EXE", "C:/x/klnagent.exe"])
def test_network_agent_is_known_by_its_file_name(path: str) -> None:
    assert optimised(event(Process(path), "network-activity"), ON)


@pytest.mark.parametrize("path", [r"C:\klnagent.exe\other.exe", r"C:\xklnagent.exe", "/opt/klnagent", ""])
def test_a_name_that_only_looks_so_is_not_network_agent(path: str) -> None:
    assert not optimised(event(Process(path), "network-activity"), ON)


@pytest.mark.parametrize("port", [5985, 5986])
@pytest.mark.parametrize("kind", CODED)
def test_winrm_is_sent_unless_the_reading_says_otherwise(kind: str, port: int) -> None:
    winrm = event(SVCHOST, kind, peer(port))
    assert not optimised(winrm, ON)
    assert not optimised(winrm, ON, winrm=WinRm.SENT)
    assert optimised(winrm, ON, winrm=WinRm.NOT_SENT)
    assert not optimised(winrm, OFF, winrm=WinRm.NOT_SENT)  # KEA-EDX-017
    assert not optimised(event(SVCHOST, "process-start", peer(port)), ON, winrm=WinRm.NOT_SENT)
