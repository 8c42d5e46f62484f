"""Network isolation of one device: switched on and off by whomever, in force while one of its kinds holds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from emulator.components.alarm import Alarm
from emulator.components.licence import VIOLATION
from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.exclusions.environment import Os
from emulator.exclusions.network import NetworkRule
from emulator.policy.settings import AgentSettings
from emulator.response.isolation import EndedBy, Isolate, IsolationKind, Release, lasts, settings_of, spared
from emulator.told import Severity, Told
from emulator.world import Condition

FUNCTION = "network-isolation"
REFUSED = "response-refused"
"""What is told of a response that was asked for, and that Endpoint Agent cannot give."""
NOT_RUNNING = "not-running"
OPERATING_SYSTEM = "operating-system"
"""The Central Node isolates Windows devices only (public help)."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Isolation of one kind that is on: until when, what ends it then, and what it lets through."""

    order: Isolate
    until_ms: int
    ends_by: EndedBy
    lets_through: tuple[NetworkRule, ...]


class IsolationKeeper(Part):
    """Network isolation of one device.

    Whoever responds to a threat calls `isolate`, with AUTOMATIC for a response by itself; `release` ends it. A device
    is cut off while one kind holds, and nothing passes but what each kind that holds lets through. Isolation survives a
    restart, and its timer goes on; what ends while Endpoint Agent does not run is released when it starts. `licensed`
    tells whether there is a valid licence at a moment, `changed(at_ms)` is called when a kind begins or ends.
    """

    def __init__(
        self, agent: EndpointAgent, *, os: Os, licensed: Callable[[int], bool], changed: Callable[[int], None]
    ) -> None:
        self._agent = agent
        self._os = os
        self._licensed = licensed
        self._changed = changed
        self._held: dict[IsolationKind, _Held] = {}
        self._alarm = Alarm(agent, self._release_what_is_over)

    @property
    def active(self) -> bool:
        """Whether some kind of isolation is on."""
        return bool(self._held)

    def isolate(
        self,
        kind: IsolationKind,
        at_ms: int,
        duration_ms: int | None = None,
        exclusions: tuple[NetworkRule, ...] = (),
    ) -> None:
        """Isolates the device, or starts the time of this kind anew (an emulator's choice) where it is on already.

        Without `duration_ms` the settings say how long it lasts. Without a valid licence it cannot be switched on.
        """
        order = Isolate(kind, duration_ms, exclusions)
        reason = self._refusal(kind, at_ms)
        if reason:
            values = {"response": FUNCTION, "isolation": str(kind), "reason": reason}
            self._agent.tell(at_ms, (Told(REFUSED, values, Severity.WARNING),))
            return
        if not self._licensed(at_ms):
            self._agent.tell(at_ms, (Told(VIOLATION, {"function": FUNCTION}, Severity.CRITICAL),))
            return
        settings = self._agent.settings
        held = self._held.get(kind)
        if held is not None:
            self._agent.end(Condition.ISOLATED, at_ms, held.lets_through)
        lets_through = spared(order, settings, self._os)
        from_ms = self._agent.begin(Condition.ISOLATED, at_ms, lets_through)
        length_ms, ends_by = lasts(order, settings)
        self._held[kind] = _Held(order, from_ms + length_ms, ends_by, lets_through)
        told = [Told("isolated", {"isolation": str(kind), "for_min": length_ms // 60_000}, Severity.WARNING)]
        own = settings_of(kind, settings)
        if own is not None and own.notify_user:
            told.append(Told("user-notified", {"of": FUNCTION, "isolation": str(kind)}))
        self._agent.tell(from_ms, told)
        self._wait()
        self._changed(from_ms)

    def release(self, at_ms: int, by: EndedBy, kinds: tuple[IsolationKind, ...] = tuple(IsolationKind)) -> None:
        """Ends isolation of these kinds, as far as they are on."""
        for kind in kinds:
            held = self._held.pop(kind, None)
            if held is None:
                continue
            until_ms = self._agent.end(Condition.ISOLATED, at_ms, held.lets_through)
            values = {"isolation": str(kind), "by": str(by)}
            if kind is IsolationKind.CENTRAL_NODE:
                # At its expiry the rule stays at the Central Node, and is inactive (public help).
                values["rule"] = "inactive" if by is EndedBy.TIMER else "removed"
            self._agent.tell(until_ms, (Told("released", values, Severity.INFO),))
            self._changed(until_ms)
        self._wait()

    def take(self, order: Isolate | Release, at_ms: int) -> None:
        """Carries out an order of the Administration Server or of the Central Node."""
        if isinstance(order, Release):
            self.release(at_ms, order.by, order.kinds)
        else:
            self.isolate(order.kind, at_ms, order.duration_ms, order.exclusions)

    def threat_detected(self, at_ms: int) -> None:
        """The endpoint-protection application of the device has detected a threat (KEA-ISO-002)."""
        self._agent.tell(at_ms, (Told("threat-detected", {}),))
        if self._agent.settings.network_isolation.enabled:
            self.isolate(IsolationKind.AUTOMATIC, at_ms)

    def started(self, at_ms: int) -> None:
        """What has ended meanwhile is released."""
        self._release_what_is_over(at_ms)

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """An agent that is no longer there keeps nobody from the network."""
        if not self._agent.installed:
            self.release(at_ms, EndedBy.REMOVAL)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """Exclusions are in force at once, each for its own kind (KEA-ISO-005); a time that runs is not touched."""
        for kind, held in list(self._held.items()):
            lets_through = spared(held.order, self._agent.settings, self._os)
            if lets_through != held.lets_through:
                self._agent.end(Condition.ISOLATED, at_ms, held.lets_through)
                self._agent.begin(Condition.ISOLATED, at_ms, lets_through)
                self._held[kind] = replace(held, lets_through=lets_through)

    def _refusal(self, kind: IsolationKind, at_ms: int) -> str:
        if not self._agent.runs(at_ms):
            return NOT_RUNNING
        return OPERATING_SYSTEM if kind is IsolationKind.CENTRAL_NODE and self._os != "windows" else ""

    def _release_what_is_over(self, at_ms: int) -> None:
        if self._agent.installed and not self._agent.runs(at_ms):
            return
        for kind, held in list(self._held.items()):
            if held.until_ms <= at_ms:
                self.release(at_ms, held.ends_by, (kind,))
        self._wait()

    def _wait(self) -> None:
        self._alarm.set(min((held.until_ms for held in self._held.values()), default=None))
