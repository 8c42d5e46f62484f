"""The benchmark of conformance: what it holds against its bars."""

import pytest

from benchmarks.conformance import conformance
from tests.benchmarks.tiny import TINY


@pytest.mark.parametrize(
    ("suite_s", "proof_s", "met"),
    [(59.0, 599.0, [True, True]), (61.0, 599.0, [False, True]), (59.0, 601.0, [True, False])],
)
def test_suite_and_proof_are_held_against_their_bars(suite_s: float, proof_s: float, met: list[bool]) -> None:
    section = conformance(TINY, lambda: suite_s, lambda: proof_s)
    assert [bar.met for bar in section.bars] == met
    assert [row[1] for row in section.table.rows] == [str(TINY.rounds), "1"]
