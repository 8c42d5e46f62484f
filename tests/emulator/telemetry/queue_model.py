"""The oracle of the backlog: the queue of each device as a list of segments, each a list of runs of like events."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from emulator.ports import I64
from emulator.telemetry.backlog import TYPES, Backlog

ROWS = 4
NUMBERS = 4 * ROWS
"""Numbers that say what an operation does: two (type, count) a row of a window; else those that it needs."""

Operation = tuple[str, tuple[int, ...]]
"""(window | lose | acknowledge | merge | expire | permute, NUMBERS numbers)"""
Run = tuple[int, int]
"""(type, how many)"""

FEW_DEAD = 63
"""So few dead segments are not swept out, unless nothing else is left."""


@dataclass(frozen=True)
class Segment:
    """Runs of events with the ordinals from `start` on, made in the ticks `first` to `last`; `cut` where some left."""

    first: int
    last: int
    start: int
    runs: tuple[Run, ...]
    cut: bool = False

    @property
    def upto(self) -> int:
        return self.start + sum(count for _, count in self.runs)

    def after(self, ordinal: int) -> "Segment":
        """What is left where everything below `ordinal` leaves."""
        if ordinal <= self.start:
            return self
        gone, left = ordinal - self.start, []
        for kind, count in self.runs:
            less = min(gone, count)
            gone -= less
            if count > less:
                left.append((kind, count - less))
        return replace(self, start=ordinal, runs=tuple(left), cut=True)

    def below(self, ordinal: int) -> list[Run]:
        """The runs below `ordinal`."""
        room, found = max(0, ordinal - self.start), []
        for kind, count in self.runs:
            found.append((kind, min(room, count)))
            room -= min(room, count)
        return found


@dataclass
class Queue:
    """One device: what it made, what is acknowledged, what was ever sent, and its segments."""

    made: int = 0
    acked: int = 0
    tried: int = 0
    segments: list[Segment] = field(default_factory=list)

    def window(self, tick: int, runs: Sequence[Run]) -> int:
        """Appends a window; returns its first ordinal."""
        start = self.made
        ordered = tuple(sorted((kind, count) for kind, count in runs if count))
        self.segments.append(Segment(tick, tick, start, ordered))
        self.made += sum(count for _, count in ordered)
        return start

    def acknowledge(self, upto: int) -> None:
        self.acked = max(self.acked, upto)
        self.tried = max(self.tried, self.acked)
        self.segments = [segment.after(self.acked) for segment in self.segments if segment.upto > self.acked]

    def merge(self, after: int) -> None:
        young = [s for s in self.segments if s.first > after and s.start >= self.tried and not s.cut]
        if len(young) > 1:
            runs = sorted(run for segment in young for run in segment.runs)
            merged = tuple((kind, sum(count for _, count in of)) for kind, of in groupby(runs, key=lambda run: run[0]))
            self.segments = self.segments[: -len(young)]
            self.segments.append(Segment(young[0].first, young[-1].last, young[0].start, merged))

    def expire(self, before: int) -> list[Run]:
        gone = [segment for segment in self.segments if segment.last < before]
        self.segments = self.segments[len(gone) :]
        self.acked = max([self.acked, *(segment.upto for segment in gone)])
        return [run for segment in gone for run in segment.runs]

    def taken(self, upto: int) -> list[int]:
        """Counts per type below `upto`."""
        return _counts([run for segment in self.segments for run in segment.below(upto)])


def differences(operations: Sequence[Operation]) -> list[str]:
    """Does the operations to a backlog and to its oracle; where the two differ first, in words."""
    queues, backlog = [Queue() for _ in range(ROWS)], Backlog()
    for tick, (name, numbers) in enumerate(operations):
        wrong = _OPERATIONS[name](queues, backlog, tick, numbers) or _compare(queues, backlog)
        if wrong:
            return [f"{name} {tick}: {text}" for text in wrong]
    return []


def _counts(runs: Sequence[Run]) -> list[int]:
    return [sum(count for kind, count in runs if kind == index) for index in range(TYPES)]


def _column(values: Sequence[int]) -> I64:
    return np.array(values, np.int64)


def _window(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    runs = [
        [(kind % TYPES, count) for kind, count in zip(own[::2], own[1::2], strict=True)] for own in _by_row(numbers)
    ]
    rows = [row for row in range(ROWS) if sum(_counts(runs[row]))]
    if rows:
        start = [queues[row].window(tick, list(enumerate(_counts(runs[row])))) for row in rows]
        counts = np.array([_counts(runs[row]) for row in rows], np.int32).T
        backlog.append(_column(rows), tick, _column(start), counts)
    return []


def _by_row(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[row * 4 : row * 4 + 4] for row in range(ROWS)]


def _place(queue: Queue, number: int) -> int:
    """An ordinal between what is acknowledged and what was made; mostly inside, at times at an end."""
    waiting = queue.made - queue.acked
    return queue.acked + (waiting if number % 5 == 0 else number * 7_919 % (waiting + 1))


def _lose(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    for queue, number in zip(queues, numbers[:ROWS], strict=True):
        queue.tried = max(queue.tried, _place(queue, number))
    return []


def _acknowledge(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    for queue, number in zip(queues, numbers[:ROWS], strict=True):
        if number % 3:
            queue.acknowledge(_place(queue, number))
    backlog.acknowledge(_column([queue.acked for queue in queues]))
    return []


def _merge(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    for queue in queues:
        queue.merge(tick - numbers[0] % 12)
    backlog.merge(tick - numbers[0] % 12, _column([queue.tried for queue in queues]))
    return []


def _expire(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    before, acked = tick - numbers[0] % 12, _column([queue.acked for queue in queues])
    gone = backlog.expire(before, acked)
    wanted = [_counts(queue.expire(before)) for queue in queues]
    wrong = [] if gone.tolist() == wanted else [f"expired {gone.tolist()}, not {wanted}"]
    if acked.tolist() != [queue.acked for queue in queues]:
        wrong.append(f"acknowledged {acked.tolist()}, not {[queue.acked for queue in queues]}")
    return wrong


def _permute(queues: list[Queue], backlog: Backlog, tick: int, numbers: Sequence[int]) -> list[str]:
    order = sorted(range(ROWS), key=lambda row: (numbers[row], row))
    position = np.empty(ROWS, np.int64)
    position[order] = np.arange(ROWS)
    queues[:] = [queues[row] for row in order]
    backlog.permute(position)
    return []


def _compare(queues: list[Queue], backlog: Backlog) -> list[str]:
    wrong = []
    segments = sum(len(queue.segments) for queue in queues)
    if len(backlog) != segments:
        wrong.append(f"{len(backlog)} segments, not {segments}")
    if backlog.dead > FEW_DEAD or (backlog.dead and not len(backlog)):
        wrong.append(f"{backlog.dead} dead segments beside {len(backlog)}")
    for row, queue in enumerate(queues):
        spans = [(segment.first, segment.last) for segment in queue.segments]
        if backlog.spans(row) != spans:
            wrong.append(f"row {row}: spans {backlog.spans(row)}, not {spans}")
    earliest = [min((segment.first for segment in queue.segments), default=2**63 - 1) for queue in queues]
    if backlog.earliest(ROWS).tolist() != earliest:
        wrong.append(f"earliest {backlog.earliest(ROWS).tolist()}, not {earliest}")
    return wrong or _compare_order(queues, backlog)


def _compare_order(queues: list[Queue], backlog: Backlog) -> list[str]:
    """Looks at every place where a run of events ends, and beside it: so no event may lie elsewhere."""
    places = [sorted({queue.acked, queue.made, *_ends(queue)}) for queue in queues]
    for turn in range(max(map(len, places))):
        upto = [own[min(turn, len(own) - 1)] for own in places]
        rows = [(row + turn) % ROWS for row in range(ROWS)][: ROWS - turn % 2]  # in any order, and not always all
        found = backlog.taken(_column(rows), _column([upto[row] for row in rows]), ROWS).tolist()
        wanted = [queues[row].taken(upto[row]) for row in rows]
        if found != wanted:
            return [f"below {upto} there is {found}, not {wanted}"]
    return []


def _ends(queue: Queue) -> list[int]:
    found = []
    for segment in queue.segments:
        place = segment.start
        for _, count in segment.runs:
            place += count
            found += [place - 1, place, min(place + 1, queue.made)]
    return found


_OPERATIONS = {
    "window": _window,
    "lose": _lose,
    "acknowledge": _acknowledge,
    "merge": _merge,
    "expire": _expire,
    "permute": _permute,
}
