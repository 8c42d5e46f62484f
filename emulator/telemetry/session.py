"""Which server each device of a block talks to, and what it sends there (KEA-CEN-005 to KEA-CEN-010, KEA-CEN-027).

A device uses one server of its list, or waits for its next synchronisation. The list is tried from the top at each
synchronisation; a server that is unreachable or silent costs its time, and the next one is tried. See `docs/window.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.asking import destination
from emulator.clock import Rank
from emulator.journal import Journal
from emulator.ports import I64, Answers, Distrust, Outcome, Port, Synchronisations, TelemetryColumns, Transmissions
from emulator.sites import US_PER_MS
from emulator.telemetry.ledger import Ledger, Traffic
from emulator.telemetry.profiles import Route
from emulator.telemetry.rows import Tick

WAITING: Final = -1
SYNCHRONISATION_BYTES: Final = 700
"""Length of a synchronisation request in our wire protocol."""


class Cargo(Protocol):
    """What a session carries: the queue of a block for one target."""

    def load(self, rows: I64, server: str, at_ms: I64, timeout_ms: int) -> Transmissions:
        """What `rows` have to send to `server`, each at its own moment."""

    def answered(self, rows: I64, batch: Transmissions, answers: Answers) -> None:
        """Takes the answers: what is acknowledged leaves the queue."""


@dataclass(slots=True)
class Lost:
    """Time that each row of a block has lost with failed attempts in this tick, ms; made on the first failure."""

    size: int
    column: I64 | None = None

    def of(self, rows: I64) -> I64 | int:
        """The loss of `rows`."""
        return 0 if self.column is None else self.column[rows]

    def add(self, rows: I64, cost_ms: I64) -> None:
        """Adds to it."""
        if self.column is None:
            self.column = np.zeros(self.size, np.int64)
        self.column[rows] += cost_ms


@dataclass(frozen=True, slots=True)
class Visits:
    """The ticks of a span that are each row's own: how many, the first and the last (where there is one)."""

    count: I64
    first: I64
    last: I64


