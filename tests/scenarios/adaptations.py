"""How the examples of new users became those of this folder: each piece that was changed, and why.

The examples were written before anything existed. What a later issue brings is told apart from what is called
otherwise, or takes a line more, for good.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Change:
    """One piece of an example: as it was written, as it is run, and why. `later` names what is to bring it back."""

    old: str
    new: str
    why: str
    later: str = ""


CHANGES: Final[Mapping[str, tuple[Change, ...]]] = {
    "hello.yaml": (),
    "outage.yaml": (
        Change("per: 10s", "per: 30s", "the recording interval is a multiple of the slot of 30 s; `check` says so"),
        Change(
            "expect:\n",
            "expect:\n  - {name: the outage is felt, total: servers.unreachable}\n",
            "the library's outage times out, this one refuses connections: what it expects is another figure",
        ),
    ),
    "containment.yaml": (
        Change("fleets/enterprise.yaml, policies/edr-on.yaml", "fleets/company.yaml, policies/telemetry.yaml", "ours"),
        Change(
            "{pick: 2 %, from: {group: Managed devices/HQ/**, except: {tag: vip}}}",
            "{any: [patient_zero, {pick: 10 %, from: {group: Managed devices/HQ/**, except: {tag: vip}}}]}",
            "our company is small, three are to be picked, and patient zero is expected to have the file",
        ),
        Change(
            "  - {name: start, ",
            "  - {name: plant,   at: 30min, do: plant, target: spread, indicators: indicators}\n  - {name: start, ",
            "a sweep looks for an indicator, which a file alone does not match",
        ),
        Change("when: {fact: detection,", "when: {fact: process-started,", "nothing detects yet", "detection"),
        Change(
            "as: absent}\n",
            "as: absent}\n"
            "  - {name: search,  after: offline, delay: 1min, do: sweep, target: all, indicators: indicators}\n",
            "somebody has to search before something is found",
        ),
        Change("process-started, detection, isolated", "process-started, isolated", "nothing detects yet", "detection"),
    ),
    "storm-live.yaml": (
        Change("pace: realtime\n", "", "time is virtual", "real time"),
        Change(
            '    identity: {enrol: token, token: "${env:ENROL_TOKEN}", certificate: per-device, ca: certs/ca.pem}\n',
            "    nodes: [first, second]\n",
            "certificates need a connection; the nodes that the facts name have to be there",
            "identity, with clients over HTTP",
        ),
        Change("fault: {server: telemetry,", "fault: {server: first,", "the second node is to answer in time"),
        Change(
            '  - {name: we were on time, lateness: {p99: "< 250ms"}, else: invalid}\n',
            "",
            "time is virtual",
            "real time",
        ),
        Change(
            "facts: [connect:first, timeout, connect:second], during: faults}",
            'facts: [timeout:first, fail-over:second], during: faults, for: ">= 5 %"}',
            "devices are connected before the fault, going on is told as `fail-over`, and few answers take so long",
        ),
    ),
    "suite-nightly.yaml": (
        Change("outage: [1min, 28min, 6h]", "outage: [1min, 28min, 2h]", "the library's outage lasts at most 2 h"),
        Change("names outage[outage=28min,seed=2]", "names outage-28min-mycorp[outage=28min,seed=2]", "the name's own"),
        Change("tag: wire\n    not_tag: slow", "tag: outage\n    not_tag: kics", "tags that our library has"),
        Change("telemetry.sent", "telemetry.acknowledged", "the figure's name"),
    ),
}
