"""The timeline: steps as they are written, and the occurrences and reactions that they come to.

A step has a time and does something; one that does nothing is a mark that others refer to. A time is `at`, `every`
(from `at` on, until `until`, or `between` two moments), `after` another step or its end, with a `delay`, or `when` a
fact happens. What follows a
step with a known time is itself known before the run; what follows a fact is a reaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Final

from pydantic import Field, PlainValidator, WithJsonSchema

from emulator.ports import I64
from scenarios.actions import ACTIONS, FAULTS, Action, Fault
from scenarios.entries import AnyFact
from scenarios.fields import Devices, Duration, Model, Span, Text, Title, reader
from scenarios.problems import Loc, LocatedError, hint, shown
from scenarios.selectors import Selector
from scenarios.source import Plain
from scenarios.units import duration_ms, duration_text
from scenarios.validation import Checker, keys

OCCURRENCES_MAX: Final = 10_000
"""How often one step repeats."""
CHAIN_MAX: Final = 100
"""Steps that follow each other against the order of the file."""
END: Final = ".end"
"""After the name of a step: not its beginning, but its end."""
END_OF_RUN: Final = "end"
"""The end of the run, unless a step is called like this."""


# --- as it is written ------------------------------------------------------------------------------------------------


def _read_ends(data: object) -> tuple[str, str]:
    if not isinstance(data, list) or len(data) != 2 or not all(isinstance(end, str) for end in data):
        raise LocatedError((), f"{shown(data)} does not name two moments", "write `[first, last]`: steps or times")
    return data[0], data[1]


Ends = Annotated[
    tuple[str, str],
    PlainValidator(reader(_read_ends)),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2}),
]
"""The first and the last moment of a step that repeats: steps, `STEP.end`, times since the start, or `end`."""


class FactFilter(Model):
    """The fact that a step waits for: of which kind, and of which devices."""

    fact: AnyFact
    of: Devices | None = None


class Timing(Model):
    """Name and time of a step."""

    name: Annotated[Title | None, Field(description="how other steps and expectations refer to it")] = None
    at: Annotated[Duration | None, Field(description="time since the start of the run")] = None
    every: Annotated[Span | None, Field(description="repeats: first at `at`, or after this long")] = None
    until: Annotated[Duration | None, Field(description="the last repetition is not later than this")] = None
    between: Annotated[
        Ends | None,
        Field(description="repeats from the first moment to the last: steps, or times since the start of the run"),
    ] = None
    when: Annotated[FactFilter | None, Field(description="the first time that a fact happens")] = None
    within: Annotated[
        Span | None,
        Field(
            description="the fact has to happen within this, from `after` or else from the step before it in the file"
        ),
    ] = None
    after: Annotated[Text | None, Field(description="a step, or `STEP.end`")] = None
    delay: Annotated[Duration, Field(description="how long after it")] = 0
    named: Annotated[
        Title | None, Field(alias="as", description="how later selectors call the devices of this step")
    ] = None


class DoNothing(Action):
    """Marks a moment, so that other steps and expectations can refer to it."""

    example = "{name: calm, after: up, delay: 30min}"


TIMING_KEYS: Final = keys(Timing)


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has been read. `loc` is its place in the document."""

    name: str
    timing: Timing
    action: Action
    loc: Loc

    @property
    def action_loc(self) -> Loc:
        """Where the fields of its action stand."""
        return (*self.loc, "fault") if isinstance(self.action, Fault) else self.loc

    def selectors(self) -> Iterator[tuple[Loc, Selector]]:
        """Its selectors with their places."""
        target: Selector | None = getattr(self.action, "target", None)
        if target is not None:
            yield (*self.loc, "target"), target
        if self.timing.when is not None and self.timing.when.of is not None:
            yield (*self.loc, "when", "of"), self.timing.when.of

    def doing(self, action: Action) -> "Step":
        """The same step with another action."""
        return replace(self, action=action)


