"""Slips: warnings of a scenario that is in order, and yet does not do what its author most likely meant."""

from collections.abc import Iterator, Mapping, Sequence
from math import gcd
from typing import Final

import numpy as np

from emulator.clock import SLOT_MS
from emulator.policy.policies import PolicySettings, parse_policy_settings
from emulator.world import phases
from scenarios.actions import Emit, StartProcess
from scenarios.fleet import Fleet
from scenarios.problems import shown
from scenarios.source import Plain
from scenarios.timeline import Step, Timeline
from scenarios.validation import Checker

PERIODS: Final = "data-submission"
"""The group of settings with the period of transmission."""


def warn_of_early_events(
    checker: Checker, steps: Sequence[Step], timeline: Timeline, fleet: Fleet, *, cold: bool
) -> None:
    """Warns of steps whose events come before the first tick of devices, which then never have them.

    That happens where the tick is below 30 s: the first tick of a device ends somewhere in the first 30 s of the run,
    and covers what happened in the one tick before that. The periods are those of all policies, in force or not.
    """
    tick_ms = gcd(SLOT_MS, *(1000 * period_s for period_s in _periods_s(checker.document.data)))
    places = {step.name: step.loc for step in steps}
    warned: set[str] = set()
    for step in timeline.steps:
        if not isinstance(step.action, Emit | StartProcess) or step.at_ms + tick_ms >= SLOT_MS or step.name in warned:
            continue
        assert step.devices is not None
        late = int(np.count_nonzero(phases(fleet.keys[step.devices], cold=cold) > step.at_ms + tick_ms))
        if late:
            warned.add(step.name)
            cause = f"{late} of {len(step.devices)} devices of {shown(step.name)} never have these events"
            remedy = f"their first tick comes later: let it happen from {SLOT_MS // 1000}s on"
            checker.notice(places[step.name], cause, remedy)


def _periods_s(data: Mapping[str, Plain]) -> Iterator[int]:
    for section in ("policies", "timeline"):
        for entry in data.get(section) or ():
            settings = entry.get("settings") or {}
            if PERIODS in settings:
                read = parse_policy_settings({PERIODS: settings[PERIODS]}, PolicySettings())
                yield read.values.data_submission.events_transmission_period_s
