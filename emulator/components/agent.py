"""The components of one Endpoint Agent, and how they hang together."""

from collections.abc import Mapping
from typing import Final

from emulator.components.databases import DatabaseKeeper
from emulator.components.diagnosis import DiagnosisKeeper
from emulator.components.ioc_scan import IocScanExecutor
from emulator.components.isolation import IsolationKeeper
from emulator.components.kmp import KmpKeeper
from emulator.components.ksn import KsnUse
from emulator.components.licence import LicenceKeeper
from emulator.components.mdr import MdrUse
from emulator.components.prevention import PreventionKeeper
from emulator.components.quarantine import QuarantineKeeper
from emulator.components.responses import Responses
from emulator.components.roads import Roads
from emulator.components.sandbox import SandboxUse
from emulator.components.statuses import statuses
from emulator.components.surroundings import Surroundings
from emulator.components.tasks import Tasks
from emulator.control.agent import NOT_RUNNING, EndpointAgent
from emulator.licensing import Licence
from emulator.policy.settings import AgentSettings
from emulator.reporting import StateReport
from emulator.response.isolation import EndedBy
from emulator.services import Call
from emulator.tasks.executors import ActivationExecutor, UpdateExecutor
from emulator.tasks.task import TaskType
from emulator.tasks.wall import WallClock
from emulator.updates import Databases
from emulator.world import Condition, World

DOWN: Final = frozenset(NOT_RUNNING)


class AgentComponents:
    """What the Endpoint Agent of one device is made of beside telemetry, from a moment on.

    It is told what the data plane does to the device, and is what the executors of tasks work on.
    """

    def __init__(self, agent: EndpointAgent, world: World, around: Surroundings, *, at_ms: int) -> None:
        device = agent.device
        key = int(world.key[device])
        running = agent.runs(at_ms)
        self.agent = agent
        self.update_roads = Roads(agent, around.discovered_proxy)
        self._licence = LicenceKeeper(agent, around.installed_licence(device), self._licence_changed)
        self._databases = DatabaseKeeper(agent)
        clock = WallClock(world.calendar, world.sites[int(world.site[device])].zone)
        self.scans = IocScanExecutor(around.sweeps, clock)
        self.tasks = Tasks(
            agent,
            self,
            key=key,
            clock=clock,
            executors={
                TaskType.ACTIVATION: ActivationExecutor(around.activation),
                TaskType.UPDATE: UpdateExecutor(around.updates),
                TaskType.IOC_SCAN: self.scans,
            },
            running=running,
        )
        slots = world.identity(device)
        image = world.images[int(world.image[device])]
        self.diagnosis = DiagnosisKeeper(agent, key=key, host=image.host, slots=slots, at_ms=at_ms)
        self.quarantine = QuarantineKeeper(agent, key=key, host=image.host, slots=slots, at_ms=at_ms)
        licensed = self._licence.valid
        self.isolation = IsolationKeeper(agent, os=image.os, licensed=licensed, changed=self._reported_anew)
        self.prevention = PreventionKeeper(agent, os=image.os, slots=slots, licensed=licensed)
        self.ksn = KsnUse(agent, around.ksn, self.update_roads, licensed=licensed, counters=self._counters, at_ms=at_ms)
        self.kmp = KmpKeeper(agent, around.installed_kmp(device), self._reported_anew)
        self.mdr = MdrUse(agent, around.mdr, self.update_roads, licensed=licensed, at_ms=at_ms)
        self.responses = Responses(
            agent, self.quarantine, self.isolation, protection=lambda: self.mdr.component.protection
        )
        self.sandbox = SandboxUse(agent, around.sandbox, self.update_roads, self.responses, licensed=licensed)
        self._parts = (
            self.diagnosis,
            self.quarantine,
            self.sandbox,
            self.mdr,
            self._licence,
            self._databases,
            self.ksn,
            self.isolation,
            self.tasks,
        )
        self._around = around
        self._reported: StateReport | None = None
        self._licence.follow(at_ms)
        self._databases.follow(at_ms)
        self._report_statuses(at_ms, running=running)

    # --- what the data plane tells -----------------------------------------------------------------------------------

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """The agent follows other settings than `before` from `at_ms` on."""
        for part in self._parts:
            part.settings_changed(at_ms, before)
        self._report_statuses(at_ms, running=self.agent.runs(at_ms))

    def conditions_changed(self, at_ms: int, before: frozenset[Condition]) -> None:
        """The agent is in other conditions than `before`."""
        now = self.agent.conditions(at_ms)
        runs, ran = now.isdisjoint(DOWN), before.isdisjoint(DOWN)
        if runs is ran:
            return
        for part in self._parts:
            if runs:
                part.started(at_ms)
            else:
                part.stopped(at_ms, crashed=Condition.CRASHED in now)
        self._report_statuses(at_ms, running=runs)

    def installed(self, at_ms: int) -> None:
        """Endpoint Agent was installed anew, with the keys of the installation, and databases of the day: an emulator's
        choice."""
        self.isolation.release(at_ms, EndedBy.REMOVAL)
        self.prevention.disable(at_ms, str(EndedBy.REMOVAL))
        self.licence = self._around.installed_licence(self.agent.device)
        self.databases = Databases(released_ms=at_ms)
        self.after_tasks(at_ms)

    def delete_licence(self, at_ms: int) -> None:
        """Its keys are gone."""
        self.licence = Licence()
        self._licence.follow(at_ms)

    # --- what executors work on --------------------------------------------------------------------------------------

    @property
    def licence(self) -> Licence:
        """The keys of the device."""
        return self._licence.held

    @licence.setter
    def licence(self, licence: Licence) -> None:
        self._licence.held = licence

    @property
    def databases(self) -> Databases:
        """Its databases and modules."""
        return self._databases.held

    @databases.setter
    def databases(self, databases: Databases) -> None:
        self._databases.held = databases

    def activation_call(self, at_ms: int) -> Call | None:
        """The call to the activation server at a moment, None where the device has no link."""
        return self.update_roads.activation(at_ms)

    def licensed(self, at_ms: int) -> bool:
        """Whether the keys license Endpoint Agent."""
        return self._licence.valid(at_ms)

    def after_tasks(self, at_ms: int) -> None:
        """Tasks may have changed licence and databases."""
        self._licence.follow(at_ms)
        self._databases.follow(at_ms)

    def _licence_changed(self, at_ms: int) -> None:
        for part in self._parts:
            part.licence_changed(at_ms)
        self._report_statuses(at_ms, running=self.agent.runs(at_ms))

    def _reported_anew(self, at_ms: int) -> None:
        self._report_statuses(at_ms, running=self.agent.runs(at_ms))

    def _counters(self) -> Mapping[str, int]:
        return {"databases": self.databases.release, "modules": self.databases.modules, "tasks": len(self.tasks)}

    def _report_statuses(self, at_ms: int, *, running: bool) -> None:
        """Reports how components are, where that is not what was reported last."""
        found = statuses(
            self.agent.settings,
            self.mdr.component,
            self.kmp.held,
            running=running,
            licensed=self.licensed(at_ms),
        )
        state = StateReport(self.agent.installed, running, components=found, isolated=self.isolation.active)
        if state != self._reported:
            self._reported = state
            self.agent.report(at_ms, state)
