"""The stream of a block's telemetry to one target: its window, its throttle, its queue.

`collect` takes what happened in a tick, `transmit` makes a window of it and hands the queue to the session. All columns
have a row a device; the same code runs for one device and for a million.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.clock import HOUR_SLOTS
from emulator.events import EVENT_TYPES, HIGH_TYPES, PACKAGE_HEADER_BYTES
from emulator.ports import I64, PORT_OF_TARGET, Target
from emulator.sites import US_PER_MS, transfer_us
from emulator.telemetry.backlog import Backlog
from emulator.telemetry.books import Books, whole
from emulator.telemetry.collect import Collector
from emulator.telemetry.dispatch import Dispatch
from emulator.telemetry.history import History
from emulator.telemetry.ledger import SIZES
from emulator.telemetry.profiles import Route
from emulator.telemetry.rows import Rows, Tick, cell_sums, sums_by_cell
from emulator.telemetry.session import Session
from emulator.telemetry.throttle import Throttle
from emulator.world import MERGE_SLOTS, PACKAGES_PER_PERIOD, RETENTION_MS, World

TYPES: Final = len(EVENT_TYPES)
I32 = NDArray[np.int32]


class Stream:
    """Columns of a block for one target.

    `made`, `acked`, `tried` int64: ordinals given, acknowledged, ever sent. While `clean` holds, every device has all
    it made acknowledged, and `acked` and `tried` are not kept. `residue` int32 says which ticks of the synchronisation
    interval are a device's own, `hour_offset` int32 (ticks) when its throttle hour begins. `pending` int32 (types,
    rows) exists where a transmission period is longer than a tick.
    """

    def __init__(
        self,
        target: Target,
        world: World,
        *,
        collector: Collector,
        session: Session,
        residue: NDArray[np.int32],
        hour_offset: NDArray[np.int32],
        cells: int,
        records: bool,
    ) -> None:
        size = len(residue)
        self.target = target
        self.world = world
        self.collector = collector
        self.session = session
        self.residue = residue
        self.hour_offset = hour_offset
        self.books = Books(target, size)
        self.made: I64 = np.zeros(size, np.int64)
        self.acked: I64 = np.zeros(size, np.int64)
        self.tried: I64 = np.zeros(size, np.int64)
        self.revision: I64 = np.zeros(size, np.int64)
        self.expected: I64 | None = None
        self.telling: NDArray[np.bool_] | None = None
        self.clean = True
        self.backlog = Backlog()
        self.throttle = Throttle(size) if target is Target.CENTRAL_NODE else None
        self.queued: I64 = np.zeros((cells, TYPES), np.int64)
        self.pending: I32 | None = None
        self.history = self.collector.history = History(world) if records else None
        self.queued_max: I64 | None = None
        self.queued_max_at: I64 | None = None
        self._throttled_at = -1

    def __len__(self) -> int:
        return len(self.made)

    def total(self, term: str) -> I64:
        """The total of a term for each row; `acknowledged`, `queued` and `unanswered` follow from the ordinals."""
        acked = self.made if self.clean else self.acked
        tried = self.made if self.clean else np.maximum(self.tried, self.acked)
        if term == "acknowledged":
            return acked - self.books.total("expired")
        if term == "unanswered":
            return tried - acked
        if term == "queued":
            queued = self.made - tried
            return queued if self.pending is None else queued + self.pending.sum(axis=0, dtype=np.int64)
        return self.books.total(term)

    @property
    def waiting(self) -> I64:
        """Events of each row that no server has acknowledged yet."""
        waiting: I64 = self.made - self.acknowledged
        return waiting if self.pending is None else waiting + self.pending.sum(axis=0, dtype=np.int64)

    @property
    def acknowledged(self) -> I64:
        """Below which ordinal each row believes everything stored (or gave it up as expired)."""
        return self.made if self.clean else self.acked

    def stock(self, block: Rows, queued: I64, unanswered: I64) -> None:
        """Adds what waits now, by cell and type, to the (cells, types) sums of the two stocks."""
        if not self.clean:
            rows = np.flatnonzero(self.tried > self.acked)
            sent = np.zeros_like(unanswered)
            sums_by_cell(rows, self.backlog.taken(rows, self.tried[rows], len(self)), block.edges, block.cells, sent)
            unanswered += sent
            queued += self.queued - sent
        if self.pending is not None:
            queued[block.cells] += cell_sums(self.pending, block.edges)

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        columns: list[NDArray[np.generic]] = [self.made, self.acked, self.tried, self.revision, self.residue]
        columns += [self.hour_offset, *self.books.totals.values()]
        columns += [c for c in (self.pending, self.queued_max, self.queued_max_at) if c is not None]
        if self.throttle is not None:
            columns += [self.throttle.passed, self.throttle.low]
        if self.collector.ttl is not None:
            columns.append(self.collector.ttl.last)
        return sum(column.nbytes for column in columns) + self.session.bytes + self.backlog.bytes

    def permute(self, order: I64, position: I64) -> None:
        """Row i is now what row `order[i]` was; what was row i is now row `position[i]`."""
        for name in (
            "residue",
            "hour_offset",
            "made",
            "acked",
            "tried",
            "revision",
            "expected",
            "telling",
            "queued_max",
            "queued_max_at",
        ):
            column = getattr(self, name)
            if column is not None:
                setattr(self, name, column[order])
        if self.pending is not None:
            self.pending = np.ascontiguousarray(self.pending[:, order])
        for part in (self.books, self.session, self.throttle, self.collector.ttl):
            if part is not None:
                part.permute(order)
        self.backlog.permute(position)

    def expect(self, rows: I64, revision: int) -> None:
        """A server holds news of this revision for `rows`."""
        if self.expected is None:
            self.expected = np.zeros(len(self), np.int64)
        self.expected[rows] = np.maximum(self.expected[rows], revision)

    def tell(self, row: int) -> None:
        """A row has something to tell a server at its next synchronisation that is answered."""
        if self.telling is None:
            self.telling = np.zeros(len(self), np.bool_)
        self.telling[row] = True

    def told(self, rows: I64) -> I64:
        """Those of `rows`, which were answered, that had something to tell; now they have not."""
        if self.telling is None:
            return rows[:0]
        telling = rows[self.telling[rows]]
        self.telling[telling] = False
        return telling

    @property
    def expects(self) -> bool:
        """True while some row has yet to take news, or to tell some."""
        if self.expected is not None and (self.expected <= self.revision).all():
            self.expected = None
        if self.telling is not None and not self.telling.any():
            self.telling = None
        return self.expected is not None or self.telling is not None

    @property
    def collects(self) -> bool:
        """True while some row waits with events for its next transmission."""
        return self.pending is not None and bool(self.pending.any())

    def unsettled(self) -> I64:
        """Events of each row that are neither acknowledged nor in a segment: none, unless the columns are wrong."""
        if self.clean:
            return np.zeros(len(self), np.int64)
        segments = self.backlog.taken(np.arange(len(self)), self.made, len(self))
        left: I64 = self.made - self.acked - segments.sum(axis=1, dtype=np.int64)
        return left

    def transmit(self, tick: Tick, counts: I32, block: Rows) -> None:
        """Throttles the window that ends in this tick, queues it, and lets the session send what is queued."""
        window = self._window(tick, counts)
        if self.throttle is not None:
            self._throttle(self.throttle, tick, window, block)
        passed = window.sum(axis=0, dtype=np.int32)
        if self.history is not None:
            self.history.close(block.device, tick.due, tick.number, window, self.made, passed)
        if self.clean and self._settle(tick, window, passed, block):
            return
        if self.clean:
            self.acked[:], self.tried[:] = self.made, self.made
            self.clean = False
        Dispatch(self, tick, window, passed, block).run()
        self._tidy(tick, block)
        if self.history is not None:
            self.history.forget(block.device, self.backlog.earliest(len(self)))

    def crash(self, rows: I64, block: Rows) -> None:
        """What `rows` had collected since their last transmission is lost."""
        if self.pending is not None:
            self.books.book("crashed", rows, self.pending[:, rows].T, block)
            self.pending[:, rows] = 0
        if self.history is not None:
            for device in block.device[rows].tolist():
                self.history.lose(device)

    def _window(self, tick: Tick, counts: I32) -> I32:
        if tick.due is None and self.pending is None:
            return counts
        if self.pending is None:
            self.pending = np.zeros((TYPES, len(self)), np.int32)
        self.pending += counts
        if tick.due is None:
            window, self.pending = self.pending, None
            return window
        window = self.pending * tick.due
        self.pending -= window
        return window

    def _throttle(self, throttle: Throttle, tick: Tick, window: I32, block: Rows) -> None:
        """Request throttling; the hour rolls at each device's own offset."""
        hour = HOUR_SLOTS * self.world.slot_ticks
        if tick.number == self._throttled_at + 1:
            rolled = self.hour_offset == -tick.number % hour
        else:
            rolled = (self.hour_offset + tick.number) // hour != (self.hour_offset + self._throttled_at) // hour
        self._throttled_at = tick.number
        if rolled.any():
            throttle.roll(rolled)
        before = window[HIGH_TYPES:].copy()
        dropped = throttle.restrict(
            window, whole(block.runs, "limit", len(self)), whole(block.runs, "share", len(self))
        )
        if dropped.any():
            before -= window[HIGH_TYPES:]
            counts = np.zeros_like(window)
            counts[HIGH_TYPES:] = before
            self.books.book_all("throttled", dropped, counts, block)

    def _settle(self, tick: Tick, window: I32, passed: I32, block: Rows) -> bool:
        """The way of nearly every window: nobody waits, the first server is sure to answer; else False."""
        groups = [
            (first, end, route, self.session.quiet(route, tick)) for first, end, route in block.routes(self.target)
        ]
        smallest = min(run.profile.package_events for run in block.runs)
        most = int(passed.max(initial=0))
        if most > smallest * PACKAGES_PER_PERIOD or any(latency is None for _, _, _, latency in groups):
            return False
        if sum(end - first for first, end, _, _ in groups) < len(self) and self._strands(passed, block):
            return False
        if self.expects and self._asks_for_news(tick, block):
            return False
        if most <= smallest:
            packages = np.minimum(passed, 1).astype(np.int64)
        else:
            packages = -(-passed.astype(np.int64) // whole(block.runs, "package_events", len(self)))
        transfers: list[I64 | None] = []
        for first, end, route, latency_us in groups:
            assert latency_us is not None
            takes_us = _transfer_us(route, window[:, first:end], packages[first:end])
            if takes_us is not None and latency_us + int(takes_us.max()) >= self.world.tick_ms * US_PER_MS:
                return False
            transfers.append(takes_us)
        start = self.made.copy()
        self.made += passed
        for (first, end, route, latency_us), takes_us in zip(groups, transfers, strict=True):
            assert latency_us is not None
            rows = slice(first, end)
            self.session.settle(
                rows,
                block.device,
                start,
                self.made,
                tick,
                server=route.servers[0],
                latency_us=latency_us,
                synchronises=self.residue[rows] == tick.number % route.interval,
                packages=packages[rows],
                transfer_us=takes_us,
                ledger=self.books.ledger,
            )
            carried = window[:, rows].sum(axis=1, dtype=np.int64)
            traffic = self.books.ledger.of(route.servers[0], PORT_OF_TARGET[self.target], "send")
            size = int(carried @ SIZES) + PACKAGE_HEADER_BYTES * int(packages[rows].sum())
            traffic.events += int(carried.sum())
            traffic.bytes_in += size
            traffic.bytes_wire += size
        sums = cell_sums(window, block.edges)
        self.books.ledger.flow(self.target, "acknowledged")[block.cells] += sums
        self.books.ledger.bytes(self.target)[block.cells] += sums * SIZES
        return True

    def _strands(self, passed: I32, block: Rows) -> bool:
        """True where a row has something to send and no server to send it to."""
        left = passed > 0
        for first, end, _ in block.routes(self.target):
            left[first:end] = False
        return bool(left.any())

    def _asks_for_news(self, tick: Tick, block: Rows) -> bool:
        """True where a row that expects news, or has some, synchronises in this tick."""
        waiting = np.zeros(len(self), np.bool_) if self.telling is None else self.telling.copy()
        if self.expected is not None:
            waiting |= self.expected > self.revision
        return any(
            (waiting[first:end] & (self.residue[first:end] == tick.number % route.interval)).any()
            for first, end, route in block.routes(self.target)
        )

    def _tidy(self, tick: Tick, block: Rows) -> None:
        """Merges and expires segments at the end of a slot, and looks whether all is well again."""
        ticks = self.world.slot_ticks
        if tick.number == tick.slot * ticks:
            for every in MERGE_SLOTS:
                if tick.slot % every == 0:
                    self.backlog.merge(tick.number - every * ticks, self.tried)
            horizon = tick.number - RETENTION_MS // self.world.tick_ms
            if horizon > 0 and len(self.backlog):
                gone = self.backlog.expire(horizon, self.acked)
                rows = np.flatnonzero(gone.any(axis=1))
                self.books.book("expired", rows, gone[rows], block)
                sums_by_cell(rows, -gone[rows], block.edges, block.cells, self.queued)
        self.session.settled(tick.at, block.routes(self.target))
        self.clean = len(self.backlog) == 0 and bool((self.acked == self.made).all())
        assert not self.clean or not self.queued.any(), "nobody waits, and yet something is queued"


def _transfer_us(route: Route, window: I32, packages: I64) -> I64 | None:
    """How long what each row sends takes on its link; None where that takes no time."""
    link_bps = route.site.link_bps
    if link_bps is None:
        return None
    return transfer_us(SIZES @ window + packages * PACKAGE_HEADER_BYTES, link_bps)
