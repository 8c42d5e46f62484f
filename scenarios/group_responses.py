"""Group responses: what the Administration Server makes of detections, wherever in the fleet they come from."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from emulator.components import GROUP_RESPONSE
from emulator.journal import Fact
from fakes.administration import LIFETIME_MS
from scenarios import actions
from scenarios.model import Scenario
from scenarios.shard import Command


class GroupResponses:
    """Fed with the facts of all shards; what is to be done is done on all of them.

    Of detections of one object in one group the first counts, until the task that it came to is gone.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._fleet = scenario.fleet
        self._waiting: list[Command] = []
        self._answered: dict[tuple[str, str], int] = {}

    def saw(self, facts: Sequence[Fact]) -> None:
        """Takes the facts before a line, in order of time."""
        for fact in facts:
            if fact.kind != GROUP_RESPONSE:
                continue
            told = json.loads(fact.detail)
            key = self._fleet.block_of(fact.device).group, told["md5"]
            if fact.at_ms < self._answered.get(key, 0):
                continue
            self._answered[key] = fact.at_ms + LIFETIME_MS
            wanted = {name: value for name, value in told.items() if name != "file"}
            action = actions.ScanForObject.model_validate(
                {"do": "scan-for-object", "target": "all", **wanted, "md5": [told["md5"]]}
            )
            self._waiting.append(Command("group response", action, np.array([fact.device]), fact.at_ms))

    def commands(self, line_ms: int) -> list[Command]:
        """What is to be done now; it holds from this line on."""
        waiting, self._waiting = self._waiting, []
        return [replace(one, at_ms=max(line_ms, one.at_ms)) for one in waiting]
