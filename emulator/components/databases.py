"""The databases and modules of one device, and how old they get."""

from typing import Final

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.control.agent import EndpointAgent
from emulator.told import Severity, Told
from emulator.updates import BADLY_OUT_OF_DATE_MS, OUT_OF_DATE_MS, Databases, DatabaseState

_AGED: Final = {
    DatabaseState.OUT_OF_DATE: Told("databases-out-of-date", {}, Severity.WARNING),
    DatabaseState.BADLY_OUT_OF_DATE: Told("databases-badly-out-of-date", {}, Severity.CRITICAL),
}


class DatabaseKeeper(Part):
    """What one device has of databases; that they are out of date is told when they come to be."""

    def __init__(self, agent: EndpointAgent) -> None:
        self.held = Databases()
        self._agent = agent
        self._state = DatabaseState.UP_TO_DATE
        self._alarm = Alarm(agent, self.follow)

    def follow(self, at_ms: int) -> None:
        """Looks at how old they are at a moment; where Endpoint Agent does not run, when it starts."""
        if not self._agent.runs(at_ms):
            return
        before, self._state = self._state, self.held.state(at_ms)
        if self._state is not before and self._state in _AGED:
            self._agent.tell(at_ms, (_AGED[self._state],))
        ages_ms = (self.held.released_ms + age_ms for age_ms in (OUT_OF_DATE_MS, BADLY_OUT_OF_DATE_MS))
        self._alarm.set(next((moment for moment in ages_ms if moment > at_ms), None))

    def started(self, at_ms: int) -> None:
        """They may have come to be out of date in the meantime."""
        self.follow(at_ms)
