"""Defects of the connection to a proxy server: who uses it, how it is found, and what goes past it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.defects.security import always_under_policy
from conformance.planting import Plant, defect
from emulator import asking
from emulator.components import roads
from emulator.components.roads import Roads
from emulator.policy.secrets import Secret
from emulator.policy.sections.general import Proxy, ProxyMode
from emulator.policy.settings import AgentSettings
from emulator.services import DIRECT, Call

True_ = Callable[..., Any]


def followed(plant: Plant, change: Callable[[Proxy], Proxy]) -> None:
    """Has Endpoint Agent follow other general settings, for telemetry and for services."""
    for module in (asking, roads):
        plant.around(
            module,
            "road_to",
            lambda true: lambda server, proxy, *, discovered: true(server, change(proxy), discovered=discovered),
        )


def kata_option(given: AgentSettings, on: bool) -> AgentSettings:
    """Settings with another option of the Central Node."""
    return given.having(replace(given.kata_integration, connect_using_general_proxy=on))


@defect("KEA-PRX-001", "activation goes past the proxy server")
def activation_is_direct(plant: Plant) -> None:
    """Whatever the general settings say."""

    def make(true: True_) -> True_:
        def wrong(self: Roads, at_ms: int) -> Call | None:
            call: Call | None = true(self, at_ms)
            return None if call is None else replace(call, road=DIRECT)

        return wrong

    plant.around(Roads, "activation", make)


@defect("KEA-PRX-002", "telemetry uses the proxy server without being asked to")
def telemetry_is_proxied(plant: Plant) -> None:
    """As if the option were selected."""
    plant.settings(lambda given: kata_option(given, True))


@defect("KEA-PRX-003", "the option of the Central Node has no effect")
def option_has_no_effect(plant: Plant) -> None:
    """Its server is asked directly."""
    plant.settings(lambda given: kata_option(given, False))


@defect("KEA-PRX-004", "KICS for Networks has the option of the Central Node")
def option_is_shared(plant: Plant) -> None:
    """None of its own."""
    plant.settings(
        lambda given: given.having(
            replace(
                given.kics_integration, connect_using_general_proxy=given.kata_integration.connect_using_general_proxy
            )
        )
    )


@defect("KEA-PRX-005", "a host selects the mode `specified`")
def host_selects_the_mode(plant: Plant) -> None:
    """By being given."""

    def make(true: True_) -> True_:
        def wrong(self: Proxy) -> None:
            if self.host:
                object.__setattr__(self, "mode", ProxyMode.SPECIFIED)
            true(self)

        return wrong

    plant.around(Proxy, "__post_init__", make)


@defect("KEA-PRX-006", "a proxy server that is given is used in the mode `none`")
def mode_none_is_ignored(plant: Plant) -> None:
    """The mode is not looked at."""
    followed(plant, lambda given: replace(given, mode=ProxyMode.SPECIFIED) if given.host else given)


@defect("KEA-PRX-007", "no proxy server is found automatically")
def nothing_is_found(plant: Plant) -> None:
    """Everything goes directly then."""
    followed(
        plant,
        lambda given: replace(given, mode=ProxyMode.NONE) if given.mode is ProxyMode.AUTO_DETECT else given,
    )


@defect("KEA-PRX-008", "another port than 8080 is not used")
def port_stays(plant: Plant) -> None:
    """Whatever is set."""
    followed(plant, lambda given: replace(given, port=8_080))


@defect("KEA-PRX-009", "the default port is 3128")
def default_port_is_another(plant: Plant) -> None:
    """Others are used as they are set."""
    followed(plant, lambda given: replace(given, port=3_128) if given.port == Proxy().port else given)


@defect("KEA-PRX-010", "nobody authenticates")
def nobody_authenticates(plant: Plant) -> None:
    """Whatever is set."""
    followed(plant, lambda given: replace(given, use_ntlm=False))


@defect("KEA-PRX-011", "whoever has a user authenticates")
def whoever_has_a_user_authenticates(plant: Plant) -> None:
    """The option is not looked at."""
    followed(plant, lambda given: replace(given, use_ntlm=True))


@defect("KEA-PRX-012", "the password is shown")
def password_is_shown(plant: Plant) -> None:
    """To whoever looks."""
    plant.replace(Secret, "__str__", lambda self: self.characters)


@defect("KEA-PRX-013", "local addresses are contacted through the proxy server")
def bypass_has_no_effect(plant: Plant) -> None:
    """The option is not looked at."""
    followed(plant, lambda given: replace(given, bypass_local_addresses=False))


@defect("KEA-PRX-014", "local addresses are always contacted directly")
def bypass_is_always_on(plant: Plant) -> None:
    """The option is not looked at."""
    followed(plant, lambda given: replace(given, bypass_local_addresses=True))


@defect("KEA-PRX-015", "proxy settings hold while their group is unaffected")
def proxy_needs_no_switch(plant: Plant) -> None:
    """As soon as the policy holds them."""
    always_under_policy(plant, "proxy")
