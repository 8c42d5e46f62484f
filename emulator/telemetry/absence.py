"""Absence: which events do not happen on the rows of a block in a tick, since isolation or the switch prevents them."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import numpy as np

from emulator.exclusions.answers import Answer
from emulator.exclusions.network import NetworkRule
from emulator.ports import I64
from emulator.telemetry.profiles import Profiles
from emulator.telemetry.rows import Injected, Mask, Rows, Run
from emulator.world import World

Rules = tuple[NetworkRule, ...]


class Block(Protocol):
    """The rows of a block, as far as isolation needs them."""

    def passes(self, rules: Rules, run: Run, event_class: int) -> Mask:
        """Which devices of the run let a class through that some of them do."""


class Absence:
    """What does not happen in one tick. `isolated` are rows by what is let through, `off` those that are switched off.

    It is false where everything happens.
    """

    def __init__(self, block: Block, profiles: Profiles, isolated: Mapping[Rules, Mask], off: Mask | None) -> None:
        self._block = block
        self._profiles = profiles
        self._isolated = isolated
        self._off = off

    def __bool__(self) -> bool:
        return bool(self._isolated) or self._off is not None

    def of(self, run: Run, event_class: int) -> Mask | None:
        """The rows of a run on which no event of a class happens (index in the image's, the scenario's after them).

        None where it happens on all of them.
        """
        missing = None if self._off is None else self._off[run.rows]
        for rules, mask in self._isolated.items():
            here = mask[run.rows]
            answer = self._profiles.passage(rules, run.image).answers[event_class]
            if answer is Answer.YES or not here.any():
                continue
            if answer is Answer.DEPENDS:
                here = here & ~self._block.passes(rules, run, event_class)
            missing = here if missing is None else missing | here
        return missing if missing is not None and missing.any() else None


def could_be_cut_off(block: Rows, world: World, happening: Iterable[Injected]) -> I64:
    """How many events of each row happened in this tick that isolation could cut off, collected or not."""
    result = np.zeros(len(block.device), np.int64)
    for run in block.runs:
        for index, item in enumerate(world.images[run.image].classes):
            if item.can_be_cut_off:
                result[run.rows] += block.classes[index, run.rows]
    for added in happening:
        if world.scenario_classes[added.event_class].can_be_cut_off:
            result[added.rows] += added.count
    return result
