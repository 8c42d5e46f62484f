"""The session of one device with one target's servers: which one is in use, what is sent, what is answered."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from emulator.asking import servers_of
from emulator.events import EVENT_TYPES, PACKAGE_HEADER_BYTES
from emulator.plain.generation import Event
from emulator.plain.segments import Queue
from emulator.policy.settings import AgentSettings
from emulator.ports import I64, Answers, Outcome, Synchronisations, Target, TelemetryColumns, Transmissions
from emulator.ports import Event as PortEvent
from emulator.sites import Site
from emulator.world import KICS_SYNCHRONISATION_MS, KICS_TIMEOUT_MS, PACKAGES_PER_PERIOD

Materialise = Callable[[Event, int], PortEvent]
"""(event, ordinal) → the event as a server sees it."""
Sent = Callable[[int, int, str, int], None]
"""Is told (first, upto, server, moment) of what leaves."""


@dataclass(frozen=True, slots=True)
class Integration:
    """What an agent's settings say of one target."""

    enabled: bool
    servers: tuple[str, ...]
    interval_ms: int
    timeout_ms: int

    @classmethod
    def of(cls, settings: AgentSettings, target: Target, discovered_proxy: str) -> "Integration":
        """The part of the settings that concerns `target`."""
        if target is Target.CENTRAL_NODE:
            kata = settings.kata_integration
            return cls(
                enabled=kata.enabled,
                servers=servers_of(kata, settings.proxy, discovered=discovered_proxy),
                interval_ms=kata.sync_interval_min * 60_000,
                timeout_ms=kata.response_timeout_s * 1_000,
            )
        kics = settings.kics_integration
        return cls(
            enabled=kics.enabled,
            servers=servers_of(kics, settings.proxy, discovered=discovered_proxy),
            interval_ms=KICS_SYNCHRONISATION_MS,
            timeout_ms=KICS_TIMEOUT_MS,
        )


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What one request came to: its outcome, how long it took, and the ordinal or revision that was answered."""

    outcome: Outcome
    took_ms: int
    answer: int

    @property
    def answered(self) -> bool:
        """A refusal is an answer too."""
        return self.outcome in (Outcome.OK, Outcome.REFUSED)


class Session:
    """One device, at its site, and the list of servers of one target."""

    def __init__(self, device: int, site: Site, servers: TelemetryColumns, integration: Integration) -> None:
        self._device = device
        self._site = site
        self._servers = servers
        self._integration = integration
        self._revision = 0
        # The place in the list of the server in use; beyond its end the device waits for its synchronisation.
        self._place = 0
        self._busy_until_ms = 0

    def hear(self, integration: Integration) -> None:
        """From now on these settings hold. With another list, or after a pause, it begins at the top (KEA-CEN-008)."""
        resumed = integration.enabled and not self._integration.enabled
        if resumed or integration.servers != self._integration.servers:
            self._place = 0
        self._integration = integration

    def busy(self, at_ms: int) -> bool:
        """True while an answer of earlier attempts is still to come."""
        return self._busy_until_ms > at_ms

    def synchronise(self, at_ms: int, *, linked: bool) -> int:
        """Tries the list from the top until a server answers; returns the moment at which the failed attempts ended."""
        for place, server in enumerate(self._integration.servers):
            attempt = self._ask_revision(server, at_ms) if linked else _NO_LINK
            self._busy_until_ms = at_ms + attempt.took_ms
            if attempt.answered:
                self._place = place
                if attempt.outcome is Outcome.OK:
                    self._revision = attempt.answer
                return at_ms
            at_ms += attempt.took_ms
        self._place = len(self._integration.servers)
        return at_ms

    def transmit(
        self, queue: Queue, package_events: int, at_ms: int, *, linked: bool, materialise: Materialise, sent: Sent
    ) -> list[Event]:
        """Sends what is queued, down the list from the server in use (KEA-CEN-009); returns what was acknowledged."""
        acknowledged: list[Event] = []
        upto = min(queue.made, queue.first + PACKAGES_PER_PERIOD * package_events)
        while queue.first < upto and self._place < len(self._integration.servers):
            first = queue.first
            server = self._integration.servers[self._place]
            if linked:
                sent(first, upto, server, at_ms)
                attempt = self._send(queue, first, upto, package_events, server, at_ms, materialise)
                acknowledged += queue.acknowledge(attempt.answer)
            else:
                attempt = _NO_LINK
            if attempt.outcome is Outcome.TIMED_OUT:
                queue.try_upto(upto)
            self._busy_until_ms = max(self._busy_until_ms, at_ms + attempt.took_ms)
            if attempt.answered:
                break
            at_ms += attempt.took_ms
            self._place += 1
        return acknowledged

    def _ask_revision(self, server: str, at_ms: int) -> _Attempt:
        request = Synchronisations(
            server=server,
            device=_column(self._device),
            revision=_column(self._revision),
            at_ms=_column(at_ms),
            timeout_ms=_column(self._server_timeout_ms),
        )
        return self._attempt(self._servers.synchronise(request), 0)

    @property
    def _server_timeout_ms(self) -> int:
        """How late a server may answer: the answer has yet to come through the site's network."""
        return self._integration.timeout_ms - self._site.latency_ms

    def _send(
        self,
        queue: Queue,
        first: int,
        upto: int,
        package_events: int,
        server: str,
        at_ms: int,
        materialise: Materialise,
    ) -> _Attempt:
        events = queue.between(first, upto)
        sizes = [EVENT_TYPES[event.type].size_bytes for event in events]
        packages = [
            PACKAGE_HEADER_BYTES + sum(sizes[begin : begin + package_events])
            for begin in range(0, len(sizes), package_events)
        ]

        def expand(_row: int, begin: int, end: int) -> list[PortEvent]:
            wanted = events[begin - first : end - first]
            return [materialise(event, ordinal) for ordinal, event in enumerate(wanted, begin)]

        request = Transmissions(
            server=server,
            device=_column(self._device),
            first=_column(first),
            upto=_column(upto),
            package_events=_column(package_events),
            largest_bytes=_column(max(packages)),
            bytes=_column(sum(packages)),
            at_ms=_column(at_ms),
            timeout_ms=_column(self._server_timeout_ms),
            expand=expand,
        )
        return self._attempt(self._servers.transmit(request), sum(packages))

    def _attempt(self, answers: Answers, size_bytes: int) -> _Attempt:
        outcome = Outcome(int(answers.outcome[0]))
        took_us = int(answers.latency_us[0]) + 1_000 * self._site.latency_ms
        if outcome is Outcome.TIMED_OUT:
            took_us = 1_000 * self._integration.timeout_ms
        elif outcome is Outcome.UNREACHABLE:
            took_us = min(took_us, 1_000 * self._integration.timeout_ms)
        elif self._site.link_bps is not None:  # the body was on the link before its answer came
            took_us += 8 * size_bytes * 1_000_000 // self._site.link_bps
        return _Attempt(outcome, took_us // 1_000, int(answers.acked[0]))


_NO_LINK = _Attempt(Outcome.UNREACHABLE, 0, 0)


def _column(value: int) -> I64:
    return np.array([value], np.int64)
