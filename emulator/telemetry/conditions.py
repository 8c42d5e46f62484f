"""Conditions of the rows of a block, each at its own moment.

Spells come in as edges in time, and are let go of once all rows are past them: what a step costs depends on the edges
near it, and not on how many spells there are or ever were.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emulator.clock import SLOT_MS
from emulator.exclusions.network import NetworkRule
from emulator.ports import I64
from emulator.telemetry.rows import Mask
from emulator.world import FOREVER_MS, Condition, Spell, State

KEPT_MS: Final = 4 * SLOT_MS
"""How long edges are kept after all rows are past them, for those who ask for a moment a little before."""
BEFORE_ALL: Final = -(2**62)
"""The moment before the first tick."""
_AT: Final = attrgetter("at_ms")


@dataclass(frozen=True, slots=True, eq=False)
class _Edge:
    """`devices` enter a state at `at_ms` (`step` 1), or leave it (`step` -1); the spell ends at `until_ms`."""

    at_ms: int
    state: State
    devices: I64
    step: int
    until_ms: int


class Conditions:
    """Conditions of the rows of one block, as of the last tick that they were taken through.

    `rows_of` gives the rows of devices as they stand.
    """

    def __init__(self, size: int, rows_of: Callable[[I64], I64]) -> None:
        self._size = size
        self._rows_of = rows_of
        self._edges: list[_Edge] = []
        # Of each state that a row ever was in, how many spells hold for each row.
        self.counts: dict[State, NDArray[np.int16]] = {}
        self._masks: dict[Condition, Mask] | None = {}
        self._isolated: dict[tuple[NetworkRule, ...], Mask] = {}
        self.fell: Mask | None = None

    def begin(self, spell: Spell) -> None:
        """Takes in a spell of devices of this block; it begins and ends after all moments that rows are past."""
        if not len(spell.devices):
            return
        state = spell.state
        self._insert(_Edge(spell.from_ms, state, spell.devices, 1, spell.until_ms))
        if spell.until_ms < FOREVER_MS:
            self._insert(_Edge(spell.until_ms, state, spell.devices, -1, spell.until_ms))

    def end(self, state: State, devices: I64, at_ms: int) -> None:
        """Ends a spell without an end of its own that devices of this block are in."""
        if len(devices):
            self._insert(_Edge(at_ms, state, devices, -1, at_ms))

    def _insert(self, edge: _Edge) -> None:
        insort(self._edges, edge, key=_AT)

    @property
    def holding(self) -> bool:
        """True where a row is in some condition."""
        return any(bool(counts.any()) for counts in self.counts.values())

    def next_edge_ms(self, after_ms: int) -> int | None:
        """The first moment after `after_ms` at which a spell begins or ends, None where none does."""
        place = bisect_right(self._edges, after_ms, key=_AT)
        return self._edges[place].at_ms if place < len(self._edges) else None

    def advance(self, start_ms: int, at: I64, before: I64 | None, tick_ms: int) -> I64:
        """Takes all rows to their moments `at`, in [start_ms, start_ms + SLOT_MS), from those `before` (None: no such).

        Returns the rows that entered or left a condition.
        """
        self.fell = None
        touched: list[I64] = []
        since_ms = BEFORE_ALL if before is None else int(before.min())
        first = bisect_right(self._edges, since_ms, key=_AT)
        end = bisect_left(self._edges, start_ms + SLOT_MS, key=_AT)
        for edge in self._edges[first:end]:
            rows = self._rows_of(edge.devices)
            rows = rows[edge.at_ms <= at[rows]]
            if before is not None:
                rows = rows[before[rows] < edge.at_ms]
            if not len(rows):
                continue
            self._counts_of(edge.state)[rows] += edge.step
            touched.append(rows)
            if edge.state[0] is Condition.CRASHED and edge.step > 0:
                moment = at[rows]
                fell = rows[(moment < edge.until_ms) & (moment < edge.at_ms + tick_ms)]
                if len(fell):
                    self.fell = np.zeros(self._size, np.bool_) if self.fell is None else self.fell
                    self.fell[fell] = True
        kept = bisect_left(self._edges, since_ms - KEPT_MS, key=_AT)
        if kept:
            del self._edges[:kept]
        if not touched:
            return np.zeros(0, np.int64)
        self._masks = None
        return np.unique(np.concatenate(touched))

    def _counts_of(self, state: State) -> NDArray[np.int16]:
        if state not in self.counts:
            self.counts[state] = np.zeros(self._size, np.int16)
        return self.counts[state]

    @property
    def masks(self) -> Mapping[Condition, Mask]:
        """The rows that are in each condition; those without a row are left out.

        STOPPED has all rows whose Endpoint Agent does not run, whatever the cause; CRASHED those that went down in the
        last tick through a crash.
        """
        if self._masks is None:
            self._masks = self._made()
        return self._masks if self.fell is None else {**self._masks, Condition.CRASHED: self.fell}

    @property
    def isolated(self) -> Mapping[tuple[NetworkRule, ...], Mask]:
        """The rows that are isolated, by what is let through; empty where none is."""
        return self._isolated if Condition.ISOLATED in self.masks else {}

    def _made(self) -> dict[Condition, Mask]:
        masks: dict[Condition, Mask] = {}
        self._isolated = {}
        for (condition, lets_through), counts in self.counts.items():
            assert not (counts < 0).any(), f"a device left the condition {condition} that it was not in"
            mask = counts > 0
            if not mask.any():
                continue
            masks[condition] = masks[condition] | mask if condition in masks else mask
            if condition is Condition.ISOLATED:
                self._isolated[lets_through] = mask
        down = [masks[one] for one in (Condition.STOPPED, Condition.CRASHED, Condition.OFF) if one in masks]
        if down:
            masks[Condition.STOPPED] = np.logical_or.reduce(down)
        masks.pop(Condition.CRASHED, None)
        return masks

    def at(self, rows: I64, at_ms: int, past: I64) -> Mapping[Condition, Mask]:
        """The conditions that each of `rows` is in at a moment near its last one, `past`: each as it was begun.

        Edges from KEPT_MS before the last moments on are known.
        """
        place = {row: number for number, row in enumerate(rows.tolist())}
        counts = {state: column[rows].astype(np.int64) for state, column in self.counts.items()}
        first = bisect_right(self._edges, min(at_ms, int(past.min())), key=_AT)
        end = bisect_right(self._edges, max(at_ms, int(past.max())), key=_AT)
        for edge in self._edges[first:end]:
            here = np.array([place[row] for row in self._rows_of(edge.devices).tolist() if row in place], np.int64)
            column = counts.setdefault(edge.state, np.zeros(len(rows), np.int64))
            done, due = edge.at_ms <= past[here], edge.at_ms <= at_ms
            column[here[~done]] += edge.step * due
            column[here[done]] -= edge.step * (not due)
        found: dict[Condition, Mask] = {}
        for (condition, _), column in counts.items():
            if (column > 0).any():
                found[condition] = found.get(condition, np.zeros(len(rows), np.bool_)) | (column > 0)
        return found

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.counts = {state: counts[order] for state, counts in self.counts.items()}
        self._masks = None
        if self.fell is not None:
            self.fell = self.fell[order]

    @property
    def bytes(self) -> int:
        """Memory of the columns."""
        return sum(counts.nbytes for counts in self.counts.values())
