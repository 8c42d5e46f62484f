"""Expectations: what a run is judged by, as it is judged; `scenarios.entries` is how it is written."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emulator.ports import I64, Port
from emulator.world import Tally, Watch
from scenarios.bounds import Between, Grid
from scenarios.conditions import Condition, Limit, Relative, Slope, Watched
from scenarios.figures import Figure

PERCENT: Final = 1_000
"""Quantiles are counted in thousandths of a per cent."""


class Outcome(StrEnum):
    """What came of a check. All but the first can be the `else` of an expectation."""

    PASS = "pass"  # noqa: S105 - no password, a verdict
    FAIL = "fail"
    WARN = "warn"
    UNKNOWN = "unknown"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(ABC):
    """What every expectation has.

    `place` is where it stands; `otherwise` the verdict where it is not so. `watch` is what has to be watched for it
    while the run goes on, `tally` what has to be counted.
    """

    name: str
    clause: str | None
    otherwise: Outcome
    may_be_empty: bool
    place: str
    watch: Watch | None = None
    tally: Tally | None = None

    @property
    @abstractmethod
    def expected(self) -> str:
        """What is expected, for a reader."""

    def cannot_fail(self) -> bool:
        """True where no run could break it."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """One column and the values of it that count; `below` are groups that count with all below them."""

    column: str
    values: tuple[str, ...]
    below: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the run: between two moments, all of it where that is None; with or without the times of faults.

    `faults` is None, True for the times with faults, False for those without; of `servers`, of all where it is empty.
    """

    between: Between | None
    grid: Grid
    faults: bool | None = None
    servers: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f", {self.between}" if self.between else ""
        return told if self.faults is None else f"{told}, {'during' if self.faults else 'outside'} faults"


@dataclass(frozen=True, slots=True)
class Quantile:
    """What a quantile has to be: `share` is in thousandths of a per cent, `p99.9` is 99,900."""

    name: str
    share: int
    limit: Limit

    def __str__(self) -> str:
        return f"{self.name} {self.limit}"


