"""Defects of the common list of quarantined objects, of orders about them, and of what devices send."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.defects.security import always_under_policy
from conformance.planting import Plant, defect
from emulator.components import quarantine
from emulator.components.quarantine import QuarantineKeeper
from emulator.control.agent import EndpointAgent
from emulator.policy import effective
from emulator.policy.policies import Governing
from emulator.policy.settings import DEFAULTS, AdministrationSynchronisation, Group, Quarantine
from emulator.reporting import QuarantineReport
from emulator.response.quarantine import OrderKind, QuarantineOrder, moved
from fakes.administration import AdministrationServer
from fakes.administration.quarantine import QuarantineList

True_ = Callable[..., Any]
SYNCHRONISATION = "administration-synchronisation"


def elsewhere(plant: Plant, group: type[Group]) -> None:
    """Has a settings group stand in another section."""
    plant.replace(group, "about", replace(group.about, section="Application settings / General settings"))


@defect("KEA-QUA-006", "the list has one device")
def list_has_one_device(plant: Plant) -> None:
    """The last that told something."""

    def make(true: True_) -> True_:
        def wrong(self: QuarantineList, device: int, at_ms: int, report: QuarantineReport) -> None:
            self._listed = {device: self._listed.get(device, {})}
            true(self, device, at_ms, report)

        return wrong

    plant.around(QuarantineList, "receive", make)


@defect("KEA-QUA-007", "Endpoint Agent delivers the data itself")
def endpoint_agent_delivers(plant: Plant) -> None:
    """So that nothing comes while it does not run."""

    def make(true: True_) -> True_:
        def wrong(self: EndpointAgent, at_ms: int) -> Any:
            return true(self, at_ms) if self.runs(at_ms) else []

        return wrong

    plant.around(EndpointAgent, "take_reports", make)


@defect("KEA-QUA-008", "the content comes with the data")
def content_comes_along(plant: Plant) -> None:
    """In the place of a hash."""
    plant.around(quarantine, "_entry", lambda true: lambda held: replace(true(held), sha256="00" * 1_000))


@defect("KEA-QUA-011", "the settings stay on the Administration Server")
def settings_reach_nobody(plant: Plant) -> None:
    """Devices keep their own."""
    plant.around(Governing, "lock", lambda true: lambda self, key: None if key == "quarantine" else true(self, key))


@defect("KEA-QUA-012", "the list has no sizes")
def list_has_no_sizes(plant: Plant) -> None:
    """Each is told as 0."""

    def make(true: True_) -> True_:
        def wrong(*given: Any) -> Any:
            return tuple(replace(one, size_bytes=0) for one in true(*given))

        return wrong

    plant.around(QuarantineList, "of", make)


@defect("KEA-QUA-013", "an order to delete takes the object from the list only")
def orders_delete_in_the_list(plant: Plant) -> None:
    """It stays on the device."""

    def make(true: True_) -> True_:
        def wrong(self: QuarantineKeeper, order: QuarantineOrder, at_ms: int) -> None:
            held = self._store.of_path(order.path)
            if order.kind is OrderKind.DELETE and held is not None:
                self._report(at_ms, QuarantineReport(removed=(held.id,)))
            else:
                true(self, order, at_ms)

        return wrong

    plant.around(QuarantineKeeper, "obey", make)


@defect("KEA-QUA-014", "what is restored is what was stored")
def restored_files_are_sealed(plant: Plant) -> None:
    """It has the right name, and another content."""
    plant.replace(quarantine, "moved", lambda file, path: {**moved(file, path), "Md5sum": "0" * 32})


@defect("KEA-QUA-015", "data is sent with the option off")
def data_is_always_sent(plant: Plant) -> None:
    """Nobody looks at it."""
    plant.replace(QuarantineKeeper, "_report", lambda self, at_ms, report: self._agent.report(at_ms, report))


@defect("KEA-QUA-016", "data is not sent by default")
def data_is_not_sent(plant: Plant) -> None:
    """Until a policy turns it on."""
    off = AdministrationSynchronisation(send_quarantine_data_to_server=False)
    plant.replace(effective, "DEFAULTS", DEFAULTS.having(off))


@defect("KEA-QUA-038", "quarantine stands in another section")
def quarantine_has_another_section(plant: Plant) -> None:
    """Among the general settings."""
    elsewhere(plant, Quarantine)


@defect("KEA-QUA-039", "the option stands in another section")
def option_has_another_section(plant: Plant) -> None:
    """Among the general settings."""
    elsewhere(plant, AdministrationSynchronisation)


@defect("KEA-QUA-040", "orders are given about what is not listed")
def unlisted_is_managed(plant: Plant) -> None:
    """Devices carry them out, whatever they send."""
    plant.replace(AdministrationServer, "can_manage", lambda self, device, path, *, at_ms: True)


@defect("KEA-QUA-041", "the option holds while its group is unaffected")
def synchronisation_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds it."""
    always_under_policy(plant, SYNCHRONISATION)