def visits(residue: NDArray[np.int32], interval: int, first: int, end: int) -> Visits:
    """The ticks of [first, end) that equal a row's residue modulo the interval."""
    own = residue.astype(np.int64)
    earliest = first + (own - first) % interval
    latest = end - 1 - (end - 1 - own) % interval
    return Visits(np.maximum((latest - earliest) // interval + 1, 0), earliest, latest)


class Session:
    """Session columns of a block for one target.

    `server` int8 is the index in the device's list or WAITING, `open` whether there is a connection; `busy` int64 (ms)
    exists once an attempt outlasted a tick; `revision` int64 is what the device holds of the server's tasks.
    `distrusted` int16 tells, by address of a server, why there is no connection: its `Distrust`, 0 for none.
    `contacts` holds (first, last) answered contact per address of a server, int64 ms, -1 for none.
    """

    __slots__ = (
        "_journal",
        "_port",
        "_servers",
        "_tick_ms",
        "busy",
        "contacts",
        "distrusted",
        "open",
        "server",
        "steady",
    )

    def __init__(
        self, size: int, *, port: Port, servers: TelemetryColumns, journal: Journal, tick_ms: int, cold: bool
    ) -> None:
        self._port = port
        self._servers = servers
        self._journal = journal
        self._tick_ms = tick_ms
        self.server: NDArray[np.int8] = np.zeros(size, np.int8)
        self.open: NDArray[np.bool_] = np.full(size, not cold)
        self.busy: I64 | None = None
        self.contacts: dict[str, tuple[I64, I64]] = {}
        self.distrusted: dict[str, NDArray[np.int16]] = {}
        self.steady = not cold

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        contacts = sum(first.nbytes + last.nbytes for first, last in self.contacts.values())
        distrusted = sum(column.nbytes for column in self.distrusted.values())
        busy = 0 if self.busy is None else self.busy.nbytes
        return self.server.nbytes + self.open.nbytes + contacts + distrusted + busy

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.server, self.open = self.server[order], self.open[order]
        self.busy = None if self.busy is None else self.busy[order]
        self.contacts = {name: (first[order], last[order]) for name, (first, last) in self.contacts.items()}
        self.distrusted = {server: column[order] for server, column in self.distrusted.items()}

    def free(self, rows: I64, at_ms: I64) -> I64:
        """Those of `rows` that are not busy with earlier attempts at their moment."""
        return rows if self.busy is None else rows[self.busy[rows] <= at_ms[rows]]

    def weighs(self, server: str, tick: Tick) -> bool:
        """True where a limit on the size of bodies may hold in this tick."""
        return self._servers.weighs(server, tick.from_ms, tick.until_ms)

    def quiet(self, route: Route, tick: Tick) -> int | None:
        """The latency (µs) of every answer in this tick where nothing can go wrong with the first server, else None.

        What telemetry takes on a link comes on top of it.
        """
        if not (self.steady and route.servers and tick.plain):
            return None
        return surely_us(self._servers, route, tick.from_ms, tick.until_ms, self._tick_ms)

    def settle(
        self,
        rows: slice,
        device: I64,
        first: I64,
        upto: I64,
        tick: Tick,
        *,
        server: str,
        latency_us: int,
        synchronises: NDArray[np.bool_],
        packages: I64,
        transfer_us: I64 | None,
        ledger: Ledger,
    ) -> None:
        """The ordinals [first, upto) of `rows` are stored on a quiet server; those that synchronise hear no news.

        `synchronises` bool and `packages` int64 have a row for each of `rows`; so has `transfer_us` int64, how long
        the packages take on the link, None where they take no time.
        """
        sends = packages > 0
        chosen: slice | NDArray[np.bool_] = slice(None) if sends.all() else sends
        self._servers.settle(server, device[rows][chosen], first[rows][chosen], upto[rows][chosen], packages[chosen])
        asked, sent = int(np.count_nonzero(synchronises)), int(packages.sum())
        count_synchronisations(ledger.of(server, self._port, "synchronise"), asked, latency_us)
        traffic = ledger.of(server, self._port, "send")
        traffic.requests += sent
        earliest, latest = self._contact(server)
        moment = tick.at[rows] + latency_us // US_PER_MS
        asks_or_sends = sends | synchronises
        if transfer_us is None:
            traffic.answered_alike(latency_us, int(np.count_nonzero(sends)))
            np.copyto(latest[rows], moment, where=asks_or_sends)
        else:
            took_us = latency_us + transfer_us
            traffic.answered(took_us[sends])
            np.copyto(latest[rows], moment, where=synchronises)
            np.copyto(latest[rows], tick.at[rows] + took_us // US_PER_MS, where=sends)
            moment = np.where(synchronises, moment, latest[rows])
        if (earliest[rows] < 0).any():
            np.copyto(earliest[rows], moment, where=asks_or_sends & (earliest[rows] < 0))

    def rested(self, rows: slice, route: Route, visits: Visits, phase: I64, ledger: Ledger) -> None:
        """Counts the synchronisations of `rows` with a quiet server over ticks in which nothing else happened."""
        server = route.servers[0]
        latency_us = (self._servers.quiet(server, 0, 0) or 0) + route.site.latency_ms * US_PER_MS
        count_synchronisations(ledger.of(server, self._port, "synchronise"), int(visits.count.sum()), latency_us)
        earliest, latest = self._contact(server)
        asked, answer_ms = visits.count > 0, phase + latency_us // US_PER_MS
        np.copyto(latest[rows], answer_ms + visits.last * self._tick_ms, where=asked)
        unknown = asked & (earliest[rows] < 0)
        np.copyto(earliest[rows], answer_ms + visits.first * self._tick_ms, where=unknown)

    def restart(self, rows: I64) -> None:
        """`rows` have another list of servers: they begin with its first one, on a new connection."""
        self.server[rows] = 0
        self.closed(rows)

    def closed(self, rows: I64) -> None:
        """The connections of `rows` are gone; Endpoint Agent was down."""
        self.open[rows] = False
        self.steady = False

    def synchronise(
        self, rows: I64, route: Route, tick: Tick, device: I64, revision: I64, ledger: Ledger, lost: Lost
    ) -> I64:
        """Tries the list from the top for `rows`; raises `revision` to what the server that answered says.

        The rows that were answered, and not refused, ascending.
        """
        before, left, heard = self.server[rows].copy(), rows, np.zeros(len(self.server), np.bool_)
        self.server[rows] = WAITING
        previous = np.full(len(self.server), WAITING, np.int8)
        previous[rows] = before
        if tick.unlinked is not None:
            left = rows[~tick.unlinked[rows]]
            self.open[rows[tick.unlinked[rows]]] = False
        for index, server in enumerate(route.servers):
            if not len(left):
                break
            at_ms = tick.at[left] + lost.of(left)
            waits = np.full(len(left), route.wait_ms, np.int64)
            request = Synchronisations(server, device[left], revision[left], at_ms, waits)
            answers = route.site.delayed(self._servers.synchronise(request), waits)
            fresh = ~self.open[left] | (previous[left] != index)
            answered = self._outcome(left, server, "synchronise", answers, at_ms, route, ledger, lost)
            traffic = ledger.of(server, self._port, "synchronise")
            traffic.requests += len(left)
            traffic.connects += int(np.count_nonzero(fresh))
            traffic.bytes_wire += SYNCHRONISATION_BYTES * int(np.count_nonzero(answers.outcome != Outcome.UNREACHABLE))
            traffic.bytes_in += SYNCHRONISATION_BYTES * int(np.count_nonzero(answers.outcome == Outcome.OK))
            self._trusts(left, server, Rank.SYNCHRONISATION, answers, at_ms, device)
            late = left[(answers.outcome == Outcome.TIMED_OUT) & (previous[left] == index)]
            self._late(late, server, Rank.SYNCHRONISATION, tick, device, lost)
            won = left[answered]
            self.server[won] = index
            self.open[won] = True
            good = answers.outcome == Outcome.OK
            heard[left[good]] = True
            revision[left[good]] = np.maximum(revision[left[good]], answers.acked[good])
            moved = answered & (previous[left] != WAITING) & (previous[left] < index)
            back = answered & (previous[left] != index) & ~moved
            self._journal.add(
                "fail-over", Rank.SYNCHRONISATION, at_ms[moved], device[left[moved]], to=destination(server)
            )
            self._journal.add(
                "connect", Rank.SYNCHRONISATION, at_ms[back], device[left[back]], server=destination(server)
            )
            left = left[~answered]
        gone = rows[(self.server[rows] == WAITING) & (before != WAITING)]
        self._no_server(gone, tick, device, lost)
        return np.flatnonzero(heard)

    def send(self, rows: I64, route: Route, tick: Tick, device: I64, cargo: Cargo, ledger: Ledger, lost: Lost) -> None:
        """Sends what `rows` have queued, each to its server, and down the list where that fails."""
        if tick.unlinked is not None:
            cut = rows[tick.unlinked[rows] & (self.server[rows] != WAITING)]
            self.server[cut] = WAITING
            self.open[cut] = False
            self._no_server(cut, tick, device, lost)
        for index, server in enumerate(route.servers):
            here = rows[self.server[rows] == index]
            if not len(here):
                continue
            at_ms = tick.at[here] + lost.of(here)
            batch = cargo.load(here, server, at_ms, route.wait_ms)
            answers = route.site.delayed(self._servers.transmit(batch), batch.timeout_ms, batch.bytes)
            fresh = ~self.open[here]
            answered = self._outcome(here, server, "send", answers, at_ms, route, ledger, lost)
            self._count(batch, answers, fresh, ledger.of(server, self._port, "send"))
            self._trusts(here, server, Rank.DATA, answers, at_ms, device)
            self.open[here[answered]] = True
            cargo.answered(here, batch, answers)
            failed = here[~answered]
            if not len(failed):
                continue
            self._late(here[answers.outcome == Outcome.TIMED_OUT], server, Rank.DATA, tick, device, lost)
            if index + 1 < len(route.servers):
                self.server[failed] = index + 1
                moment = tick.at[failed] + lost.of(failed)
                to = destination(route.servers[index + 1])
                self._journal.add("fail-over", Rank.DATA, moment, device[failed], to=to)
            else:
                self.server[failed] = WAITING
                self._no_server(failed, tick, device, lost)

    def settled(self, at_ms: I64, routes: Sequence[tuple[int, int, Route]]) -> None:
        """Looks, after a tick at `at_ms`, whether all on `routes` are back on their first server, open and not busy."""
        if self.busy is not None and (self.busy <= at_ms + self._tick_ms).all():
            self.busy = None
        self.steady = self.busy is None and all(
            bool((self.server[first:end] == 0).all() and self.open[first:end].all()) for first, end, _ in routes
        )

    def _late(self, rows: I64, server: str, rank: Rank, tick: Tick, device: I64, lost: Lost) -> None:
        """The server that `rows` were connected to did not answer in time: they give it up."""
        self._journal.add("timeout", rank, tick.at[rows] + lost.of(rows), device[rows], server=destination(server))

    def _trusts(self, rows: I64, server: str, rank: Rank, answers: Answers, at_ms: I64, device: I64) -> None:
        """Tells of `rows` that do not connect, since somebody does not accept a certificate, and when that is over.

        It is told once, until they connect or the reason is another one.
        """
        code = np.where(answers.outcome == Outcome.UNREACHABLE, answers.status, 0).astype(np.int16)
        address = destination(server)
        known = self.distrusted.get(address)
        if known is None:
            if not code.any():
                return
            known = self.distrusted[address] = np.zeros(len(self.server), np.int16)
        changed = (code != known[rows]) & ((code != 0) | (answers.outcome <= Outcome.REFUSED))
        for each in np.unique(code[changed]).tolist():
            here = changed & (code == each)
            moment, who = at_ms[here], device[rows[here]]
            if each:
                why = Distrust(each)
                values = {"server": address, "by": why.by, "reason": why.reason}
                self._journal.add("certificate-refused", rank, moment, who, **values)
            else:
                self._journal.add("certificate-accepted", rank, moment, who, server=address)
        known[rows[changed]] = code[changed]

    def _no_server(self, rows: I64, tick: Tick, device: I64, lost: Lost) -> None:
        self._journal.add("no-server", Rank.DATA, tick.at[rows] + lost.of(rows), device[rows])

    def _outcome(
        self, rows: I64, server: str, kind: str, answers: Answers, at_ms: I64, route: Route, ledger: Ledger, lost: Lost
    ) -> NDArray[np.bool_]:
        """Books time, contacts and failures of one attempt; returns which rows got an answer."""
        traffic = ledger.of(server, self._port, kind)
        traffic.outcomes(answers.outcome)
        answered: NDArray[np.bool_] = (answers.outcome == Outcome.OK) | (answers.outcome == Outcome.REFUSED)
        traffic.answered(answers.latency_us[answered])
        latency_ms = answers.latency_us // US_PER_MS
        cost_ms = np.where(answers.outcome == Outcome.TIMED_OUT, route.timeout_ms, latency_ms)
        if not answered.all():
            failed = rows[~answered]
            self.open[failed] = False
            self.steady = False
            lost.add(failed, cost_ms[~answered])
        ends = at_ms + cost_ms
        if (cost_ms >= self._tick_ms).any() or lost.column is not None or self.busy is not None:
            if self.busy is None:
                self.busy = np.zeros(len(self.server), np.int64)
            self.busy[rows] = np.maximum(self.busy[rows], ends)  # a short answer may follow on a long one
        first, last = self._contact(server)
        reached = rows[answered]
        last[reached] = ends[answered]
        unknown = reached[first[reached] < 0]
        first[unknown] = last[unknown]
        return answered

    def _contact(self, server: str) -> tuple[I64, I64]:
        address = destination(server)
        if address not in self.contacts:
            self.contacts[address] = (np.full(len(self.server), -1, np.int64), np.full(len(self.server), -1, np.int64))
        return self.contacts[address]

    @staticmethod
    def _count(batch: Transmissions, answers: Answers, fresh: NDArray[np.bool_], traffic: Traffic) -> None:
        good = answers.outcome == Outcome.OK
        packages = -(-(batch.upto - batch.first) // batch.package_events)
        traffic.requests += int(np.where(good, packages, 1).sum())
        traffic.connects += int(np.count_nonzero(fresh))
        traffic.bytes_wire += int(batch.bytes[answers.outcome != Outcome.UNREACHABLE].sum())
        traffic.bytes_in += int(batch.bytes[good].sum())
        traffic.events += int((answers.acked - batch.first).sum())


def surely_us(servers: TelemetryColumns, route: Route, from_ms: int, until_ms: int, tick_ms: int) -> int | None:
    """The latency (µs) with which the first server of a route surely answers every device in [from_ms, until_ms).

    None where something may go wrong, or an answer may outlast a tick.
    """
    latency_us = servers.quiet(route.servers[0], from_ms, until_ms)
    if latency_us is None:
        return None
    latency_us += route.site.latency_ms * US_PER_MS
    return latency_us if latency_us < min(route.timeout_ms, tick_ms) * US_PER_MS else None


def count_synchronisations(traffic: Traffic, count: int, latency_us: int) -> None:
    """Books `count` synchronisations that a server answered without news."""
    traffic.requests += count
    traffic.bytes_wire += SYNCHRONISATION_BYTES * count
    traffic.bytes_in += SYNCHRONISATION_BYTES * count
    traffic.answered_alike(latency_us, count)
