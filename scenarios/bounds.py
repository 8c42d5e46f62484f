"""Bounds: the moments of a run that an expectation looks between, as they are written and as they are known."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scenarios.problems import LocatedError, hint, shown
from scenarios.source import Plain
from scenarios.units import duration_ms, duration_text

if TYPE_CHECKING:
    from scenarios.timeline import Timeline

END: Final = "end"
"""The end of the run; after the name of a step and a dot, the end of that step."""
_STEP_END: Final = f".{END}"


@dataclass(frozen=True, slots=True)
class Grid:
    """The recording intervals of a run, all in ms: those of the tables begin at multiples of `interval_ms`."""

    interval_ms: int
    duration_ms: int

    def inside(self, from_ms: int, until_ms: int) -> tuple[int, int]:
        """The numbers [first, last) of the intervals that lie wholly in [from_ms, until_ms)."""
        first = -(-from_ms // self.interval_ms)
        last = (
            -(-self.duration_ms // self.interval_ms) if until_ms >= self.duration_ms else until_ms // self.interval_ms
        )
        return first, max(first, last)


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, called `text` in the file.

    `at_ms` is None where only the run tells it: it is then `offset_ms` after the step `step` was carried out.
    """

    text: str
    at_ms: int | None
    step: str = ""
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Between:
    """From one moment to another."""

    first: Moment
    last: Moment

    def __str__(self) -> str:
        return f"between {self.first.text} and {self.last.text}"

    @property
    def length_ms(self) -> int | None:
        """How long it is, None where only the run tells."""
        if self.first.at_ms is None or self.last.at_ms is None:
            return None
        return self.last.at_ms - self.first.at_ms


@dataclass(frozen=True, slots=True)
class Moments:
    """The moments that a scenario has names for: steps (`STEP`, `STEP.end`), times, and `end`.

    `known` are those that are known before the run; `later` are reactions, as the step that they count from and the
    milliseconds after it.
    """

    grid: Grid
    known: Mapping[str, int]
    later: Mapping[str, tuple[str, int]]
    repeated: frozenset[str]

    @classmethod
    def of(cls, timeline: "Timeline", grid: Grid) -> "Moments":
        """The moments of a timeline."""
        known: dict[str, int] = {}
        later: dict[str, tuple[str, int]] = {}
        for step in timeline.steps:
            known[step.name] = step.at_ms
            if step.end_ms is not None:
                known[step.name + _STEP_END] = min(step.end_ms, grid.duration_ms)
        for reaction in timeline.reactions:
            later[reaction.name] = (reaction.name, 0)
            if reaction.action is not None and reaction.action.span_ms is not None:
                later[reaction.name + _STEP_END] = (reaction.name, reaction.action.span_ms)
        counts = Counter(step.name for step in timeline.steps)
        return cls(grid, known, later, frozenset(name for name, count in counts.items() if count > 1))

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.known, *self.later, END)

    def read(self, data: Plain) -> Moment:
        """A moment from plain data. Raises LocatedError."""
        if not isinstance(data, str):
            raise LocatedError((), f"{shown(data)} is not a moment", "write a step, a time such as 5min, or `end`")
        if data in self.later:
            return Moment(data, None, *self.later[data])
        if data in self.known:
            if data.removesuffix(_STEP_END) in self.repeated:
                raise LocatedError((), f"the step {shown(data)} repeats", "name a step that happens once, or a time")
            return Moment(data, self.known[data])
        if data == END:
            return Moment(data, self.grid.duration_ms)
        if not data[:1].isdigit():
            raise LocatedError((), f"no step {shown(data)} happens in the run", hint(data, self.names))
        at_ms = duration_ms(data)
        if at_ms > self.grid.duration_ms:
            remedy = f"the run lasts {duration_text(self.grid.duration_ms)}"
            raise LocatedError((), f"{data} is after the end of the run", remedy)
        return Moment(data, at_ms)

    def early(self, data: Plain) -> int:
        """The same for a moment that has to be known before the run, in ms."""
        moment = self.read(data)
        if moment.at_ms is None:
            cause = f"only the run tells when {shown(moment.text)} is"
            raise LocatedError((), cause, "devices are watched between moments that are known before: name a time")
        return moment.at_ms

    def between(self, data: Plain) -> Between:
        """A pair of moments, the earlier one first. Raises LocatedError."""
        if not isinstance(data, list) or len(data) != 2:
            raise LocatedError((), f"{shown(data)} is no pair of moments", "write [STEP or time, STEP or time or end]")
        moments = []
        for index, part in enumerate(data):
            try:
                moments.append(self.read(part))
            except LocatedError as error:
                raise LocatedError((index, *error.loc), error.cause, error.remedy) from error
        between = Between(*moments)
        if between.length_ms is not None and between.length_ms <= 0:
            cause = f"nothing lies {between}"
            raise LocatedError((), cause, "write the earlier moment first")
        return between

    def on_grid(self, data: Plain) -> Between:
        """The same for a table of intervals: at least one has to lie wholly inside."""
        between = self.between(data)
        if between.first.at_ms is not None and between.last.at_ms is not None:
            first, last = self.grid.inside(between.first.at_ms, between.last.at_ms)
            if first == last:
                interval = duration_text(self.grid.interval_ms)
                cause = f"no recording interval of {interval} lies wholly {between}"
                raise LocatedError((), cause, "take moments farther apart, or a finer `recording: {interval: …}`")
        return between
