"""What the fakes of single-device services have in common: who stands on the road of a call, and what he does to it."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from emulator.chance import U64
from emulator.ports import Outcome, Refused, TimedOut, Unreachable
from emulator.services import Call, Road, Via
from fakes.faults import FaultSchedule, Requests

INTERNET = "internet"
"""The name under which faults of the devices' own way to the Internet hold."""
PROXY = "proxy"
"""The name under which faults of the proxy server hold."""
ADMINISTRATION = "administration"
"""The name of the Administration Server, where it stands on the road."""
LATENCY_US = 20_000
AUTHENTICATION_REQUIRED = 407


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy server: `address` is where it listens (`host:port`), empty where there is none; with `demands_ntlm` it
    lets nobody through who does not authenticate."""

    address: str = ""
    demands_ntlm: bool = False

    def refuses(self, road: Road) -> Refused | Unreachable | None:
        """Why it lets nothing through that comes on a road, None where it does."""
        if road.proxy != self.address:
            return Unreachable("no proxy server there")
        if self.demands_ntlm and not road.user:
            return Refused(AUTHENTICATION_REQUIRED, "the proxy server demands authentication")
        return None


class Roads:
    """The ways that calls take to services: directly, through the proxy server, through the Administration Server.

    `keys` are those of the devices. `seen` counts the calls that passed, by service and road:
    what a server sees of where its requests come from (KEA-PRX-003, KEA-LIC-001, KEA-KSN-010).
    """

    def __init__(self, keys: U64, faults: FaultSchedule, *, proxy: Proxy | None = None) -> None:
        self._keys = keys
        self._faults = faults
        self._proxy = proxy or Proxy()
        self.seen: Counter[tuple[str, Via]] = Counter()

    def travel(self, service: str, call: Call, *, outside: bool) -> Refused | TimedOut | Unreachable | None:
        """What stops a call on its way to the node `service`, or None where it arrives.

        A service `outside` of the organisation is reached through the device's own way to the Internet, unless the
        proxy server or the Administration Server stands in between: those have theirs.
        """
        road = [service]
        match call.road.via:
            case Via.DIRECT if outside:
                road.insert(0, INTERNET)
            case Via.PROXY:
                refused = self._proxy.refuses(call.road)
                if refused is not None:
                    return refused
                road.insert(0, PROXY)
            case Via.ADMINISTRATION:
                road.insert(0, ADMINISTRATION)
            case _:
                pass
        for node in road:
            stopped = self._meet(node, call)
            if stopped is not None:
                return stopped
        self.seen[service, call.road.via] += 1
        return None

    def _meet(self, node: str, call: Call) -> Refused | TimedOut | Unreachable | None:
        at_ms = np.array([call.at_ms], np.int64)
        requests = Requests(at_ms, np.array([call.timeout_ms], np.int64), self._keys[call.device : call.device + 1])
        verdict = self._faults.judge(node, requests, LATENCY_US)
        match Outcome(int(verdict.outcome[0])):
            case Outcome.OK:
                return None
            case Outcome.REFUSED:
                return Refused(int(verdict.status[0]))
            case Outcome.TIMED_OUT:
                return TimedOut()
            case Outcome.UNREACHABLE:
                return Unreachable()
