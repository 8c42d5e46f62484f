"""The queue of one device to one target: events with ordinals, in segments that grow together with age."""

from dataclasses import dataclass

from emulator.plain.generation import Event


@dataclass(frozen=True, slots=True)
class Segment:
    """Events with the ordinals from `first` on, of the transmissions of the ticks `begin` to `end`."""

    first: int
    begin: int
    end: int
    events: tuple[Event, ...]

    @property
    def upto(self) -> int:
        """The ordinal after its last event."""
        return self.first + len(self.events)


class Queue:
    """What was made and is not acknowledged.

    `made` is the next ordinal; below `acked` the server holds everything; below `tried` it may have been sent, and
    keeps its ordinal whatever happens.
    """

    def __init__(self) -> None:
        self.segments: list[Segment] = []
        self.made = 0
        self.acked = 0
        self.tried = 0

    @property
    def first(self) -> int:
        """The ordinal that is sent next: what expired was before it."""
        return max(self.acked, self.segments[0].first) if self.segments else self.made

    def join(self, events: list[Event], tick: int) -> None:
        """Gives the events of a transmission the next ordinals, as one segment."""
        if events:
            self.segments.append(Segment(self.made, tick, tick, tuple(events)))
            self.made += len(events)

    def between(self, first: int, upto: int) -> list[Event]:
        """The events with the ordinals [first, upto), as far as they are here."""
        found: list[Event] = []
        for segment in self.segments:
            found += segment.events[max(first - segment.first, 0) : max(upto - segment.first, 0)]
        return found

    def try_upto(self, upto: int) -> None:
        """A server may hold what is below `upto`."""
        self.tried = max(self.tried, upto)

    def acknowledge(self, upto: int) -> list[Event]:
        """A server holds what is below `upto`; returns what was waiting for that."""
        gone = self.between(self.first, upto)
        self.acked = max(self.acked, upto)
        self.try_upto(upto)
        self.segments = [segment for segment in self.segments if segment.upto > self.acked]
        return gone

    def merge(self, after: int) -> None:
        """Makes one segment of those made after the tick `after`, so far as nothing of them was ever sent.

        Merging gives events other ordinals: what a server may hold keeps its own.
        """
        young = [segment for segment in self.segments if segment.begin > after and segment.first >= self.tried]
        if not young:
            return
        # Each is in order of types already, and they come in order of their transmissions: sorting keeps both.
        events = sorted((event for segment in young for event in segment.events), key=lambda event: event.type)
        old = self.segments[: -len(young)]
        self.segments = [*old, Segment(young[0].first, young[0].begin, young[-1].end, tuple(events))]

    def expire(self, before: int) -> list[Event]:
        """Drops the segments whose last transmission was before the tick `before`; returns what was in them."""
        first = self.first
        kept = [segment for segment in self.segments if segment.end >= before]
        gone = self.between(first, kept[0].first if kept else self.made) if len(kept) < len(self.segments) else []
        self.segments = kept
        return gone

    @property
    def unanswered(self) -> int:
        """Events that were sent and of which no answer is known."""
        return max(self.tried - self.first, 0) if self.segments else 0

    @property
    def waiting(self) -> int:
        """Events that no server has."""
        return self.made - max(self.first, self.tried) if self.segments else 0
