"""Defects of Managed Detection and Response, and of who does it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator import mdr as rules
from emulator.components.mdr import MdrUse
from emulator.mdr import ComponentStatus, EndpointProtection, MdrComponent, Worker
from emulator.policy.errors import PolicyError
from emulator.policy.sections.cloud import Mdr
from emulator.told import Told
from fakes.administration import AdministrationServer
from scenarios.operations import Operations
from scenarios.services import Services

True_ = Callable[..., Any]


def in_use(plant: Plant, wrong: Callable[[Mdr], bool]) -> None:
    """Has MDR be in use by another rule."""
    plant.replace(Mdr, "in_use", property(wrong))


def changing(plant: Plant, name: str, change: Callable[[MdrComponent, MdrComponent], MdrComponent]) -> None:
    """Has something that happens to the component come to something else; given are the component before and after."""
    plant.around(MdrComponent, name, lambda true: lambda self, *given: change(self, true(self, *given)))


# --- the integration --------------------------------------------------------------------------------------------------


@defect("KEA-MDR-001", "MDR is active without a BLOB")
def active_without_a_configuration(plant: Plant) -> None:
    """The option is enough."""
    in_use(plant, lambda given: given.enabled)


@defect("KEA-MDR-002", "events of KICS come without the interaction")
def kics_needs_no_interaction(plant: Plant) -> None:
    """Whatever is configured there."""

    def make(true: True_) -> True_:
        def wrong(self: Services, *given: Any) -> None:
            true(self, *given)
            self.kics_tells = True

        return wrong

    plant.around(Services, "__init__", make)


@defect("KEA-MDR-003", "events of KICS are taken and not sent")
def kics_events_are_not_sent(plant: Plant) -> None:
    """Data of the device is."""

    def make(true: True_) -> True_:
        def wrong(self: MdrUse, at_ms: int) -> None:
            true(self, at_ms)
            self._industrial = 0

        return wrong

    plant.around(MdrUse, "take_industrial_event", make)


@defect("KEA-MDR-003", "an event of KICS is sent with all data that follows")
def kics_events_are_sent_again(plant: Plant) -> None:
    """Each time."""

    def make(true: True_) -> True_:
        def wrong(self: MdrUse, at_ms: int) -> None:
            kept = self._industrial
            true(self, at_ms)
            self._industrial = kept

        return wrong

    plant.around(MdrUse, "_contact", make)


@defect("KEA-MDR-004", "MDR is there from plug-in 3.9.1 on")
def plug_in_3_9_1_offers_mdr(plant: Plant) -> None:
    """One version too early."""
    plant.replace(Mdr, "about", replace(Mdr.about, plugin_since=(3, 9, 1)))


@defect("KEA-MDR-004", "MDR is there from plug-in 3.10 on")
def plug_in_3_9_2_does_not_offer_mdr(plant: Plant) -> None:
    """One version too late."""
    plant.replace(Mdr, "about", replace(Mdr.about, plugin_since=(3, 10)))


@defect("KEA-MDR-005", "MDR stands in the section of KSN")
def mdr_has_another_section(plant: Plant) -> None:
    """Not in one of its own."""
    plant.replace(Mdr, "about", replace(Mdr.about, section="Kaspersky Security Network"))


@defect("KEA-MDR-006", "MDR works with a BLOB alone")
def option_is_not_needed(plant: Plant) -> None:
    """The option does nothing."""
    in_use(plant, lambda given: bool(given.blob))


@defect("KEA-MDR-006", "MDR is contacted, and no data sent")
def no_data_is_sent(plant: Plant) -> None:
    """Whatever is configured."""
    plant.replace(MdrComponent, "sends_data", lambda self, settings: False)


@defect("KEA-MDR-007", "the operator is not told of the consent")
def consent_is_not_told(plant: Plant) -> None:
    """The device records it all the same."""
    plant.replace(Operations, "_tell_consent", lambda *_: None)


@defect("KEA-MDR-007", "every change of MDR is taken for the consent")
def every_change_is_consent(plant: Plant) -> None:
    """On the device: the option as well as the BLOB."""

    def make(true: True_) -> True_:
        def wrong(self: MdrUse, at_ms: int, before: Any) -> None:
            self._agent.tell(at_ms, (Told("mdr-consent", {}),))
            true(self, at_ms, before)

        return wrong

    plant.around(MdrUse, "settings_changed", make)


@defect("KEA-MDR-008", "the service is contacted without a BLOB")
def contacted_without_a_configuration(plant: Plant) -> None:
    """No data goes along."""
    plant.replace(MdrComponent, "contacts", lambda self, settings: settings.enabled)


@defect("KEA-MDR-009", "user identifiers are stored without blanks around them")
def user_identifiers_are_trimmed(plant: Plant) -> None:
    """As names are."""

    def make(true: True_) -> True_:
        def wrong(self: Mdr) -> None:
            object.__setattr__(self, "user_identifier", self.user_identifier.strip())
            true(self)

        return wrong

    plant.around(Mdr, "__post_init__", make)


# --- beside Kaspersky Endpoint Security -------------------------------------------------------------------------------


def supporting(plant: Plant, rule: Callable[[EndpointProtection], bool]) -> None:
    """Has Kaspersky Endpoint Security support MDR by another rule."""
    plant.replace(EndpointProtection, "supports_mdr", property(rule))


@defect("KEA-MDR-010", "version 11 supports MDR whatever its databases")
def databases_do_not_matter(plant: Plant) -> None:
    """No version needs current ones."""
    supporting(plant, lambda one: one.version >= (11,))


@defect("KEA-MDR-010", "version 10 supports MDR too")
def version_10_supports_mdr(plant: Plant) -> None:
    """With current databases."""
    plant.replace(rules, "SUPPORTS_SINCE", (10,))


@defect("KEA-MDR-011", "11.6.0 needs current databases")
def version_11_6_needs_databases(plant: Plant) -> None:
    """Later versions do not."""
    plant.replace(rules, "AT_ONCE_SINCE", (11, 6, 1))


@defect("KEA-MDR-011", "11.5 needs no current databases")
def version_11_5_needs_no_databases(plant: Plant) -> None:
    """One version too early."""
    plant.replace(rules, "AT_ONCE_SINCE", (11, 5, 0))


@defect("KEA-MDR-012", "an installation does not move MDR")
def installation_moves_nothing(plant: Plant) -> None:
    """An update of databases would."""
    changing(plant, "installed", lambda before, after: replace(after, worker=before.worker))


@defect("KEA-MDR-013", "an update of databases does not move MDR")
def update_moves_nothing(plant: Plant) -> None:
    """An installation does."""
    changing(plant, "databases_updated", lambda before, after: replace(after, worker=before.worker))


@defect("KEA-MDR-014", "the user is told of the switch")
def user_is_told_of_the_switch(plant: Plant) -> None:
    """In both directions."""
    plant.around(
        MdrComponent,
        "changed_to",
        lambda true: (
            lambda self, after: (
                *true(self, after),
                *((Told("user-notified", {"of": "mdr"}),) if after.worker is not self.worker else ()),
            )
        ),
    )


@defect("KEA-MDR-014", "the user is told when MDR comes back")
def user_is_told_of_the_way_back(plant: Plant) -> None:
    """Not when it goes."""

    def make(true: True_) -> True_:
        def wrong(self: MdrComponent, after: MdrComponent) -> tuple[Told, ...]:
            told: tuple[Told, ...] = true(self, after)
            back = after.worker is Worker.ENDPOINT_AGENT
            return tuple(replace(one, values={**one.values, "user-notified": back}) for one in told)

        return wrong

    plant.around(MdrComponent, "changed_to", make)


@defect("KEA-MDR-015", "a policy takes no changes of MDR")
def policies_take_no_changes(plant: Plant) -> None:
    """Once it is saved."""

    def make(true: True_) -> True_:
        def wrong(self: AdministrationServer, name: str, **more: Any) -> Any:
            settings = more.get("settings")
            if settings is not None and settings.values.mdr != self.policy(name).settings.values.mdr:
                raise PolicyError("MDR cannot be configured here", "configure it elsewhere")
            return true(self, name, **more)

        return wrong

    plant.around(AdministrationServer, "save", make)


@defect("KEA-MDR-016", "turning MDR off in Endpoint Agent turns it off on the device")
def other_follows_endpoint_agent(plant: Plant) -> None:
    """Whoever does it."""
    true = MdrUse._done_by_other
    plant.replace(
        MdrUse,
        "_done_by_other",
        property(lambda self: true.__get__(self, MdrUse) and self._agent.settings.mdr.in_use),
    )


@defect("KEA-MDR-016", "turning MDR on in Endpoint Agent turns it on on the device")
def other_takes_later_settings(plant: Plant) -> None:
    """The other takes over what is configured afterwards."""

    def make(true: True_) -> True_:
        def wrong(self: MdrUse, at_ms: int, before: Any) -> None:
            self._handed_over = self._agent.settings.mdr
            true(self, at_ms, before)

        return wrong

    plant.around(MdrUse, "settings_changed", make)


@defect("KEA-MDR-017", "a restart does not bring MDR back")
def restart_brings_nothing_back(plant: Plant) -> None:
    """Once it has moved it stays."""
    changing(plant, "service_started", lambda before, _: before)


@defect("KEA-MDR-017", "a restart brings MDR back beside the other")
def restart_always_brings_it_back(plant: Plant) -> None:
    """Whether the other is there or not."""
    changing(plant, "service_started", lambda _, after: replace(after, worker=Worker.ENDPOINT_AGENT))


@defect("KEA-MDR-018", "MDR comes back as soon as the other is gone")
def comes_back_at_once(plant: Plant) -> None:
    """With no restart."""
    changing(plant, "removed", lambda _, after: replace(after, worker=Worker.ENDPOINT_AGENT))


@defect("KEA-MDR-019", "the component is shown as stopped after the switch")
def stopped_after_the_switch(plant: Plant) -> None:
    """As who does nothing."""

    def make(true: True_) -> True_:
        def wrong(self: MdrComponent, settings: Mdr) -> ComponentStatus:
            status: ComponentStatus = true(self, settings)
            return status if self.worker is Worker.ENDPOINT_AGENT else ComponentStatus.STOPPED

        return wrong

    plant.around(MdrComponent, "status", make)


@defect("KEA-MDR-020", "Endpoint Agent is silent after the switch")
def silent_after_the_switch(plant: Plant) -> None:
    """Until it does MDR again."""
    plant.around(
        MdrComponent,
        "contacts",
        lambda true: lambda self, settings: true(self, settings) and self.worker is Worker.ENDPOINT_AGENT,
    )


@defect("KEA-MDR-020", "Endpoint Agent goes on sending data after the switch")
def data_after_the_switch(plant: Plant) -> None:
    """Beside the other."""
    plant.replace(MdrComponent, "sends_data", lambda self, settings: settings.in_use)
