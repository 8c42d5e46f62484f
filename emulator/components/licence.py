"""The licence of one device as it goes on in time: keys run out, take over, are blocked."""

from collections.abc import Callable
from typing import Final

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.licensing import Licence, LicenceState
from emulator.told import Severity, Told
from emulator.world import Condition

VIOLATION: Final = "licence-violation"
"""What is told of something that cannot be done without a valid licence (public help: LicenseViolation)."""
_LOST: Final = {
    LicenceState.NOT_ACTIVATED: Told("licence-missing", {}, Severity.CRITICAL),
    LicenceState.EXPIRED: Told("licence-expired", {}, Severity.CRITICAL),
    LicenceState.BLOCKED: Told("licence-blocked", {}, Severity.CRITICAL),
}


class LicenceKeeper(Part):
    """The keys of one device; while they license nothing, Endpoint Agent is in the condition UNLICENSED.

    `changed(at_ms)` is called when a valid licence comes or goes.
    """

    def __init__(self, agent: EndpointAgent, licence: Licence, changed: Callable[[int], None]) -> None:
        self.held = licence
        self._agent = agent
        self._changed = changed
        self._valid = True
        self._untold: Told | None = None
        self._alarm = Alarm(agent, self.follow)

    def valid(self, at_ms: int) -> bool:
        """Whether the keys license Endpoint Agent at a moment."""
        return self.held.state(at_ms) is LicenceState.VALID

    def follow(self, at_ms: int) -> None:
        """Looks at what the keys come to at a moment, and tells what has changed."""
        now = self.held.at(at_ms)
        if now != self.held:
            assert now.active is not None
            self._agent.tell(at_ms, (Told("key-took-over", {"key": now.active.serial}, Severity.INFO),))
            self.held = now
        state = self.held.state(at_ms)
        valid = state is LicenceState.VALID
        if valid is not self._valid:
            self._valid = valid
            if valid:
                self._agent.end(Condition.UNLICENSED, at_ms)
            else:
                self._agent.begin(Condition.UNLICENSED, at_ms)
            self._untold = _LOST.get(state)
            if self._agent.runs(at_ms):
                self.started(at_ms)
            self._changed(at_ms)
        self._alarm.set(self.held.next_change_ms(at_ms))

    def started(self, at_ms: int) -> None:
        """What has happened to the keys while it did not run is told now."""
        if self._untold is not None:
            self._agent.tell(at_ms, (self._untold,))
            self._untold = None
