"""Local edits on the devices of a block: made at each device's own moment, or refused."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import attrgetter
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from emulator.clock import Rank
from emulator.policy.effective import EditRefused
from emulator.ports import I64
from emulator.telemetry.context import Context
from emulator.telemetry.rows import Mask
from emulator.world import LocalEdit

NOT_RUNNING: Final = "not-running"
"""Why a local edit comes to nothing where Endpoint Agent does not run."""
UNDER_POLICY: Final = "under-policy"
"""Why it comes to nothing where a policy locks the settings group."""
_AT: Final = attrgetter("at_ms")


class Rows(Protocol):
    """The rows of a block as edits meet them; `own` int32 numbers the settings of their own."""

    device: I64
    own: NDArray[np.int32]

    def rows_of(self, devices: I64) -> I64:
        """The rows, ascending, of those `devices` that live here."""

    def alike(self, rows: I64) -> Iterable[tuple[int, int, bool, I64]]:
        """(governed, own, away, rows) of the rows that hold the same."""


class LocalEdits:
    """The edits that are still to come to rows of one block, in the order of time."""

    def __init__(self, context: Context, block: Rows) -> None:
        self._context = context
        self._block = block
        self._edits: list[LocalEdit] = []

    def put(self, edit: LocalEdit) -> None:
        """Takes in an edit on devices of this block."""
        insort(self._edits, edit, key=_AT)

    def make(self, at: I64, before: I64 | None, down: Mask | None, changed: Mask) -> None:
        """Makes the edits whose moment has come since `before`, and marks the rows whose own settings changed.

        `down` are the rows on which Endpoint Agent does not run; there, and where a policy locks the group, edits are
        refused.
        """
        if not self._edits:
            return
        context, block = self._context, self._block
        for edit in self._edits[: bisect_left(self._edits, int(at.max()) + 1, key=_AT)]:
            rows = block.rows_of(edit.devices)
            rows = rows[edit.at_ms <= at[rows]]
            if before is not None:
                rows = rows[before[rows] < edit.at_ms]
            if down is not None:
                self._refuse(edit, rows[down[rows]], at, "", NOT_RUNNING)
                rows = rows[~down[rows]]
            for governed, own, away, here in block.alike(rows):
                edited = context.holdings.edited(own, edit, context.holdings.governing(governed, away=away))
                if isinstance(edited, EditRefused):
                    self._refuse(edit, here, at, edited.policy, UNDER_POLICY)
                    continue
                block.own[here] = edited
                changed[here] = True
                context.journal.add("edited", Rank.CONTROL, at[here], block.device[here], group=edit.group)
        self._edits = [edit for edit in self._edits if edit.at_ms > int(at.min())]

    def _refuse(self, edit: LocalEdit, rows: I64, at: I64, policy: str, reason: str) -> None:
        values = {"group": edit.group, "policy": policy, "reason": reason}
        self._context.journal.add("edit-refused", Rank.CONTROL, at[rows], self._block.device[rows], **values)

    def next_ms(self, after_ms: int) -> int | None:
        """The moment of the first edit after `after_ms`, None where there is none."""
        place = bisect_right(self._edits, after_ms, key=_AT)
        return self._edits[place].at_ms if place < len(self._edits) else None
