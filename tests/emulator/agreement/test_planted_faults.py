"""The fixed scenes see: a fault that is planted in the plain agent changes what comes of them.

Here the plain agent is compared with itself, so that a scene that sees nothing is found without the columns.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from emulator.errors import BooksError
from emulator.events import EVENT_TYPES, Importance
from emulator.plain import PlainSimulation
from emulator.plain.device import Device
from emulator.plain.generation import Event, Happenings
from emulator.plain.rules import Starts, Throttle
from emulator.plain.segments import Queue
from emulator.plain.session import Session
from emulator.policy.settings import RequestThrottling
from emulator.ports import Answers, Synchronisations, Target, TelemetryColumns, Transmissions
from emulator.world import World
from tests.emulator.agreement.cases import CASES, SEEN_IN
from tests.emulator.agreement.scenes import Lived

Plant = Callable[[pytest.MonkeyPatch], None]
Split = tuple[list[Event], list[Event]]
split = Throttle.split
repeats = Starts.repeats
merge = Queue.merge
join = Queue.join
transmit = Session.transmit


def larger_share(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, events: list[Event], hour: int, settings: RequestThrottling) -> Split:
        more = settings.percentage_of_event_limit_excess + 1
        return split(self, events, hour, replace(settings, percentage_of_event_limit_excess=min(more, 100)))

    patch.setattr(Throttle, "split", wrong)


def longer_ttl(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Starts, image: tuple[str, str], slot: int, ttl_slots: int) -> bool:
        return repeats(self, image, slot, ttl_slots + 1 if ttl_slots else 0)

    patch.setattr(Starts, "repeats", wrong)


def merge_what_was_tried(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Queue, after: int) -> None:
        tried, self.tried = self.tried, self.acked
        merge(self, after)
        self.tried = tried

    patch.setattr(Queue, "merge", wrong)


def no_merge(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queue, "merge", lambda self, after: None)


def hour_from_the_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(World, "hour_offset", lambda self, key: 0)


def eight_bits(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, events: list[Event], hour: int, settings: RequestThrottling) -> Split:
        result = split(self, events, hour, settings)
        self._passed_of_type = [count & 0xFF for count in self._passed_of_type]
        return result

    patch.setattr(Throttle, "split", wrong)


def sixteen_bits(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Queue, events: list[Event], tick: int) -> None:
        kept: list[Event] = []
        for kind in range(len(EVENT_TYPES)):
            of_kind = [event for event in events if event.type == kind]
            kept += of_kind[: len(of_kind) & 0xFFFF]
        join(self, kept, tick)

    patch.setattr(Queue, "join", wrong)


def high_does_not_count(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Throttle, events: list[Event], hour: int, settings: RequestThrottling) -> Split:
        passed, dropped = split(self, events, hour, settings)
        if settings.enabled:
            self._passed -= sum(EVENT_TYPES[event.type].importance is Importance.HIGH for event in passed)
        return passed, dropped

    patch.setattr(Throttle, "split", wrong)


def order_of_the_scenario(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Happenings, tick: int) -> list[Event]:
        added = [event for event, count in self._added.get(tick, []) for _ in range(count)]
        return sorted(added, key=lambda event: event.index)

    patch.setattr(Happenings, "of_tick", wrong)


def no_expiry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queue, "expire", lambda self, before: [])


def smaller_package(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Session, queue: Queue, package_events: int, at_ms: int, **more: Any) -> list[Event]:
        return transmit(self, queue, package_events - 1, at_ms, **more)

    patch.setattr(Session, "transmit", wrong)


class Early:
    """Servers that judge by the start of the tick in which they are asked."""

    def __init__(self, server: TelemetryColumns, tick_ms: int) -> None:
        self._server = server
        self._tick_ms = tick_ms

    def quiet(self, server: str, from_ms: int, to_ms: int) -> int | None:
        return None

    def weighs(self, server: str, from_ms: int, to_ms: int) -> bool:
        return True

    def settle(self, *_: Any) -> None:
        raise AssertionError("a server that is never quiet cannot be settled with")

    def transmit(self, batch: Transmissions) -> Answers:
        return self._server.transmit(replace(batch, at_ms=(batch.at_ms - self._tick_ms).clip(0)))

    def synchronise(self, batch: Synchronisations) -> Answers:
        return self._server.synchronise(replace(batch, at_ms=(batch.at_ms - self._tick_ms).clip(0)))


def faults_at_the_start(patch: pytest.MonkeyPatch) -> None:
    init = PlainSimulation.__init__

    def wrong(self: PlainSimulation, world: World, servers: Mapping[Target, TelemetryColumns], **options: Any) -> None:
        init(self, world, {target: Early(server, world.tick_ms) for target, server in servers.items()}, **options)

    patch.setattr(PlainSimulation, "__init__", wrong)


def with_sites(**other: Any) -> Plant:
    """Every site is another in these."""
    init = PlainSimulation.__init__

    def plant(patch: pytest.MonkeyPatch) -> None:
        def wrong(
            self: PlainSimulation, world: World, servers: Mapping[Target, TelemetryColumns], **options: Any
        ) -> None:
            init(self, replace(world, sites=tuple(replace(site, **other) for site in world.sites)), servers, **options)

        patch.setattr(PlainSimulation, "__init__", wrong)

    return plant


def late_in_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Session, "_server_timeout_ms", property(lambda self: self._integration.timeout_ms))


def sparing(spares: bool) -> Plant:
    """Isolation spares everything, or nothing."""
    return lambda patch: patch.setattr(Device, "_spares", lambda self, now, event_class: spares or not now.isolated)


FAULTS: Mapping[str, Plant] = {
    "the share of one type is a per cent more": larger_share,
    "the TTL is a slot longer": longer_ttl,
    "merging gives other ordinals to what was tried": merge_what_was_tried,
    "nothing is merged": no_merge,
    "faults are judged at the start of the tick": faults_at_the_start,
    "the hour counts from the start": hour_from_the_start,
    "a type is counted in 8 bits": eight_bits,
    "a segment is counted in 16 bits": sixteen_bits,
    "high importance does not count": high_does_not_count,
    "events stand in the order of the scenario": order_of_the_scenario,
    "nothing expires": no_expiry,
    "a package holds one event less": smaller_package,
    "every site has the time zone of the start": with_sites(zone=None),
    "the shocks of a site reach all devices": with_sites(key=11),
    "a site's network takes no time": with_sites(latency_ms=0),
    "a link takes no time": with_sites(link_bps=None),
    "a late answer is in time": late_in_time,
    "isolation spares nothing": sparing(spares=False),
    "isolation spares everything": sparing(spares=True),
}
RIGHT: dict[str, Lived] = {}


def right(case: str) -> Lived:
    """What comes of a case where nothing is planted."""
    if case not in RIGHT:
        RIGHT[case] = CASES[case]().live(PlainSimulation)
    return RIGHT[case]


def test_every_fault_is_seen_somewhere() -> None:
    assert FAULTS.keys() == SEEN_IN.keys()
    assert all(cases and set(cases) <= CASES.keys() for cases in SEEN_IN.values())


@pytest.mark.parametrize(("fault", "case"), [(fault, case) for fault, cases in SEEN_IN.items() for case in cases])
def test_the_scene_sees_the_fault(fault: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = right(case)
    FAULTS[fault](monkeypatch)
    try:
        wrong = CASES[case]().live(PlainSimulation)
    except BooksError:
        return
    assert expected.differences(wrong) != []


@pytest.mark.parametrize("case", sorted(CASES))
def test_a_scene_lives_the_same_twice(case: str) -> None:
    assert right(case).differences(CASES[case]().live(PlainSimulation)) == []
