"""The books of one stream in a block: totals a device and sums a cell, entered together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emulator.ports import I64, Target
from emulator.telemetry.ledger import SIZES, Ledger
from emulator.telemetry.rows import Rows, Run, cell_sums, sums_by_cell


class Books:
    """`totals[term]` is int64, a row a device, made when the term first occurs; `ledger` is that of the interval."""

    __slots__ = ("_size", "_target", "ledger", "totals")

    def __init__(self, target: Target, size: int) -> None:
        self._target = target
        self._size = size
        self.totals: dict[str, I64] = {}
        self.ledger: Ledger

    def total(self, term: str) -> I64:
        """The total of a term for each row."""
        if term not in self.totals:
            return np.zeros(self._size, np.int64)
        return self.totals[term]

    def permute(self, order: I64) -> None:
        """Row i is now what row `order[i]` was."""
        self.totals = {term: column[order] for term, column in self.totals.items()}

    def book_run(self, term: str, run: Run, counts: NDArray[np.integer]) -> None:
        """Books (types, rows) counts of a run."""
        self._add(term, run.rows, counts.sum(axis=0, dtype=np.int64))
        self.ledger.flow(self._target, term)[run.cell] += counts.sum(axis=1, dtype=np.int64)

    def book_rows(self, term: str, rows: I64, kind: int, run: Run, counts: I64) -> None:
        """Books events of one type of some rows of a run."""
        if len(rows):
            self._add(term, rows, counts)
            self.ledger.flow(self._target, term)[run.cell, kind] += int(counts.sum())

    def book(self, term: str, rows: I64, counts: NDArray[np.integer], block: Rows) -> None:
        """Books (len(rows), types) counts of ascending rows."""
        if len(rows):
            self._add(term, rows, counts.sum(axis=1, dtype=np.int64))
            self.sum(term, rows, counts, block)

    def book_all(self, term: str, totals: NDArray[np.integer], counts: NDArray[np.integer], block: Rows) -> None:
        """Books `totals` of all rows, whose (types, rows) counts are `counts`."""
        self._add(term, slice(None), totals)
        self.sum_all(term, counts, block)

    def sum(self, term: str, rows: I64, counts: NDArray[np.integer], block: Rows) -> None:
        """Enters (len(rows), types) counts in the sums only; the totals follow from the ordinals."""
        sums_by_cell(rows, counts, block.edges, block.cells, self.ledger.flow(self._target, term))

    def sum_all(self, term: str, counts: NDArray[np.integer], block: Rows) -> None:
        """The same for (types, rows) counts of all rows."""
        self.ledger.flow(self._target, term)[block.cells] += cell_sums(counts, block.edges)

    def sent(self, rows: I64, counts: I64, block: Rows) -> None:
        """Enters the bytes of (len(rows), types) events that left the devices."""
        sums_by_cell(rows, counts * SIZES, block.edges, block.cells, self.ledger.bytes(self._target))

    def _add(self, term: str, rows: slice | I64, counts: NDArray[np.integer]) -> None:
        if term not in self.totals:
            self.totals[term] = np.zeros(self._size, np.int64)
        self.totals[term][rows] += counts


def whole(runs: Sequence[Run], name: str, size: int) -> NDArray[np.int32] | int:
    """A field of the profiles as one number, where all rows agree, or as a column."""
    values = [getattr(run.profile, name) for run in runs]
    if len(set(values)) == 1:
        number: int = values[0]
        return number
    result = np.empty(size, np.int32)
    for run, value in zip(runs, values, strict=True):
        result[run.rows] = value
    return result
