"""Execution prevention of one device: the last rules that the Central Node delivered, put to what is started."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from emulator.components.isolation import NOT_RUNNING, OPERATING_SYSTEM, REFUSED
from emulator.components.licence import VIOLATION
from emulator.control.agent import EndpointAgent
from emulator.exclusions.environment import Os
from emulator.response.prevention import File, Prevention, PreventionMode, hit
from emulator.told import Severity, Told

FUNCTION = "execution-prevention"


class Launch(StrEnum):
    """What becomes of a start."""

    ALLOWED = "allowed"
    DETECTED = "detected"
    BLOCKED = "blocked"


class PreventionKeeper:
    """The rules of one device. They stay without a connection, and come as a whole; what runs already is not touched.

    While Endpoint Agent does not run or has no valid licence (`licensed`) nothing is prevented; without one nothing can
    be switched on either. `slots` are the device's user, host and site.
    """

    def __init__(
        self, agent: EndpointAgent, *, os: Os, slots: Mapping[str, str], licensed: Callable[[int], bool]
    ) -> None:
        self._agent = agent
        self._os = os
        self._slots = slots
        self._licensed = licensed
        self._prevention: Prevention | None = None

    def replace(self, prevention: Prevention, at_ms: int) -> None:
        """The Central Node has delivered what is prevented from now on."""
        reason = NOT_RUNNING if not self._agent.runs(at_ms) else OPERATING_SYSTEM if self._os != "windows" else ""
        if reason:
            values = {"response": FUNCTION, "reason": reason}
            self._agent.tell(at_ms, (Told(REFUSED, values, Severity.WARNING),))
        elif not self._licensed(at_ms):
            self._agent.tell(at_ms, (Told(VIOLATION, {"function": FUNCTION}, Severity.CRITICAL),))
        else:
            self._prevention = prevention
            told = Told("prevention-set", {"mode": str(prevention.mode), "rules": len(prevention.rules)}, Severity.INFO)
            self._agent.tell(at_ms, (told,))

    def disable(self, at_ms: int, by: str) -> None:
        """It is switched off, until the Central Node delivers rules again (an emulator's choice)."""
        if self._prevention is not None:
            self._prevention = None
            self._agent.tell(at_ms, (Told("prevention-disabled", {"by": by}, Severity.WARNING),))

    def launch(self, program: File, opened: File | None, at_ms: int, count: int = 1) -> Launch:
        """A program is about to start `count` times, with a file that it opens; whether it does."""
        prevention = self._prevention
        if prevention is None or not self._agent.runs(at_ms) or not self._licensed(at_ms):
            return Launch.ALLOWED
        found = hit(prevention, program, opened, os=self._os, slots=self._slots)
        if found is None:
            return Launch.ALLOWED
        blocked = prevention.mode is PreventionMode.ACTIVE
        values: dict[str, str | int | bool] = {
            "object": found.file.path,
            "type": str(found.rule.kind),
            "rule": found.rule.name,
            "count": count,
        }
        told = [Told("execution-blocked" if blocked else "execution-detected", values, Severity.WARNING)]
        if blocked and prevention.notify_user:
            told.append(Told("user-notified", {"of": FUNCTION, "type": str(found.rule.kind)}))
        self._agent.tell(at_ms, told)
        return Launch.BLOCKED if blocked else Launch.DETECTED
