"""Progress: a bar on a terminal, else a line now and then by a clock that the test moves."""

import io

from rich.console import Console

from reports.progress import LINE_EVERY_S, BarProgress, LineProgress, progress


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_without_a_terminal_a_line_comes_every_few_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = progress(Console(file=stream, width=80), clock=clock)
    shown.begin(3_600_000, "outage [red]")
    for second in range(12):
        clock.now_s = 1000.0 + second
        shown.advance(second * 300_500)
    shown.end()
    assert lines(stream) == [
        "outage [red]: 0:25:02 of 1:00:00 simulated (41.7 %), 5.0 s",
        "outage [red]: 0:50:05 of 1:00:00 simulated (83.5 %), 10.0 s",
    ]


def test_a_run_that_is_done_at_once_prints_nothing() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = LineProgress(Console(file=stream), clock=clock)
    shown.begin(1000, "quick")
    clock.now_s += LINE_EVERY_S - 0.01
    shown.advance(1000)
    shown.end()
    assert lines(stream) == []


def test_a_long_label_stays_on_one_line() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = LineProgress(Console(file=stream, width=40), clock=clock)
    shown.begin(1000, "long " * 30 + "\x1b[2J")
    clock.now_s += LINE_EVERY_S
    shown.advance(500)
    assert len(lines(stream)) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_second_run_starts_its_own_clock() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = LineProgress(Console(file=stream), clock=clock)
    for label in ("one", "two"):
        shown.begin(1000, label)
        clock.now_s += LINE_EVERY_S
        shown.advance(1000)
        shown.end()
    assert [line.rpartition(", ")[2] for line in lines(stream)] == ["5.0 s", "5.0 s"]


def test_on_a_terminal_the_bar_comes_and_goes() -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=True)
    shown = progress(console, clock=Clock())
    assert isinstance(shown, BarProgress)
    shown.begin(3_600_000, "[red]outage[/red]")
    shown.advance(1_800_500)
    shown.end()
    text = stream.getvalue()
    assert "[red]outage[/red]" in text
    assert "0:30:00 of 1:00:00 simulated" in text
    shown.begin(1000, "another")
    shown.end()


def test_an_end_without_a_beginning_is_harmless() -> None:
    BarProgress(Console(file=io.StringIO(), force_terminal=True)).end()
