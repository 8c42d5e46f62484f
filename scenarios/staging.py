"""Staging: a loaded scenario becomes a world, its servers and its agenda.

Every shard stages the whole scenario for itself and simulates only its own devices, so that nothing but numbers and
facts passes between processes.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from emulator.adapter import PerPackage
from emulator.clock import Rank
from emulator.components import AgentComponents
from emulator.components.central import CentralTasks
from emulator.control import NOT_RUNNING, EndpointAgent, HostChange, Protection
from emulator.exclusions.environment import Os
from emulator.identity import Identity, identity
from emulator.images import IMAGES, Image
from emulator.ioc.document import IndicatorFile, parse_file
from emulator.ioc.witness import first_witness
from emulator.journal import RUN, Journal
from emulator.policy.addresses import address
from emulator.policy.certificates import pem
from emulator.policy.effective import Effective, LocalSettings, edit_group, effective
from emulator.policy.policies import Governing
from emulator.policy.settings import AgentSettings, KataIntegration, KicsIntegration
from emulator.ports import I64, PORT_OF_TARGET, Device, Port, RunInfo, Target, TelemetryColumns
from emulator.reporting import StateReport
from emulator.response.quarantine import QuarantineOrder
from emulator.simulation import Simulation
from emulator.sites import Site
from emulator.world import Condition, Injection, Spell, World
from fakes.administration import AdministrationServer, EventLog, Inventory
from fakes.central_node import CentralNode
from fakes.certificates import Certificates
from fakes.faults import FOREVER_MS, Certificate, Fault, FaultKind, FaultSchedule
from fakes.interference import Interference
from fakes.kics import KicsForNetworks
from fakes.telemetry import TelemetryNodes
from scenarios import actions, deeds
from scenarios.backends import Chosen
from scenarios.central_tasks import CentralDeeds
from scenarios.component_deeds import ON_COMPONENTS, TAKEN, look_up
from scenarios.coupling import puts_off
from scenarios.fleet import Block
from scenarios.launches import Launches
from scenarios.model import Scenario
from scenarios.observation import Intervals
from scenarios.operations import Look, Operations, possible_settings
from scenarios.services import Services, lived_from_the_start
from scenarios.task_operations import Later

SPELLS: Final[Mapping[type[actions.Action], tuple[Condition, str, str]]] = {
    actions.Unplug: (Condition.OFF_LINE, "off-line", "on-line"),
    actions.LeaveNetwork: (Condition.AWAY, "away", "returned"),
    actions.SwitchOff: (Condition.OFF, "switched-off", "switched-on"),
    actions.StopAgent: (Condition.STOPPED, "agent-stopped", "agent-started"),
    actions.CrashAgent: (Condition.CRASHED, "agent-crashed", "agent-started"),
    actions.Isolate: (Condition.ISOLATED, "isolated", "released"),
}
"""What an action on devices does to them, and the facts of its beginning and its end."""

Backends = Mapping[Port, Chosen]
"""The ports that a user's backend answers; the others are fakes."""
Listen = Callable[[Target, TelemetryColumns], TelemetryColumns]
"""Puts something that listens before the server of a target."""
OnServers = actions.Fault | actions.PresentCertificate
"""What is done to servers, and nobody there has to do anything for it."""
ServerAction = actions.Operation | actions.ByCentralNode
"""What a server does and numbers: it takes these in the order of their moments only."""


@dataclass(frozen=True, slots=True)
class _Due:
    """What a server is to do from a moment on."""

    at_ms: int
    action: ServerAction | Later
    devices: I64 | None
    name: str


