"""Faults in front of a server that is not ours act as they do on a fake."""

from random import Random

import pytest

from emulator.ports import Outcome
from fakes.faults import Fault, FaultKind, FaultSchedule
from fakes.interference import Interference
from fakes.telemetry import TelemetryNodes
from tests.fakes.batches import by_device, keys, synchronisations, transmissions
from tests.fakes.test_faults import FROM_MS, NODE, UNTIL_MS, fault

DEVICES = 40
NODES = {"kata:443": NODE}


def schedule(*faults: Fault) -> FaultSchedule:
    made = FaultSchedule()
    for one in faults:
        made.add(one)
    return made


def in_front(*faults: Fault, latency_us: int = 20_000) -> tuple[Interference, TelemetryNodes]:
    server = TelemetryNodes(NODES, keys=keys(DEVICES), faults=FaultSchedule(), latency_us=latency_us)
    return Interference(server, NODES.__getitem__, keys=keys(DEVICES), faults=schedule(*faults)), server


def rows(random: Random) -> list[tuple[int, int, int, int]]:
    moments = (FROM_MS - 1, FROM_MS, (FROM_MS + UNTIL_MS) // 2, UNTIL_MS)
    return [(device, 0, random.choice((10, 1_000, 4_000)), random.choice(moments)) for device in range(DEVICES)]


@pytest.mark.parametrize("share_permille", [1000, 300])
@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_fault_in_front_of_a_server_does_what_it_does_on_a_fake(kind: FaultKind, share_permille: int) -> None:
    trouble = fault(kind, share_permille=share_permille)
    fake = TelemetryNodes(NODES, keys=keys(DEVICES), faults=schedule(trouble))
    front, server = in_front(trouble)
    batch = transmissions(rows(Random(3)))
    assert by_device(batch, front.transmit(batch)) == by_device(batch, fake.transmit(batch))
    assert [server.stored(device) for device in range(DEVICES)] == [fake.stored(device) for device in range(DEVICES)]
    asked = synchronisations([(device, 0, FROM_MS) for device in range(DEVICES)])
    assert by_device(asked, front.synchronise(asked)) == by_device(asked, fake.synchronise(asked))


def test_what_no_fault_touches_reaches_the_server_unchanged() -> None:
    front, server = in_front(fault(FaultKind.OUTAGE))
    batch = transmissions([(0, 0, 30, FROM_MS - 1)])
    assert by_device(batch, front.transmit(batch)) == {0: (Outcome.OK, 30, 0, 20_000)}
    assert server.stored(0) == [(0, 30)]


def test_a_request_in_an_outage_does_not_reach_the_server() -> None:
    front, server = in_front(fault(FaultKind.OUTAGE))
    batch = transmissions([(0, 0, 30, FROM_MS)])
    assert by_device(batch, front.transmit(batch))[0][0] == Outcome.TIMED_OUT
    assert server.ledger(NODE).requests == 0


def test_an_answer_that_slowness_makes_too_late_is_none_though_the_server_stored() -> None:
    slow = fault(FaultKind.SLOW_ANSWER, latency_ms=(9_990, 9_990))
    front, server = in_front(slow, latency_us=900_000)
    batch = transmissions([(0, 0, 30, FROM_MS)])
    assert by_device(batch, front.transmit(batch)) == {0: (Outcome.TIMED_OUT, 0, 0, 10_000_000)}
    assert server.stored(0) == [(0, 30)]


def test_a_server_is_quiet_where_it_says_so_and_no_fault_holds() -> None:
    front, _ = in_front(fault(FaultKind.OUTAGE))
    assert front.quiet("kata:443", 0, FROM_MS) == 20_000
    assert front.quiet("kata:443", 0, FROM_MS + 1) is None
    assert front.weighs("kata:443", FROM_MS, UNTIL_MS) is False


def test_a_limit_on_bodies_has_sizes_weighed() -> None:
    front, _ = in_front(fault(FaultKind.BODY_LIMIT))
    assert front.weighs("kata:443", FROM_MS, UNTIL_MS)
    assert not front.weighs("kata:443", UNTIL_MS, UNTIL_MS + 1)
