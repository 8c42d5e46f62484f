"""Rules with a memory: the hour of request throttling, and the TTL of process starts."""

from dataclasses import dataclass, field

from emulator.events import EVENT_TYPES, Importance
from emulator.plain.generation import Event
from emulator.policy.settings import RequestThrottling


@dataclass(slots=True)
class Throttle:
    """Counts what passed in the device's hour, and holds back what is too much (KEA-TEL-007 to KEA-TEL-018)."""

    _hour: int = -1
    _passed: int = 0
    _passed_of_type: list[int] = field(default_factory=lambda: [0] * len(EVENT_TYPES))

    def split(self, events: list[Event], hour: int, settings: RequestThrottling) -> tuple[list[Event], list[Event]]:
        """(what passes, what is dropped) of the events of one transmission, which come in order of their types.

        What passed in the hour counts from its beginning, also where throttling was switched on within it.
        """
        if hour != self._hour:
            self._hour = hour
            self._passed = 0
            self._passed_of_type = [0] * len(EVENT_TYPES)
        maximum = settings.max_events_per_hour
        maximum_of_type = maximum * settings.percentage_of_event_limit_excess // 100
        passed, dropped = [], []
        for event in events:
            if settings.enabled and EVENT_TYPES[event.type].importance is Importance.LOW:  # KEA-TEL-018, KEA-TEL-008
                if self._passed >= maximum:  # KEA-TEL-012
                    dropped.append(event)
                    continue
                if self._passed_of_type[event.type] >= maximum_of_type:  # KEA-TEL-014, KEA-TEL-015
                    dropped.append(event)
                    continue
            self._passed += 1
            self._passed_of_type[event.type] += 1
            passed.append(event)
        return passed, dropped


@dataclass(slots=True)
class Starts:
    """Remembers the slot of the last start that was sent of each process image (path and SHA-256)."""

    last: dict[tuple[str, str], int] = field(default_factory=dict)

    def repeats(self, image: tuple[str, str], slot: int, ttl_slots: int) -> bool:
        """True where the start counts as repeated (KEA-TEL-021); else it is sent, and remembered.

        While the TTL is not used its period is 0: every start is sent (KEA-TEL-023), and none is remembered.
        """
        if ttl_slots == 0:
            return False
        if image in self.last and slot - self.last[image] < ttl_slots:
            return True
        self.last[image] = slot  # KEA-TEL-022: from the last start that was sent
        return False
