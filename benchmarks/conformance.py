"""Conformance: how long the suite takes with two workers, and the proof that its checks can fail."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.extent import Extent
from benchmarks.results import Section, Table, at_most, figure
from conformance.planting import planted_defects
from conformance.registry import registry

WORKERS: Final = 2
SUITE_S: Final = 60
PROOF_S: Final = 600
TIMEOUT_S: Final = 3_600


def conformance(
    extent: Extent, suite: Callable[[], float] | None = None, proof: Callable[[], float] | None = None
) -> Section:
    """Wall time of all checks as pytest items, and of every seeded defect against the checks of its clause.

    `suite` and `proof` take one round each.
    """
    suites = [(suite or _suite)() for _ in range(extent.rounds)]
    proofs = [(proof or _proof)()]
    checks, defects = len(registry().checks), len(planted_defects())
    return Section(
        Table(
            "Conformance",
            f"Wall time from start-up to verdict, {WORKERS} workers: {checks} checks as pytest items, "
            f"{defects} seeded defects.",
            ("what", "rounds", "median"),
            (
                (f"pytest --conformance -n {WORKERS}", str(len(suites)), f"{figure(median(suites))} s"),
                (f"seatrial prove --workers {WORKERS}", str(len(proofs)), f"{figure(median(proofs))} s"),
            ),
        ),
        (
            at_most(f"{checks} checks, {WORKERS} workers", median(suites), SUITE_S, " s"),
            at_most(f"{defects} defects, {WORKERS} workers", median(proofs), PROOF_S, " s"),
        ),
    )


def _suite() -> float:
    return _timed("-m", "pytest", "-q", "--conformance", "-n", str(WORKERS), "-p", "no:cacheprovider")


def _proof() -> float:
    return _timed("-m", "seatrial", "prove", "--workers", str(WORKERS))


def _timed(*arguments: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(  # our own commands
        (sys.executable, *arguments),
        cwd=Path(__file__).resolve().parents[1],
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stdout[-500:]!r}")
    return time.perf_counter() - began
