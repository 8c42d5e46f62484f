"""Protection on devices: attempts at Endpoint Agent are decided, and have their effect where they are let through."""

from collections.abc import Mapping

from emulator.control.agent import EndpointAgent
from emulator.policy.settings import key_of
from emulator.reporting import StateReport
from emulator.security import ENDS, STARTS, UNINSTALLS, Attempt, decide, entered
from emulator.telemetry.context import Context
from emulator.told import Severity, Told
from emulator.world import Condition

_ENDED = {Condition.STOPPED: "agent-stopped", Condition.CRASHED: "agent-crashed"}


class Protection:
    """The attempts on the devices of one shard, and what they stopped.

    An Endpoint Agent that an attempt stopped is started by an attempt at that, and by nothing else; one that a step
    stopped for a time is not, and one that was removed is not either.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopped: dict[int, Condition] = {}

    def attempt(self, agent: EndpointAgent, at_ms: int, attempt: Attempt, settings: Mapping[str, object]) -> None:
        """Somebody tries an operation on a device at its moment (KEA-SEC-002 to KEA-SEC-027).

        `settings` are what its user enters, by group; what a policy locks is refused all the same (KEA-POL-034).
        """
        os = self._context.world.images[int(self._context.world.image[agent.device])].host.os
        decision = decide(attempt, agent.settings, os=os, running=agent.runs(at_ms))
        agent.tell(at_ms, decision.told)
        if not decision.allowed:
            return
        for group, content in settings.items():
            agent.edit(group, content, at_ms)
        values = entered(attempt.operation, agent.settings)
        if values is not None:
            agent.edit(key_of(values), values, at_ms)
        name = attempt.operation.name
        if name in ENDS and agent.runs(at_ms):
            self._end(agent, at_ms, ENDS[name], removed=name == UNINSTALLS)
        elif name == STARTS and agent.device in self._stopped:
            self._start(agent, at_ms)

    def _end(self, agent: EndpointAgent, at_ms: int, condition: Condition, *, removed: bool) -> None:
        from_ms = agent.begin(condition, at_ms)
        if removed:
            agent.tell(from_ms, (Told("agent-removed", {}, Severity.CRITICAL),))
        else:
            self._stopped[agent.device] = condition
            agent.tell(from_ms, (Told(_ENDED[condition], {}, Severity.CRITICAL),))
        agent.report(from_ms, StateReport(installed=not removed, running=False))

    def _start(self, agent: EndpointAgent, at_ms: int) -> None:
        from_ms = agent.end(self._stopped.pop(agent.device), at_ms)
        agent.tell(from_ms, (Told("agent-started", {}, Severity.INFO),))
        agent.report(from_ms, StateReport(installed=True, running=True))
