"""Proving on several processes: each has checks and defects of its own; names and results pass between them."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

from conformance.agents import COLUMNS, resolve_agent
from conformance.catalogue import catalogue
from conformance.planting import Defect, planted_defects
from conformance.prove import NOT_JUDGED, Kill, Prover
from conformance.registry import Judge, registry
from conformance.session import put
from conformance.verdicts import Verdict

SEEDS_RANDOM: Final = 200
"""Seeds with which the reference is put to a check that sees what is drawn."""
SEEDS: Final = 3
"""The same for all other checks."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A check that the reference did not pass with a seed: a false alarm."""

    check: str
    seed: int
    verdict: Verdict
    reason: str


def kills(
    names: Sequence[str], workers: int, tell: Callable[[Kill], object] = lambda _: None, *, whole: bool = False
) -> tuple[list[Kill], dict[str, Verdict]]:
    """What comes of defects by name, in their order, and the reference's verdicts on the checks that were asked."""
    by_name = _defects()
    found: list[Kill] = []
    emitted: dict[str, Verdict] = {}
    with _pool(workers) as pool:
        tasks = [(name, whole) for name in names]
        for name, (told, verdicts) in zip(names, pool.map(_kill, tasks), strict=True):
            found.append(Kill(by_name[name], *told))
            emitted |= verdicts
            tell(found[-1])
    return found, emitted


def false_alarms(
    workers: int, *, random: int = SEEDS_RANDOM, rest: int = SEEDS
) -> Iterator[tuple[str, int, list[Alarm]]]:
    """Of each check of the agent's judge in order: its name, with how many seeds it was asked, the false alarms."""
    checks = [check for check in registry().checks if check.judge is Judge.AGENT]
    tasks = [(check.id, random if check.random else rest) for check in checks]
    with _pool(workers) as pool:
        for (name, seeds), alarms in zip(tasks, pool.map(_alarms, tasks), strict=True):
            yield name, seeds, alarms


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@cache
def _prover() -> Prover:
    return Prover(registry(), catalogue())


@cache
def _defects() -> dict[str, Defect]:
    return {defect.name: defect for defect in planted_defects()}


def _kill(task: tuple[str, bool]) -> tuple[tuple[str, bool, str, tuple[str, ...]], dict[str, Verdict]]:
    name, whole = task
    prover = _prover()
    kill = prover.put(_defects()[name], whole=whole)
    return (kill.killed_by, kill.own, kill.seen, kill.noticed_by), dict(prover.emitted)


def _alarms(task: tuple[str, int]) -> list[Alarm]:
    name, seeds = task
    check = next(check for check in registry().checks if check.id == name)
    found = []
    for seed in range(1, seeds + 1):
        subject = resolve_agent(COLUMNS, seed=seed)
        result = put(check, subject, subject.claims)
        if result.verdict is not Verdict.PASS and result.verdict not in NOT_JUDGED:
            found.append(Alarm(name, seed, result.verdict, result.reason))
    return found
