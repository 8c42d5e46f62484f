from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.events import EVENT_TYPES
from emulator.ports import Outcome, Port, Target
from emulator.telemetry.ledger import BALANCED, FLOWS, LATENCY_BOUNDS_US, SIZES, STOCKS, Ledger, Traffic

CELLS, TYPES = 3, len(EVENT_TYPES)
TARGETS = (Target.CENTRAL_NODE, Target.KICS)


def filled(seed: int) -> Ledger:
    """A ledger with something in every place, and with servers that depend on the seed."""
    numbers = Random(seed)
    ledger = Ledger(TARGETS, CELLS)
    for target in TARGETS:
        ledger.flows[target][...] = [
            [[numbers.randrange(1 << 40) for _ in range(TYPES)] for _ in range(CELLS)] for _ in range(len(FLOWS) + 1)
        ]
        ledger.stocks[target][...] = [
            [[numbers.randrange(1 << 40) for _ in range(TYPES)] for _ in range(CELLS)] for _ in STOCKS
        ]
    for server in numbers.sample(("one", "two", "three"), 2):
        traffic = ledger.of(server, Port.TELEMETRY, "send")
        traffic.requests, traffic.bytes_in = numbers.randrange(99), numbers.randrange(1 << 50)
        traffic.connects, traffic.refused, traffic.timed_out = (numbers.randrange(9) for _ in range(3))
        traffic.unreachable, traffic.events, traffic.bytes_wire = (numbers.randrange(9) for _ in range(3))
        traffic.answered(np.array([numbers.randrange(1 << 20) for _ in range(5)], np.int64))
    return ledger


def told(ledger: Ledger) -> object:
    return (
        {target: sums.tolist() for target, sums in ledger.flows.items()},
        {target: sums.tolist() for target, sums in ledger.stocks.items()},
        dict(ledger.traffic),
    )


def test_ledgers_add_up_in_any_order() -> None:
    one, other = filled(1), filled(2)
    one.add(filled(2))
    one.add(filled(3))
    other.add(filled(3))
    other.add(filled(1))
    assert told(one) == told(other)


def test_a_sum_of_ledgers_is_the_sum_of_every_place() -> None:
    ledger = filled(1)
    ledger.add(filled(2))
    parts = filled(1), filled(2)
    for target in TARGETS:
        assert (ledger.flows[target] == parts[0].flows[target] + parts[1].flows[target]).all()
        assert (ledger.stocks[target] == parts[0].stocks[target] + parts[1].stocks[target]).all()
    for key in parts[0].traffic.keys() | parts[1].traffic.keys():
        mine = [part.traffic[key] for part in parts if key in part.traffic]
        for name in ("requests", "connects", "refused", "timed_out", "unreachable", "events", "bytes_in", "bytes_wire"):
            assert getattr(ledger.traffic[key], name) == sum(getattr(traffic, name) for traffic in mine)
        latencies = [bucket for traffic in mine for bucket, count in traffic.latency.items() for _ in range(count)]
        assert ledger.traffic[key].latency == {bucket: latencies.count(bucket) for bucket in latencies}


def test_a_ledger_that_was_added_stays_as_it_was() -> None:
    one, other = Ledger(TARGETS, CELLS), filled(2)
    one.add(other)
    one.flow(Target.KICS, "generated")[0, 0] += 1
    one.of("two", Port.TELEMETRY, "send").requests += 1
    assert told(other) == told(filled(2))


def test_a_flow_is_a_view_of_its_term() -> None:
    ledger = Ledger(TARGETS, CELLS)
    for number, term in enumerate(FLOWS):
        ledger.flow(Target.KICS, term)[1, 2] += number + 1
    ledger.bytes(Target.KICS)[1, 2] += 99
    assert ledger.flows[Target.KICS][:, 1, 2].tolist() == [*range(1, len(FLOWS) + 1), 99]
    assert not ledger.flows[Target.CENTRAL_NODE].any()


def test_the_balance_has_every_term_but_what_was_generated_and_suppressed() -> None:
    assert set(BALANCED) == {*FLOWS, *STOCKS} - {"generated", "suppressed"}
    assert SIZES.tolist() == [kind.size_bytes for kind in EVENT_TYPES]


@settings(deadline=None)
@given(st.lists(st.integers(0, 3_600_000_000), min_size=1, max_size=30))
def test_a_bucket_of_latencies_is_at_most_four_per_cent_wide(latencies: list[int]) -> None:
    traffic = Traffic()
    traffic.answered(np.array(latencies, np.int64))
    counted = [bucket for bucket, count in sorted(traffic.latency.items()) for _ in range(count)]
    assert len(counted) == len(latencies)
    for bucket, latency_us in zip(counted, sorted(latencies), strict=True):
        upper = int(LATENCY_BOUNDS_US[bucket])
        lower = int(LATENCY_BOUNDS_US[bucket - 1]) if bucket else -1
        assert lower < latency_us <= upper
        assert upper <= 50 or upper - lower <= max(1, lower * 4 // 100)


def test_bounds_of_latencies_rise() -> None:
    assert (np.diff(LATENCY_BOUNDS_US) > 0).all()
    assert LATENCY_BOUNDS_US[-1] >= 3_600_000_000


@settings(deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 50))
def test_answers_alike_are_counted_like_single_ones(latency_us: int, count: int) -> None:
    alike, single = Traffic(), Traffic()
    alike.answered_alike(latency_us, count)
    single.answered(np.full(count, latency_us, np.int64))
    assert alike == single


@pytest.mark.parametrize("name", ["refused", "timed_out", "unreachable"])
def test_what_fails_is_counted_by_its_kind(name: str) -> None:
    traffic = Traffic()
    outcomes = [Outcome.OK, Outcome.REFUSED, *[Outcome.TIMED_OUT] * 2, *[Outcome.UNREACHABLE] * 3]
    traffic.outcomes(np.array(outcomes, np.uint8))
    assert getattr(traffic, name) == {"refused": 1, "timed_out": 2, "unreachable": 3}[name]
