"""Sandbox integration: the link to Kaspersky Sandbox."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from emulator.policy.addresses import Address, address
from emulator.policy.kinds import flag, many
from emulator.policy.records import Basis, Setting
from emulator.policy.sections.group import About, Group, Step
from emulator.policy.sections.telemetry_servers import SERVERS_MAX


@dataclass(frozen=True, slots=True)
class SandboxIntegration(Group):
    """The link to Kaspersky Sandbox: a stand-in, its settings are not documented but for the proxy (KEA-SBX-004)."""

    about: ClassVar = About(
        "Connection settings", "Kaspersky Sandbox integration", basis=Basis.EMULATOR, step=Step.SANDBOX
    )

    enabled: Annotated[bool, Setting(flag(), "connect to a Kaspersky Sandbox server", basis=Basis.EMULATOR)] = False
    servers: Annotated[
        tuple[Address, ...],
        Setting(
            many(address(), maximum=SERVERS_MAX),
            "Kaspersky Sandbox servers of one cluster, in the order in which they are tried",
            basis=Basis.SIBLING,
        ),
    ] = ()
    connect_using_general_proxy: Annotated[
        bool,
        Setting(
            flag(), "use the general proxy for this connection", clause="KEA-SBX-005", default_clause="KEA-SBX-004"
        ),
    ] = False
