"""Defects of network isolation: the policy lock, and two kinds that are not kept apart."""

from collections.abc import Callable
from typing import Any

import numpy as np

from conformance.planting import Plant, defect
from emulator.components.isolation import IsolationKeeper
from emulator.policy import effective
from emulator.policy.effective import EditRefused, LocalSettings
from emulator.policy.policies import Governing
from emulator.policy.settings import AgentSettings, Group, NetworkIsolationOnDemand
from emulator.response import isolation
from emulator.response.isolation import EndedBy, IsolationKind
from fakes.administration import AdministrationServer

True_ = Callable[..., Any]


@defect("KEA-ISO-001", "a policy locks isolation on demand too")
def policy_locks_isolation_on_demand(plant: Plant) -> None:
    """As every other group."""

    def make(true: True_) -> True_:
        def wrong(local: LocalSettings, governing: Governing | None, values: Group) -> Any:
            if governing is not None and isinstance(values, NetworkIsolationOnDemand):
                return EditRefused("network-isolation-on-demand", "check")
            return true(local, governing, values)

        return wrong

    plant.around(effective, "edit_local", make)


@defect("KEA-ISO-002", "a detection isolates whatever the policy says")
def detections_always_isolate(plant: Plant) -> None:
    """The option is not looked at."""

    def make(true: True_) -> True_:
        def wrong(self: IsolationKeeper, at_ms: int) -> None:
            true(self, at_ms)
            if not self._agent.settings.network_isolation.enabled:
                self.isolate(IsolationKind.AUTOMATIC, at_ms)

        return wrong

    plant.around(IsolationKeeper, "threat_detected", make)


@defect("KEA-ISO-003", "isolation on demand has the settings of the policy")
def on_demand_follows_the_policy(plant: Plant) -> None:
    """Those of the device are not looked at."""
    plant.replace(isolation, "settings_of", lambda kind, settings: settings.network_isolation)


@defect("KEA-ISO-004", "a change of the policy ends isolation on demand")
def policy_change_ends_isolation_on_demand(plant: Plant) -> None:
    """As if it had been switched on there."""

    def make(true: True_) -> True_:
        def wrong(self: IsolationKeeper, at_ms: int, before: AgentSettings) -> None:
            true(self, at_ms, before)
            if before.network_isolation != self._agent.settings.network_isolation:
                self.release(at_ms, EndedBy.CONSOLE, (IsolationKind.ON_DEMAND,))

        return wrong

    plant.around(IsolationKeeper, "settings_changed", make)


@defect("KEA-ISO-005", "when one kind ends, both do")
def kinds_end_together(plant: Plant) -> None:
    """They are one state."""
    plant.around(IsolationKeeper, "release", lambda true: lambda self, at_ms, by, kinds=(): true(self, at_ms, by))


@defect("KEA-ISO-006", "isolation on demand takes the neighbours along")
def neighbours_are_isolated(plant: Plant) -> None:
    """Those that come before and after the device in its group."""

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, devices: Any, *given: Any, **more: Any) -> Any:
            return true(self, np.arange(max(devices) + 2, dtype=np.int64), *given, **more)

        return wrong

    plant.around(AdministrationServer, "command", make)
