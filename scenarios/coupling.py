"""Coupling: what of a scenario concerns devices of other shards, and so cannot be done before the run comes to it."""

from scenarios import actions
from scenarios.model import Scenario


def responds_as_group(scenario: Scenario) -> bool:
    """Whether a detection on one device can come to a response of its whole group."""
    if any(policy.settings.values.threat_response.scan_group for policy in scenario.policies):
        return True
    changes = (actions.ChangePolicy, actions.CreatePolicy, actions.ImportPolicy, actions.EditSettings)
    return any(
        isinstance(action, actions.ImportPolicy) or "threat-response" in action.settings
        for action in _actions(scenario)
        if isinstance(action, changes)
    )


def puts_off(scenario: Scenario) -> bool:
    """Whether operations at servers are done in the order of their moments only, since more may come up on the way."""
    if responds_as_group(scenario):
        return True
    if any(isinstance(action, actions.ScanForObject) for action in _actions(scenario)):
        return True
    return any(isinstance(one.action, actions.Operation | actions.ByCentralNode) for one in scenario.reactions)


def _actions(scenario: Scenario) -> list[actions.Action | None]:
    return [step.action for step in scenario.steps] + [one.action for one in scenario.reactions]
