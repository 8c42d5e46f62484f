"""The event database of the Central Node, as far as the emulator knows which events a server holds one by one.

Queues are counts, so which event of a type throttling left out is nobody's knowledge. What the database is searched for
is what throttling never withholds: events of high importance of devices whose queue is empty, up to two windows back.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from emulator.clock import SLOT_MS
from emulator.events import HIGH_TYPES, EventClass
from emulator.identity import has_slots
from emulator.ioc.document import IndicatorFile
from emulator.ioc.evaluate import evaluate
from emulator.ioc.snapshot import Instance, Snapshot
from emulator.ioc.sweep import Sweep
from emulator.ports import Target
from emulator.telemetry.context import Context
from emulator.telemetry.past import Past, items_of, texts_of

LAG_MS: Final = 2 * SLOT_MS
"""What happened later may not have been transmitted yet."""


class EventDatabase:
    """The events of devices of one shard that the Central Node holds, searched for the same files."""

    def __init__(self, context: Context, files: Sequence[IndicatorFile]) -> None:
        self._context = context
        self._past = Past(context)
        self._files = tuple(file for file in files if not file.oversized)
        self._sweep = Sweep(self._files)
        self._same: dict[tuple[int, int], tuple[tuple[str, Instance], ...]] = {}

    def matches(self, device: int, at_ms: int) -> Iterator[IndicatorFile]:
        """The files that match events of a device that are held at a moment, which the device has come to."""
        block = self._context.block_of(device)
        settings = block.settings_of(device)
        if not settings.kata_integration.enabled or not block.delivered_all(Target.CENTRAL_NODE, device):
            return
        held: dict[str, list[Instance]] = {}
        for index, event_class in enumerate(self._past.classes(device)):
            told = self._asked_for(device, index, event_class) if event_class.type < HIGH_TYPES else ()
            if told and self._past.first(device, index, 0, at_ms - LAG_MS, settings) is not None:
                for kind, instance in told:
                    held.setdefault(kind, []).append(instance)
        if held:
            events = Snapshot.of(held)
            yield from (file for file in self._files if evaluate(file, events).matched)

    def _asked_for(self, device: int, index: int, event_class: EventClass) -> tuple[tuple[str, Instance], ...]:
        """What an event of a class tells that some file asks for; worked out once an image where it is the same."""
        own = any(map(has_slots, texts_of(event_class)))
        key = int(self._context.world.image[device]), index
        if own or key not in self._same:
            slots = self._context.world.identity(device)
            told = tuple(
                (kind, instance)
                for kind, instance in items_of(event_class, slots)
                if any(question.satisfied_by(instance) for question in self._sweep.questions(kind, instance))
            )
            if own:
                return told
            self._same[key] = told
        return self._same[key]
