"""Application settings, general: the proxy server, and the road that activation takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from emulator.policy.addresses import PORT_MAX, server_name
from emulator.policy.errors import SettingError
from emulator.policy.kinds import choice, flag, text, whole
from emulator.policy.records import Record, Setting
from emulator.policy.secrets import NONE, Secret, secret
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step

GENERAL: Final = "Application settings / General settings"


class ProxyMode(StrEnum):
    """How a proxy server is found (KEA-PRX-005)."""

    NONE = "none"
    AUTO_DETECT = "auto-detect"
    SPECIFIED = "specified"


@dataclass(frozen=True, slots=True)
class Proxy(Group):
    """The proxy server for updates, activation and external services (KEA-PRX-001 to KEA-PRX-015)."""

    about: ClassVar = About("Proxy server", GENERAL, step=Step.GENERAL)

    mode: Annotated[
        ProxyMode,
        Setting(
            choice(ProxyMode),
            "no proxy server, one that is found by itself, or the one specified",
            clause="KEA-PRX-005",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ProxyMode.NONE
    host: Annotated[
        str,
        Setting(
            server_name(),
            "name or IP address of the proxy server; used in the mode specified, which needs it",
            clause="KEA-PRX-008",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = ""
    port: Annotated[
        int,
        Setting(whole(1, PORT_MAX), "port of the proxy server", clause="KEA-PRX-008", default_clause="KEA-PRX-009"),
    ] = 8_080
    use_ntlm: Annotated[
        bool,
        Setting(
            flag(),
            "authenticate to the proxy server by NTLM",
            clause="KEA-PRX-010",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
    user: Annotated[
        str,
        Setting(text(), "user name for NTLM", clause="KEA-PRX-010", default_clause=EMULATORS_CHOICE),
    ] = ""
    password: Annotated[
        Secret,
        Setting(secret(), "password for NTLM", clause="KEA-PRX-010", default_clause=EMULATORS_CHOICE),
    ] = NONE
    bypass_local_addresses: Annotated[
        bool,
        Setting(
            flag(),
            "contact local addresses without the proxy server",
            clause="KEA-PRX-013",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        if self.mode is ProxyMode.SPECIFIED and not self.host:
            cause = "no proxy server is given for the mode 'specified'"
            raise SettingError(("host",), cause, "write its name or IP address (KEA-PRX-008)")


@dataclass(frozen=True, slots=True)
class Licensing(Group):
    """The road of activation (KEA-LIC-001 to KEA-LIC-003)."""

    about: ClassVar = About("Licensing", GENERAL, step=Step.GENERAL)

    activate_via_administration_server: Annotated[
        bool,
        Setting(
            flag(),
            "activation requests go through the Administration Server",
            clause="KEA-LIC-001",
            default_clause=EMULATORS_CHOICE,
        ),
    ] = False
