"""An alarm: one moment of a device at which one of its components wants to be woken."""

from collections.abc import Callable

from emulator.control.agent import EndpointAgent


class Alarm:
    """Calls `ring(at_ms)` at the moment that was set last; setting another one, or None, forgets it."""

    __slots__ = ("_agent", "_at_ms", "_ring")

    def __init__(self, agent: EndpointAgent, ring: Callable[[int], None]) -> None:
        self._agent = agent
        self._ring = ring
        self._at_ms: int | None = None

    def set(self, at_ms: int | None) -> None:
        """Rings at a moment, None for not at all."""
        if at_ms == self._at_ms:
            return
        self._at_ms = at_ms
        if at_ms is not None:
            self._agent.later(at_ms, self._rung)

    def _rung(self, agent: EndpointAgent, at_ms: int) -> None:
        if at_ms == self._at_ms:
            self._at_ms = None
            self._ring(at_ms)
