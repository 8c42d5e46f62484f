"""Launches: programs that a scenario starts where execution prevention may have a say, each at its own moment."""

from functools import partial

import numpy as np

from emulator.clock import Rank
from emulator.components.prevention import Launch
from emulator.control import EndpointAgent
from emulator.exclusions.environment import Os
from emulator.images.parts import hashes
from emulator.ports import I64
from emulator.response.prevention import File
from emulator.simulation import Simulation
from emulator.world import Injection
from scenarios import actions, deeds
from scenarios.component_deeds import look_up


class Launches:
    """Starts programs on devices of one shard, unless these prevent it.

    Without execution prevention the stage does the same for all devices at once.
    """

    def __init__(self, simulation: Simulation, classes: deeds.ScenarioClasses) -> None:
        self._simulation = simulation
        self._classes = classes

    def start(self, action: actions.StartProcess, os: Os, devices: I64, at_ms: int) -> None:
        """Starts a program on devices of one system, as often as the action says."""
        for moment, count in deeds.starts(action, at_ms):
            self._simulation.control.at(devices, moment, partial(self._launch, action, os, count))

    def _launch(self, action: actions.StartProcess, os: Os, count: int, agent: EndpointAgent, at_ms: int) -> None:
        """What is blocked leaves no process and no start; a rule that is met is an event of its own."""
        launch = self._decided(action, os, count, agent, at_ms) if agent.built else Launch.ALLOWED
        device = np.array([agent.device], np.int64)
        if launch is not Launch.ALLOWED:
            self._simulation.inject(Injection(device, self._classes.hit(action, os), at_ms, count))
        if launch is Launch.BLOCKED:
            return
        self._simulation.inject(Injection(device, self._classes.index(action, os), at_ms, count))
        agent.change_host(at_ms, deeds.run_process(action, os))
        self._simulation.journal.add("process-started", Rank.ACTION, at_ms, device, process=action.process)
        look_up(deeds.met(action.process, os), agent, at_ms)

    def _decided(self, action: actions.StartProcess, os: Os, count: int, agent: EndpointAgent, at_ms: int) -> Launch:
        opened = None if action.opens is None else self._file(action.opens, os, agent, at_ms)
        program = self._file(action.process, os, agent, at_ms)
        launch: Launch = agent.components(at_ms).prevention.launch(program, opened, at_ms, count)
        return launch

    def _file(self, name: str, os: Os, agent: EndpointAgent, at_ms: int) -> File:
        """A file as it is on the device; one that is not there has the hashes that follow from its path."""
        path = deeds.path_of(name, os)
        world = self._simulation.world
        host = world.images[int(world.image[agent.device])].host
        found = host.file(path, world.identity(agent.device), agent.host(at_ms, os))
        md5, _, sha256 = hashes(path)
        return File(path, md5, sha256) if found is None else File(path, str(found["Md5sum"]), str(found["Sha256sum"]))
