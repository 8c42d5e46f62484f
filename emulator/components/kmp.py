"""The KMP service of one device, which earlier versions of Endpoint Agent had a setting for."""

from collections.abc import Callable

from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.ksn import Kmp
from emulator.told import Told


class KmpKeeper(Part):
    """KMP on one device, through updates of Endpoint Agent. `changed(at_ms)` is called when it may be on or off now."""

    def __init__(self, agent: EndpointAgent, installed: Kmp, changed: Callable[[int], None]) -> None:
        self.held = installed
        self._agent = agent
        self._changed = changed

    def upgraded(self, version: tuple[int, ...], at_ms: int) -> None:
        """Endpoint Agent was updated to a version; KMP goes on as it was (KEA-KSN-013, KEA-KSN-015)."""
        self.held = self.held.upgraded(version)
        self._tell(at_ms, "agent-upgraded", version=_written(version))

    def told_by_policy(self, plugin: tuple[int, ...], at_ms: int, *, enabled: bool) -> None:
        """A policy that a plug-in of some version wrote has KMP on or off (KEA-KSN-014)."""
        self.held = self.held.told_by_policy(plugin, enabled=enabled)
        self._tell(at_ms, "kmp-policy-applied", plugin=_written(plugin), enabled=enabled)

    def _tell(self, at_ms: int, kind: str, **values: str | bool) -> None:
        self._agent.tell(at_ms, (Told(kind, {**values, "kmp": self.held.enabled}),))
        self._changed(at_ms)


def _written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
