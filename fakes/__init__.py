"""In-process servers that answer the emulated agents: the backends named `fake`."""

from fakes.administration import AdministrationServer, Change
from fakes.central_node import CentralNode, Published
from fakes.faults import Certificate, Fault, FaultKind, FaultSchedule
from fakes.kics import KicsForNetworks
from fakes.telemetry import Ledger, TelemetryNodes

__all__ = [
    "AdministrationServer",
    "CentralNode",
    "Certificate",
    "Change",
    "Fault",
    "FaultKind",
    "FaultSchedule",
    "KicsForNetworks",
    "Ledger",
    "Published",
    "TelemetryNodes",
]
