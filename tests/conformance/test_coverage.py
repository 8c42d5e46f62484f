"""Coverage: four rungs from code and evidence, the documentation's clauses and ours apart; what ships is up to date."""

from pathlib import Path
from typing import Any

from conformance.catalogue import catalogue
from conformance.coverage import Evidence, coverage, gathered, read_evidence, rungs
from conformance.planting import Defect, planted_defects
from conformance.prove import Kill, Proof
from conformance.registry import Judge, clause, registry
from conformance.session import Session
from conformance.verdicts import Result, Verdict
from tests.conformance import made
from tests.conformance.test_catalogue import entry
from tests.tools import record_evidence

DEFECTS = [
    Defect("own", "KEA-TRI-001", "x", lambda plant: None),
    Defect("near", "KEA-TRI-002", "x", lambda plant: None),
    Defect("gone", "KEA-TRI-003", "x", lambda plant: None),
]
EVIDENCE = Evidence(
    {"trial/one": "pass", "trial/two": "not-applicable", "trial/three": "fail", "trial/old": "pass"},
    {"own": "trial/one", "near": "trial/one", "gone": "trial/old", "elsewhere": "trial/one"},
)


def check(*ids: str) -> Any:
    def function(agent: Any) -> None:
        """It judges."""

    return clause(*ids)(function)


def test_each_rung_is_counted_by_itself(tmp_path: Path) -> None:
    known = made.registry(
        check_one=check("KEA-TRI-001"), check_two=check("KEA-TRI-002"), check_three=check("KEA-TRI-003")
    )
    reached = rungs(known, DEFECTS, EVIDENCE)
    assert reached.linked == {"KEA-TRI-001", "KEA-TRI-002", "KEA-TRI-003"}
    assert reached.emitted == {"KEA-TRI-001", "KEA-TRI-003"}
    assert reached.discriminating == {"KEA-TRI-001"}
    assert reached.proven == {"KEA-TRI-001"}
    entries = [entry(f"KEA-TRI-{number:03}") for number in range(1, 5)]
    entries[3] = entries[3].replace("basis: stated", "basis: derived")
    (row,) = coverage(known, made.clauses(tmp_path / "x", *entries), DEFECTS, EVIDENCE).areas.values()
    assert (row.clauses, row.stated, row.derived) == (4, 3, 1)
    assert (row.linked, row.emitted, row.discriminating, row.proven) == (3, 2, 1, 1)
    assert (row.untestable, row.operator_only, row.unclassified) == (0, 0, 1)


def test_evidence_is_gathered_from_sessions_and_proof_and_read_back(tmp_path: Path) -> None:
    result = Result("trial/one", ("KEA-TRI-001",), Verdict.PASS)
    session = Session(Judge.AGENT, "columns", ("trial/one",), (result,))
    kills = (Kill(DEFECTS[0], "trial/one", True, "seen"), Kill(DEFECTS[1], "", False, ""))
    found = gathered([session], Proof(kills, (), (), {}))
    assert found == Evidence({"trial/one": "pass"}, {"own": "trial/one"})
    file = tmp_path / "evidence.json"
    file.write_text(found.as_text(), encoding="utf-8")
    assert read_evidence(file) == found


def test_ours_are_never_counted_with_the_documentations() -> None:
    counted = coverage(registry(), catalogue(), planted_defects(), read_evidence())
    assert sum(row.clauses for row in counted.areas.values()) == 446
    assert sum(row.clauses for row in counted.contract.values()) == 14
    plain = counted.as_plain()
    assert set(plain) == {"areas", "contract"}
    wanted = {"clauses", "stated", "linked", "emitted", "discriminating", "proven", "untestable", "operator_only"}
    assert wanted <= set(plain["areas"]["telemetry"])
    for row in counted.areas.values():
        assert row.linked + row.untestable + row.operator_only + row.unclassified == row.clauses
        assert row.proven <= row.discriminating <= row.emitted <= row.linked


def test_the_evidence_that_ships_is_of_all_checks_and_defects() -> None:
    shipped = read_evidence()
    assert set(shipped.verdicts) == {check.id for check in registry().checks}, "python -m tests.tools.record_evidence"
    assert set(shipped.killed_by) == {one.name for one in planted_defects()}, "python -m tests.tools.record_evidence"
    assert set(shipped.verdicts.values()) <= {"pass", "observed", "not-applicable"}


def test_the_matrix_that_ships_is_that_of_the_evidence() -> None:
    assert record_evidence.PAGE.read_text(encoding="utf-8") == record_evidence.page()
