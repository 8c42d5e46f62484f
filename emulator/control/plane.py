"""The control plane of a shard: agents, made at the first thing that concerns them, and who does what for them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import heappop, heappush
from typing import Any, Protocol, TypeVar, runtime_checkable
from weakref import WeakValueDictionary

import numpy as np

from emulator.clock import Rank
from emulator.control.agent import Components, EndpointAgent, HostChange
from emulator.control.service import Command, Service
from emulator.control.sweeps import Sweeps
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Target
from emulator.reporting import Reports
from emulator.telemetry.context import Context

T = TypeVar("T")
Deed = Callable[[EndpointAgent, int], None]
"""Does something on one device at a moment (ms)."""
Factory = Callable[[EndpointAgent, int], Components]
"""Builds the components of an agent from a moment on."""
Schedule = Callable[[int, Rank, Callable[[], None]], None]
"""Has something done at a moment of the simulation, in the order of its rank."""


class Published(Protocol):
    """What a server made known, from a moment on."""

    @property
    def item(self) -> object:
        """What was published."""


@runtime_checkable
class PublishesTasks(Protocol):
    """The half of the Central Node that an agent fetches its tasks from."""

    def tasks_for(self, device: int, above_revision: int, upto_revision: int) -> Sequence[Published]:
        """What was published for a device above one revision and up to another."""


class Control:
    """The Endpoint Agents of the devices of one shard.

    `components` builds what an agent is made of, `reports` is the server that takes what Network Agents report. What
    servers deliver is done by whoever takes items of its type (`take`); an item that nobody takes is let go of.
    """

    def __init__(
        self,
        context: Context,
        schedule: Schedule,
        *,
        components: Factory | None = None,
        reports: Reports | None = None,
    ) -> None:
        self.context = context
        self._schedule = schedule
        self._factory = components
        self._reports = reports
        # An agent that nothing is to be remembered of lives only as long as somebody speaks of it.
        self._agents: WeakValueDictionary[int, EndpointAgent] = WeakValueDictionary()
        self._kept: dict[int, EndpointAgent] = {}
        self._takers: dict[type, Callable[[EndpointAgent, int, Any], object]] = {}
        self._tellers: dict[Target, Deed] = {}
        # By moment of the simulation, in the order of the devices' own moments: (moment, number, deed).
        self._agenda: dict[int, list[tuple[int, int, Callable[[], None]]]] = {}
        self._numbered = 0
        self.sweeps = Sweeps(context)
        self.service = Service()
        self.take(Command, self.service.carry_out)
        context.plane = self

    # --- agents ------------------------------------------------------------------------------------------------------

    def agent(self, device: int) -> EndpointAgent:
        """The agent of a device of this shard; made where there is none yet."""
        agent = self._agents.get(device)
        if agent is None:
            agent = self._agents[device] = EndpointAgent(self, device)
        return agent

    def keep(self, agent: EndpointAgent) -> None:
        """Remembers an agent, which has something to remember from now on."""
        self._kept[agent.device] = agent

    def build(self, agent: EndpointAgent, at_ms: int) -> Components:
        """The components of an agent from a moment on."""
        assert self._factory is not None, "nobody said what agents are made of"
        return self._factory(agent, at_ms)

    @property
    def reports_anywhere(self) -> bool:
        """Whether a server takes reports."""
        return self._reports is not None

    def take(self, kind: type[T], taker: Callable[[EndpointAgent, int, T], object]) -> None:
        """Has `taker(agent, at_ms, item)` do what servers deliver of a type, at the moment of the synchronisation."""
        assert kind not in self._takers, f"two take {kind}"
        self._takers[kind] = taker

    def when_reached(self, target: Target, deed: Deed) -> None:
        """Has `deed(agent, at_ms)` done when a device that has something to tell a target's server reaches one."""
        assert target not in self._tellers, f"two tell {target}"
        self._tellers[target] = deed

    # --- moments -----------------------------------------------------------------------------------------------------

    def at(self, devices: I64, at_ms: int, deed: Deed) -> None:
        """Has `deed(agent, at_ms)` done for each of `devices` (fleet indices) that is of this shard.

        It is done when the data plane has computed the device up to `at_ms` and no further, and after all deeds of the
        device at earlier moments. Moments at or after the end of the run do not come. Where the data plane is past
        `at_ms` already, it is done at once, and what it changes holds from the first moment on that is not computed.
        """
        world = self.context.world
        if at_ms >= world.duration_ms:
            return
        own = self.context.own(devices)
        ticks = np.maximum(0, -((world.phases(world.key[own]) - at_ms) // world.tick_ms))
        for tick in np.unique(ticks).tolist():
            # Buckets wake for a tick after its beginning and before any device's own moment in it.
            when_ms = max(self.context.now_ms(), min(at_ms, tick * world.tick_ms))
            self._put(when_ms, at_ms, partial(self._do, own[ticks == tick], at_ms, deed))

    def later(self, agent: EndpointAgent, at_ms: int, act: Deed) -> None:
        """`at` for one agent, from within."""
        self.at(np.array([agent.device], np.int64), at_ms, act)

    def _do(self, devices: I64, at_ms: int, deed: Deed) -> None:
        for device in devices.tolist():
            deed(self.agent(device), at_ms)

    def _put(self, when_ms: int, at_ms: int, act: Callable[[], None]) -> None:
        if when_ms not in self._agenda:
            self._agenda[when_ms] = []
            self._schedule(when_ms, Rank.CONTROL, partial(self._carry_out, when_ms))
        self._numbered += 1
        heappush(self._agenda[when_ms], (at_ms, self._numbered, act))

    def _carry_out(self, when_ms: int) -> None:
        agenda = self._agenda[when_ms]
        while agenda:
            heappop(agenda)[2]()
        del self._agenda[when_ms]

    def change_host(self, devices: I64, at_ms: int, change: HostChange) -> None:
        """Makes a change to the hosts of `devices` at a moment that no step has reached."""
        for device in devices.tolist():
            self.agent(device).change_host(at_ms, change)

    # --- what the data plane tells -----------------------------------------------------------------------------------

    def delivered(self, target: Target, devices: I64, at_ms: I64, before: I64, after: I64) -> None:
        """Devices have synchronised and hold a new revision: they do what was published for them in between."""
        server = self.context.servers[target]
        if not isinstance(server, PublishesTasks):
            return
        columns = (devices.tolist(), at_ms.tolist(), before.tolist(), after.tolist())
        for device, moment, held, holds in zip(*columns, strict=True):
            for published in server.tasks_for(device, held, holds):
                self._hand_over(self.agent(device), moment, published.item)

    def reached(self, target: Target, devices: I64, at_ms: I64) -> None:
        """Devices that have something to tell a target's server synchronised with one."""
        for agent, moment in self._each(devices, at_ms):
            self._tellers[target](agent, moment)

    def delivered_by_administration(self, devices: I64, at_ms: I64, item: object) -> None:
        """Network Agents have taken an item of the Administration Server."""
        for agent, moment in self._each(devices, at_ms):
            self._hand_over(agent, moment, item)

    def _hand_over(self, agent: EndpointAgent, at_ms: int, item: object) -> None:
        taker = self._takers.get(type(item))
        if taker is not None:
            taker(agent, at_ms, item)

    def reached_administration(self, devices: I64, at_ms: I64) -> None:
        """Network Agents have synchronised, and report what there is to report."""
        assert self._reports is not None, "reports wait that no server takes"
        for agent, moment in self._each(devices, at_ms):
            reports = agent.take_reports(moment)
            if reports:
                self._reports.receive(agent.device, moment, reports)

    def settings_changed(self, devices: I64, at_ms: I64, before: AgentSettings) -> None:
        """Agents with components follow other settings."""
        for agent, moment in self._each(devices, at_ms):
            agent.settings_changed(moment, before)

    def conditions_changed(self, devices: I64, at_ms: I64) -> None:
        """Agents with components entered or left a condition."""
        for agent, moment in self._each(devices, at_ms):
            agent.conditions_changed(moment)

    def _each(self, devices: I64, at_ms: I64) -> Iterator[tuple[EndpointAgent, int]]:
        for device, moment in zip(devices.tolist(), at_ms.tolist(), strict=True):
            yield self.agent(device), moment
