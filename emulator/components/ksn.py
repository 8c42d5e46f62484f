"""Use of Kaspersky Security Network by one device: what it asks, and what it sends by itself."""

from collections.abc import Callable, Mapping

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.components.roads import Roads
from emulator.control.agent import EndpointAgent
from emulator.ksn import STATISTICS_EVERY_MS, KsnService, look_up, send_statistics
from emulator.policy.settings import AgentSettings
from emulator.services import Call


class KsnUse(Part):
    """KSN on one device: in use while both options are on, Endpoint Agent runs and has a valid licence.

    `licensed` tells whether it has one at a moment, `counters` what there is to count.
    """

    def __init__(
        self,
        agent: EndpointAgent,
        service: KsnService,
        roads: Roads,
        *,
        licensed: Callable[[int], bool],
        counters: Callable[[], Mapping[str, int]],
        at_ms: int,
    ) -> None:
        self._agent = agent
        self._service = service
        self._roads = roads
        self._licensed = licensed
        self._counters = counters
        self._alarm = Alarm(agent, self._send)
        self._used = False
        self._follow(at_ms, running=agent.runs(at_ms))

    def started(self, at_ms: int) -> None:
        """It is used again, where the settings say so."""
        self._follow(at_ms, running=True)

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """Nothing is asked or sent."""
        self._follow(at_ms, running=False)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """It can be switched off at any time (KEA-KSN-004)."""
        self._follow(at_ms, running=self._agent.runs(at_ms))

    def licence_changed(self, at_ms: int) -> None:
        """Without a valid licence it is off (public help)."""
        self._follow(at_ms, running=self._agent.runs(at_ms))

    def look_up(self, sha256: str, at_ms: int) -> None:
        """The device meets an object that it does not know."""
        call = self._call(at_ms)
        if self._used and call is not None:
            self._agent.tell(at_ms, look_up(self._service, call, sha256)[1])

    def _follow(self, at_ms: int, *, running: bool) -> None:
        used = running and self._agent.settings.ksn.in_use and self._licensed(at_ms)
        if used is not self._used:
            self._used = used
            self._alarm.set(at_ms + STATISTICS_EVERY_MS if used else None)

    def _send(self, at_ms: int) -> None:
        call = self._call(at_ms)
        if call is not None:
            self._agent.tell(at_ms, send_statistics(self._service, call, self._counters()))
        self._alarm.set(at_ms + STATISTICS_EVERY_MS)

    def _call(self, at_ms: int) -> Call | None:
        by_administration = self._agent.settings.ksn.via_administration_server
        return self._roads.to_vendor("ksn", at_ms, by_administration=by_administration)
