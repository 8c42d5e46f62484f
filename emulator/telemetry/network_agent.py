"""Network Agents of a block: they ask the Administration Server, take the news that it has, and carry reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.chance import U64
from emulator.clock import SLOT_MS
from emulator.ports import I64, Outcome, Port, Synchronisations
from emulator.sites import US_PER_MS
from emulator.telemetry.conditions import Conditions
from emulator.telemetry.context import Context
from emulator.telemetry.inbox import Inbox
from emulator.telemetry.rows import Mask
from emulator.telemetry.session import SYNCHRONISATION_BYTES, count_synchronisations, visits
from emulator.world import ADMINISTRATION_TIMEOUT_MS, Condition

CUT_OFF: Final = (Condition.OFF_LINE, Condition.OFF, Condition.AWAY)
"""Conditions in which Network Agent does not reach the Administration Server, and does not try."""


class Rows(Protocol):
    """The rows of a block as its Network Agents see them."""

    device: I64
    site: NDArray[np.int16]
    conditions: Conditions

    def rows_of(self, devices: I64) -> I64:
        """The rows, ascending, of those `devices` that live here."""


@dataclass(slots=True)
class Taken:
    """What rows took with a synchronisation: (item, rows) in order.

    `reporting` are devices that have something to report, with their moments.
    """

    reporting: tuple[I64, I64]
    items: list[tuple[object, I64]] = field(default_factory=list)


class NetworkAgents:
    """The Network Agents of the rows of one block.

    `asks` int32 is the residue of the ticks in which a row synchronises; `reporting` are the devices that have
    something to report at their next synchronisation that is answered.
    """

    def __init__(self, context: Context, block: Rows, key: U64) -> None:
        self._context = context
        self._block = block
        self.inbox = Inbox(len(key), block.rows_of)
        self.reporting: set[int] = set()
        self.asks: NDArray[np.int32] = context.world.residues(
            key, "synchronisation/administration", context.administration_ticks
        ).astype(np.int32)

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.asks = self.asks[order]
        self.inbox.permute(order)

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        return self.asks.nbytes + self.inbox.bytes

    @property
    def _cut_off(self) -> Mask | None:
        """The rows whose Network Agent does not ask the Administration Server; None where all do."""
        masks = [mask for condition, mask in self._block.conditions.masks.items() if condition in CUT_OFF]
        return np.logical_or.reduce(masks) if masks else None

    def synchronise(self, number: int, at: I64) -> Taken:
        """Rows whose turn it is in tick `number` ask: with news they take them in order, and report; the others are
        counted."""
        asking = self.asks == number % self._context.administration_ticks
        cut_off = self._cut_off
        if cut_off is not None:
            asking &= ~cut_off
        rows = np.flatnonzero(asking)
        if not len(rows):
            return Taken((rows, rows))
        reported = self._reporting_rows()
        fresh = self.inbox.fresh(rows, at)
        reached = np.zeros(len(self.asks), np.bool_)
        reached[rows] = self._ask(rows, at, fresh or bool(asking[reported].any()))
        reported = reported[reached[reported]]
        taken = Taken((self._block.device[reported], at[reported]))
        if fresh:
            taken.items.extend(self.inbox.take(reached, at))
        return taken

    def _reporting_rows(self) -> I64:
        if not self.reporting:
            return np.zeros(0, np.int64)
        return self._block.rows_of(np.array(sorted(self.reporting), np.int64))

    def _ask(self, rows: I64, at: I64, needed: bool) -> Mask:
        """Which of `rows` the Administration Server answers; books the requests."""
        context, site = self._context, self._block.site
        traffic = context.ledger.of(context.administration_name, Port.ADMINISTRATION, "synchronise")
        moment = at[rows]
        latency_us = context.reaches_administration_us(int(moment.min()), int(moment.max()) + 1)
        if latency_us is not None and not needed:
            for index, count in enumerate(np.bincount(site[rows]).tolist()):
                count_synchronisations(traffic, count, latency_us + int(context.latency_ms[index]) * US_PER_MS)
            return np.ones(len(rows), np.bool_)
        traffic.requests += len(rows)
        traffic.bytes_wire += SYNCHRONISATION_BYTES * len(rows)
        lag_ms = context.latency_ms[site[rows]]
        answers = context.administration.synchronise(
            Synchronisations(
                context.administration_name,
                self._block.device[rows],
                self.inbox.heard[rows].astype(np.int64),
                moment,
                ADMINISTRATION_TIMEOUT_MS - lag_ms,
            )
        )
        reached: Mask = answers.outcome == Outcome.OK
        traffic.outcomes(answers.outcome)
        traffic.answered(answers.latency_us[reached] + lag_ms[reached] * US_PER_MS)
        traffic.bytes_in += SYNCHRONISATION_BYTES * int(np.count_nonzero(reached))
        return reached

    # --- rest -------------------------------------------------------------------------------------------------------

    def next_ticks(self, here: int) -> list[int]:
        """Ticks from `here` on, the first among them, at which there may be something to take or to report."""
        world = self._context.world
        coming_ms = self.inbox.next_ms((here - 1) * world.tick_ms + 1)  # all rows are past that
        ticks = [] if coming_ms is None else [max(here, (coming_ms - SLOT_MS) // world.tick_ms)]
        waiting = self.inbox.waiting(here * world.tick_ms + SLOT_MS)
        waiting[self._reporting_rows()] = True
        cut_off = self._cut_off
        if cut_off is not None:  # they are looked at again when that ends
            waiting &= ~cut_off
        if waiting.any():
            ticks.append(here + int(((self.asks[waiting] - here) % self._context.administration_ticks).min()))
        return ticks

    def rest(self, sites: Sequence[tuple[int, int, int]], first: int, end: int) -> None:
        """Counts what they ask in the ticks [first, end) and hear nothing; `sites` are (first row, end, site)."""
        context, cut_off = self._context, self._cut_off
        latency_us = context.administration.quiet(context.administration_name, 0, 0)
        traffic = context.ledger.of(context.administration_name, Port.ADMINISTRATION, "synchronise")
        for begin, stop, site in sites:
            asks = self.asks[begin:stop] if cut_off is None else self.asks[begin:stop][~cut_off[begin:stop]]
            asked = visits(asks, context.administration_ticks, first, end)
            took_us = (latency_us or 0) + int(context.latency_ms[site]) * US_PER_MS
            count_synchronisations(traffic, int(asked.count.sum()), took_us)
