"""Single events of a queue: each that passed the stages is sent once, whatever was merged, cut or sent in vain."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from emulator.events import EVENT_TYPES, TYPE_INDEX
from emulator.policy.settings import DataSubmission, RequestThrottling
from emulator.ports import Answers, Event, Outcome, Target, Transmissions
from emulator.simulation import Simulation
from emulator.telemetry.history import History
from emulator.world import Injection
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind
from tests.emulator.agreement.fleet import ADDED, BUSY, DETECTION, FILE, MODULE, QUIET
from tests.emulator.told import fakes
from tests.emulator.worlds import MINUTE_MS, SETTINGS, some, world

NODE = Target.CENTRAL_NODE
OUTAGE = (2 * MINUTE_MS, 23 * MINUTE_MS)


@dataclass
class Reader:
    """A server that expands all that reaches it, and looks whether a repeated ordinal is the same event."""

    node: CentralNode
    events: dict[int, Event] = field(default_factory=dict)
    changed: list[tuple[Event, Event]] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.node, name)

    def quiet(self, server: str, from_ms: int, to_ms: int) -> None:
        """Every request is asked."""

    def transmit(self, batch: Transmissions) -> Answers:
        answers = self.node.transmit(batch)
        for row in np.flatnonzero(answers.outcome != Outcome.UNREACHABLE).tolist():
            events = batch.expand(row, int(batch.first[row]), int(batch.upto[row]))
            assert [event.ordinal for event in events] == list(range(int(batch.first[row]), int(batch.upto[row])))
            for event in events:
                known = self.events.setdefault(event.ordinal, event)
                if known != event:
                    self.changed.append((known, event))
        return answers


def read(image: int, kind: FaultKind, package_events: int) -> tuple[Reader, int]:
    """What came of a device with an outage of 21 minutes, and how many events it had acknowledged in the end."""
    hold = SETTINGS.having(RequestThrottling(enabled=False), DataSubmission(max_events_per_package=package_events))
    injections = [
        Injection(some(0), event_class, minute * MINUTE_MS + later_ms, count)
        for minute in range(1, 60)
        for event_class, later_ms, count in ((MODULE, 1_000, 9), (DETECTION, 5_000, 2), (FILE, 25_000, 3))
    ]
    given_world = world(image=[image], hold=[hold], minutes=90, injections=injections)
    faults = [Fault("trouble", server, kind, *OUTAGE) for server in ("node-1", "node-2")]
    servers = fakes(given_world, faults)
    node = servers[NODE]
    assert isinstance(node, CentralNode)
    reader = Reader(node)
    simulation = Simulation(given_world, {**servers, NODE: reader}, recorded=frozenset({NODE}))  # type: ignore[dict-item]
    figures = simulation.run()
    return reader, int(figures.terms[NODE]["acknowledged"][0])


@pytest.mark.parametrize("package_events", [1, 2, 1_024])
@pytest.mark.parametrize("kind", [FaultKind.REFUSED_CONNECTION, FaultKind.LOST_ACKNOWLEDGEMENT, FaultKind.TIME_OUT])
def test_every_event_is_sent_under_one_ordinal(kind: FaultKind, package_events: int) -> None:
    reader, acknowledged = read(QUIET, kind, package_events)
    assert reader.changed == []
    assert sorted(reader.events) == list(range(acknowledged))
    sent = Counter((event.type, event.at_ms) for event in reader.events.values())
    wanted = Counter(
        {
            (EVENT_TYPES[ADDED[event_class].type].name, minute * MINUTE_MS + later_ms): count
            for minute in range(1, 60)
            for event_class, later_ms, count in ((MODULE, 1_000, 9), (DETECTION, 5_000, 2), (FILE, 25_000, 3))
        }
    )
    assert sent == wanted


def test_ambient_events_keep_their_ordinals_too() -> None:
    reader, acknowledged = read(BUSY, FaultKind.LOST_ACKNOWLEDGEMENT, 2)
    assert reader.changed == []
    assert sorted(reader.events) == list(range(acknowledged))


def test_what_was_merged_is_in_order_of_types() -> None:
    reader, _ = read(QUIET, FaultKind.REFUSED_CONNECTION, 1_024)
    waited = [event for event in reader.events.values() if OUTAGE[0] + 5 * MINUTE_MS < event.at_ms < OUTAGE[1]]
    kinds = [TYPE_INDEX[event.type] for event in sorted(waited, key=lambda event: event.ordinal)]
    turns = sum(later < earlier for earlier, later in pairwise(kinds))
    assert 1 <= turns <= 5  # once for each five minutes of the outage, not for each window


def test_windows_that_are_gone_are_forgotten() -> None:
    hold = SETTINGS.having(RequestThrottling(enabled=False))
    given_world = world(image=[BUSY], hold=[hold], minutes=30)
    servers = fakes(given_world, ())
    node = servers[NODE]
    assert isinstance(node, CentralNode)
    reader = Reader(node)
    simulation = Simulation(given_world, {**servers, NODE: reader}, recorded=frozenset({NODE}))  # type: ignore[dict-item]
    simulation.run()
    history = next(simulation.blocks).streams[NODE].history
    assert history is not None
    assert all(not device.windows and not device.pending for device in history._devices.values())


def test_a_history_that_forgets_by_ordinal_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_ordinal(self: History, device: np.ndarray[tuple[int], np.dtype[np.int64]], earliest: object) -> None:
        """Forgets a window once the ordinals that it had before it was merged are acknowledged."""
        for index in device.tolist():
            windows = self._devices[index].windows if index in self._devices else ()
            while windows and windows[0].first + sum(windows[0].counts) <= acked():
                windows.popleft()

    made: list[Simulation] = []
    init = Simulation.__init__

    def remember(self: Simulation, *args: object, **options: object) -> None:
        made.append(self)
        init(self, *args, **options)  # type: ignore[arg-type]  # as it was called

    def acked() -> int:
        return int(next(made[-1].blocks).streams[NODE].acked[0])

    monkeypatch.setattr(Simulation, "__init__", remember)
    monkeypatch.setattr(History, "forget", by_ordinal)
    with pytest.raises(AssertionError):
        test_every_event_is_sent_under_one_ordinal(FaultKind.REFUSED_CONNECTION, 2)
