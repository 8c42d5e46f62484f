"""Policy types: the deployment methods that a policy is made for, and the sections that each of them shows.

That there are two types and that the sections depend on them is documented (KEA-POL-009, KEA-POL-010), their order too
(KEA-POL-011). What each type shows is not: here a type shows the section of its own servers and all that is not about
servers. Which section a settings group is in is the emulator's choice where its own page does not say it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from emulator.policy.settings import GROUP_KEYS

ENDPOINT_AGENT: Final = "endpoint-agent"
"""The application whose policies reach Endpoint Agent (KEA-POL-001)."""


class PolicyType(StrEnum):
    """What a policy is made for (KEA-POL-009)."""

    SANDBOX = "kaspersky-sandbox"
    KATA_AND_KICS = "kata-edr-and-kics-for-networks"


class Section(StrEnum):
    """The sections of a policy, in the order in which the settings steps go through them (KEA-POL-011)."""

    SANDBOX = "sandbox-integration"
    KATA_AND_KICS = "kata-edr-and-kics-integration"
    THREAT_RESPONSE = "threat-response"
    REPOSITORIES = "repositories"
    SECURITY = "security"
    GENERAL = "general"


_PLACES: Final[Mapping[Section, tuple[str, ...]]] = {
    Section.SANDBOX: ("sandbox-integration",),
    Section.KATA_AND_KICS: (
        "data-submission",
        "request-throttling",
        "kata-integration",
        "kics-integration",
        "excluded-processes",
        "excluded-network-communications",
    ),
    Section.THREAT_RESPONSE: ("threat-response", "network-isolation", "execution-prevention"),
    Section.REPOSITORIES: ("quarantine", "administration-synchronisation"),
    Section.SECURITY: ("user-permissions", "password-protection", "self-defense"),
}
_SECTION_OF: Final = {key: section for section, keys in _PLACES.items() for key in keys}
_HIDDEN: Final[Mapping[PolicyType, Section]] = {
    PolicyType.SANDBOX: Section.KATA_AND_KICS,
    PolicyType.KATA_AND_KICS: Section.SANDBOX,
}


def section_of(key: str) -> Section:
    """The section of a settings group; one that is in no other is among the general settings."""
    return _SECTION_OF.get(key, Section.GENERAL)


def sections_of(kind: PolicyType | None) -> tuple[Section, ...]:
    """The sections of a policy of this type, in their order; all of them where it was made for no type."""
    return tuple(section for section in Section if kind is None or section is not _HIDDEN[kind])


def groups_in(section: Section) -> tuple[str, ...]:
    """The keys of the settings groups of a section, in the order of `GROUP_KEYS`."""
    return tuple(key for key in GROUP_KEYS if section_of(key) is section)


def shown_groups(kind: PolicyType | None) -> tuple[str, ...]:
    """The keys of the settings groups that a policy of this type has, in the order of `GROUP_KEYS`."""
    sections = sections_of(kind)
    return tuple(key for key in GROUP_KEYS if section_of(key) in sections)
