"""The trace log of one process: files of a bounded size, worked out from rate and time whenever somebody looks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file gets, and how many there are (None: old ones are not overwritten, KEA-DIA-014)."""

    file_bytes: int
    files_max: int | None


@dataclass(frozen=True, slots=True)
class Run:
    """Files that were written one after another: all but the last one are full. `first` is the number of the first."""

    first: int
    count: int
    file_bytes: int
    last_bytes: int

    @property
    def size_bytes(self) -> int:
        """Bytes of all its files."""
        return (self.count - 1) * self.file_bytes + self.last_bytes

    @property
    def following(self) -> int:
        """The number of the file after its last one."""
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class TraceFile:
    """One trace file of a process; numbers grow by one from file to file of a log."""

    process: str
    number: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class TraceLog:
    """What one process has written into one folder: `runs` up to `since_ms`, from then on at `rate` bytes an hour.

    `limits` is None while nothing is written.
    """

    process: str
    rate_bytes_per_hour: int
    runs: tuple[Run, ...] = ()
    since_ms: int = 0
    limits: Limits | None = None

    def begin(self, at_ms: int, limits: Limits) -> "TraceLog":
        """Writing from a moment on, into a new file; what was being written ends there."""
        return replace(self, runs=self.at(at_ms), since_ms=at_ms, limits=limits)

    def end(self, at_ms: int) -> "TraceLog":
        """Nothing is written from a moment on; the files stay."""
        return replace(self, runs=self.at(at_ms), since_ms=at_ms, limits=None)

    def at(self, at_ms: int) -> tuple[Run, ...]:
        """The files that are there at a moment, which is not before `since_ms`, the oldest first.

        A full file is followed by a new one as soon as there is more to write (KEA-DIA-008). With a number of files
        the oldest give way to the newest (KEA-DIA-011).
        """
        if self.limits is None:
            return self.runs
        amount = self.rate_bytes_per_hour * (at_ms - self.since_ms) // HOUR_MS
        first = self.runs[-1].following if self.runs else 1
        runs = (*self.runs, _written(first, amount, self.limits.file_bytes))
        return runs if self.limits.files_max is None else _newest(runs, self.limits.files_max)

    def files(self, at_ms: int) -> Iterator[TraceFile]:
        """The same, file by file."""
        for run in self.at(at_ms):
            for index in range(run.count):
                size_bytes = run.last_bytes if index == run.count - 1 else run.file_bytes
                yield TraceFile(self.process, run.first + index, size_bytes)


def _written(first: int, amount_bytes: int, file_bytes: int) -> Run:
    count = max(1, -(-amount_bytes // file_bytes))
    return Run(first, count, file_bytes, amount_bytes - (count - 1) * file_bytes)


def _newest(runs: Sequence[Run], files: int) -> tuple[Run, ...]:
    """The newest files of these runs, as many as that."""
    kept: list[Run] = []
    for run in reversed(runs):
        count = min(run.count, files)
        if not count:
            break
        kept.append(replace(run, first=run.following - count, count=count))
        files -= count
    return tuple(reversed(kept))
