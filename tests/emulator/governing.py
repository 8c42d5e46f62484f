"""Policies that settings can be written as, for worlds whose devices follow given settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulator.policy.policies import Governing, Lock
from emulator.policy.settings import GROUP_KEYS, AgentSettings
from emulator.ports import I64
from emulator.world import Governed, News


def governing(settings: AgentSettings, name: str = "", *, keys: Sequence[str] = GROUP_KEYS) -> Governing:
    """A policy that locks the settings groups `keys` at what `settings` have."""
    return Governing(name, ((name, 1),), tuple(Lock(settings.group(key), name) for key in keys))


def governed(settings: AgentSettings, name: str = "") -> Governed:
    """Governed by one policy everywhere, which locks everything."""
    policy = governing(settings, name)
    return Governed(policy, policy)


@dataclass(frozen=True)
class SettingsChange:
    """From `at_ms` on a policy that locks everything governs the devices of an administration group."""

    at_ms: int
    group: int
    settings: AgentSettings
    origin: str = ""

    def news(self, group: I64) -> News:
        """As news, with the group of each device."""
        return News(self.at_ms, np.flatnonzero(group == self.group), governed(self.settings, self.origin))
