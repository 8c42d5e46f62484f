"""Proving on several processes comes to the same, and the whole matrix tells more."""

import pytest

from conformance import pool
from conformance.catalogue import catalogue
from conformance.planting import planted_defects
from conformance.prove import Prover
from conformance.registry import Check, Judge, Registry, registry
from conformance.verdicts import Verdict

NAMES = ("percentage-stays", "ttl-is-longer")


def test_several_processes_find_what_one_finds() -> None:
    prover = Prover(registry(), catalogue())
    alone = [prover.put(one) for one in planted_defects() if one.name in NAMES]
    kills, emitted = pool.kills([one.defect.name for one in alone], workers=2)
    assert [(kill.defect.name, kill.killed_by, kill.own, kill.seen) for kill in kills] == [
        (kill.defect.name, kill.killed_by, kill.own, kill.seen) for kill in alone
    ]
    assert set(emitted.values()) == {Verdict.PASS}


def test_with_every_check_the_first_one_that_noticed_is_among_all_that_did() -> None:
    clause = next(one.clause for one in planted_defects() if one.name == NAMES[0])
    area = [check for check in registry().checks if check.area == "telemetry"]
    prover = Prover(Registry(tuple(area), {}, {}), catalogue())
    kill = prover.put(next(one for one in planted_defects() if one.name == NAMES[0]), whole=True)
    assert kill.killed_by in kill.noticed_by
    assert clause in {name for check in area if check.id in kill.noticed_by for name in check.clauses}


def test_a_check_that_fails_with_some_seed_is_a_false_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlucky(agent: object) -> None:
        assert getattr(agent, "seed") != 2  # noqa: B009  # what agents under test have

    check = Check("a/unlucky", "a", Judge.AGENT, (), (), True, False, "", "", unlucky)
    monkeypatch.setattr(pool, "registry", lambda: Registry((check,), {}, {}))
    assert [(one.seed, one.verdict) for one in pool._alarms(("a/unlucky", 3))] == [(2, Verdict.HARNESS_ERROR)]
    assert pool._alarms(("a/unlucky", 1)) == []
