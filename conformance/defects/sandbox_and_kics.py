"""Defects of the integrations with Kaspersky Sandbox and KICS for Networks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.planting import Plant, defect
from emulator.components.roads import Roads
from emulator.exclusions import compile as rules
from emulator.policy import types
from emulator.policy.types import PolicyType, Section
from scenarios.services import Services

True_ = Callable[..., Any]


def hidden(plant: Plant, section: Section) -> None:
    """Has policies of the Sandbox type lack a section."""
    plant.replace(types, "_HIDDEN", {PolicyType.SANDBOX: section, PolicyType.KATA_AND_KICS: Section.SANDBOX})


def sandbox_option(plant: Plant, on: bool) -> None:
    """Has the proxy option of Kaspersky Sandbox stand still."""
    plant.around(
        Roads,
        "inside",
        lambda true: lambda self, server, at_ms, **more: true(self, server, at_ms, **more | {"by_proxy": on}),
    )


def kics_option(plant: Plant, on: bool) -> None:
    """The same of KICS for Networks."""
    plant.settings(lambda given: given.having(replace(given.kics_integration, connect_using_general_proxy=on)))


@defect("KEA-SBX-001", "no policy type has the Sandbox integration")
def no_type_has_sandbox(plant: Plant) -> None:
    """Not even that of its name."""
    hidden(plant, Section.SANDBOX)


@defect("KEA-SBX-002", "KICS for Networks goes with Kaspersky Sandbox")
def kics_goes_with_sandbox(plant: Plant) -> None:
    """In one section, and so in its policy type."""
    plant.replace(types, "_SECTION_OF", {**types._SECTION_OF, "kics-integration": Section.SANDBOX})


@defect("KEA-SBX-003", "the Sandbox type has no threat response")
def sandbox_type_has_no_response(plant: Plant) -> None:
    """The step is left out."""
    hidden(plant, Section.THREAT_RESPONSE)


@defect("KEA-SBX-004", "the Sandbox server is always asked through the proxy server")
def sandbox_is_proxied(plant: Plant) -> None:
    """The option is not looked at."""
    sandbox_option(plant, True)


@defect("KEA-SBX-005", "the Sandbox server is always asked directly")
def sandbox_is_direct(plant: Plant) -> None:
    """The option is not looked at."""
    sandbox_option(plant, False)


@defect("KEA-SBX-006", "the KICS for Networks server is always asked through the proxy server")
def kics_is_proxied(plant: Plant) -> None:
    """The option is not looked at."""
    kics_option(plant, True)


@defect("KEA-SBX-007", "the KICS for Networks server is always asked directly")
def kics_is_direct(plant: Plant) -> None:
    """The option is not looked at."""
    kics_option(plant, False)


@defect("KEA-SBX-008", "KICS for Networks hears of no network communications")
def kics_hears_of_no_network(plant: Plant) -> None:
    """Of processes it does."""
    plant.around(rules, "optimised", lambda true: lambda event, *given, **more: event.peer is not None)


@defect("KEA-SBX-009", "optimisation is always on for KICS for Networks")
def kics_manages_no_optimisation(plant: Plant) -> None:
    """The setting is not looked at."""
    plant.settings(lambda given: given.having(replace(given.excluded_processes, optimise_telemetry=True)))


@defect("KEA-SBX-010", "events reach MDR though KICS for Networks is not set up for it")
def kics_always_tells(plant: Plant) -> None:
    """Endpoint Agent hears of them anyway."""

    def make(true: True_) -> True_:
        def wrong(self: Services, *given: Any) -> None:
            true(self, *given)
            self.kics_tells = True

        return wrong

    plant.around(Services, "__init__", make)
