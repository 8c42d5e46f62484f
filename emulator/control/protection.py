"""Protection on devices: attempts at Endpoint Agent are decided, and have their effect where they are let through."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from emulator import security
from emulator.control.agent import EndpointAgent
from emulator.control.service import Service
from emulator.identity import fill
from emulator.policy.settings import key_of
from emulator.response.isolation import EndedBy
from emulator.response.quarantine import QuarantineArguments
from emulator.security import DELETES_LICENCE, ENDS, STARTS, UNINSTALLS, Attempt, decide, entered
from emulator.tasks.ioc_scan import IocScan
from emulator.telemetry.context import Context


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives with an attempt: settings by group, a file or a quarantined object, a scan."""

    settings: Mapping[str, object] = field(default_factory=dict)
    object: QuarantineArguments | None = None
    scan: IocScan | None = None

    @property
    def named(self) -> QuarantineArguments:
        """The object, of an operation that is on one."""
        assert self.object is not None
        return self.object


class Protection:
    """The attempts on the devices of one shard, which work on the `service` that these have."""

    def __init__(self, context: Context, service: Service) -> None:
        self._context = context
        self._service = service

    def attempt(self, agent: EndpointAgent, at_ms: int, attempt: Attempt, given: Given) -> None:
        """Somebody tries an operation on a device at its moment (KEA-SEC-002 to KEA-SEC-027).

        What a policy locks is refused all the same (KEA-POL-034). A user named `{user}` is the device's own.
        """
        world = self._context.world
        os = world.images[int(world.image[agent.device])].host.os
        slots = world.identity(agent.device)
        attempt = replace(attempt, user=fill(attempt.user, slots))
        running = agent.runs(at_ms)
        decision = decide(attempt, agent.settings, os=os, running=running, local_user=slots["user"])
        agent.tell(at_ms, decision.told)
        if not decision.allowed:
            return
        for group, content in given.settings.items():
            agent.edit(group, content, at_ms)
        values = entered(attempt.operation, agent.settings)
        if values is not None:
            agent.edit(key_of(values), values, at_ms)
        name = attempt.operation.name
        if name == UNINSTALLS:
            self._service.remove(agent, at_ms)
        elif name in ENDS and running:
            self._service.stop(agent, at_ms, ENDS[name])
        elif name == STARTS:
            self._service.start(agent, at_ms)
        elif name in _ON_COMPONENTS:
            _ON_COMPONENTS[name](agent.components(at_ms), given, at_ms, attempt.user)


_ON_COMPONENTS: Final[Mapping[str, Callable[[Any, Given, int, str], None]]] = {
    DELETES_LICENCE: lambda parts, given, at_ms, user: parts.delete_licence(at_ms),
    security.ENDS_ISOLATION: lambda parts, given, at_ms, user: parts.isolation.release(at_ms, EndedBy.COMMAND_LINE),
    security.ENDS_PREVENTION: lambda parts, given, at_ms, user: parts.prevention.disable(
        at_ms, str(EndedBy.COMMAND_LINE)
    ),
    security.SCANS: lambda parts, given, at_ms, user: parts.scans.by_command(parts, given.scan, at_ms, user),
    security.SHOWS_QUARANTINE: lambda parts, given, at_ms, user: parts.quarantine.show(at_ms),
    security.SHOWS_QUARANTINE_SETTINGS: lambda parts, given, at_ms, user: parts.quarantine.show_settings(at_ms),
    security.QUARANTINES: lambda parts, given, at_ms, user: parts.quarantine.add(given.named.path, at_ms, user),
    security.DELETES_QUARANTINED: lambda parts, given, at_ms, user: parts.quarantine.delete(
        given.named.path, at_ms, user
    ),
    security.RESTORES_QUARANTINED: lambda parts, given, at_ms, user: parts.quarantine.restore(
        given.named.path, given.named.destination, at_ms, user
    ),
}
"""What operations that are let through do with the components of an agent, by their names."""
