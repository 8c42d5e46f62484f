"""The control plane of a shard: Endpoint Agents one at a time, where the data plane has them in columns."""

from emulator.control.agent import NOT_RUNNING, OUTBOX_MAX, Components, EndpointAgent, HostChange
from emulator.control.plane import Control, Deed, Factory, Published, PublishesTasks
from emulator.control.protection import Given, Protection
from emulator.control.service import Command, CommandKind, Service
from emulator.control.sweeps import MATCHES_TOLD, Sweeps, SweepTask

__all__ = [
    "MATCHES_TOLD",
    "NOT_RUNNING",
    "OUTBOX_MAX",
    "Command",
    "CommandKind",
    "Components",
    "Control",
    "Deed",
    "EndpointAgent",
    "Factory",
    "Given",
    "HostChange",
    "Protection",
    "Published",
    "PublishesTasks",
    "Service",
    "SweepTask",
    "Sweeps",
]