class Stage:
    """A scenario with its servers, for the devices of one shard.

    `simulation` is ready to run: everything with a known time is on its agenda. `perform` does what a reaction asks,
    `operate` what was put off, since a reaction might have to come before it. `asked` are the servers as devices ask
    them, where `listen` is given with something between that hears of every request and may look at its events.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        devices: I64 | None = None,
        backends: Backends | None = None,
        buckets: int = 1,
        worker: int = 0,
        listen: Listen | None = None,
    ) -> None:
        self.scenario = scenario
        fleet = scenario.fleet
        self._own = fleet.everything if devices is None else devices
        self._faults = FaultSchedule()
        self._certificates = Certificates()
        self._due: list[_Due] = []
        self._puts_off = puts_off(scenario)
        self._adapters: dict[Target, PerPackage] = {}
        self._files: dict[Path, tuple[IndicatorFile, ...]] = {}
        self._firsts = [block.first for block in fleet.blocks]
        self._groups = tuple(sorted({block.group for block in fleet.blocks}))
        self._group = _per_device(fleet.blocks, [self._groups.index(block.group) for block in fleet.blocks])
        self._local = _installed(scenario)
        self._classes = deeds.ScenarioClasses(
            [step.action for step in scenario.steps] + [reaction.action for reaction in scenario.reactions]
        )
        self.administration = AdministrationServer(
            scenario.groups,
            scenario.policies,
            keys=fleet.keys,
            group_names=self._groups,
            group=self._group,
            faults=self._faults,
            access=scenario.access,
            plugins=scenario.plugins,
            inventory=Inventory(self._known),
            events=EventLog(scenario.event_storage_d),
        )
        self._operations = Operations(self.administration, scenario.keys, self._indicators, scenario.calendar)
        self._services = Services(scenario.services, scenario.keys, fleet, self._faults)
        self.servers = {target: self._server(target, backends or {}, worker) for target in Target}
        reached = {target: self._services.in_front_of(server) for target, server in self.servers.items()}
        self.asked = reached if listen is None else {target: listen(target, one) for target, one in reached.items()}
        self._recorded = frozenset(
            target for target, port in PORT_OF_TARGET.items() if listen is not None or port in (backends or {})
        )
        self.simulation = self._simulation(buckets)
        control = self.simulation.control
        self._protection = Protection(self.simulation.context, control.service)
        CentralTasks(control)
        node = self.servers[Target.CENTRAL_NODE]
        self._central = CentralDeeds(node, self.simulation, self._classes, self._running, self._indicators)
        self._around = self._services.around(control.sweeps, self.block)
        control.take(QuarantineOrder, self._obey)
        self._launches = Launches(self.simulation, self._classes)
        for kind, take in TAKEN.items():
            control.take(kind, take)
        self._begin_without_agent()
        self._tell_operations()
        for enrolment in scenario.enrolments:
            self._enrol(np.intersect1d(enrolment.devices, self._own), enrolment.at_ms)
        for step in scenario.steps:
            self._tell(step.name, step.action, step.at_ms, step.end_ms)
            if self._puts_off and isinstance(step.action, ServerAction):
                self._put_off(_Due(step.at_ms, step.action, step.devices, step.name))
            elif step.action is not None and not isinstance(step.action, actions.Operation | OnServers):
                self._do(step.action, step.devices, step.at_ms, step.end_ms, step.name)

    # --- what stands there before time begins -----------------------------------------------------------------------

    def _server(self, target: Target, backends: Backends, worker: int) -> TelemetryColumns:
        scenario, port = self.scenario, PORT_OF_TARGET[target]
        server = scenario.servers[port]
        nodes = dict(zip(server.addresses, server.nodes, strict=True))
        keys, faults, certificates = scenario.fleet.keys, self._faults, self._certificates
        for node, sha256 in zip(server.nodes, server.certificates, strict=True):
            certificates.show(node, sha256)
            if server.clients:
                certificates.demand(node, server.clients)
        if port in backends:
            adapter = PerPackage(backends[port].make(), identify=self.device)
            adapter.open(RunInfo(scenario.name, scenario.seed, scenario.start.isoformat(), len(scenario.fleet), worker))
            self._adapters[target] = adapter
            return Interference(adapter, nodes.__getitem__, keys=keys, faults=faults, certificates=certificates)
        fake = CentralNode if target is Target.CENTRAL_NODE else KicsForNetworks
        return fake(nodes, keys=keys, faults=faults, certificates=certificates)

    def _simulation(self, buckets: int) -> Simulation:
        scenario, fleet = self.scenario, self.scenario.fleet
        images = tuple(sorted({block.image for block in fleet.blocks}))
        for step in scenario.steps:
            if isinstance(step.action, OnServers):
                self._alter(step.action, step.at_ms, step.end_ms, step.name)
        held = self._operations.start_with(scenario.tasks)
        made = (
            one
            for step in scenario.steps
            if isinstance(step.action, actions.Operation) and not self._puts_off
            for one in self._operations.perform(step.action, step.at_ms, step.devices)
        )
        world = World(
            calendar=scenario.calendar,
            duration_ms=scenario.duration_ms,
            cold=scenario.cold,
            images=tuple(IMAGES[name] for name in images),
            groups=self._groups,
            governed=tuple(self.administration.governed(name, 0) for name in self._groups),
            own=self._local,
            key=fleet.keys,
            image=_per_device(fleet.blocks, [images.index(block.image) for block in fleet.blocks]),
            group=self._group,
            identity=self.slots,
            sites=tuple(scenario.sites.values()),
            site=_per_device(fleet.blocks, [list(scenario.sites).index(block.site) for block in fleet.blocks]),
            scenario_classes=self._classes.all,
            news=(*held, *made),
            possible=tuple(self._possible()),
            winrm=scenario.readings.winrm_with_optimisation,
            watches=tuple(one.watch for one in scenario.expectations if one.watch is not None),
            discovered_proxy=self._services.discovered_proxy,
            tallies=tuple(one.tally for one in scenario.expectations if one.tally is not None),
        )
        return Simulation(
            world,
            self.asked,
            administration=self.administration,
            devices=self._own,
            buckets=buckets,
            interval_ms=scenario.recording_ms,
            recorded=self._recorded,
            components=self._components,
            reports=self.administration,
        )

    def _components(self, agent: EndpointAgent, at_ms: int) -> AgentComponents:
        return AgentComponents(agent, self.simulation.world, self._around, at_ms=at_ms)

    def _begin_without_agent(self) -> None:
        """Lets devices begin without Endpoint Agent, and others with components that live from the start on."""
        control = self.simulation.control
        for block in self.scenario.fleet.blocks:
            if not block.installed:
                for device in range(block.first, block.first + block.count):
                    self.administration.receive(device, 0, (StateReport(installed=False, running=False),))
                for device in np.intersect1d(range(block.first, block.first + block.count), self._own).tolist():
                    control.service.begin_without(control.agent(device))
        every = [step.action for step in self.scenario.steps] + [each.action for each in self.scenario.reactions]
        if lived_from_the_start(self.scenario.fleet, self.simulation.world.every_settings, every):
            for device in self._own.tolist():
                control.agent(device).components(0)

    def _settings(self, governing: Governing | None) -> AgentSettings:
        return effective(governing, self._local).settings

    def _possible(self) -> Iterator[AgentSettings]:
        """What is not known yet: what is edited on devices, and where operations are put off each policy as it is and
        as the scenario changes it, each on a device of its own."""
        every = [
            *(step.action for step in self.scenario.steps),
            *(reaction.action for reaction in self.scenario.reactions),
        ]
        for action in every:
            if isinstance(action, actions.EditSettings | actions.Attempt):
                for key, content in action.settings.items():
                    edited = edit_group(self._local, None, key, content)
                    assert isinstance(edited, LocalSettings)
                    yield effective(None, edited).settings
        if not self._puts_off:
            return
        for variant in possible_settings(self.scenario.policies, every):
            groups = [variant.values.group(key) for key in sorted(variant.under_policy)]
            yield self._settings(None).having(*groups)

    def identity(self, device: int) -> Identity:
        """Who a device of the fleet is."""
        block = self.block(device)
        return identity(int(self.scenario.fleet.keys[device]), block.name, device - block.first, block.site)

    def block(self, device: int) -> Block:
        """The block of a device."""
        return self.scenario.fleet.blocks[bisect_right(self._firsts, device) - 1]

    def site(self, device: int) -> Site:
        """The site of a device."""
        return self.scenario.sites[self.block(device).site]

    def _known(self, device: int) -> tuple[Identity, Image]:
        return self.identity(device), IMAGES[self.block(device).image]

    def slots(self, device: int) -> Mapping[str, str]:
        """What fills the templates of one device."""
        return self.identity(device).slots

    def device(self, index: int) -> Device:
        """A device as a server may know it."""
        who, block = self.identity(index), self.block(index)
        return Device(
            name=who.name,
            key=int(self.scenario.fleet.keys[index]),
            host=who.host_name,
            os=block.os,
            image=block.image,
            group=block.group,
        )

    # --- what happens -----------------------------------------------------------------------------------------------

    @property
    def journal(self) -> Journal:
        """The journal of the shard."""
        return self.simulation.journal

    @property
    def world(self) -> World:
        """The world with everything that it was told so far will happen in it, for an agent that is given it whole."""
        return replace(
            self.simulation.world,
            news=self._operations.news,
            spells=tuple(self.simulation.context.spells),
            injections=tuple(self.simulation.context.injections),
            edits=tuple(self.simulation.context.edits),
        )

    def followed(self, device: int, at_ms: int | None) -> Effective:
        """The settings of a device, with where each group comes from: as the Administration Server held them at a
        moment, None for the start."""
        own = self._local
        for edit in sorted(self.simulation.context.edits, key=lambda edit: edit.at_ms):
            if at_ms is None or edit.at_ms > at_ms or device not in edit.devices:
                continue
            down = any(self._is_in(condition, device, edit.at_ms) for condition in NOT_RUNNING)
            edited = edit_group(own, self._governing(device, edit.at_ms), edit.group, edit.content)
            if not down and isinstance(edited, LocalSettings):
                own = edited
        return effective(self._governing(device, at_ms), own)

    def _governing(self, device: int, at_ms: int | None) -> Governing | None:
        held = None if at_ms is None else self._operations.governed(device, at_ms)
        if held is None:
            held = self.administration.governed(self._groups[int(self._group[device])], 0)
        return held.where(away=self._is_in(Condition.AWAY, device, 0 if at_ms is None else at_ms))

    def _is_in(self, condition: Condition, device: int, at_ms: int) -> bool:
        return any(
            spell.condition is condition and spell.from_ms <= at_ms < spell.until_ms and device in spell.devices
            for spell in self.simulation.context.spells
        )

    def perform(self, action: actions.Action | None, devices: I64 | None, at_ms: int, name: str) -> None:
        """Does what a reaction asks for (None: nothing, it is a mark), from `at_ms` on, which no step has reached."""
        span = None if action is None else action.span_ms
        end_ms = None if span is None else at_ms + span
        self._tell(name, action, at_ms, end_ms)
        if action is None:
            return
        if isinstance(action, OnServers):
            self._alter(action, at_ms, end_ms, name)
            self.simulation.server_changed()
        elif isinstance(action, ServerAction):
            self._put_off(_Due(at_ms, action, devices, name))
        else:
            self._do(action, devices, at_ms, end_ms, name)

    def operate(self, until_ms: int) -> None:
        """Has servers do what was put off and falls before `until_ms`, in order of time; no step has reached it."""
        while self._due and self._due[0].at_ms < until_ms:
            due = self._due.pop(0)
            if isinstance(due.action, actions.ByCentralNode):
                self._do(due.action, due.devices, due.at_ms, None, due.name)
                continue
            if isinstance(due.action, actions.Operation):
                sent = self._operations.perform(due.action, due.at_ms, due.devices)
            else:
                sent = self._operations.do_later(due.action, due.at_ms)
            for news in sent:
                self.simulation.tell(news)
            self._tell_operations()
            for at_ms, later in self._operations.take_later():
                self._put_off(_Due(at_ms, later, None, due.name))

    def _put_off(self, due: _Due) -> None:
        insort(self._due, due, key=lambda other: other.at_ms)

    def _tell(self, name: str, action: actions.Action | None, at_ms: int, end_ms: int | None) -> None:
        """Facts of the run itself; they are told once, by the shard that has the first device."""
        if 0 not in self._own:
            return
        if isinstance(action, actions.Fault):
            values = {"server": action.server, "fault": actions.name_of(action)}
            self.journal.add("fault-began", Rank.ACTION, at_ms, RUN, **values)
            if end_ms is not None and end_ms < self.scenario.duration_ms:
                self.journal.add("fault-ended", Rank.ACTION, end_ms, RUN, **values)
        elif isinstance(action, actions.PresentCertificate):
            shown = pem().read(action.certificate)
            self.journal.add(
                "certificate-presented",
                Rank.ACTION,
                at_ms,
                RUN,
                server=action.server,
                subject=shown.subject,
                sha256=shown.sha256,
            )
        self.journal.add("step", Rank.ACTION, at_ms, RUN, name=name)

    def _tell_operations(self) -> None:
        """Tells what operations came to, and has the lists that they asked for looked at when it is time."""
        told = self._operations.take_told()
        if 0 in self._own:
            for fact in told:
                self.journal.add(fact.kind, Rank.SERVER, fact.at_ms, RUN, **fact.values)
        for at_ms, devices, group in self._operations.take_moved():
            self.journal.add("moved", Rank.SERVER, at_ms, np.intersect1d(devices, self._own), group=group)
        for at_ms, look in self._operations.take_views():
            self._put_view(at_ms, look)

    def _put_view(self, at_ms: int, look: Look) -> None:
        if at_ms < self.scenario.duration_ms:
            self.simulation.schedule(at_ms, Rank.CONTROL, partial(self._look, look, at_ms))

    def _look(self, look: Look, at_ms: int) -> None:
        for fact in look(self._own):
            self.journal.add(fact.kind, Rank.CONTROL, at_ms, fact.device, **fact.values)

    def _alter(self, action: OnServers, at_ms: int, end_ms: int | None, name: str) -> None:
        """Alters a server, a port's nodes or one node: by a fault, or by another certificate."""
        for node in self._nodes(action.server):
            if isinstance(action, actions.PresentCertificate):
                self._certificates.show(node, pem().read(action.certificate).sha256, from_ms=at_ms)
            else:
                # Which requests a share hits is drawn from the name: other steps must not change it.
                self._faults.add(_fault(action, f"{name} at {at_ms}", node, at_ms, end_ms))

    def _nodes(self, server: str) -> tuple[str, ...]:
        for port, known in self.scenario.servers.items():
            if server == port:
                return known.nodes
        return (server,)

    def _do(self, action: actions.Action, devices: I64 | None, at_ms: int, end_ms: int | None, name: str) -> None:
        """What an action does on devices; only those of this shard."""
        assert devices is not None
        own = np.intersect1d(devices, self._own)
        if type(action) in SPELLS:
            self._put_into(*SPELLS[type(action)], own, at_ms, end_ms)
        elif isinstance(action, actions.EditSettings):
            for edit in deeds.edits(action, own, at_ms):
                self.simulation.edit(edit)
        elif type(action) in ON_COMPONENTS:
            deed = ON_COMPONENTS[type(action)]
            if isinstance(action, actions.RaiseKicsEvent) and not self._services.kics_tells:
                return
            self.simulation.control.at(own, at_ms, lambda agent, moment: deed(agent.components(moment), action, moment))
        elif isinstance(action, actions.ByCentralNode):
            self._central.publish(action, devices, own, at_ms, name)
        elif isinstance(action, actions.ViewCentralTasks):
            self._put_view(at_ms, lambda _: self._central.seen(own, at_ms))
        else:
            for os in deeds.SYSTEMS:
                here = own[np.isin(own, self._running(os))]
                if len(here):
                    self._do_on(os, action, here, at_ms)

    def _do_on(self, os: Os, action: actions.Action, devices: I64, at_ms: int) -> None:
        """What an action does on devices of one system."""
        if isinstance(action, actions.StartProcess) and self._classes.prevents:
            self._launches.start(action, os, devices, at_ms)
        elif isinstance(action, actions.StartProcess):
            for moment, count in deeds.starts(action, at_ms):
                self.simulation.inject(Injection(devices, self._classes.index(action, os), moment, count))
            self._change_host("process-started", devices, at_ms, deeds.run_process(action, os), process=action.process)
            self.simulation.control.at(devices, at_ms, partial(look_up, deeds.met(action.process, os)))
        elif isinstance(action, actions.Attempt):
            attempt, given = deeds.attempt(action), deeds.given(action, os, self._indicators)
            self.simulation.control.at(
                devices, at_ms, lambda agent, moment: self._protection.attempt(agent, moment, attempt, given)
            )
        elif isinstance(action, actions.Emit):
            self.simulation.inject(Injection(devices, self._classes.index(action, os), at_ms, action.count))
        elif isinstance(action, actions.PlaceFile):
            self._change_host("file-placed", devices, at_ms, deeds.place_file(action, os), file=action.file)
        elif isinstance(action, actions.RemoveFile):
            self._change_host("file-removed", devices, at_ms, deeds.remove_file(action, os), file=action.file)
        else:
            assert isinstance(action, actions.Plant)
            found = first_witness(self._indicators(Path(action.indicators)), os)
            if found is None:
                return
            file, items = found
            placed = deeds.place_items((kind, item) for kind in sorted(items) for item in items[kind])
            self._change_host("planted", devices, at_ms, placed, file=file.name)

    def _obey(self, agent: EndpointAgent, at_ms: int, order: QuarantineOrder) -> None:
        """A device has an order about its quarantine, which the server gave only about what it had in its list."""
        if self.administration.can_manage(agent.device, order.path, at_ms=order.listed_ms):
            agent.components(at_ms).quarantine.obey(order, at_ms)

    def _change_host(self, kind: str, devices: I64, at_ms: int, change: HostChange, **values: str) -> None:
        self.simulation.control.change_host(devices, at_ms, change)
        self.journal.add(kind, Rank.ACTION, at_ms, devices, **values)

    def _put_into(
        self, condition: Condition, begins: str, ends: str, devices: I64, at_ms: int, end_ms: int | None
    ) -> None:
        until_ms = self.scenario.duration_ms if end_ms is None else end_ms
        if len(devices):
            self.simulation.begin_spell(Spell(condition, devices, at_ms, until_ms))
            self.journal.add(begins, Rank.ACTION, at_ms, devices)
            if until_ms < self.scenario.duration_ms:
                self.journal.add(ends, Rank.ACTION, until_ms, devices)

    def _enrol(self, devices: I64, at_ms: int) -> None:
        """Lets Endpoint Agent on devices of this shard run from a moment on, and not before."""
        if len(devices):
            self.simulation.begin_spell(Spell(Condition.STOPPED, devices, 0, at_ms))
            if at_ms < self.scenario.duration_ms:
                self.journal.add("agent-started", Rank.ACTION, at_ms, devices)

    def _running(self, os: Os) -> I64:
        blocks = [block for block in self.scenario.fleet.blocks if block.os == os]
        return np.flatnonzero(self.scenario.fleet.where(blocks))

    def _indicators(self, folder: Path) -> tuple[IndicatorFile, ...]:
        """The indicator files below a folder, in the order of their paths."""
        if folder not in self._files:
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
            self._files[folder] = tuple(parse_file(path) for path in paths)
        return self._files[folder]

    def held(self, target: Target, devices: I64, upto: I64) -> I64 | None:
        """How many of each device's ordinals below `upto` the fakes of a target hold, or more: they tell below which
        one they hold something. None where a user's backend stands in for them."""
        server = self.servers[target]
        return np.minimum(server.held(devices), upto) if isinstance(server, TelemetryNodes) else None

    def stored(self, target: Target) -> Callable[[int], Intervals] | None:
        """What tells the ordinals that the servers of a target hold of a device; None where they do not offer it."""
        server = self.servers[target]
        if isinstance(server, TelemetryNodes):
            return server.copies
        adapter = self._adapters[target]
        return adapter.stored if adapter.observes_stored else None

    def close(self) -> None:
        """Closes the backends."""
        for adapter in self._adapters.values():
            adapter.close()


