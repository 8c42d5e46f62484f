"""Targets: what the selectors of a scenario come to, at the moments that they are about."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from emulator.ports import I64
from scenarios.actions import Action, CrashAgent, Isolate, LeaveNetwork, StopAgent, SwitchOff, Unplug
from scenarios.fleet import Enrolment, Fleet, Mask
from scenarios.problems import Loc, LocatedError, shown
from scenarios.selectors import Selector, names_in, resolve, state_in
from scenarios.timeline import Occurrence, Reaction, Step, Timeline
from scenarios.validation import Checker

STATE_OF: Final[Mapping[type[Action], str]] = {
    Unplug: "off-line",
    LeaveNetwork: "away",
    SwitchOff: "switched-off",
    StopAgent: "stopped",
    CrashAgent: "stopped",
    Isolate: "isolated",
}
"""The state that an action puts devices into."""


@dataclass(frozen=True, slots=True)
class _Spell:
    """Devices are in a state from a moment on, until another."""

    state: str
    devices: I64
    from_ms: int
    until_ms: int


class Targets:
    """Resolves the selectors of one scenario; mistakes go to the checker.

    `selections` are the devices that have a name so far: those under `select`, then those that steps name with `as`.
    """

    def __init__(
        self,
        checker: Checker,
        fleet: Fleet,
        select: Mapping[str, Selector],
        *,
        duration_ms: int,
        enrolments: Iterable[Enrolment] = (),
    ) -> None:
        self.selections: dict[str, I64] = {}
        self._checker = checker
        self._fleet = fleet
        self._duration_ms = duration_ms
        self._spells = [_Spell("stopped", each.devices, 0, each.at_ms) for each in enrolments]
        self._known = set(select)
        """Names that there are, whether their devices are known or not."""
        self._told: set[str] = set()
        """Names whose devices stay unknown, through a mistake that is told where they stand."""
        self._moving: set[str] = set()
        """Names of devices that hang on a state."""
        self._unknown: Reaction | None = None
        """A step that changes states at a moment that only the run tells."""
        self._select(select)

    def _select(self, select: Mapping[str, Selector]) -> None:
        """The named selectors, those that others refer to first."""
        waiting = dict(select)
        while waiting:
            ready = [name for name, selector in waiting.items() if not names_in(selector) & waiting.keys()]
            if not ready:
                cause = f"the selections {', '.join(waiting)} refer to each other"
                self._checker.error(("select", next(iter(waiting))), cause, "let one of them stand on its own")
                self._told |= waiting.keys()
                return
            for name in ready:
                devices = self._resolved(waiting.pop(name), ("select", name), at_ms=None)
                if devices is None:
                    self._told.add(name)
                else:
                    self.selections[name] = devices

    # --- steps -------------------------------------------------------------------------------------------------------

    def aimed(self, steps: Sequence[Step], timeline: Timeline) -> Timeline:
        """The timeline with its devices.

        A selector that asks for a state is resolved for the moment of its step, with what the steps before it have
        done; it is refused where that moment, or one at which a state changes, is known in the run only.
        """
        found: dict[Loc, I64] = {}
        moving = set()
        self._known |= {step.timing.named for step in steps if step.timing.named is not None}
        for step in steps:
            hangs = {loc: self._hangs(selector) for loc, selector in step.selectors()}
            for loc, selector in step.selectors():
                devices = None if hangs[loc] else self._resolved(selector, loc, at_ms=None)
                if devices is not None:
                    found[loc] = devices
            if any(hangs.values()):
                moving.add(step.name)
            target = (*step.loc, "target")
            self._name(step, found.get(target), hangs=hangs.get(target, False))
        by_name = {step.name: step for step in reversed(steps)}
        self._unknown = next((each for each in timeline.reactions if type(each.action) in STATE_OF), None)
        aimed = []
        for occurrence in timeline.steps:
            step = by_name[occurrence.name]
            loc = (*step.loc, "target")
            devices = found.get(loc)
            if step.name in moving:
                selector = next(selector for where, selector in step.selectors() if where == loc)
                devices = self._resolved(selector, loc, at_ms=occurrence.at_ms)
                if step.timing.every is None:
                    self._name(step, devices, hangs=False)
            aimed.append(replace(occurrence, devices=devices))
            self._begin(occurrence, devices)
        reactions = tuple(self._reacting(by_name[each.name], each, found, moving) for each in timeline.reactions)
        return replace(timeline, steps=tuple(aimed), reactions=reactions)

    def _reacting(self, step: Step, reaction: Reaction, found: Mapping[Loc, I64], moving: set[str]) -> Reaction:
        if step.name in moving:
            cause = "a state is that of a moment, and when this step happens is known in the run only"
            loc, selector = next((loc, each) for loc, each in step.selectors() if self._hangs(each))
            self._checker.error((*loc, *(state_in(selector) or ())), cause, "name the devices in another way")
            self._told |= {step.timing.named or ""}
        of, devices = found.get((*step.loc, "when", "of")), found.get((*step.loc, "target"))
        return replace(reaction, of=of, devices=devices)

    def _name(self, step: Step, devices: I64 | None, *, hangs: bool) -> None:
        """Gives the devices of a step the name that it wants."""
        name = step.timing.named
        if name is None:
            return
        if hangs and step.timing.every is None:
            self._moving.add(name)
        elif hangs:
            cause = f"{shown(name)} would name other devices each time that the step repeats"
            self._checker.error((*step.loc, "as"), cause, "leave `as` out, or name the devices without their state")
            self._told.add(name)
        elif name in self.selections:
            self._checker.error((*step.loc, "as"), f"{shown(name)} names other devices", "choose another name")
        elif devices is None:
            self._told.add(name)
        else:
            self.selections[name] = devices

    def _begin(self, occurrence: Occurrence, devices: I64 | None) -> None:
        state = STATE_OF.get(type(occurrence.action)) if occurrence.action is not None else None
        if state is not None and devices is not None:
            until_ms = self._duration_ms if occurrence.end_ms is None else occurrence.end_ms
            self._spells.append(_Spell(state, devices, occurrence.at_ms, until_ms))

    # --- selectors ---------------------------------------------------------------------------------------------------

    def at_end(self, selector: Selector, loc: Loc, *, may_be_empty: bool = False) -> I64 | None:
        """The devices of a selector, with the states at the end of the run; None where something is wrong with it."""
        return self._resolved(selector, loc, at_ms=self._duration_ms - 1, may_be_empty=may_be_empty)

    def _hangs(self, selector: Selector) -> bool:
        return state_in(selector) is not None or bool(names_in(selector) & self._moving)

    def _resolved(self, selector: Selector, loc: Loc, *, at_ms: int | None, may_be_empty: bool = False) -> I64 | None:
        missing = sorted(names_in(selector) & (self._known - self.selections.keys()))
        if missing:
            if not self._told & set(missing):
                cause = f"{shown(missing[0])} does not name devices yet"
                self._checker.error(loc, cause, "let the step that names them come before this one")
            return None
        try:
            in_state = None if at_ms is None else partial(self._in_state, at_ms)
            if in_state is not None and self._unknown is not None and state_in(selector) is not None:
                cause = f"the step {shown(self._unknown.name)} changes states at a moment that only the run tells"
                raise LocatedError(state_in(selector) or (), cause, "name the devices in another way")
            return resolve(selector, self._fleet, self.selections, in_state=in_state, may_be_empty=may_be_empty)
        except LocatedError as error:
            self._checker.located(loc, error)
            return None

    def _in_state(self, at_ms: int, state: str) -> Mask:
        mask = np.zeros(len(self._fleet), np.bool_)
        for spell in self._spells:
            if spell.state == state and spell.from_ms <= at_ms < spell.until_ms:
                mask[spell.devices] = True
        return mask
