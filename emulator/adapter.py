"""The adapter: lets a user's backend, which takes single packages, answer the engine's columns.

SeatrialError
└── AdapterError     the backend raised, or answered with what is no reply; exit code 3
"""

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn, Protocol, TypeVar, runtime_checkable

import numpy as np

from emulator.errors import SeatrialError
from emulator.events import EVENT_TYPES, PACKAGE_HEADER_BYTES, TYPE_INDEX
from emulator.ports import (
    I64,
    Ack,
    Answers,
    Backend,
    Credential,
    Device,
    Event,
    Outcome,
    Package,
    Refused,
    Reply,
    RunInfo,
    Synchronisations,
    Telemetry,
    TimedOut,
    Transmissions,
    Unreachable,
)

T = TypeVar("T")

SEND_MAX: Final = 1_024
"""Packages in one call of `send`: what bounds the single events that exist at a time."""
STATUS_MIN, STATUS_MAX = 300, 999
"""Statuses that can be a refusal."""
LATENCY_MS_MAX: Final = 2**31
ORDINAL_MAX: Final = 2**62


class AdapterError(SeatrialError):
    """A backend did what no server can do: it raised, or its answer is not one. The traceback is that of the cause."""


class TelemetryBackend(Backend, Telemetry, Protocol):
    """A backend of the telemetry port."""


@runtime_checkable
class Advances(Protocol):
    """Optional half of a backend that keeps time itself: lets virtual time drive it."""

    def advance(self, to_ms: int) -> None:
        """Moves the server's clock to `to_ms` of simulated time; called with ascending times, before each send."""


