"""Responses of one device to what was found on it, whoever found it."""

from collections.abc import Callable

from emulator.components.isolation import IsolationKeeper
from emulator.components.quarantine import QuarantineKeeper
from emulator.control.agent import EndpointAgent
from emulator.mdr import EndpointProtection
from emulator.response.isolation import IsolationKind
from emulator.told import Severity, Told


class Responses:
    """What Endpoint Agent of one device can do. `protection` gives the endpoint-protection application beside it."""

    def __init__(
        self,
        agent: EndpointAgent,
        quarantine: QuarantineKeeper,
        isolation: IsolationKeeper,
        *,
        protection: Callable[[], EndpointProtection | None],
    ) -> None:
        self._agent = agent
        self._quarantine = quarantine
        self._isolation = isolation
        self._protection = protection

    def quarantine(self, path: str, at_ms: int, by: str) -> None:
        """Moves a file to quarantine: a copy goes in, and the file is gone."""
        self._quarantine.add(path, at_ms, by)

    def scan_critical_areas(self, at_ms: int, by: str) -> None:
        """Has the endpoint-protection application scan the critical areas; without one there is nobody to do it."""
        if self._protection() is None:
            values: dict[str, str | int | bool] = {"by": by, "reason": "there is no endpoint-protection application"}
            self._agent.tell(at_ms, (Told("critical-areas-not-scanned", values, Severity.WARNING),))
        else:
            self._agent.tell(at_ms, (Told("critical-areas-scanned", {"by": by}, Severity.INFO),))

    def isolate(self, at_ms: int) -> None:
        """Isolates the device from the network, by itself: with the settings of automatic isolation."""
        self._isolation.isolate(IsolationKind.AUTOMATIC, at_ms)
