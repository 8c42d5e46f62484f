"""Reactions: steps of a scenario whose time only the run tells; the coordinator watches for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emulator.journal import Fact
from scenarios.expectations import Outcome
from scenarios.shard import Command
from scenarios.timeline import Reaction
from scenarios.units import duration_text
from scenarios.verdicts import Verdict


@dataclass(slots=True)
class _State:
    """How far a reaction has come: the moment it counts from, and when it happened."""

    base_ms: int | None
    happened_ms: int | None = None
    carried_out_ms: int | None = None
    late: bool = False


class Reactions:
    """The reactions of a scenario, fed with facts line by line."""

    def __init__(self, reactions: Sequence[Reaction], duration_ms: int) -> None:
        self._reactions = reactions
        self._duration_ms = duration_ms
        self._states = {
            reaction.name: _State(reaction.since_ms if reaction.after is None else None) for reaction in reactions
        }

    def saw(self, facts: Sequence[Fact], line_ms: int) -> None:
        """Takes the facts before a line, in order of time."""
        for reaction in self._reactions:
            state = self._states[reaction.name]
            if reaction.fact is None or state.happened_ms is not None or state.base_ms is None or state.late:
                continue
            state.happened_ms = next((fact.at_ms for fact in facts if self._meets(reaction, state.base_ms, fact)), None)
            if state.happened_ms is None and reaction.within_ms is not None:
                state.late = state.base_ms + reaction.within_ms < line_ms

    @staticmethod
    def _meets(reaction: Reaction, base_ms: int, fact: Fact) -> bool:
        if fact.kind != reaction.fact or fact.at_ms < base_ms:
            return False
        if reaction.within_ms is not None and fact.at_ms > base_ms + reaction.within_ms:
            return False
        return reaction.of is None or bool(np.isin(fact.device, reaction.of))

    def commands(self, line_ms: int) -> list[Command]:
        """What is to be done now: actions hold from this line on, or from their own later moment."""
        result = []
        for reaction in self._reactions:
            state = self._states[reaction.name]
            if reaction.fact is None and state.happened_ms is None and state.base_ms is not None:
                state.happened_ms = state.base_ms
            if state.happened_ms is None or state.carried_out_ms is not None:
                continue
            state.carried_out_ms = max(line_ms, state.happened_ms)
            if state.carried_out_ms < self._duration_ms:
                result.append(Command(reaction.name, reaction.action, reaction.devices, state.carried_out_ms))
            self._follow(reaction, state.carried_out_ms)
        return result

    def _follow(self, done: Reaction, at_ms: int) -> None:
        """Tells the reactions that count from this one."""
        span_ms = 0 if done.action is None else done.action.span_ms or 0
        for reaction in self._reactions:
            if reaction.after == done.name:
                begins = at_ms + (span_ms if reaction.from_end else 0)
                self._states[reaction.name].base_ms = begins + reaction.delay_ms

    def verdicts(self) -> list[Verdict]:
        """A failed expectation for every fact that did not come in time."""
        result = []
        for reaction in self._reactions:
            state = self._states[reaction.name]
            if reaction.fact is None or reaction.within_ms is None:
                continue
            came = state.happened_ms is not None
            seen = "the step it counts from did not happen" if state.base_ms is None else "no such fact"
            if came and state.happened_ms is not None and state.base_ms is not None:
                seen = f"after {duration_text(state.happened_ms - state.base_ms)}"
            result.append(
                Verdict(
                    reaction.name,
                    None,
                    Outcome.PASS if came else Outcome.FAIL,
                    seen,
                    f"{reaction.fact} within {duration_text(reaction.within_ms)}",
                    (),
                    reaction.place,
                )
            )
        return result