class PerPackage:
    """Stands between the engine and a backend that takes single packages.

    Implements `emulator.ports.TelemetryColumns`. `identify` gives the identity of a device by its index. Methods of
    the backend that are coroutine functions run on one event loop, which lives in a thread of the adapter's own, so
    that it neither needs nor disturbs a loop of the caller. Every call raises AdapterError where the backend fails.
    """

    def __init__(self, backend: TelemetryBackend, *, identify: Callable[[int], Device]) -> None:
        self._backend = backend
        self._identify = identify
        self._name = type(backend).__qualname__
        self._loop: _Loop | None = None
        self._enrolled: dict[int, tuple[Device, Credential]] = {}
        self._keeps_time = isinstance(backend, Advances)
        self._advanced_ms = 0

    def open(self, run: RunInfo) -> None:
        """Opens the backend; once, before anything else."""
        self._call("open", run)

    def reset(self) -> None:
        """Empties the server; every device is enrolled anew before its next request."""
        self._enrolled.clear()
        self._call("reset")

    def close(self) -> None:
        """Closes the backend and ends the adapter's event loop, also where the backend fails."""
        try:
            self._call("close")
        finally:
            if self._loop is not None:
                self._loop.close()
                self._loop = None

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        """None: nothing is known of a user's server in advance."""
        return None

    def transmit(self, batch: Transmissions) -> Answers:
        """Sends each row's packages one after the other, those of all rows side by side, in order of time and key.

        A row ends with its first package that is not acknowledged. What was acknowledged before that is in `acked`;
        outcome and status are those of this package, the latency is that of all packages together.
        """
        rows = [_Row(batch, row, self._device(index)) for row, index in enumerate(batch.device.tolist())]
        waiting = sorted((row for row in rows if row.outcome is None), key=_Row.turn)
        if waiting:
            self._advance(waiting[0].at_ms)
        for row in waiting:
            refusal = self.enrol(row.index)
            if refusal is not None:
                row.conclude(refusal)
        while waiting := sorted((row for row in waiting if row.outcome is None), key=_Row.turn):
            for begin in range(0, len(waiting), SEND_MAX):
                part = waiting[begin : begin + SEND_MAX]
                packages = [row.package() for row in part]
                for row, package, reply in zip(part, packages, self.send(packages), strict=True):
                    row.take(package, reply)
        return Answers(
            np.array([row.outcome for row in rows], np.uint8),
            np.array([row.acked for row in rows], np.int64),
            np.array([row.status for row in rows], np.int16),
            np.array([row.latency_ms * 1000 for row in rows], np.int64),
        )

    def synchronise(self, batch: Synchronisations) -> Answers:
        """Answers that nothing is new: a backend of the telemetry port takes telemetry only."""
        count = len(batch)
        return Answers(
            np.full(count, Outcome.OK, np.uint8),
            batch.revision.copy(),
            np.zeros(count, np.int16),
            np.zeros(count, np.int64),
        )

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        """False: sizes are taken from the single packages."""
        return False

    def settle(self, server: str, device: I64, first: I64, upto: I64, packages: I64) -> NoReturn:
        """Is not for a server that is never quiet."""
        raise RuntimeError(f"{server} was never said to be quiet")

    def enrol(self, device: int) -> Refused | TimedOut | Unreachable | None:
        """Enrols a device, once until the next `reset`; a reply where the server does not let it in."""
        if device in self._enrolled:
            return None
        identity = self._identify(device)
        answer = self._call("enrol", identity)
        if isinstance(answer, Credential):
            self._enrolled[device] = identity, answer
            return None
        if not isinstance(answer, (Refused, TimedOut, Unreachable)):
            self._fail("enrol", f"answered {answer!r}, not a Credential")
        self._check("enrol", answer)
        return answer

    def send(self, packages: Sequence[Package]) -> list[Reply]:
        """Sends packages of enrolled devices in one call; a reply each, in order."""
        self._advance(min(package.at_ms for package in packages))
        answer = self._call("send", packages)
        if not isinstance(answer, Sequence) or len(answer) != len(packages):
            what = f"{len(answer)} replies" if isinstance(answer, Sequence) else repr(answer)
            self._fail("send", f"answered {what} to {len(packages)} packages")
        replies = []
        for reply in answer:
            if not isinstance(reply, (Ack, Refused, TimedOut, Unreachable)):
                self._fail("send", f"answered {reply!r}, not Ack, Refused, TimedOut or Unreachable")
            self._check("send", reply)
            replies.append(reply)
        return replies

    @property
    def observes_stored(self) -> bool:
        """Whether the backend lets checks see what it stored."""
        return callable(getattr(self._backend, "stored", None))

    def stored(self, device: int) -> Sequence[tuple[int, int]]:
        """The ordinals that the backend says to hold of a device: intervals as they came, for a check to judge."""
        answer = self._call("stored", self._identify(device).name)
        if not isinstance(answer, Sequence) or not all(_is_interval(interval) for interval in answer):
            self._fail("stored", f"answered {answer!r}, not intervals (first, upto)")
        return [(first, upto) for first, upto in answer]

    def _device(self, index: int) -> Device:
        enrolled = self._enrolled.get(index)
        return enrolled[0] if enrolled is not None else self._identify(index)

    def _advance(self, to_ms: int) -> None:
        # To the earliest moment of what comes next: the server's clock is never ahead of what it is asked.
        if self._keeps_time and to_ms > self._advanced_ms:
            self._advanced_ms = to_ms
            self._call("advance", to_ms)

    def _check(self, method: str, reply: Reply) -> None:
        if isinstance(reply, (Ack, Refused)) and not _is_whole(reply.latency_ms, 0, LATENCY_MS_MAX):
            self._fail(method, f"answered {reply!r}: a latency is a whole number of milliseconds")
        if isinstance(reply, Refused) and not _is_whole(reply.status, STATUS_MIN, STATUS_MAX):
            self._fail(method, f"answered {reply!r}: a status is a number from {STATUS_MIN} to {STATUS_MAX}")

    def _call(self, method: str, *arguments: object) -> Any:  # what came back is checked by the caller
        try:
            answer = getattr(self._backend, method)(*arguments)
            if inspect.isawaitable(answer):
                if self._loop is None:
                    self._loop = _Loop()
                answer = self._loop.run(answer)
        except Exception as error:
            raise AdapterError(f"{self._name}.{method} raised {type(error).__name__}: {error}") from error
        return answer

    def _fail(self, method: str, what: str) -> NoReturn:
        raise AdapterError(f"{self._name}.{method} {what}")


