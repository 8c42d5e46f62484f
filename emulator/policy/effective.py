"""Effective settings: what a device's own settings and the policy that governs it come to, group by group."""

from dataclasses import dataclass
from enum import StrEnum

from emulator.policy.policies import Governing
from emulator.policy.settings import DEFAULTS, LOCAL_KEYS, AgentSettings, Group, key_of, parse_group


class Source(StrEnum):
    """Where the values of a settings group come from."""

    POLICY = "policy"
    LOCAL = "local"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of a group's values, with the policy's name where it is one."""

    source: Source
    policy: str = ""

    def __str__(self) -> str:
        return f"policy {self.policy!r}" if self.source is Source.POLICY else str(self.source)


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """The groups that were edited in the settings of one device (KEA-POL-033), each whole."""

    groups: tuple[Group, ...] = ()

    def group(self, key: str) -> Group | None:
        """The device's own values of a group, if it was edited."""
        return next((values for values in self.groups if key_of(values) == key), None)

    def having(self, values: Group) -> "LocalSettings":
        """The same with these values of one group."""
        edited = {key_of(group): group for group in (*self.groups, values)}
        return LocalSettings(tuple(edited[key] for key in LOCAL_KEYS if key in edited))


@dataclass(frozen=True, slots=True)
class EditRefused:
    """A local edit that an active policy does not let through (KEA-POL-034)."""

    group: str
    policy: str

    @property
    def reason(self) -> str:
        """The refusal in words."""
        return f"the settings group {self.group!r} is under the policy {self.policy!r}"


@dataclass(frozen=True, slots=True)
class Effective:
    """The settings that hold on a device; `origins` are in the order of `LOCAL_KEYS`."""

    settings: AgentSettings
    origins: tuple[Origin, ...]

    def origin(self, key: str) -> Origin:
        """Where the values of a group come from."""
        return self.origins[LOCAL_KEYS.index(key)]

    def locked(self, key: str) -> bool:
        """True where a local edit of the group is refused."""
        return self.origin(key).source is Source.POLICY


def effective(governing: Governing | None, local: LocalSettings) -> Effective:
    """The settings of a device: the groups that its policy locks, else its own, else the defaults.

    Values of groups that are unaffected by the policy never reach it (KEA-POL-024). When a policy lets go of a group
    (KEA-POL-031), the device has again what it had before: an emulator's choice.
    """
    chosen = []
    origins = []
    for key in LOCAL_KEYS:
        lock = governing.lock(key) if governing else None
        own = local.group(key)
        if lock is not None:
            chosen.append(lock.values)
            origins.append(Origin(Source.POLICY, lock.policy))
        elif own is not None:
            chosen.append(own)
            origins.append(Origin(Source.LOCAL))
        else:
            chosen.append(DEFAULTS.group(key))
            origins.append(Origin(Source.DEFAULT))
    return Effective(AgentSettings().having(*chosen), tuple(origins))


def edit_local(local: LocalSettings, governing: Governing | None, values: Group) -> LocalSettings | EditRefused:
    """Edits one group on one device, unless the policy that governs it locks the group (KEA-POL-034 to KEA-POL-036)."""
    key = key_of(values)
    lock = governing.lock(key) if governing else None
    return local.having(values) if lock is None else EditRefused(key, lock.policy)


def edit_group(
    local: LocalSettings, governing: Governing | None, key: str, content: object
) -> LocalSettings | EditRefused:
    """`edit_local` with plain data for some settings of a group: the others stay as the device has them.

    Raises SettingError where the data is not for this group.
    """
    own = local.group(key)
    return edit_local(local, governing, parse_group(key, content, DEFAULTS.group(key) if own is None else own))
