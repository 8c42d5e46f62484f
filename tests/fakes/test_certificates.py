"""Certificates of servers: who connects with whom, and when that changes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.asking import ANYBODY, Asked, Trust
from emulator.ports import Distrust, Outcome
from fakes.central_node import CentralNode
from fakes.certificates import Certificates
from fakes.faults import FaultSchedule
from fakes.interference import Interference
from fakes.telemetry import TelemetryNodes
from tests.fakes.batches import by_device, column, keys, synchronisations, transmissions

NODE = "kata-1"
NODES = {"kata:443": NODE}
TRUSTS = (ANYBODY, Trust("a"), Trust("b"), Trust(""), Trust("a", "me"), Trust(None, "me"), Trust(None, "you"))
SHOWN = st.lists(st.tuples(st.integers(0, 30), st.sampled_from("ab")), max_size=4)


def certificates(shown: list[tuple[int, str]], known: frozenset[str] = frozenset()) -> Certificates:
    made = Certificates()
    for from_ms, sha256 in sorted(shown, key=lambda entry: entry[0]):
        made.show(NODE, sha256, from_ms=from_ms)
    if known:
        made.demand(NODE, known)
    return made


def by_hand(shown: list[tuple[int, str]], known: frozenset[str], trust: Trust, at_ms: int) -> int:
    """What one request comes to."""
    here = [sha256 for from_ms, sha256 in sorted(shown, key=lambda entry: entry[0]) if from_ms <= at_ms]
    if trust.pinned is not None and trust.pinned != (here[-1] if here else ""):
        return Distrust.NOT_PINNED
    if not known or trust.client in known:
        return 0
    return Distrust.UNKNOWN_CLIENT_CERTIFICATE if trust.client else Distrust.NO_CLIENT_CERTIFICATE


@given(
    shown=SHOWN,
    known=st.sampled_from([frozenset[str](), frozenset({"me"})]),
    trust=st.sampled_from(TRUSTS),
    moments=st.lists(st.integers(0, 40), min_size=1, max_size=8),
)
def test_each_request_is_judged_at_its_moment(
    shown: list[tuple[int, str]], known: frozenset[str], trust: Trust, moments: list[int]
) -> None:
    made = certificates(shown, known)
    wanted = [by_hand(shown, known, trust, at_ms) for at_ms in moments]
    codes = made.judge(NODE, trust, column(moments))
    assert (codes.tolist() if codes is not None else [0] * len(moments)) == wanted
    span = range(min(moments), max(moments) + 1)
    surely = all(by_hand(shown, known, trust, at_ms) == 0 for at_ms in span)
    assert made.accepted(NODE, trust, span.start, span.stop) is surely


def test_nothing_is_judged_where_nobody_asks() -> None:
    assert certificates([(0, "a")]).judge(NODE, Trust("b"), np.zeros(0, np.int64)) is None


def server(trust: Trust) -> str:
    return str(Asked("kata:443", trust=trust))


@pytest.mark.parametrize("in_front", [False, True])
def test_whoever_does_not_connect_leaves_nothing(in_front: bool) -> None:
    made = certificates([(0, "a"), (60_000, "b")], frozenset({"me"}))
    node = TelemetryNodes(NODES, keys=keys(4), faults=FaultSchedule(), certificates=None if in_front else made)
    front = Interference(node, NODES.__getitem__, keys=keys(4), faults=FaultSchedule(), certificates=made)
    asked = front if in_front else node
    batch = transmissions([(0, 0, 30, 59_999), (1, 0, 30, 60_000)], server=server(Trust("a", "me")))
    answers = by_device(batch, asked.transmit(batch))
    assert answers[0][:3] == (Outcome.OK, 30, 0)
    assert answers[1][:3] == (Outcome.UNREACHABLE, 0, Distrust.NOT_PINNED)
    assert (node.stored(0), node.stored(1), node.ledger(NODE).requests) == ([(0, 30)], [], 1)
    asks = synchronisations([(2, 0, 5), (3, 0, 60_005)], server=server(Trust(None, "you")))
    for outcome, _, status, _ in by_device(asks, asked.synchronise(asks)).values():
        assert (outcome, status) == (Outcome.UNREACHABLE, Distrust.UNKNOWN_CLIENT_CERTIFICATE)


@pytest.mark.parametrize(
    ("trust", "from_ms", "to_ms", "quiet"),
    [
        (ANYBODY, 0, 90_000, True),
        (Trust("a"), 0, 60_000, True),
        (Trust("a"), 0, 60_001, False),
        (Trust("b"), 0, 90_000, False),
        (Trust("b"), 60_000, 90_000, True),
    ],
)
def test_a_server_is_quiet_while_it_is_trusted(trust: Trust, from_ms: int, to_ms: int, quiet: bool) -> None:
    made = certificates([(0, "a"), (60_000, "b")])
    node = CentralNode(NODES, keys=keys(1), faults=FaultSchedule(), certificates=made)
    assert (node.quiet(server(trust), from_ms, to_ms) is not None) is quiet


def test_a_demand_of_one_node_is_not_that_of_another() -> None:
    made = certificates([], frozenset({"me"}))
    assert made.accepted("kata-2", ANYBODY, 0, 1)
    assert not made.accepted(NODE, ANYBODY, 0, 1)
