"""Proof: every seeded defect is noticed by a check of its own clause, and nothing hollow passes."""

from pathlib import Path
from typing import Any

import pytest

from conformance.catalogue import catalogue
from conformance.judging import equal
from conformance.nulls import NULLS
from conformance.planting import Defect, Plant, defect, planted_defects, read_defects
from conformance.prove import checks_for, kill_of, nulls, prove, references
from conformance.registry import clause, registry
from conformance.verdicts import Code
from tests.conformance import made
from tests.conformance.test_catalogue import entry


class State:
    broken = False


@pytest.mark.parametrize("one", planted_defects(), ids=lambda one: one.name)
def test_a_check_of_the_clause_notices(one: Defect) -> None:
    own = registry().of(one.clause)
    assert own, f"no check judges {one.clause}"
    kill = kill_of(one, own, references())
    assert kill.killed_by, f"no check of {one.clause} noticed: {one.about}"


def test_every_clause_that_binds_and_is_judged_has_a_defect() -> None:
    broken = {one.clause for one in planted_defects()}
    binding = {item.id for item in catalogue() if item.binds and item.id in registry().judged}
    not_offered = {"PORT-TEL-009"}  # the fakes do not restart
    assert binding - broken - not_offered == set()


def test_no_null_implementation_passes_a_check_of_a_negative_clause() -> None:
    assert {null.name: null.passed for null in nulls(registry(), catalogue())} == {name: () for name, _, _ in NULLS}


def plant_it(plant: Plant) -> None:
    """It is there."""
    plant.replace(made, "nobody", None)
    plant.replace(State, "broken", True)


def looks(agent: Any) -> None:
    """It looks."""
    equal(State.broken, False, "whether it is broken")


def looks_away(agent: Any) -> None:
    """It looks away."""


def crashes(agent: Any) -> None:
    """It crashes where something is broken."""
    assert not State.broken


def proved(folder: Path, **checks: Any) -> Any:
    one = Defect("broken", "KEA-TRI-001", "it is broken", plant_it)
    catalogue_ = made.clauses(folder, entry("KEA-TRI-001"), entry("KEA-TRI-002"))
    return prove(made.registry(**checks), catalogue_, [one])


def test_a_defect_that_its_check_notices_proves_the_clause(tmp_path: Path) -> None:
    proof = proved(tmp_path / "x", check_one=clause("KEA-TRI-001")(looks))
    assert [(kill.killed_by, kill.own) for kill in proof.kills] == [("trial/one", True)]
    assert proof.killed == ("KEA-TRI-001",)
    assert proof.conclusion.code == Code.OK


def test_a_neighbour_that_notices_proves_nothing_of_the_clause(tmp_path: Path) -> None:
    proof = proved(tmp_path / "x", check_one=clause("KEA-TRI-001")(looks_away), check_two=clause("KEA-TRI-002")(looks))
    assert [(kill.killed_by, kill.own) for kill in proof.kills] == [("trial/two", False)]
    assert proof.killed == ()
    assert proof.conclusion.code == Code.FINDING


def test_a_crash_is_no_kill(tmp_path: Path) -> None:
    proof = proved(tmp_path / "x", check_one=clause("KEA-TRI-001")(crashes))
    assert [kill.killed_by for kill in proof.kills] == [""]
    assert "0 of 1 defects noticed" in proof.conclusion.sentence
    assert proof.conclusion.code == Code.FINDING


def test_a_reference_that_does_not_pass_proves_nothing(tmp_path: Path) -> None:
    def fails(agent: Any) -> None:
        """It always fails."""
        equal(1, 2, "a number")

    proof = proved(tmp_path / "x", check_one=clause("KEA-TRI-001")(fails))
    assert proof.conclusion.code == Code.HARNESS


def test_what_is_planted_is_gone_afterwards() -> None:
    before = made.nobody
    one = Defect("broken", "KEA-TRI-001", "it is broken", plant_it)
    with one.planted():
        assert made.nobody is None
    assert made.nobody is before
    missing = Defect("x", "KEA-TRI-001", "x", lambda plant: plant.replace(made, "x", 1))
    with pytest.raises(AttributeError), missing.planted():
        pass


def test_two_defects_of_one_name_are_refused() -> None:
    def broken(plant: Plant) -> None: ...

    file = made.module("one", broken=defect("KEA-TRI-001", "x")(broken))
    assert [one.name for one in read_defects([file])] == ["broken"]
    with pytest.raises(ValueError, match="two defects are called broken"):
        read_defects([file, file])


def test_a_defect_is_put_to_the_checks_of_its_clause_first() -> None:
    (one,) = (found for found in planted_defects() if found.name == "percentage-stays")
    own, near = checks_for(one, registry(), catalogue())
    assert [check.id for check in own] == ["telemetry/the-restriction-of-a-type-follows-the-percentage"]
    areas = {catalogue()[name].area for check in near for name in check.clauses}
    assert "telemetry" in areas
    assert "ioc-files" not in areas
    assert not set(own) & set(near)