# --- as it is carried out --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happens at a time that is known before the run.

    `action` is None for a mark. `end_ms` is None where it has no end of its own. `devices` are fleet indices, None for
    an action that is not on devices.
    """

    name: str
    at_ms: int
    end_ms: int | None
    action: Action | None
    devices: I64 | None = field(compare=False)
    place: str


@dataclass(frozen=True, slots=True)
class Reaction:
    """Something whose time only the run tells: it waits for a fact, or follows a step that does.

    With `fact` set it happens at the first such fact, of one of `of` where that is not None, at or after the moment
    that it counts from; without it, at that moment. The moment is `delay_ms` after the beginning of the step `after`
    (its end where `from_end`), or `since_ms` where `after` is None. A fact that does not come within `within_ms` is a
    failed expectation.
    """

    name: str
    fact: str | None
    of: I64 | None = field(compare=False)
    after: str | None
    from_end: bool
    delay_ms: int
    since_ms: int
    within_ms: int | None
    action: Action | None
    devices: I64 | None = field(compare=False)
    place: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happens in a run: occurrences by time, then by order in the file; reactions in the order of the file."""

    steps: tuple[Occurrence, ...] = ()
    reactions: tuple[Reaction, ...] = ()


def read_step(checker: Checker, data: Plain, loc: Loc) -> Step | None:
    """One step from plain data; None where something is wrong with it, which the checker then has."""
    if not isinstance(data, dict):
        checker.error(loc, f"{shown(data)} is not a step", "write `{at: 1h, do: …}`")
        return None
    timed = {key: value for key, value in data.items() if key in TIMING_KEYS}
    timing = checker.model(Timing, timed, loc)
    rest = {key: value for key, value in data.items() if key not in TIMING_KEYS}
    action = _action(checker, rest, loc)
    if timing is None or action is None:
        return None
    problem = _time_problem(timing) or _idle(timing, action)
    if problem:
        checker.error(loc, *problem)
        return None
    if timing.named is not None and getattr(action, "target", None) is None:
        checker.error((*loc, "as"), "the step is not on devices", "leave `as` out, or name the step", key=True)
        return None
    number = loc[-1]
    assert isinstance(number, int)
    return Step(timing.name or f"step-{number + 1}", timing, action, loc)


def _action(checker: Checker, data: dict[str, Plain], loc: Loc) -> Action | None:
    if "do" in data and "fault" in data:
        checker.error((*loc, "fault"), "a step has both `do` and `fault`", "write two steps")
        return None
    if "fault" in data:
        for key in data:
            if key != "fault":
                remedy = f"write it inside `fault: {{…}}`, or one of: {', '.join(TIMING_KEYS)}"
                checker.error((*loc, key), f"unknown key {shown(key)}", remedy, key=True)
        return _variant(checker, FAULTS, "kind", data["fault"], (*loc, "fault"), "fault")
    if "do" in data:
        return _variant(checker, ACTIONS, "do", data, loc, "action", TIMING_KEYS)
    if data:
        key = next(iter(data))
        remedy = hint(key, (*TIMING_KEYS, "do", "fault"))
        if "mean" not in remedy:
            remedy = f"add `do` with one of: {', '.join(ACTIONS)}"
        checker.error((*loc, key), f"{shown(key)} stands in a step without `do` or `fault`", remedy, key=True)
        return None
    return DoNothing()


def _variant(
    checker: Checker,
    variants: Mapping[str, type[Action]],
    tag: str,
    data: Plain,
    loc: Loc,
    what: str,
    other_keys: tuple[str, ...] = (),
) -> Action | None:
    """The variant that the key `tag` names; unknown keys are compared with its own and with `other_keys`."""
    if not isinstance(data, dict):
        checker.error(loc, f"{shown(data)} is not a {what}", f"write `{{{tag}: …}}` with one of: {', '.join(variants)}")
        return None
    name = data.get(tag)
    if not isinstance(name, str) or name not in variants:
        cause = f"there is no {what} {shown(name)}" if tag in data else f"the key {tag!r} is missing"
        checker.error((*loc, tag) if tag in data else loc, cause, hint(str(name), variants))
        return None
    model = variants[name]
    known = keys(model)
    for key in data:
        if key not in known:
            checker.error((*loc, key), f"{name} has no {shown(key)}", hint(key, (*known, *other_keys)), key=True)
    return checker.model(model, {key: value for key, value in data.items() if key in known}, loc)


