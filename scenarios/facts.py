"""Facts: the kinds of things that a run writes into its journal, and that steps and expectations can name."""

from collections.abc import Mapping
from typing import Final

FACTS: Final[Mapping[str, str]] = {
    "policy-applied": "the device follows other settings, since it heard of a policy",
    "process-started": "a process that the scenario started",
    "file-placed": "a file that the scenario put there",
    "file-removed": "the scenario took a file away; told of each device of the step, whether it had the file or not",
    "planted": "the device was changed so that it matches an indicator",
    "ioc-match": "a sweep found an indicator on the device",
    "sweep-finished": "a sweep of the device has ended",
    "sweep-failed": "a sweep failed, since one of its files is too large",
    "isolated": "the device was isolated from the network",
    "released": "its isolation has ended",
    "off-line": "the device lost its network",
    "on-line": "it has its network again",
    "agent-stopped": "Endpoint Agent was stopped",
    "agent-started": "Endpoint Agent runs again",
    "agent-crashed": "Endpoint Agent crashed",
    "connect": "the device connected to a server",
    "fail-over": "the device went on to another server of its list",
    "no-server": "no server of its list answered; the device waits",
    "fault-began": "a fault of a server began",
    "fault-ended": "it is over",
    "step": "a step of the scenario was carried out",
}
"""The kinds of facts with what they say; the last three are facts of the run, not of a device."""

RUN_FACTS: Final = ("fault-began", "fault-ended", "step")
"""Facts without a device."""
