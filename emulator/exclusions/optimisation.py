"""Optimisation of telemetry volume: which event classes a device keeps from KICS for Networks."""

from enum import StrEnum
from typing import Final

from emulator.events import EVENT_TYPES, EventClass, Peer
from emulator.policy.settings import ExcludedProcesses

CODES: Final = (102, 8)
"""Basic communications and network activity of a process (KEA-EDX-011, KEA-EDX-012)."""
TCP: Final = 6
SMB_PORTS: Final = (445, 139)
WINRM_PORTS: Final = (5985, 5986)
NETWORK_AGENT: Final = "klnagent.exe"


class WinRm(StrEnum):
    """Readings of what happens to WinRM where SMB is withheld; the documentation names WinRM only where it is sent."""

    SENT = "sent"
    NOT_SENT = "not-sent"


def withholds(excluded: ExcludedProcesses) -> bool:
    """True where the settings withhold what optimisation names (KEA-EDX-020).

    `Use exclusions` off withholds whatever optimisation says; with it on, optimisation decides.
    """
    return excluded.optimise_telemetry or not excluded.use_exclusions


def optimised(event: EventClass, excluded: ExcludedProcesses, *, winrm: WinRm = WinRm.SENT) -> bool:
    """True where the settings keep an event class from a server with KICS for Networks (KEA-EDX-011 to KEA-EDX-020).

    Concerned are events with code 102 or 8 about Microsoft SMB (TCP port 445 or 139 at either end) and those of
    klnagent.exe; about WinRM (TCP port 5985 or 5986) by the reading `not-sent`.
    """
    if EVENT_TYPES[event.type].code not in CODES or not withholds(excluded):
        return False
    ports = SMB_PORTS if winrm is WinRm.SENT else SMB_PORTS + WINRM_PORTS
    return event.process.file_name == NETWORK_AGENT or (event.peer is not None and _uses(event.peer, ports))


def _uses(peer: Peer, ports: tuple[int, ...]) -> bool:
    return peer.protocol == TCP and (peer.local_port in ports or peer.remote_port in ports)
