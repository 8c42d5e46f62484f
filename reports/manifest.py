"""The manifest of a run: what `run.json` says, checked where it is read."""

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from reports import documents, words
from scenarios.actions import FAULTS
from scenarios.tables import TERMS

FORMAT: Final = 1
"""Version of the run folder that this release reads."""

TIME_MS_MAX: Final = 100 * 366 * 86_400_000
"""A hundred years: no run is longer, and no time within one overflows a calendar."""

Count = Annotated[int, Field(ge=0, lt=2**63)]
TimeMs = Annotated[int, Field(ge=0, le=TIME_MS_MAX)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Scalar = str | int | float | bool | None
"""What an expectation compares: a text made for reading, or a plain value."""

Status = Literal["running", "finished", "interrupted", "cut-short", "failed"]
Verdict = Literal["pass", "unjudged", "fail", "invalid", "error"]
Judgement = Literal["pass", "fail", "warn", "unknown", "invalid"]


class _Part(BaseModel):
    """Strict to types, lenient to keys that a later release adds."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class ScenarioOrigin(_Part):
    """Which scenario ran."""

    name: str
    about: str = ""
    file: str = ""
    sha256: str = ""
    tags: tuple[str, ...] = ()


class Block(_Part):
    """A block of the fleet."""

    name: str
    image: str
    group: str
    count: Count


class Step(_Part):
    """A step of the timeline as it happened. `action` is what it did, or the kind of its fault.

    `end_ms` is None for what happens at one moment.
    """

    name: str
    action: str
    at_ms: TimeMs
    end_ms: TimeMs | None = None
    detail: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether a server was at fault, so that figures show the span as one."""
        return self.action in FAULTS


class CounterExample(_Part):
    """What an expectation does not permit: a device or, where `device` is empty, `what` says what it is."""

    device: str | None = None
    what: str | None = None
    seen: Scalar = None
    permitted: Scalar = None
    at_ms: TimeMs | None = None

    @property
    def subject(self) -> str:
        """Who or what it is, for a reader."""
        return self.device or self.what or "the run"

    @property
    def sentence(self) -> str:
        """The whole of it on one line."""
        when = "" if self.at_ms is None else f" at {words.span(self.at_ms)}"
        return (
            f"{words.printable(self.subject)}{when}, seen {words.scalar(self.seen)}, "
            f"permitted {words.scalar(self.permitted)}"
        )


class Expectation(_Part):
    """What was expected, what was seen, and how that was judged. `clause` is a requirement (KEA-...) or empty."""

    name: str
    clause: str | None = None
    verdict: Judgement
    seen: Scalar = None
    expected: Scalar = None
    place: str | None = None
    counter_examples: tuple[CounterExample, ...] = ()


class Manifest(_Part):
    """`run.json`.

    What only the end of a run knows may be missing: a run that was killed leaves the manifest of its beginning.
    `telemetry` holds every term of the books for each target that it names; `error` says what broke a failed run.
    `arguments` are those with which its scenario is loaded again: the source, then options.
    """

    format: int
    version: str
    status: Status
    scenario: ScenarioOrigin
    seed: int
    start: AwareDatetime
    duration_ms: Annotated[int, Field(gt=0, le=TIME_MS_MAX)]
    simulated_ms: TimeMs = 0
    devices: Count
    blocks: tuple[Block, ...] = ()
    workers: Count = 1
    command: str = ""
    arguments: tuple[str, ...] = ()
    backends: dict[str, str] = Field(default_factory=dict)
    interval_ms: Annotated[int, Field(gt=0, le=TIME_MS_MAX)]
    steps: tuple[Step, ...] = ()
    verdict: Verdict | None = None
    error: str = ""
    expectations: tuple[Expectation, ...] = ()
    telemetry: dict[str, dict[str, Count]] = Field(default_factory=dict)
    digest: str | None = None
    wall_s: Seconds = 0.0
    cpu_s: Seconds = 0.0
    environment: dict[str, str] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_of_this_format_and_age(self) -> "Manifest":
        if self.format != FORMAT:
            raise ValueError(f"format {self.format} is unknown, this release reads format {FORMAT}")
        if not 1900 <= self.start.year <= 3000:
            raise ValueError(f"start {self.start.isoformat()} lies outside the years 1900 to 3000")
        return self

    @model_validator(mode="after")
    def _names_every_term(self) -> "Manifest":
        for target, terms in self.telemetry.items():
            missing = [term for term in TERMS if term not in terms]
            if missing:
                raise ValueError(f"telemetry.{target} lacks {', '.join(missing)}")
        return self


def parse_manifest(content: bytes, *, place: str) -> Manifest:
    """The manifest in `content`, the bytes of a `run.json` that the user knows as `place`.

    Raises `UserError` with the first thing that is wrong.
    """
    return documents.parse(Manifest, content, place=place, remedy="give a folder that this release of Seatrial wrote")