@dataclass(frozen=True, slots=True)
class FactOf:
    """A kind of fact; where `texts` is not empty, one of them is in its detail."""

    name: str
    kind: str
    texts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Total(Judged):
    """A figure of the run, or of a part of it."""

    figure: Figure
    of: Figure | None
    where: tuple[Where, ...]
    condition: Condition
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self.figure}{f' of {self.of}' if self.of else ''}: {self.condition}{self.part}"

    def cannot_fail(self) -> bool:
        """True where every count will do."""
        return self.condition.cannot_fail()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Selected(Judged):
    """An expectation on devices: on as many of them as `share` says."""

    devices: I64
    selector: str
    share: Condition

    def _for(self, what: str) -> str:
        return f"{what}, for {self.share} of {self.selector}"

    def cannot_fail(self) -> bool:
        """True where no device has to fulfil it, or there is none."""
        return self.share.cannot_fail(whole=True) or not len(self.devices)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Each(Selected):
    """A figure of each device: a condition on a count, or a text that it equals."""

    figure: Figure
    of: Figure | None
    condition: Condition | str

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return self._for(f"{self.figure}{f' of {self.of}' if self.of else ''} is {self.condition}")

    def cannot_fail(self) -> bool:
        """True where every count will do, or no device has to fulfil it."""
        counts = isinstance(self.condition, Condition) and self.condition.cannot_fail()
        return counts or Selected.cannot_fail(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EachBetween(Selected):
    """A figure of each device between two facts of its own: `begin` and the next `end`."""

    figure: str
    begin: str
    end: str
    condition: Condition

    @property
    def span(self) -> str:
        """The time that is meant, for a reader."""
        return f"between {self.begin} and {self.end}"

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return self._for(f"{self.figure} is {self.condition} {self.span}")

    def cannot_fail(self) -> bool:
        """True where every count will do, or no device has to fulfil it."""
        return self.condition.cannot_fail() or Selected.cannot_fail(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Order(Selected):
    """Facts of each device, in this order; with `strictly` it has no other facts of these kinds."""

    facts: tuple[FactOf, ...]
    strictly: bool
    part: Part

    @property
    def order(self) -> str:
        """The order, for a reader."""
        return f"{'exactly ' if self.strictly else ''}{', '.join(map(str, self.facts))}"

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self._for(self.order)}{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OverTime(Selected):
    """A condition that devices are watched for: that it holds at some moment, or, with `always`, at all of them."""

    condition: Watched
    always: bool
    span: str

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return self._for(f"{'always' if self.always else 'eventually'} {self.condition}{self.span}")

    def cannot_fail(self) -> bool:
        """True where every count will do, or no device has to fulfil it."""
        return self.condition.cannot_fail() or Selected.cannot_fail(self)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Never(Judged):
    """A fact that devices do not have."""

    devices: I64
    selector: str
    fact: str
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"no {self.fact} on {self.selector}{self.part}"

    def cannot_fail(self) -> bool:
        """True where there is no device that could have it."""
        return not len(self.devices)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetEquals(Judged):
    """The devices with a fact."""

    devices: I64
    selector: str
    fact: str
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self.fact} on exactly {self.selector}, {len(self.devices)} devices{self.part}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Takes(Judged):
    """Quantiles of the time from a fact of a device, or from a moment, to its next fact of another kind."""

    devices: I64
    selector: str
    begin: FactOf | Between
    """A fact, or the moment at which the span begins."""
    end: FactOf
    quantiles: tuple[Quantile, ...]
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        begin = self.begin.first.text if isinstance(self.begin, Between) else self.begin
        return f"{_listed(self.quantiles)} from {begin} to {self.end} on {self.selector}{self.part}"

    def cannot_fail(self) -> bool:
        """True where every time will do."""
        return all(quantile.limit.cannot_fail() for quantile in self.quantiles)


@dataclass(frozen=True, slots=True)
class Check:
    """What a series has to be: `of` is `max`, `min`, `mean` or `slope`; `reference` what a relative one compares."""

    of: str
    condition: Condition | Limit | Relative | Slope
    reference: Between | None = None

    def __str__(self) -> str:
        return f"{self.of} {self.condition}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series(Judged):
    """A figure by interval of `per_ms`. `quantile` is that of a latency, `figure` is None then."""

    title: str
    figure: Figure | None
    quantile: int
    where: tuple[Where, ...]
    per_ms: int
    checks: tuple[Check, ...]
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self.title}: {_listed(self.checks)}{self.part}"

    def cannot_fail(self) -> bool:
        """True where every value will do."""
        return all(check.condition.cannot_fail() for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency(Judged):
    """Quantiles of the latency of servers."""

    server: str
    nodes: tuple[str, ...]
    quantiles: tuple[Quantile, ...]
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"latency of {self.server}: {_listed(self.quantiles)}{self.part}"

    def cannot_fail(self) -> bool:
        """True where every time will do."""
        return all(quantile.limit.cannot_fail() for quantile in self.quantiles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio(Judged):
    """A count of servers as a share of another."""

    server: str
    nodes: tuple[str, ...]
    figure: Figure
    of: Figure
    condition: Condition
    part: Part

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self.figure.column} / {self.of.column} of {self.server}: {self.condition}{self.part}"

    def cannot_fail(self) -> bool:
        """True where every share will do."""
        return self.condition.cannot_fail()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Judged):
    """A figure of what the servers of a port say that they hold, at the end of the run."""

    port: Port
    figure: str
    condition: Condition

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return f"{self.figure} of {self.port}.stored: {self.condition}"

    def cannot_fail(self) -> bool:
        """True where every count will do."""
        return self.condition.cannot_fail()


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Judged):
    """A SELECT over `tables` that returns no rows or, with a condition, a single number that fulfils it."""

    text: str
    tables: tuple[str, ...]
    condition: Condition | None

    @property
    def expected(self) -> str:
        """What is expected, for a reader."""
        return "no rows" if self.condition is None else f"the single value is {self.condition}"


Expectation = (
    Total
    | Each
    | EachBetween
    | Order
    | OverTime
    | Never
    | SetEquals
    | Takes
    | Series
    | Latency
    | Ratio
    | Observe
    | Query
)


def _listed(parts: tuple[object, ...]) -> str:
    return ", ".join(map(str, parts))
