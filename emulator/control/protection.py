"""Protection on devices: attempts at Endpoint Agent are decided, and have their effect where they are let through."""

from collections.abc import Mapping

from emulator.control.agent import EndpointAgent
from emulator.control.service import Service
from emulator.policy.settings import key_of
from emulator.response.isolation import EndedBy
from emulator.security import (
    DELETES_LICENCE,
    ENDS,
    ENDS_ISOLATION,
    ENDS_PREVENTION,
    STARTS,
    UNINSTALLS,
    Attempt,
    decide,
    entered,
)
from emulator.telemetry.context import Context


class Protection:
    """The attempts on the devices of one shard, which work on the `service` that these have."""

    def __init__(self, context: Context, service: Service) -> None:
        self._context = context
        self._service = service

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
        if name == UNINSTALLS:
            self._service.remove(agent, at_ms)
        elif name in ENDS and agent.runs(at_ms):
            self._service.stop(agent, at_ms, ENDS[name])
        elif name == STARTS:
            self._service.start(agent, at_ms)
        elif name == DELETES_LICENCE:
            agent.components(at_ms).delete_licence(at_ms)
        elif name == ENDS_ISOLATION:
            agent.components(at_ms).isolation.release(at_ms, EndedBy.COMMAND_LINE)
        elif name == ENDS_PREVENTION:
            agent.components(at_ms).prevention.disable(at_ms, str(EndedBy.COMMAND_LINE))