def _time_problem(timing: Timing) -> tuple[str, str] | None:
    """Cause and remedy where the time of a step cannot be."""
    given = {key for key in ("at", "every", "when", "after") if getattr(timing, key) is not None}
    if not given:
        return "the step has no time", "add one of: at, every, after, when"
    if len(given - {"at"}) > 1 and given != {"when", "after"}:
        return f"the step has {' and '.join(sorted(given))}", "give one time"
    if "at" in given and given & {"when", "after"}:
        return f"the step has {' and '.join(sorted(given))}", "give one time; `delay` counts from `after`"
    if timing.until is not None and timing.every is None:
        return "`until` stands without `every`", "it ends a step that repeats"
    if timing.between is not None and timing.every is None:
        return "`between` stands without `every`", "it bounds a step that repeats"
    if timing.between is not None and (timing.at is not None or timing.until is not None):
        return "the step has `between` beside `at` or `until`", "give its first and its last moment once"
    if timing.within is not None and timing.when is None:
        return "`within` stands without `when`", "it bounds the time in which a fact happens"
    if timing.delay and timing.after is None:
        return "`delay` stands without `after`", "give the time as `at`"
    return None


def _idle(timing: Timing, action: Action) -> tuple[str, str] | None:
    if isinstance(action, DoNothing) and timing.name is None and timing.within is None:
        return "the step does nothing and has no name", "add `do` or `fault`, or a name that others refer to"
    return None


