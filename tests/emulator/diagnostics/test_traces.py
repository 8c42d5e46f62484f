from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.diagnostics import Limits, Run, TraceFile, TraceLog
from emulator.diagnostics.traces import HOUR_MS


def log(rate: int = 10) -> TraceLog:
    return TraceLog("service", rate)


def files(of: TraceLog, hours: int) -> list[tuple[int, int]]:
    return [(file.number, file.size_bytes) for file in of.files(hours * HOUR_MS)]


def test_before_anything_is_written_there_is_no_file_and_then_an_empty_one() -> None:
    assert files(log(), 5) == []
    assert files(log().begin(0, Limits(30, None)), 0) == [(1, 0)]


def test_at_the_maximum_size_writing_goes_on_in_a_new_file() -> None:
    traced = log().begin(0, Limits(30, None))  # KEA-DIA-008
    assert files(traced, 3) == [(1, 30)]
    assert files(traced, 4) == [(1, 30), (2, 10)]
    assert files(traced, 9) == [(1, 30), (2, 30), (3, 30)]


def test_with_overwriting_the_newest_files_are_there() -> None:
    traced = log().begin(0, Limits(30, 3))  # KEA-DIA-011: a fourth file's worth
    assert files(traced, 9) == [(1, 30), (2, 30), (3, 30)]
    assert files(traced, 11) == [(2, 30), (3, 30), (4, 20)]
    assert files(log().begin(0, Limits(30, 1)), 100) == [(34, 10)]


def test_without_overwriting_files_keep_adding_up() -> None:
    assert len(files(log().begin(0, Limits(30, None)), 300)) == 100  # KEA-DIA-014


def test_what_ended_stays_and_a_new_beginning_is_a_new_file() -> None:
    traced = log().begin(0, Limits(30, None)).end(4 * HOUR_MS)
    assert files(traced, 9) == [(1, 30), (2, 10)]
    again = traced.begin(9 * HOUR_MS, Limits(20, None))
    assert files(again, 12) == [(1, 30), (2, 10), (3, 20), (4, 10)]


def test_a_long_time_costs_no_more_than_a_short_one() -> None:
    (run,) = log(10**9).begin(0, Limits(1, None)).at(365 * 24 * HOUR_MS)
    assert run == Run(1, 365 * 24 * 10**9, 1, 1)
    assert run.size_bytes == 365 * 24 * 10**9


def test_a_file_says_of_which_process_it_is() -> None:
    assert list(log().begin(0, Limits(30, None)).files(HOUR_MS)) == [TraceFile("service", 1, 10)]


@dataclass
class Disk:
    """The same byte by byte: what a process does that writes into files of a bounded size."""

    sizes: list[list[int]] = field(default_factory=list)
    next: int = 1
    limits: Limits | None = None

    def _open(self) -> None:
        assert self.limits is not None
        self.sizes.append([self.next, 0])
        self.next += 1
        while self.limits.files_max is not None and len(self.sizes) > self.limits.files_max:
            del self.sizes[0]

    def begin(self, limits: Limits) -> None:
        self.limits = limits
        self._open()

    def write(self, amount: int) -> None:
        if self.limits is None:
            return
        for _ in range(amount):
            if self.sizes[-1][1] == self.limits.file_bytes:
                self._open()
            self.sizes[-1][1] += 1


limits = st.builds(Limits, st.integers(1, 12), st.none() | st.integers(1, 4))
events = st.lists(st.tuples(st.integers(0, 6), st.none() | limits), max_size=8)


@given(rate=st.integers(0, 9), events=events, last=st.integers(0, 6))
def test_the_files_are_those_that_writing_byte_by_byte_leaves(
    rate: int, events: list[tuple[int, Limits | None]], last: int
) -> None:
    traced, disk, hour = log(rate), Disk(), 0
    for pause, chosen in events:
        disk.write(rate * pause)
        hour += pause
        assert files(traced, hour) == [(number, size) for number, size in disk.sizes]
        if chosen is None:
            traced, disk.limits = traced.end(hour * HOUR_MS), None
        else:
            traced = traced.begin(hour * HOUR_MS, chosen)
            disk.begin(chosen)
    disk.write(rate * last)
    assert files(traced, hour + last) == [(number, size) for number, size in disk.sizes]


@pytest.mark.parametrize("wrong", [Limits(31, 3), Limits(30, 4), Limits(30, None)])
def test_the_oracle_tells_other_limits_apart(wrong: Limits) -> None:
    disk = Disk()
    disk.begin(Limits(30, 3))
    disk.write(110)
    assert files(log().begin(0, wrong), 11) != [(number, size) for number, size in disk.sizes]