def _per_device(blocks: tuple[Block, ...], values: list[int]) -> I64:
    return np.repeat(np.array(values, np.int64), [block.count for block in blocks])


def _installed(scenario: Scenario) -> LocalSettings:
    """The settings that every device has from its installation: its integrations, with the scenario's servers."""
    local = LocalSettings()
    for target, group in ((Target.CENTRAL_NODE, KataIntegration), (Target.KICS, KicsIntegration)):
        if target in scenario.integrated:
            addresses = scenario.servers[PORT_OF_TARGET[target]].addresses
            servers = tuple(address().read(text) for text in addresses)
            local = local.having(group(enabled=True, servers=servers))
    return local


def _fault(action: actions.Fault, name: str, node: str, at_ms: int, end_ms: int | None) -> Fault:
    """The fault of one node that an action comes to."""
    return Fault(
        name,
        node,
        FaultKind(actions.name_of(action)),
        at_ms,
        FOREVER_MS if end_ms is None else end_ms,
        share_permille=action.share,
        status=action.code if isinstance(action, actions.Status) else 0,
        limit_bytes=action.limit if isinstance(action, actions.BodyLimit) else 0,
        latency_ms=action.latency if isinstance(action, actions.SlowAnswer) else None,
        certificate=Certificate(action.problem) if isinstance(action, actions.CertificateFault) else None,
    )