class _Row:
    """What becomes of one row: its packages in order of their ordinals, until one is not acknowledged."""

    __slots__ = ("_batch", "_row", "acked", "at_ms", "device", "index", "latency_ms", "outcome", "status", "upto")

    def __init__(self, batch: Transmissions, row: int, device: Device) -> None:
        self._batch = batch
        self._row = row
        self.index = int(batch.device[row])
        self.device = device
        self.at_ms = int(batch.at_ms[row])
        self.acked = int(batch.first[row])
        self.upto = int(batch.upto[row])
        self.latency_ms = 0
        self.status = 0
        self.outcome = Outcome.OK if self.acked >= self.upto else None

    def turn(self) -> tuple[int, int]:
        """By what rows are ordered: the moment of the next package, then the key of the device."""
        return self.at_ms + self.latency_ms, self.device.key

    def package(self) -> Package:
        """The next package."""
        first = self.acked
        upto = min(first + int(self._batch.package_events[self._row]), self.upto)
        events = tuple(self._batch.expand(self._row, first, upto))
        return Package(
            device=self.device.name,
            server=self._batch.server,
            first=first,
            count=upto - first,
            at_ms=self.turn()[0],
            size_bytes=package_size_bytes(events),
            expand=lambda: events,
        )

    def take(self, package: Package, reply: Reply) -> None:
        """Notes the reply to the package."""
        self.conclude(reply)
        if self.outcome is Outcome.OK:
            self.acked = package.first + package.count
            if self.acked < self.upto:
                self.outcome = None

    def conclude(self, reply: Reply) -> None:
        """Ends the row with a reply."""
        timeout_ms = int(self._batch.timeout_ms[self._row])
        match reply:
            # A device has stopped waiting where the answer takes as long as its response time-out.
            case Ack(latency_ms) if latency_ms < timeout_ms:
                self.outcome = Outcome.OK
                self.latency_ms += latency_ms
            case Refused(status, _, latency_ms) if latency_ms < timeout_ms:
                self.outcome = Outcome.REFUSED
                self.status = status
                self.latency_ms += latency_ms
            case Unreachable():
                self.outcome = Outcome.UNREACHABLE
            case _:
                self.outcome = Outcome.TIMED_OUT
                self.latency_ms += timeout_ms


def package_size_bytes(events: Sequence[Event]) -> int:
    """The length of a package with these events."""
    return PACKAGE_HEADER_BYTES + sum(EVENT_TYPES[TYPE_INDEX[event.type]].size_bytes for event in events)


def _is_whole(value: object, minimum: int, maximum: int) -> bool:
    return type(value) is int and minimum <= value <= maximum


def _is_interval(value: object) -> bool:
    return isinstance(value, Sequence) and len(value) == 2 and all(_is_whole(end, 0, ORDINAL_MAX) for end in value)


class _Loop:
    """An event loop in a thread of its own: it neither needs nor disturbs a loop of the caller."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="seatrial-adapter", daemon=True)
        self._thread.start()

    def run(self, awaitable: Awaitable[T]) -> T:
        """Waits for the awaitable; an interruption of the wait cancels it."""
        future = asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Cancels what the backend left running, and ends the thread."""
        self.run(_cancel_all())
        self.run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _awaited(awaitable: Awaitable[T]) -> T:
    return await awaitable


async def _cancel_all() -> None:
    tasks = sorted(asyncio.all_tasks() - {asyncio.current_task()}, key=asyncio.Task.get_name)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
