"""Tolerances: how far a figure of a run may lie from that of another run before it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from scenarios.errors import UserError
from scenarios.problems import LocatedError
from scenarios.units import DURATION, SHARE, SIZE, quantity

ENTRIES_MAX: Final = 1_000
FIGURE_MAX: Final = 300
"""Characters of a figure's name."""
AMOUNT_MAX: Final = 2**53

Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX)] | str
"""A number, `10 %`, a duration or a size."""


class Unit(StrEnum):
    """What a figure counts, as its number is kept: events and requests, bytes, µs, ms; or a text."""

    COUNT = "count"
    BYTES = "bytes"
    US = "us"
    MS = "ms"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Measure:
    """An amount that was read: a share of the figure in per mille, or an absolute one in `unit` (None: any number)."""

    permille: int | None
    value: int
    unit: Unit | None

    def allowed(self, base: int, unit: Unit, place: str) -> int:
        """How far a figure of `unit` may lie from `base`. Raises `UserError` where the two do not fit."""
        if self.permille is not None:
            return base * self.permille // 1000
        if self.value == 0 or self.unit is unit or (self.unit is None and unit in (Unit.COUNT, Unit.BYTES)):
            return self.value
        if self.unit is Unit.MS and unit is Unit.US:
            return self.value * 1000
        example = {Unit.US: "20ms", Unit.MS: "2s", Unit.BYTES: "5 MB"}.get(unit, "100")
        raise UserError(
            place, "the tolerance and the figure have different units", f"write '10 %', or such as {example}"
        )


class Entry(BaseModel):
    """One tolerance of `compare`.

    `figure` is the name of a figure, with or without the server, target or expectation in it, or the beginning of
    such names up to a dot. `differs_by` tolerates a difference in both directions, `worse_by` counts only what is
    worse; `or` is another amount, and the larger of the two holds. With `only: warn` nothing more is a finding.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)

    figure: Annotated[str, Field(min_length=1, max_length=FIGURE_MAX)]
    differs_by: Amount | None = None
    worse_by: Amount | None = None
    or_: Annotated[Amount | None, Field(alias="or")] = None
    only: Literal["warn"] | None = None

    @field_validator("differs_by", "worse_by", "or_")
    @classmethod
    def _is_an_amount(cls, amount: Amount | None) -> Amount | None:
        if amount is not None:
            measure(amount)
        return amount

    @model_validator(mode="after")
    def _says_one_thing(self) -> "Entry":
        if self.differs_by is not None and self.worse_by is not None:
            raise ValueError("differs_by and worse_by stand together; write one of them")
        if self.differs_by is None and self.worse_by is None:
            if self.or_ is not None:
                raise ValueError("`or` stands alone; write differs_by or worse_by too")
            if self.only is None:
                raise ValueError("it says nothing; write differs_by, worse_by or `only: warn`")
        return self

    def covers(self, names: Sequence[str]) -> bool:
        """Whether the figure that goes by any of `names` is meant."""
        return any(name == self.figure or name.startswith(f"{self.figure}.") for name in names)

    def allowed(self, base: int, unit: Unit) -> int:
        """How far the figure may lie from `base`, in its unit. Raises `UserError` where the units do not fit."""
        place = f"compare: {self.figure}"
        amounts = (self.differs_by if self.worse_by is None else self.worse_by, self.or_)
        return max((measure(one).allowed(base, unit, place) for one in amounts if one is not None), default=0)

    def plain(self) -> dict[str, Any]:
        """The entry as it was written."""
        return self.model_dump(by_alias=True, exclude_none=True)


def measure(amount: Amount) -> Measure:
    """Reads an amount. Raises `ValueError` for a text that is none."""
    if isinstance(amount, int):
        return Measure(None, amount, None)
    try:
        if "%" in amount:
            return Measure(quantity(amount, SHARE), 0, None)
        if amount.strip().endswith(("B", "b")):
            return Measure(None, quantity(amount, SIZE), Unit.BYTES)
        return Measure(None, quantity(amount, DURATION), Unit.MS)
    except LocatedError as error:
        raise ValueError(f"{error.cause}; {error.remedy}") from error


def parse_entries(data: Sequence[object], place: str) -> tuple[Entry, ...]:
    """The entries in plain data, such as the `baseline.compare` of a suite. Raises `UserError`."""
    remedy = "write entries such as {figure: wall_s, worse_by: '30 %', only: warn}"
    if len(data) > ENTRIES_MAX:
        raise UserError(place, f"more than {ENTRIES_MAX:,} tolerances", remedy)
    entries = []
    for index, one in enumerate(data):
        try:
            entries.append(Entry.model_validate(one))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in (index, *first["loc"]))
            raise UserError(f"{place}.{where}", first["msg"].removeprefix("Value error, "), remedy) from error
    return tuple(entries)


DEFAULTS: Final = (
    *(Entry(figure=figure, differs_by=0) for figure in ("verdict", "telemetry", "servers", "queue", "expectations")),
    Entry(figure="digest", differs_by=0, only="warn"),
    Entry(figure="wall_s", worse_by="30 %", or_="1s", only="warn"),
)
"""Virtual time is exact. The digest only says that some figure differs; wall time is the machine's."""
