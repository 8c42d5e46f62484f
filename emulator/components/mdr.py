"""Managed Detection and Response on one device: who does it, and what goes to the service."""

from collections.abc import Callable
from typing import Final

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.components.roads import Roads
from emulator.control.agent import EndpointAgent
from emulator.mdr import CONTACT_EVERY_MS, EndpointProtection, MdrComponent, MdrService, contact
from emulator.policy.settings import AgentSettings
from emulator.told import Told

CONSENT: Final = "mdr-consent"
"""Loading the configuration is the consent to data being sent (KEA-MDR-007)."""


class MdrUse(Part):
    """MDR on one device, in contact with the service while Endpoint Agent runs and is configured for it.

    Without a valid licence nothing is sent, as no other data is: an emulator's choice. `licensed` tells whether there
    is one at a moment.
    """

    def __init__(
        self,
        agent: EndpointAgent,
        service: MdrService,
        roads: Roads,
        *,
        licensed: Callable[[int], bool],
        at_ms: int,
    ) -> None:
        self.component = MdrComponent()
        self._agent = agent
        self._service = service
        self._roads = roads
        self._licensed = licensed
        self._alarm = Alarm(agent, self._contact)
        self._industrial = 0
        self._contacting = False
        if agent.settings.mdr.blob:
            self._agent.tell(at_ms, (Told(CONSENT, {}),))
        self._follow(at_ms, running=agent.runs(at_ms))

    def started(self, at_ms: int) -> None:
        """The service of Endpoint Agent takes MDR back where nobody else can do it (KEA-MDR-017)."""
        self._become(self.component.service_started(), at_ms)
        self._follow(at_ms, running=True)

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """Endpoint Agent is in contact no more."""
        self._follow(at_ms, running=False)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """Loading a BLOB is the consent (KEA-MDR-007); settings are kept whoever does the work (KEA-MDR-015)."""
        after = self._agent.settings.mdr
        if after.blob and after.blob != before.mdr.blob:
            self._agent.tell(at_ms, (Told(CONSENT, {}),))
        self._follow(at_ms, running=self._agent.runs(at_ms))

    def protection_installed(self, protection: EndpointProtection, at_ms: int) -> None:
        """The endpoint-protection application was installed, or another version of it (KEA-MDR-012)."""
        self._become(self.component.installed(protection), at_ms)

    def protection_updated(self, at_ms: int) -> None:
        """The databases of the application are current now (KEA-MDR-013)."""
        self._become(self.component.databases_updated(), at_ms)

    def protection_removed(self, at_ms: int) -> None:
        """The application is gone (KEA-MDR-018)."""
        self._become(self.component.removed(), at_ms)

    def take_industrial_event(self, at_ms: int) -> None:
        """KICS for Networks has an event about the device; it goes to MDR with the next data (KEA-MDR-003)."""
        if self._contacting:
            self._industrial += 1
            self._agent.tell(at_ms, (Told("kics-event-taken", {}),))

    def _become(self, after: MdrComponent, at_ms: int) -> None:
        before, self.component = self.component, after
        self._agent.tell(at_ms, before.changed_to(after))

    def _follow(self, at_ms: int, *, running: bool) -> None:
        contacting = running and self.component.contacts(self._agent.settings.mdr)
        if contacting is not self._contacting:
            self._contacting = contacting
            self._alarm.set(at_ms + CONTACT_EVERY_MS if contacting else None)

    def _contact(self, at_ms: int) -> None:
        self._alarm.set(at_ms + CONTACT_EVERY_MS)
        call = self._roads.to_vendor("mdr", at_ms)
        if call is None:
            return
        settings = self._agent.settings.mdr
        sends = self.component.sends_data(settings) and self._licensed(at_ms)
        arrived, told = contact(
            self._service, call, self.component, settings, data=sends, industrial_events=self._industrial
        )
        self._agent.tell(at_ms, told)
        if arrived and sends:
            self._industrial = 0