# --- resolving -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Resolver:
    """Turns steps into occurrences and reactions, whose devices are left to `scenarios.targets`.

    `duration_ms` is the end of the run.
    """

    checker: Checker
    duration_ms: int
    _steps: dict[str, Step] = field(default_factory=dict)
    _times: dict[str, int | None] = field(default_factory=dict)
    """The beginning of each step, None for a reaction."""
    _open: list[str] = field(default_factory=list)

    def resolve(self, steps: tuple[Step, ...]) -> Timeline:
        """The timeline; steps that cannot be placed in time are mistakes, steps after the end warnings."""
        for step in steps:
            first = self._steps.setdefault(step.name, step)
            if first is not step:
                where = self.checker.document.place(first.loc).split(": ")[0]
                self.checker.error((*step.loc, "name"), f"a second step {shown(step.name)}", f"the first is at {where}")
        occurrences: list[Occurrence] = []
        reactions: list[Reaction] = []
        for index, step in enumerate(steps):
            if self._steps[step.name] is not step:
                continue
            try:
                at_ms = self._time(step.name)
            except LocatedError as error:
                self.checker.located(step.loc, error)
                continue
            if at_ms is None:
                reactions.append(self._reaction(step, steps[index - 1] if index else None))
            else:
                occurrences += self._occurrences(step, at_ms)
        self._refuse_circles(reactions)
        occurrences.sort(key=lambda occurrence: occurrence.at_ms)
        return Timeline(tuple(occurrences), tuple(reactions))

    def _time(self, name: str) -> int | None:
        if name in self._times:
            return self._times[name]
        if name in self._open:
            circle = " after ".join(map(shown, [*self._open[self._open.index(name) :], name]))
            raise LocatedError(("after",), f"a circle: {circle}", "give one of them a time")
        if len(self._open) >= CHAIN_MAX:
            raise LocatedError(("after",), f"a chain of {CHAIN_MAX} steps", "write the steps in their order")
        self._open.append(name)
        try:
            timing = self._steps[name].timing
            # What an `after` refers to has to exist for a reaction as well.
            base = self._moment_after(timing) if timing.after is not None else None
            if timing.when is not None:
                self._times[name] = None
            elif timing.after is not None:
                self._times[name] = None if base is None else base + timing.delay
            elif timing.between is not None:
                self._times[name] = self._bound(timing.between, 0)
            elif timing.every is not None:
                self._times[name] = timing.every if timing.at is None else timing.at
            else:
                self._times[name] = timing.at
        finally:
            self._open.pop()
        return self._times[name]

    def _refuse_circles(self, reactions: Sequence[Reaction]) -> None:
        """A `when` without `after` counts from the step before it, which may itself wait for that `when`."""
        bases = {reaction.name: reaction.after for reaction in reactions}
        settled: set[str] = set()
        for start in bases:
            path: dict[str, None] = {}
            name: str | None = start
            while name is not None and name in bases and name not in settled and name not in path:
                path[name] = None
                name = bases[name]
            settled |= path.keys()
            if name is None or name not in path:
                continue
            walked = list(path)
            for each in walked[walked.index(name) :]:
                step = self._steps[each]
                if step.timing.when is not None and step.timing.after is None:
                    before = shown(bases[each])
                    cause = f"it counts from the step before it, {before}, which waits for it: neither would happen"
                    self.checker.error((*step.loc, "when"), cause, "give it `after`, or another place in the file")

    def _moment_after(self, timing: Timing) -> int | None:
        assert timing.after is not None
        name, from_end = self._reference(timing.after, ("after",))
        return self._moment(name, from_end, ("after",))

    def _moment(self, name: str, from_end: bool, loc: Loc) -> int | None:
        """When a step begins or ends; `loc` is where another one refers to it."""
        other = self._steps[name]
        if other.timing.every is not None:
            raise LocatedError(loc, f"the step {shown(name)} repeats", "follow a step that happens once")
        if from_end and other.action.span_ms is None:
            raise LocatedError(loc, f"the step {shown(name)} has no end of its own", "give it a `for`")
        at_ms = self._time(name)
        return None if at_ms is None else at_ms + (other.action.span_ms or 0 if from_end else 0)

    def _bound(self, ends: tuple[str, str], which: int) -> int:
        """The first or the last moment of a step that repeats."""
        loc: Loc = ("between", which)
        text = ends[which]
        if text in self._steps or text.removesuffix(END) in self._steps:
            name, from_end = self._reference(text, loc)
            at_ms = self._moment(name, from_end, loc)
            if at_ms is None:
                cause = f"when {shown(text)} happens is known in the run only"
                raise LocatedError(loc, cause, "bound it by steps that have a time, or by times")
            return at_ms
        if text == END_OF_RUN:
            return self.duration_ms
        try:
            return duration_ms(text)
        except LocatedError as error:
            cause, remedy = error.cause, error.remedy
            if not text[:1].isdigit():
                cause, remedy = f"there is no step {shown(text)}", hint(text, (*self._steps, END_OF_RUN))
            raise LocatedError(loc, cause, remedy) from error

    def _reference(self, text: str, loc: Loc) -> tuple[str, bool]:
        if text in self._steps:
            return text, False
        name = text.removesuffix(END)
        if name not in self._steps:
            raise LocatedError(loc, f"there is no step {shown(name)}", hint(name, self._steps))
        return name, True

    def _occurrences(self, step: Step, first_ms: int) -> list[Occurrence]:
        every, until_ms = step.timing.every, step.timing.until
        times = [first_ms]
        if step.timing.between is not None:
            try:
                until_ms = self._bound(step.timing.between, 1)
            except LocatedError as error:
                self.checker.located(step.loc, error)
                return []
            if until_ms < first_ms:
                self.checker.error((*step.loc, "between"), "the last moment is before the first", "swap them")
                return []
        if every is not None:
            last = self.duration_ms - 1 if until_ms is None else min(until_ms, self.duration_ms - 1)
            count = max(0, (last - first_ms) // every + 1)
            if count > OCCURRENCES_MAX:
                cause = f"the step repeats {count} times"
                self.checker.error((*step.loc, "every"), cause, f"let it repeat at most {OCCURRENCES_MAX} times")
                count = 0
            elif count == 0:
                self._late(step, first_ms)
            times = [first_ms + number * every for number in range(count)]
        elif first_ms >= self.duration_ms:
            self._late(step, first_ms)
        span = step.action.span_ms
        return [
            Occurrence(
                step.name,
                at_ms,
                None if span is None else at_ms + span,
                _done(step.action),
                None,
                self.checker.document.place(step.loc),
            )
            for at_ms in times
            if at_ms < self.duration_ms
        ]

    def _late(self, step: Step, at_ms: int) -> None:
        cause = f"the step {shown(step.name)} would happen at {duration_text(at_ms)}, not before the end of the run"
        self.checker.notice(step.loc, cause, f"the run lasts {duration_text(self.duration_ms)}")

    def _reaction(self, step: Step, before: Step | None) -> Reaction:
        timing = step.timing
        after, from_end = self._reference(timing.after, ("after",)) if timing.after is not None else (None, False)
        since_ms = 0
        if after is None and before is not None:
            # `within` counts from the step before, which may itself be a reaction.
            known = self._times.get(before.name)
            after, since_ms = (before.name, 0) if known is None else (None, known)
        elif after is not None:
            base = self._moment_after(timing)
            after, since_ms = (after, 0) if base is None else (None, base + timing.delay)
        return Reaction(
            name=step.name,
            fact=timing.when.fact if timing.when else None,
            of=None,
            after=after,
            from_end=from_end and after is not None,
            delay_ms=timing.delay if after is not None else 0,
            since_ms=since_ms,
            within_ms=timing.within,
            action=_done(step.action),
            devices=None,
            place=self.checker.document.place(step.loc),
        )


def _done(action: Action) -> Action | None:
    return None if isinstance(action, DoNothing) else action
