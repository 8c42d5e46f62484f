"""An Endpoint Agent of the control plane, with the Network Agent beside it."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

import numpy as np

from emulator import windows_log
from emulator.clock import Rank
from emulator.exclusions.network import NetworkRule
from emulator.host import HostChanges
from emulator.policy.settings import AgentSettings
from emulator.ports import I64
from emulator.reporting import EventReport, Report, StateReport
from emulator.telemetry.context import Context
from emulator.told import Told
from emulator.world import FOREVER_MS, Condition, LocalEdit, Spell

HostChange = Callable[[HostChanges], None]
"""Makes one change to a host."""
OUTBOX_MAX: Final = 10_000
"""Reports of one device that wait for a synchronisation; beyond it the oldest are let go of."""
NOT_RUNNING: Final = (Condition.STOPPED, Condition.CRASHED, Condition.OFF)
"""Conditions in which Endpoint Agent does not run."""


class Components(Protocol):
    """What an Endpoint Agent is made of, as far as the data plane has something to tell it."""

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """The agent follows other settings than `before` from `at_ms` on."""

    def conditions_changed(self, at_ms: int, before: frozenset[Condition]) -> None:
        """The agent is in other conditions than `before`; `at_ms` is its first moment at which it is."""

    def installed(self, at_ms: int) -> None:
        """Endpoint Agent was installed anew."""


class Plane(Protocol):
    """The control plane as an agent uses it."""

    @property
    def context(self) -> Context:
        """The shard."""

    @property
    def reports_anywhere(self) -> bool:
        """Whether a server takes reports."""

    def build(self, agent: "EndpointAgent", at_ms: int) -> Any:  # Components, whatever they can do beside
        """The components of an agent from a moment on."""

    def keep(self, agent: "EndpointAgent") -> None:
        """Remembers an agent, which has something to remember from now on."""

    def later(self, agent: "EndpointAgent", at_ms: int, act: Callable[["EndpointAgent", int], None]) -> None:
        """Has `act` done at a moment of the agent."""


class EndpointAgent:
    """One device of the control plane: its Endpoint Agent, and the Network Agent that carries its reports.

    Moments are those of the device and do not go back. What is begun, ended or edited holds from the first moment on
    that the data plane has not computed, which is told.
    """

    __slots__ = ("__weakref__", "_changes", "_components", "_installed", "_known", "_outbox", "_plane", "device")

    def __init__(self, plane: Plane, device: int) -> None:
        self._plane = plane
        self.device = device
        self._components: Any = None  # Components
        self._installed = True
        self._known: frozenset[Condition] = frozenset()
        self._outbox: deque[tuple[int, Report]] | None = None
        self._changes: list[tuple[int, HostChange]] | None = None

    # --- what holds --------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> AgentSettings:
        """The settings that hold now."""
        return self._plane.context.block_of(self.device).settings_of(self.device)

    def conditions(self, at_ms: int) -> frozenset[Condition]:
        """The conditions that the device is in at the moment that it has come to."""
        return self._plane.context.block_of(self.device).conditions_of(self.device, at_ms)

    def runs(self, at_ms: int) -> bool:
        """Whether Endpoint Agent runs."""
        return self.conditions(at_ms).isdisjoint(NOT_RUNNING)

    def linked(self, at_ms: int) -> bool:
        """Whether the device is switched on and has a network; isolation does not cut off its own services."""
        return self.conditions(at_ms).isdisjoint((Condition.OFF_LINE, Condition.OFF))

    def licensed(self, at_ms: int) -> bool:
        """Whether Endpoint Agent has a valid licence."""
        return Condition.UNLICENSED not in self.conditions(at_ms)

    @property
    def installed(self) -> bool:
        """Whether Endpoint Agent is installed on the device."""
        return self._installed

    @installed.setter
    def installed(self, installed: bool) -> None:
        self._installed = installed
        self._plane.keep(self)

    # --- what it does ------------------------------------------------------------------------------------------------

    def begin(self, condition: Condition, at_ms: int, lets_through: tuple[NetworkRule, ...] = ()) -> int:
        """Puts the device into a condition that lasts until `end`; from when on. Isolation may spare something."""
        from_ms = self._plane.context.unreached(self.device, at_ms)
        self._plane.context.begin_spell(Spell(condition, self._alone, from_ms, FOREVER_MS, lets_through))
        return from_ms

    def end(self, condition: Condition, at_ms: int, lets_through: tuple[NetworkRule, ...] = ()) -> int:
        """Ends the condition that `begin` put the device into with the same arguments; from when on."""
        until_ms = self._plane.context.unreached(self.device, at_ms)
        self._plane.context.end_spell((condition, lets_through), self.device, until_ms)
        return until_ms

    def edit(self, group: str, content: object, at_ms: int) -> int:
        """Edits a settings group in the settings of the device, as `LocalEdit` says; from when on."""
        from_ms = self._plane.context.unreached(self.device, at_ms)
        self._plane.context.edit(LocalEdit(from_ms, self._alone, group, content))
        return from_ms

    def later(self, at_ms: int, act: Callable[["EndpointAgent", int], None]) -> None:
        """Has `act(agent, at_ms)` done at a later moment of the device; not after the end of the run."""
        self._plane.later(self, at_ms, act)

    def tell(self, at_ms: int, told: Iterable[Told]) -> None:
        """Tells facts of the device; those with a severity become events for the Administration Server too."""
        for one in told:
            self._plane.context.journal.add(one.kind, Rank.CONTROL, at_ms, self.device, **one.values)
            if one.severity is not None:
                self.report(at_ms, EventReport(at_ms, one))
            if one.windows_log:
                self._log(at_ms, one)

    def _log(self, at_ms: int, told: Told) -> None:
        """Writes into the Windows event log of the device."""
        item = windows_log.entry(told, len(self._changes or ()) + 1, at_ms, self._plane.context.world.calendar)
        self.change_host(at_ms, lambda changes: changes.put("EventLogItem", item))
        self._plane.context.journal.add(
            "windows-event", Rank.CONTROL, at_ms, self.device, log=windows_log.CHANNEL, event=told.kind
        )

    def report(self, at_ms: int, report: Report) -> None:
        """Leaves a report for the next synchronisation after `at_ms` that reaches the Administration Server."""
        if not self._plane.reports_anywhere:
            return
        if self._outbox is None:
            self._outbox = deque(maxlen=OUTBOX_MAX)
            self._plane.keep(self)
        if not self._outbox:
            self._plane.context.report(self.device)
        self._outbox.append((at_ms, report))

    def report_state(self, at_ms: int, *, running: bool) -> None:
        """Reports whether Endpoint Agent is there and runs; components, where there are any, report for it."""
        if self._components is None:
            self.report(at_ms, StateReport(self._installed, running))

    def take_reports(self, at_ms: int) -> list[Report]:
        """Takes out what there is to report at a synchronisation."""
        taken: list[Report] = []
        while self._outbox and self._outbox[0][0] <= at_ms:
            taken.append(self._outbox.popleft()[1])
        if not self._outbox:
            self._plane.context.reported(self.device)
        return taken

    @property
    def _alone(self) -> I64:
        return np.array([self.device], np.int64)

    # --- its host ----------------------------------------------------------------------------------------------------

    def change_host(self, at_ms: int, change: HostChange) -> None:
        """Makes a change to the host at a moment."""
        if self._changes is None:
            self._changes = []
            self._plane.keep(self)
        self._changes.insert(bisect_right(self._changes, at_ms, key=lambda entry: entry[0]), (at_ms, change))

    def host(self, at_ms: int, os: str) -> HostChanges:
        """What the device has changed until a moment."""
        changes = HostChanges(os)
        for moment, change in self._changes or ():
            if moment > at_ms:
                break
            change(changes)
        return changes

    # --- its components ----------------------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """Whether it has components."""
        return self._components is not None

    def components(self, at_ms: int) -> Any:  # what the shard's factory builds: Components, and more for who knows it
        """What it is made of; built at the first moment that somebody asks, and told of what happens from then on."""
        if self._components is None:
            context = self._plane.context
            self._plane.keep(self)
            context.watched.add(self.device)
            self._known = context.block_of(self.device).conditions_of(self.device, None)
            self._components = self._plane.build(self, at_ms)
        return self._components

    def install(self, at_ms: int) -> None:
        """Endpoint Agent is installed on the device."""
        self._installed = True
        if self._components is not None:
            self._components.installed(at_ms)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """The data plane has the agent follow other settings."""
        self._components.settings_changed(at_ms, before)

    def conditions_changed(self, at_ms: int) -> None:
        """The data plane has put the agent into other conditions, or into the same again."""
        before, self._known = self._known, self.conditions(at_ms)
        if before != self._known:
            self._components.conditions_changed(at_ms, before)
