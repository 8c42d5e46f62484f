"""Deeds on components: what actions of a scenario do with the parts of an Endpoint Agent."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.components import AgentComponents
from emulator.control import EndpointAgent
from emulator.mdr import EndpointProtection
from emulator.response.isolation import Isolate, Release
from emulator.response.prevention import Prevention
from emulator.sandbox import SandboxObject
from emulator.tasks.task import Assignment, RunTask, StopTask, Withdrawal
from scenarios import actions

ON_COMPONENTS: Final[Mapping[type[actions.Action], Callable[[AgentComponents, Any, int], None]]] = {
    actions.ViewDiagnosis: lambda parts, action, at_ms: parts.diagnosis.view(at_ms),
    actions.InstallProtection: lambda parts, action, at_ms: parts.mdr.protection_installed(
        EndpointProtection(action.version, action.databases_current), at_ms
    ),
    actions.UpdateProtection: lambda parts, action, at_ms: parts.mdr.protection_updated(at_ms),
    actions.RemoveProtection: lambda parts, action, at_ms: parts.mdr.protection_removed(at_ms),
    actions.DetectThreat: lambda parts, action, at_ms: parts.isolation.threat_detected(at_ms),
    actions.RaiseKicsEvent: lambda parts, action, at_ms: parts.mdr.take_industrial_event(at_ms),
    actions.UpgradeAgent: lambda parts, action, at_ms: parts.kmp.upgraded(action.version, at_ms),
    actions.SetKmp: lambda parts, action, at_ms: parts.kmp.told_by_policy(action.plugin, at_ms, enabled=action.enabled),
}
"""What each of these actions does, by its type: called with the components, the action, and the moment."""
TAKEN: Final[Mapping[type, Callable[[EndpointAgent, int, Any], object]]] = {
    **dict.fromkeys(
        (Assignment, Withdrawal, RunTask, StopTask),
        lambda agent, at_ms, news: agent.components(at_ms).tasks.take(news, at_ms),
    ),
    **dict.fromkeys(
        (Isolate, Release), lambda agent, at_ms, order: agent.components(at_ms).isolation.take(order, at_ms)
    ),
    Prevention: lambda agent, at_ms, rules: agent.components(at_ms).prevention.replace(rules, at_ms),
}
"""Who takes what servers deliver, by its type."""


def look_up(met: SandboxObject, agent: EndpointAgent, at_ms: int) -> None:
    """A device meets a file; one whose components nobody has asked for uses neither KSN nor Sandbox."""
    if agent.built:
        parts = agent.components(at_ms)
        parts.ksn.look_up(met.sha256, at_ms)
        parts.sandbox.meet(met, at_ms)
