"""How far a run has come: a bar on a terminal, a line every few seconds where there is none."""

import time
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from reports import words
from scenarios.progress import Progress

LINE_EVERY_S: Final = 5.0
LABEL_MAX: Final = 30
"""Characters of a label on the bar, so that the bar keeps its place on 80 columns."""


class BarProgress:
    """A bar that goes away when the run is over."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[reached]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None
        self._total_ms = 0

    def begin(self, total_ms: int, label: str) -> None:
        """Shows the bar at its beginning."""
        self._total_ms = total_ms
        self._task = self._bar.add_task(
            escape(words.clipped(words.printable(label), LABEL_MAX)), total=total_ms, reached=self._reached(0)
        )
        self._bar.start()

    def advance(self, simulated_ms: int) -> None:
        """Moves the bar; it is drawn at its own pace."""
        assert self._task is not None, "begin comes first"
        self._bar.update(self._task, completed=simulated_ms, reached=self._reached(simulated_ms))

    def end(self) -> None:
        """Removes the bar."""
        self._bar.stop()
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None

    def _reached(self, simulated_ms: int) -> str:
        return f"{words.span(simulated_ms // 1000 * 1000)} of {words.span(self._total_ms)} simulated"


class LineProgress:
    """A plain line at most every `LINE_EVERY_S` seconds of `clock`; a run that is done before prints nothing."""

    def __init__(self, console: Console, *, clock: Callable[[], float]) -> None:
        self._console = console
        self._clock = clock
        self._label = ""
        self._total_ms = 0
        self._began_s = 0.0
        self._printed_s = 0.0

    def begin(self, total_ms: int, label: str) -> None:
        """Notes the time."""
        self._label, self._total_ms = words.printable(label), total_ms
        self._began_s = self._printed_s = self._clock()

    def advance(self, simulated_ms: int) -> None:
        """Prints a line where the last one is old enough."""
        now_s = self._clock()
        if now_s - self._printed_s < LINE_EVERY_S:
            return
        self._printed_s = now_s
        reached = f"{words.span(simulated_ms // 1000 * 1000)} of {words.span(self._total_ms)} simulated"
        done = words.share(simulated_ms, self._total_ms)
        line = f"{self._label}: {reached} ({done}), {words.seconds(now_s - self._began_s)}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def end(self) -> None:
        """Prints nothing: the summary follows."""


def progress(console: Console, *, clock: Callable[[], float] = time.monotonic) -> Progress:
    """The display that suits `console`: the bar on a terminal, else lines timed by `clock` (seconds, monotonic)."""
    return BarProgress(console) if console.is_terminal else LineProgress(console, clock=clock)
