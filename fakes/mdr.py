"""Managed Detection and Response, the vendor's service: who contacted it, and with what."""

from collections import Counter
from typing import Final

from emulator.mdr import MdrContact, Worker
from emulator.ports import Refused, TimedOut, Unreachable
from fakes.services import Roads

NAME: Final = "mdr"
"""The name under which faults of the service hold."""


class MdrService:
    """Takes every contact. `received` counts them by who made them and whether data came with them."""

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        self.received: Counter[tuple[Worker, bool]] = Counter()
        self.industrial_events = 0

    def contact(self, message: MdrContact) -> Refused | TimedOut | Unreachable | None:
        """Takes a contact."""
        stopped = self._roads.travel(NAME, message.call, outside=True)
        if stopped is None:
            self.received[message.by, message.data] += 1
            self.industrial_events += message.industrial_events
        return stopped
