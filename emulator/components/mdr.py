"""Managed Detection and Response on one device: who does it, and what goes to the service."""

from collections.abc import Callable
from typing import Final

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.components.roads import Roads
from emulator.control.agent import EndpointAgent
from emulator.mdr import (
    CONTACT_EVERY_MS,
    EndpointProtection,
    MdrComponent,
    MdrContact,
    MdrService,
    Worker,
    contact,
)
from emulator.policy.settings import AgentSettings, Mdr
from emulator.services import Call
from emulator.told import Told

CONSENT: Final = "mdr-consent"
"""Loading the configuration is the consent to data being sent (KEA-MDR-007)."""


class MdrUse(Part):
    """MDR on one device, in contact with the service while Endpoint Agent runs and is configured for it.

    The endpoint-protection application goes on with the configuration that it took over, whether Endpoint Agent runs
    and whatever is configured in it afterwards (KEA-MDR-016); that it has no other one is the emulator's choice.
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
        self._due = False
        self._handed_over = Mdr()
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
        if after.worker is not before.worker and after.worker is Worker.ENDPOINT_PROTECTION:
            self._handed_over = self._agent.settings.mdr
        self._agent.tell(at_ms, before.changed_to(after))
        self._follow(at_ms, running=self._agent.runs(at_ms))

    def _follow(self, at_ms: int, *, running: bool) -> None:
        self._contacting = running and self.component.contacts(self._agent.settings.mdr)
        due = self._contacting or self._done_by_other
        if due is not self._due:
            self._due = due
            self._alarm.set(at_ms + CONTACT_EVERY_MS if due else None)

    @property
    def _done_by_other(self) -> bool:
        other, worker = self.component.protection, self.component.worker
        does_it = other is not None and other.supports_mdr and worker is Worker.ENDPOINT_PROTECTION
        return does_it and self._handed_over.in_use

    def _contact(self, at_ms: int) -> None:
        self._alarm.set(at_ms + CONTACT_EVERY_MS)
        call = self._roads.to_vendor("mdr", at_ms)
        if call is None:
            return
        if self._contacting:
            settings = self._agent.settings.mdr
            sends = self.component.sends_data(settings) and self._licensed(at_ms)
            if self._send(call, Worker.ENDPOINT_AGENT, settings, data=sends, events=self._industrial if sends else 0):
                self._industrial = 0 if sends else self._industrial
        if self._done_by_other:
            self._send(call, Worker.ENDPOINT_PROTECTION, self._handed_over, data=True)

    def _send(self, call: Call, by: Worker, settings: Mdr, *, data: bool, events: int = 0) -> bool:
        message = MdrContact(call, by, settings.blob, settings.user_identifier, data, events)
        arrived, told = contact(self._service, message)
        self._agent.tell(call.at_ms, (told,))
        return arrived
