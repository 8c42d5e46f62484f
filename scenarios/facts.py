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
    "away": "the device left the corporate network",
    "returned": "it is back in the corporate network",
    "switched-off": "the device was switched off",
    "switched-on": "it runs again",
    "moved": "the device was moved to another administration group",
    "edited": "a settings group was edited in the settings of the device",
    "edit-refused": "such an edit was refused: a policy locks the group, or Endpoint Agent does not run",
    "agent-stopped": "Endpoint Agent was stopped",
    "agent-started": "Endpoint Agent runs again",
    "agent-crashed": "Endpoint Agent crashed",
    "agent-removed": "Endpoint Agent was removed from the device",
    "attempt-allowed": "somebody tried an operation on Endpoint Agent, and was let through",
    "attempt-refused": "somebody tried an operation on Endpoint Agent, and was refused; the detail tells why",
    "connect": "the device connected to a server",
    "timeout": "the server that it was connected to did not answer in time",
    "fail-over": "the device went on to another server of its list",
    "no-server": "no server of its list answered; the device waits",
    "device-viewed": "an account looked at the list of devices, and this one was in it",
    "event-viewed": "an account looked at the list of events, and this one of the device was in it",
    "status-viewed": "an account looked at the statuses of devices, and this was the device's",
    "operation-done": "an operation at the Administration Server was done",
    "operation-refused": "an operation at the Administration Server was refused, and changed nothing",
    "policy-viewed": "an account looked at the list of policies, or at the properties of one, and this one was there",
    "policy-exported": "a policy was exported as a file",
    "group-viewed": "an account looked at the administration groups, and this one was there",
    "fault-began": "a fault of a server began",
    "fault-ended": "it is over",
    "step": "a step of the scenario was carried out",
}
"""The kinds of facts with what they say."""

RUN_FACTS: Final = (
    "operation-done",
    "operation-refused",
    "policy-viewed",
    "policy-exported",
    "group-viewed",
    "fault-began",
    "fault-ended",
    "step",
)
"""Facts without a device."""
