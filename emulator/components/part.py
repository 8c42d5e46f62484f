"""A part of an Endpoint Agent, as the whole tells it what happens."""

from emulator.policy.settings import AgentSettings


class Part:
    """Base of the parts: none of this concerns one that does not say so. Moments of a device are in ascending order."""

    __slots__ = ()

    def started(self, at_ms: int) -> None:
        """Endpoint Agent starts."""

    def stopped(self, at_ms: int, *, crashed: bool) -> None:
        """Endpoint Agent ends, or the device goes off."""

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """Endpoint Agent follows other settings than `before`."""

    def licence_changed(self, at_ms: int) -> None:
        """There is a valid licence where there was none, or the other way round."""
