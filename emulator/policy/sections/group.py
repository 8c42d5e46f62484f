"""What a settings group is: values that are declared one by one, and a switch in a policy."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from emulator.policy.records import Basis, Record

EMULATORS_CHOICE: Final = None
"""Said for a default that no clause of the documentation gives."""


class Switch(StrEnum):
    """The two positions of a group's switch in a policy (KEA-POL-026)."""

    UNDER_POLICY = "under-policy"
    UNAFFECTED = "unaffected-by-policy"


class Step(StrEnum):
    """The settings steps of the creation of a policy, in their order (KEA-POL-011)."""

    SANDBOX = "sandbox-integration"
    KATA_AND_KICS = "kata-edr-and-kics-integration"
    THREAT_RESPONSE = "threat-response"
    REPOSITORIES = "repositories"
    SECURITY = "security"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class About:
    """What is said of a group: its title and section in the console, and where its switch stands in a new policy.

    `step` is the settings step of a new policy that asks for it (None: no step does, it is in the properties of the
    policy). Which step asks for a group is the emulator's reading where its section has another name.
    `device_only` is the clause that puts a group in the properties of a device and in no policy. `plugin_since` is the
    first version of the management plug-in that has the group, where the documentation gives one.
    """

    title: str
    section: str
    switch: Switch = Switch.UNAFFECTED
    switch_clause: str = "KEA-POL-025"
    basis: Basis = Basis.DOCUMENTED
    step: Step | None = None
    device_only: str | None = None
    plugin_since: tuple[int, ...] = ()


class Group(Record):
    """Base of the settings groups; the values of one group are hashable and compare by value."""

    __slots__ = ()
    about: ClassVar[About]
