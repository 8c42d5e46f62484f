"""Threat response: network isolation, on a detection and on demand."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from emulator.exclusions.network import NetworkRule
from emulator.policy.kinds import choice, duration, flag, many
from emulator.policy.records import Basis, Setting, mapping
from emulator.policy.sections.group import EMULATORS_CHOICE, About, Group, Step

RESPONSE: Final = "Threat response"
ISOLATION_MAX_MIN: Final = 9_999 * 60
"""The longest isolation that the Central Node knows; for the others the range is the emulator's."""


class ExclusionProfile(StrEnum):
    """The predefined exclusions: public help names these two, on Windows; there are more, whose names are not known."""

    DNS_DHCP_SERVER = "dns-dhcp-server"
    DNS_DHCP_CLIENT = "dns-dhcp-client"


@dataclass(frozen=True, slots=True)
class Isolation(Group):
    """What both kinds of network isolation are given, each its own (KEA-ISO-005)."""

    notify_user: Annotated[
        bool,
        Setting(
            flag(),
            "tell the user of the device that it is isolated",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = True
    release_automatically: Annotated[
        bool,
        Setting(
            flag(),
            "end isolation after a time, on by public help; while it is off, isolation ends after 5 hours",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = True
    release_after_min: Annotated[
        int,
        Setting(
            duration("min", 1, ISOLATION_MAX_MIN),
            "after which time, 30 min by public help; without effect while that is off",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = 30
    profiles: Annotated[
        tuple[ExclusionProfile, ...],
        Setting(
            many(choice(ExclusionProfile)),
            "predefined exclusions, on Windows; these are in the list by public help, what is in them is recalled",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = (ExclusionProfile.DNS_DHCP_SERVER, ExclusionProfile.DNS_DHCP_CLIENT)
    exclusions: Annotated[
        tuple[NetworkRule, ...],
        Setting(
            many(mapping(NetworkRule)),
            "further communications that isolation lets through",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = ()


@dataclass(frozen=True, slots=True)
class NetworkIsolation(Isolation):
    """Automatic network isolation: a detection isolates the device (KEA-ISO-002, KEA-ISO-005)."""

    about: ClassVar = About("Network isolation", RESPONSE, step=Step.THREAT_RESPONSE)

    enabled: Annotated[
        bool,
        Setting(
            flag(),
            "isolate the device when a threat is detected",
            default_clause=EMULATORS_CHOICE,
            basis=Basis.PUBLIC_HELP,
        ),
    ] = False


@dataclass(frozen=True, slots=True)
class NetworkIsolationOnDemand(Isolation):
    """Network isolation that somebody switches on (KEA-ISO-001, KEA-ISO-003 to KEA-ISO-005)."""

    about: ClassVar = About("Network isolation on demand", RESPONSE, device_only="KEA-ISO-004")
