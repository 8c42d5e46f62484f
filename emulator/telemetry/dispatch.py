"""One tick of a stream in which somebody waits or something may fail: the queue as the cargo of its sessions."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emulator.events import EVENT_TYPES, PACKAGE_HEADER_BYTES
from emulator.ports import I64, Answers, Event, Outcome, Transmissions
from emulator.telemetry.books import whole
from emulator.telemetry.ledger import SIZES
from emulator.telemetry.profiles import Route
from emulator.telemetry.rows import Rows, Tick, cell_sums, sums_by_cell
from emulator.telemetry.session import Lost
from emulator.world import PACKAGES_PER_PERIOD

if TYPE_CHECKING:
    from emulator.telemetry.stream import Stream

TYPES: Final = len(EVENT_TYPES)
I32 = NDArray[np.int32]
Expand = Callable[[int, int, int], Sequence[Event]]


class Dispatch:
    """One tick of a stream in which somebody waits or something may fail: the cargo of the sessions."""

    def __init__(self, stream: "Stream", tick: Tick, window: I32, passed: I32, block: Rows) -> None:
        self._stream = stream
        self._tick = tick
        self._window = window
        self._block = block
        self._start = stream.made.copy()
        self._package = np.broadcast_to(whole(block.runs, "package_events", len(passed)), passed.shape).astype(np.int64)
        stream.made += passed
        stream.queued[block.cells] += cell_sums(window, block.edges)
        # A window stays out of the backlog as long as it may leave whole and at once.
        self._fresh = (passed > 0) & (stream.acked == self._start)
        self._fresh &= passed <= self._package * PACKAGES_PER_PERIOD
        self._queue((passed > 0) & ~self._fresh)

    def run(self) -> None:
        """Synchronises and sends, each device on its own route."""
        stream, tick, block = self._stream, self._tick, self._block
        lost = Lost(len(stream.made))
        for first, end, route in block.routes(stream.target):
            rows = np.arange(first, end)
            if tick.down is not None:
                rows = rows[~tick.down[rows]]
            rows = stream.session.free(rows, tick.at)
            asks = rows[stream.residue[rows] == tick.number % route.interval]
            if len(asks):
                self._synchronise(asks, route, lost)
            sends = rows if tick.due is None else rows[tick.due[rows]]
            sends = sends[stream.made[sends] > stream.acked[sends]]
            if len(sends):
                stream.session.send(sends, route, tick, block.device, self, stream.books.ledger, lost)
        self._queue(self._fresh.copy())
        self._longest()

    def _synchronise(self, rows: I64, route: Route, lost: Lost) -> None:
        """Rows ask for news, tell theirs, and take what there is at their moment."""
        stream, block = self._stream, self._block
        before = stream.revision[rows]
        heard = stream.session.synchronise(
            rows, route, self._tick, block.device, stream.revision, stream.books.ledger, lost
        )
        telling = stream.told(heard)
        if len(telling):
            block.tell_server(stream.target, block.device[telling], self._tick.at[telling] + lost.of(telling))
        risen = rows[stream.revision[rows] > before]
        if len(risen):
            held = before[stream.revision[rows] > before]
            moment = self._tick.at[risen] + lost.of(risen)
            block.deliver(stream.target, block.device[risen], moment, held, stream.revision[risen])

    def load(self, rows: I64, server: str, at_ms: I64, timeout_ms: int) -> Transmissions:
        """What `rows` have queued, at most what may leave at once."""
        stream = self._stream
        first = stream.acked[rows].copy()
        upto = np.minimum(stream.made[rows], first + self._package[rows] * PACKAGES_PER_PERIOD)
        counts = self._counts(rows, upto)
        packages = -(-(upto - first) // self._package[rows])
        size = counts @ SIZES + packages * PACKAGE_HEADER_BYTES
        largest = size.copy()
        several = np.flatnonzero(packages > 1)
        if len(several) and stream.session.weighs(server, self._tick):
            largest[several] = self._largest(rows[several], first[several], upto[several])
        self._loaded = counts
        return Transmissions(
            server,
            self._block.device[rows],
            first,
            upto,
            self._package[rows],
            largest,
            size,
            at_ms,
            np.full(len(rows), timeout_ms, np.int64),
            self._expand(rows),
        )

    def answered(self, rows: I64, batch: Transmissions, answers: Answers) -> None:
        """Books what arrived and what is acknowledged; the rest stays or goes into the backlog."""
        stream = self._stream
        left = answers.outcome != Outcome.UNREACHABLE
        stream.books.sent(rows[left], self._loaded[left], self._block)
        silent = answers.outcome == Outcome.TIMED_OUT
        stream.tried[rows[silent]] = np.maximum(stream.tried[rows[silent]], batch.upto[silent])
        complete = answers.acked == batch.upto
        counts = self._loaded.copy()
        part = np.flatnonzero(~complete)
        if len(part):
            waiting = np.zeros(len(self._fresh), np.bool_)
            waiting[rows[part]] = self._fresh[rows[part]]
            self._queue(waiting)
            counts[part] = stream.backlog.taken(rows[part], answers.acked[part], len(self._fresh))
        stream.books.sum("acknowledged", rows, counts, self._block)
        sums_by_cell(rows, -counts, self._block.edges, self._block.cells, stream.queued)
        stream.acked[rows] = answers.acked
        stream.tried[rows] = np.maximum(stream.tried[rows], answers.acked)
        self._fresh[rows] = False
        if len(stream.backlog):
            stream.backlog.acknowledge(stream.acked)

    def _expand(self, rows: I64) -> Expand:
        """Makes single events of the loaded rows, for backends that take packages."""
        stream = self._stream

        def expand(row: int, first: int, upto: int) -> Sequence[Event]:
            if stream.history is None:
                raise RuntimeError("this run does not record what events are made of")
            place = int(rows[row])
            return stream.history.events(self._block, place, stream.backlog.spans(place), first, upto)

        return expand

    def _counts(self, rows: I64, upto: I64) -> I64:
        """Counts per type of what `rows` have queued below `upto`, (len(rows), types)."""
        fresh = self._fresh[rows]
        counts = np.empty((len(rows), TYPES), np.int64)
        counts[fresh] = self._window[:, rows[fresh]].T
        if not fresh.all():
            counts[~fresh] = self._stream.backlog.taken(rows[~fresh], upto[~fresh], len(self._fresh))
        return counts

    def _largest(self, rows: I64, first: I64, upto: I64) -> I64:
        """Bytes of the largest package of each of `rows`."""
        largest = np.zeros(len(rows), np.int64)
        before = np.zeros((len(rows), TYPES), np.int64)
        for package in range(1, PACKAGES_PER_PERIOD + 1):
            until = np.minimum(first + package * self._package[rows], upto)
            counts = self._counts_below(rows, until)
            np.maximum(largest, (counts - before) @ SIZES, out=largest)
            before = counts
            if (until == upto).all():
                break
        return largest + PACKAGE_HEADER_BYTES

    def _counts_below(self, rows: I64, upto: I64) -> I64:
        """As `_counts`, for any place inside the queue."""
        fresh = self._fresh[rows]
        counts = np.empty((len(rows), TYPES), np.int64)
        own = self._window[:, rows[fresh]].T.astype(np.int64)
        before = own.cumsum(axis=1) - own
        counts[fresh] = np.clip((upto[fresh] - self._start[rows[fresh]])[:, None] - before, 0, own)
        if not fresh.all():
            counts[~fresh] = self._stream.backlog.taken(rows[~fresh], upto[~fresh], len(self._fresh))
        return counts

    def _queue(self, chosen: NDArray[np.bool_]) -> None:
        """Puts the windows of the chosen rows into the backlog."""
        rows = np.flatnonzero(chosen)
        if len(rows):
            self._stream.backlog.append(rows, self._tick.number, self._start[rows], self._window[:, rows])
            self._fresh[rows] = False

    def _longest(self) -> None:
        stream = self._stream
        length = stream.made - stream.acked
        if stream.queued_max is None or stream.queued_max_at is None:
            stream.queued_max, stream.queued_max_at = np.zeros_like(length), np.zeros_like(length)
        longer = length > stream.queued_max
        stream.queued_max[longer] = length[longer]
        stream.queued_max_at[longer] = self._tick.at[longer]
