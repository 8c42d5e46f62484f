"""Telemetry servers: marks, ledgers, what they hold, and that nothing is ever held twice."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from emulator.ports import I64, Answers, Outcome, TelemetryColumns, Transmissions
from fakes.central_node import CentralNode
from fakes.faults import Fault, FaultKind, FaultSchedule
from fakes.kics import KicsForNetworks
from fakes.telemetry import Ledger, TelemetryNodes
from tests.fakes.batches import by_device, keys, synchronisations, transmissions

DEVICES = 6
NODES = {"kata:443": "kata-1", "kata2:443": "kata-2"}


def nodes(*faults: Fault, latency_us: int = 20_000, made: type[TelemetryNodes] = TelemetryNodes) -> TelemetryNodes:
    schedule = FaultSchedule()
    for fault in faults:
        schedule.add(fault)
    return made(NODES, keys=keys(DEVICES), faults=schedule, latency_us=latency_us)


def fault(kind: FaultKind, **values: Any) -> Fault:  # fields of different types
    return Fault("trouble", "kata-1", kind, 1_000, 2_000, **values)


@pytest.mark.parametrize("kind", [TelemetryNodes, CentralNode, KicsForNetworks])
def test_the_fakes_answer_in_columns(kind: type[TelemetryNodes]) -> None:
    server: TelemetryColumns = kind(NODES, keys=keys(1), faults=FaultSchedule())
    assert isinstance(server, TelemetryColumns)


def test_what_is_stored_is_acknowledged_and_held() -> None:
    server = nodes()
    batch = transmissions([(0, 0, 30, 5), (3, 0, 2_000, 7)])
    assert by_device(batch, server.transmit(batch)) == {
        0: (Outcome.OK, 30, 0, 20_000),
        3: (Outcome.OK, 2_000, 0, 20_000),
    }
    assert server.ledger("kata-1") == Ledger(events=2_030, duplicates=0, packages=3, requests=2)
    assert (server.stored(0), server.stored(1), server.stored(3)) == ([(0, 30)], [], [(0, 2_000)])


def test_only_what_lies_above_the_mark_is_stored() -> None:
    server = nodes()
    server.transmit(transmissions([(0, 0, 30, 5)]))
    batch = transmissions([(0, 10, 50, 30_005)])
    assert by_device(batch, server.transmit(batch)) == {0: (Outcome.OK, 50, 0, 20_000)}
    assert server.ledger("kata-1") == Ledger(events=50, duplicates=20, packages=2, requests=2)


def test_what_was_sent_before_is_acknowledged_again_and_not_stored_again() -> None:
    server = nodes()
    server.transmit(transmissions([(0, 0, 30, 5)]))
    batch = transmissions([(0, 10, 20, 30_005)])
    assert by_device(batch, server.transmit(batch)) == {0: (Outcome.OK, 20, 0, 20_000)}
    assert server.stored(0) == [(0, 30)]


def test_a_gap_is_not_held() -> None:
    server = nodes()
    for first, upto in ((5, 10), (10, 12), (20, 30)):
        server.transmit(transmissions([(2, first, upto, 5), (1, 0, upto, 5)]))
    assert server.stored(2) == [(5, 12), (20, 30)]
    assert server.stored(1) == [(0, 30)]


def test_each_node_keeps_marks_of_its_own() -> None:
    server = nodes()
    server.transmit(transmissions([(0, 0, 30, 5)]))
    server.transmit(transmissions([(0, 20, 40, 10_005)], server="kata2:443"))
    server.transmit(transmissions([(0, 60, 70, 40_005)]))
    assert server.stored_at("kata-1", 0) == [(0, 30), (60, 70)]
    assert server.stored_at("kata-2", 0) == [(20, 40)]
    assert server.stored(0) == [(0, 40), (60, 70)]
    assert server.ledger("kata-1") + server.ledger("kata-2") == Ledger(60, 0, 3, 3)


def test_two_addresses_may_lead_to_one_node() -> None:
    server = TelemetryNodes({"kata:443": "kata-1", "10.0.0.1:443": "kata-1"}, keys=keys(1), faults=FaultSchedule())
    server.transmit(transmissions([(0, 0, 30, 5)]))
    server.transmit(transmissions([(0, 0, 40, 9)], server="10.0.0.1:443"))
    assert server.names == ("kata-1",)
    assert server.ledger("kata-1") == Ledger(40, 30, 2, 2)


def test_an_unknown_address_is_unreachable() -> None:
    server = nodes()
    batch = transmissions([(0, 3, 30, 5)], server="elsewhere:443")
    assert by_device(batch, server.transmit(batch)) == {0: (Outcome.UNREACHABLE, 3, 0, 1_000)}
    asked = synchronisations([(0, 4, 5)], server="elsewhere:443")
    assert by_device(asked, server.synchronise(asked)) == {0: (Outcome.UNREACHABLE, 4, 0, 1_000)}
    assert server.quiet("elsewhere:443", 0, 1) is None


def test_a_server_is_quiet_until_a_fault_touches_it() -> None:
    server = nodes(fault(FaultKind.DUPLICATE_DELIVERY))
    spans = [(0, 1_000), (0, 1_001), (2_000, 3_000)]
    assert [server.quiet("kata:443", *span) for span in spans] == [20_000, None, 20_000]
    assert server.quiet("kata2:443", 0, 3_000) == 20_000


def test_a_server_too_slow_for_the_shortest_timeout_is_never_quiet() -> None:
    assert nodes(latency_us=1_000_000).quiet("kata:443", 0, 1) is None
    assert nodes(latency_us=999_999).quiet("kata:443", 0, 1) == 999_999


def test_a_lost_acknowledgement_leaves_the_events_with_the_server() -> None:
    server = nodes(fault(FaultKind.LOST_ACKNOWLEDGEMENT))
    lost = transmissions([(0, 0, 30, 1_500)])
    assert by_device(lost, server.transmit(lost)) == {0: (Outcome.TIMED_OUT, 0, 0, 10_000_000)}
    assert server.stored(0) == [(0, 30)]
    again = transmissions([(0, 0, 55, 31_500)])
    assert by_device(again, server.transmit(again)) == {0: (Outcome.OK, 55, 0, 20_000)}
    assert server.ledger("kata-1") == Ledger(events=55, duplicates=30, packages=2, requests=2)


def test_a_request_that_times_out_leaves_nothing() -> None:
    server = nodes(fault(FaultKind.TIME_OUT))
    batch = transmissions([(0, 0, 30, 1_500)])
    assert by_device(batch, server.transmit(batch)) == {0: (Outcome.TIMED_OUT, 0, 0, 10_000_000)}
    assert server.stored(0) == []
    assert server.ledger("kata-1") == Ledger(packages=1, requests=1)


def test_a_delivery_that_comes_twice_is_counted_twice_and_stored_once() -> None:
    server = nodes(fault(FaultKind.DUPLICATE_DELIVERY))
    server.transmit(transmissions([(0, 0, 30, 1_500)]))
    assert server.stored(0) == [(0, 30)]
    assert server.ledger("kata-1") == Ledger(events=30, duplicates=30, packages=2, requests=2)


def test_a_row_with_one_package_above_the_limit_is_refused_as_a_whole() -> None:
    limit = 256 + 480 * 10
    server = nodes(fault(FaultKind.BODY_LIMIT, limit_bytes=limit))
    batch = transmissions([(0, 0, 10, 1_500), (1, 0, 11, 1_500), (2, 0, 10, 1_500)])
    told = by_device(batch, server.transmit(batch))
    assert {device: answer[:3] for device, answer in told.items()} == {
        0: (Outcome.OK, 10, 0),
        1: (Outcome.REFUSED, 0, 413),
        2: (Outcome.OK, 10, 0),
    }
    assert server.stored(1) == []
    assert server.ledger("kata-1") == Ledger(events=20, packages=2, requests=2)


def test_a_synchronisation_without_news_is_answered_as_such() -> None:
    server = nodes(fault(FaultKind.STATUS, status=503))
    batch = synchronisations([(0, 4, 999), (1, 0, 1_000)])
    assert by_device(batch, server.synchronise(batch)) == {
        0: (Outcome.OK, 4, 0, 20_000),
        1: (Outcome.REFUSED, 0, 503, 20_000),
    }
    assert server.ledger("kata-1") == Ledger(requests=2)


def test_settling_is_transmitting_to_a_quiet_server() -> None:
    settled, transmitted = nodes(), nodes()
    steps = [
        [(0, 0, 30, 5), (4, 3, 7, 9), (5, 0, 0, 11)],
        [(4, 5, 2_000, 30_009), (0, 30, 31, 30_005), (5, 9, 9, 30_011)],
        [(0, 40, 41, 60_005), (5, 9, 10, 60_011)],
    ]
    for rows in steps:
        batch = transmissions(rows)
        transmitted.transmit(batch)
        packages = -(-(batch.upto - batch.first) // batch.package_events)
        settled.settle("kata:443", batch.device, batch.first, batch.upto, packages)
    assert settled.ledger("kata-1") == transmitted.ledger("kata-1") == Ledger(2_030, 2, 7, 6)
    assert [settled.stored(device) for device in range(DEVICES)] == [
        transmitted.stored(device) for device in range(DEVICES)
    ]
    assert settled.stored(5) == [(9, 10)]


def test_a_server_weighs_bodies_while_a_limit_holds() -> None:
    server = nodes(fault(FaultKind.BODY_LIMIT, limit_bytes=10))
    assert [server.weighs("kata:443", *span) for span in [(0, 1_000), (1_000, 1_001), (2_000, 3_000)]] == [
        False,
        True,
        False,
    ]
    assert not server.weighs("kata2:443", 0, 3_000)
    assert not server.weighs("elsewhere:443", 0, 3_000)
    assert not nodes(fault(FaultKind.OUTAGE)).weighs("kata:443", 0, 3_000)


KINDS = st.sampled_from(
    [
        (FaultKind.LOST_ACKNOWLEDGEMENT, {}),
        (FaultKind.DUPLICATE_DELIVERY, {}),
        (FaultKind.TIME_OUT, {}),
        (FaultKind.STATUS, {"status": 429}),
        (FaultKind.BODY_LIMIT, {"limit_bytes": 256 + 480 * 12}),
        (FaultKind.REFUSED_CONNECTION, {}),
    ]
)
sendings = st.lists(
    st.tuples(st.integers(0, DEVICES - 1), st.integers(0, 40), st.integers(1, 25), st.integers(0, 3_000)),
    min_size=1,
    max_size=DEVICES,
    unique_by=lambda row: row[0],
).map(lambda rows: [(device, first, first + count, at_ms) for device, first, count, at_ms in rows])


@given(st.lists(sendings, min_size=1, max_size=6), KINDS, st.sampled_from([300, 1000]), st.randoms())
def test_neither_answers_nor_ledgers_depend_on_how_rows_are_batched(
    steps: list[list[tuple[int, int, int, int]]],
    trouble: tuple[FaultKind, dict[str, int]],
    share: int,
    order: Random,
) -> None:
    kind, values = trouble
    together = nodes(fault(kind, share_permille=share, **values))
    apart = nodes(fault(kind, share_permille=share, **values))
    for rows in steps:
        batch = transmissions(rows, package_events=10)
        whole = by_device(batch, together.transmit(batch))
        shuffled = list(rows)
        order.shuffle(shuffled)
        cut = order.randint(0, len(rows))
        told: dict[int, tuple[int, int, int, int]] = {}
        for part in (shuffled[:cut], shuffled[cut:]):
            if part:
                batch = transmissions(part, package_events=10)
                told |= by_device(batch, apart.transmit(batch))
        assert told == whole
    assert together.ledger("kata-1") == apart.ledger("kata-1")
    assert [together.stored(device) for device in range(DEVICES)] == [apart.stored(device) for device in range(DEVICES)]


class Overlaps(RuleBasedStateMachine):
    """Any sequence of overlapping transmissions, with and without faults, against a set of ordinals a device."""

    kind: type[TelemetryNodes] = TelemetryNodes
    server: TelemetryNodes

    @initialize(trouble=KINDS, share=st.sampled_from([500, 1000]))
    def begin(self, trouble: tuple[FaultKind, dict[str, int]], share: int) -> None:
        kind, values = trouble
        self.server = nodes(fault(kind, share_permille=share, **values), made=self.kind)
        self.held: list[set[int]] = [set() for _ in range(DEVICES)]
        self.acknowledged: list[set[int]] = [set() for _ in range(DEVICES)]
        self.offered: list[set[int]] = [set() for _ in range(DEVICES)]

    @rule(rows=sendings)
    def transmit(self, rows: list[tuple[int, int, int, int]]) -> None:
        batch = transmissions(rows, package_events=10)
        told = by_device(batch, self.server.transmit(batch))
        for device, first, upto, _ in rows:
            outcome, acked, _, _ = told[device]
            self.offered[device] |= set(range(first, upto))
            assert acked == (upto if outcome == Outcome.OK else first)
            # Below the mark lies what was held, or what an ascending sender gave up.
            mark = max(self.held[device], default=-1) + 1
            if outcome == Outcome.OK:
                self.acknowledged[device] |= set(range(max(first, mark), upto))
            self.held[device] = {ordinal for span in self.server.stored(device) for ordinal in range(*span)}

    @invariant()
    def the_ledger_is_what_is_held(self) -> None:
        assert self.server.ledger("kata-1").events == sum(map(len, self.held))

    @invariant()
    def intervals_are_disjoint_and_ascending(self) -> None:
        for device in range(DEVICES):
            spans: Sequence[tuple[int, int]] = self.server.stored(device)
            assert all(first < upto for first, upto in spans)
            assert all(before[1] < after[0] for before, after in pairwise(spans))

    @invariant()
    def what_is_acknowledged_is_held_and_what_is_held_was_sent(self) -> None:
        for acknowledged, held, offered in zip(self.acknowledged, self.held, self.offered, strict=True):
            assert acknowledged <= held <= offered


Overlaps.TestCase.settings = settings(max_examples=60, stateful_step_count=15, deadline=None)
test_no_event_is_ever_held_twice = Overlaps.TestCase


class Forgetful(TelemetryNodes):
    """Stores duplicates: forgets the mark of a device that it hears from."""

    def transmit(self, batch: Transmissions) -> Answers:
        for node in self._nodes.values():
            node.marks[batch.device] = 0
        return super().transmit(batch)


class Hasty(TelemetryNodes):
    """Acknowledges a package more than it stores."""

    def transmit(self, batch: Transmissions) -> Answers:
        answers = super().transmit(batch)
        mark: I64 = self._nodes["kata-1"].marks
        mark[batch.device] = np.maximum(mark[batch.device] - 1, 0)
        return answers


@pytest.mark.parametrize("planted", [Forgetful, Hasty])
def test_the_machine_catches_a_server_that(planted: type[TelemetryNodes]) -> None:
    class Planted(Overlaps):
        kind = planted

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Planted, settings=settings(max_examples=100, phases=(Phase.generate,), deadline=None, database=None)
        )
