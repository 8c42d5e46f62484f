"""Kaspersky Sandbox as one device uses it: objects go to the servers, verdicts come back, and something is done."""

from collections.abc import Callable, Iterator
from typing import Final

from emulator.components.alarm import Alarm
from emulator.components.part import Part
from emulator.components.responses import Responses
from emulator.components.roads import Roads
from emulator.control.agent import EndpointAgent
from emulator.policy.settings import AgentSettings
from emulator.sandbox import (
    RETRY_EVERY_MS,
    RequestQueue,
    SandboxObject,
    SandboxService,
    SandboxVerdict,
    Submission,
    Ticket,
    VerdictRequest,
)
from emulator.services import Call
from emulator.told import Severity, Told

BY: Final = "Kaspersky Sandbox"
DETECTION: Final = "sandbox-detection"
GROUP_RESPONSE: Final = "sandbox-group-response"
"""Told where the response is the whole group's: the Administration Server makes a task of it."""


class SandboxUse(Part):
    """Sandbox on one device: in use while it is integrated, Endpoint Agent runs and has a valid licence."""

    def __init__(
        self,
        agent: EndpointAgent,
        service: SandboxService,
        roads: Roads,
        responses: Responses,
        *,
        licensed: Callable[[int], bool],
    ) -> None:
        self._agent = agent
        self._service = service
        self._roads = roads
        self._responses = responses
        self._licensed = licensed
        self._queue = RequestQueue()
        self._alarm = Alarm(agent, self._go_on)
        self._examined: dict[str, tuple[SandboxObject, int]] = {}
        self._known: dict[str, SandboxVerdict] = {}

    def started(self, at_ms: int) -> None:
        """What waits is offered again."""
        self._go_on(at_ms)

    def settings_changed(self, at_ms: int, before: AgentSettings) -> None:
        """Other servers are asked at once, and none where integration is off: then nothing waits any more."""
        after = self._agent.settings.sandbox_integration
        if after == before.sandbox_integration:
            return
        if not after.enabled:
            for waiting in self._queue:
                self._queue.remove(waiting)
            self._examined.clear()
            self._alarm.set(None)
        else:
            self._go_on(at_ms)

    def licence_changed(self, at_ms: int) -> None:
        """With a licence, what waits is offered again."""
        self._go_on(at_ms)

    def meet(self, met: SandboxObject, at_ms: int) -> None:
        """The device runs a file: one that it knows no verdict of is sent for examination."""
        settings = self._agent.settings.sandbox_integration
        if not settings.enabled or not self._works(at_ms):
            return
        known = self._known.get(met.sha256)
        if known is not None:
            if known is SandboxVerdict.DETECTED:
                self._respond(met, at_ms)
            return
        if met.sha256 in self._examined:
            return
        if not self._queue.put(met, settings.request_queue_mb):
            values: dict[str, str | int | bool] = {"file": met.path, "size_bytes": met.size_bytes}
            self._agent.tell(at_ms, (Told("sandbox-queue-full", values, Severity.WARNING),))
            return
        self._go_on(at_ms)

    # --- asking ------------------------------------------------------------------------------------------------------

    def _works(self, at_ms: int) -> bool:
        return self._agent.runs(at_ms) and self._licensed(at_ms)

    def _go_on(self, at_ms: int) -> None:
        """Offers what waits, and fetches the verdicts that are ready."""
        if not self._agent.settings.sandbox_integration.enabled or not self._works(at_ms):
            return
        for waiting in self._queue:
            if not self._offer(waiting, at_ms):
                break
        for examined, ready_ms in tuple(self._examined.values()):
            if ready_ms <= at_ms:
                self._fetch(examined, at_ms)
        moments = [max(ready_ms, at_ms + 1) for _, ready_ms in self._examined.values()]
        if len(self._queue):
            moments.append(at_ms + RETRY_EVERY_MS)
        self._alarm.set(min(moments, default=None))

    def _offer(self, one: SandboxObject, at_ms: int) -> bool:
        """Whether a server of the list took an object."""
        for call in self._calls(at_ms):
            answer = self._service.submit(Submission(call, one))
            if isinstance(answer, Ticket):
                self._queue.remove(one)
                self._examined[one.sha256] = one, answer.ready_ms
                told = {"file": one.path, "sha256": one.sha256, "server": call.server, "via": call.road.via.value}
                self._agent.tell(at_ms, (Told("sandbox-submitted", told),))
                return True
            self._tell_unanswered(call, type(answer).__name__, at_ms)
        return False

    def _fetch(self, one: SandboxObject, at_ms: int) -> None:
        for call in self._calls(at_ms):
            answer = self._service.verdict(VerdictRequest(call, one.sha256))
            if isinstance(answer, SandboxVerdict):
                del self._examined[one.sha256]
                self._known[one.sha256] = answer
                told = {"file": one.path, "sha256": one.sha256, "verdict": answer.value, "server": call.server}
                self._agent.tell(at_ms, (Told("sandbox-verdict", told),))
                if answer is SandboxVerdict.DETECTED:
                    self._respond(one, at_ms)
                return
            self._tell_unanswered(call, type(answer).__name__, at_ms)
        self._examined[one.sha256] = one, at_ms + RETRY_EVERY_MS

    def _calls(self, at_ms: int) -> Iterator[Call]:
        """The calls of the servers in the order of the list, as far as the device can make them."""
        settings = self._agent.settings.sandbox_integration
        for server in settings.servers:
            by_proxy = settings.connect_using_general_proxy
            call = self._roads.inside(server.host, at_ms, by_proxy=by_proxy, timeout_ms=settings.response_timeout_ms)
            if call is not None:
                yield call

    def _tell_unanswered(self, call: Call, reason: str, at_ms: int) -> None:
        values: dict[str, str | int | bool] = {"server": call.server, "via": call.road.via.value, "reason": reason}
        self._agent.tell(at_ms, (Told("sandbox-unanswered", values),))

    # --- responding --------------------------------------------------------------------------------------------------

    def _respond(self, one: SandboxObject, at_ms: int) -> None:
        settings = self._agent.settings.threat_response
        about: dict[str, str | int | bool] = {"file": one.path, "md5": one.md5, "sha256": one.sha256}
        self._agent.tell(at_ms, (Told(DETECTION, about, Severity.CRITICAL, windows_log=True),))
        if settings.quarantine_and_delete:
            self._responses.quarantine(one.path, at_ms, BY)
        if settings.notify_user:
            self._agent.tell(at_ms, (Told("user-notified", {"of": DETECTION, "file": one.path}),))
        if settings.scan_critical_areas:
            self._responses.scan_critical_areas(at_ms, BY)
        if settings.scan_group:
            wanted: dict[str, str | int | bool] = {
                "file": one.path,
                "md5": one.md5,
                "quarantine": settings.quarantine_when_found,
                "scan-critical-areas": settings.scan_critical_areas_when_found,
                "scope": settings.scan_scope.value,
                "start": settings.scan_start.value,
                "window-from": settings.window_from_h,
                "window-until": settings.window_until_h,
            }
            self._agent.tell(at_ms, (Told(GROUP_RESPONSE, wanted),))
