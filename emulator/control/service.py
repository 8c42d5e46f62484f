"""The service of Endpoint Agent on devices: started, stopped, removed and installed, by whomever."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.control.agent import EndpointAgent
from emulator.told import Severity, Told
from emulator.world import Condition

_ENDED: Final = {Condition.STOPPED: "agent-stopped", Condition.CRASHED: "agent-crashed"}


class CommandKind(StrEnum):
    """What the Administration Server can have Network Agent do with Endpoint Agent (KEA-ADM-001 to KEA-ADM-004)."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    START = "start"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Command:
    """An order of the Administration Server to a device."""

    kind: CommandKind


class Service:
    """What of one shard's Endpoint Agents was stopped or removed, and so may be started or installed again.

    One that a step stopped for a time starts by itself, and by nothing else.
    """

    def __init__(self) -> None:
        self._ended: dict[int, Condition] = {}

    def begin_without(self, agent: EndpointAgent) -> None:
        """Endpoint Agent is not installed on a device when time begins."""
        agent.installed = False
        self._ended[agent.device] = Condition.STOPPED
        agent.begin(Condition.STOPPED, 0)

    def carry_out(self, agent: EndpointAgent, at_ms: int, command: Command) -> None:
        """Does what the Administration Server orders; what is so already stays as it is."""
        match command.kind:
            case CommandKind.INSTALL:
                self.install(agent, at_ms)
            case CommandKind.UNINSTALL:
                self.remove(agent, at_ms)
            case CommandKind.START:
                self.start(agent, at_ms)
            case CommandKind.STOP if agent.runs(at_ms):
                self.stop(agent, at_ms, Condition.STOPPED)

    def stop(self, agent: EndpointAgent, at_ms: int, condition: Condition) -> None:
        """Endpoint Agent, which runs, is stopped or crashes."""
        from_ms = agent.begin(condition, at_ms)
        self._ended[agent.device] = condition
        agent.tell(from_ms, (Told(_ENDED[condition], {}, Severity.CRITICAL),))
        agent.report_state(from_ms, running=False)

    def remove(self, agent: EndpointAgent, at_ms: int) -> None:
        """Endpoint Agent is uninstalled, where it is there."""
        if not agent.installed:
            return
        from_ms = at_ms
        if agent.device not in self._ended:
            from_ms = agent.begin(Condition.STOPPED, at_ms)
            self._ended[agent.device] = Condition.STOPPED
        agent.installed = False
        agent.tell(from_ms, (Told("agent-removed", {}, Severity.CRITICAL),))
        agent.report_state(from_ms, running=False)

    def start(self, agent: EndpointAgent, at_ms: int) -> None:
        """Endpoint Agent starts, where it is installed and was stopped here."""
        if agent.installed and agent.device in self._ended:
            self._run(agent, at_ms, "agent-started")

    def install(self, agent: EndpointAgent, at_ms: int) -> None:
        """Endpoint Agent is installed and starts, where it is not there."""
        if not agent.installed:
            agent.install(at_ms)
            self._run(agent, at_ms, "agent-installed")

    def _run(self, agent: EndpointAgent, at_ms: int, kind: str) -> None:
        from_ms = agent.end(self._ended.pop(agent.device), at_ms)
        agent.tell(from_ms, (Told(kind, {}, Severity.INFO),))
        agent.report_state(from_ms, running=True)
