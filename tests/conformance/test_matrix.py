"""Sessions side by side: made of their documents and of nothing else."""

import json
from pathlib import Path
from typing import Any, cast

import pytest

from conformance import matrix as module
from conformance.catalogue import catalogue
from conformance.matrix import SessionDocument, as_html, as_json, matrix, read
from conformance.verdicts import Verdict
from emulator.errors import UserError


def check(name: str, verdict: str, *clauses: str, reason: str = "") -> dict[str, Any]:
    return {"id": name, "clauses": list(clauses), "verdict": verdict, "reason": reason}


def session(subject: str, *checks: dict[str, Any]) -> dict[str, Any]:
    verdicts = {str(one): sum(each["verdict"] == one for each in checks) for one in Verdict}
    return {"judge": "agent", "subject": subject, "conclusion": "PASS", "verdicts": verdicts, "checks": list(checks)}


def proof(**killed_by: str | None) -> dict[str, Any]:
    defects = [{"name": name, "clause": "KEA-TEL-001", "killed_by": by} for name, by in killed_by.items()]
    return {"defects": defects, "nulls": [], "must_clauses": 2, "must_killed": 1}


def written(folder: Path, *documents: dict[str, Any]) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(documents))]
    for path, document in zip(paths, documents, strict=True):
        path.write_text(json.dumps(document), encoding="utf-8")
    return paths


OURS = session("ours", check("a", "pass", "KEA-TEL-001"), check("b", "pass", "KEA-TEL-001", "KEA-TEL-002"))
THEIRS = session("theirs", check("a", "pass", "KEA-TEL-001"), check("b", "fail", "KEA-TEL-001", reason="<b>no</b>"))


def test_a_cell_has_the_worst_verdict_of_its_checks_and_none_where_nobody_judged(tmp_path: Path) -> None:
    made = matrix(*read(written(tmp_path, OURS, THEIRS)), catalogue())
    assert {row.clause.id: [cell.verdict for cell in row.cells] for row in made.rows} == {
        "KEA-TEL-001": [Verdict.PASS, Verdict.FAIL],
        "KEA-TEL-002": [Verdict.PASS, None],
    }
    assert made.names == ("agent ours", "agent theirs")


def test_defects_stand_beside_their_clause_as_the_best_of_several_proofs(tmp_path: Path) -> None:
    first, second = proof(one=None, two="a"), proof(one="b", two=None)
    (row,) = matrix(*read(written(tmp_path, first, second)), catalogue()).rows
    assert {one.name: one.killed_by for one in row.defects} == {"one": "b", "two": "a"}


def test_the_counts_are_those_of_the_documents(tmp_path: Path) -> None:
    document = as_json(matrix(*read(written(tmp_path, OURS, THEIRS, proof(one="a"))), catalogue()))
    first, second = cast("list[dict[str, Any]]", document["sessions"])
    assert (first["verdicts"]["pass"], second["verdicts"]["fail"]) == (2, 1)
    assert document["proofs"] == [{"must_clauses": 2, "must_killed": 1}]


def test_the_page_shows_foreign_text_as_text(tmp_path: Path) -> None:
    page = as_html(matrix(*read(written(tmp_path, OURS, THEIRS, proof(one=None))), catalogue()))
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "survived" in page


@pytest.mark.parametrize("content", ["", "[]", "{", '{"judge": "agent"}', '{"defects": 3}'])
def test_what_is_no_document_is_told_with_its_file(content: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"x\.json"):
        read([path])
    with pytest.raises(UserError, match="cannot be read"):
        read([tmp_path / "none.json"])


def test_a_document_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DOCUMENT_MAX_BYTES", 10)
    with pytest.raises(UserError, match="too large"):
        read(written(tmp_path, OURS))


def test_a_session_that_ran_nothing_is_no_session() -> None:
    assert module._parsed(json.dumps(session("nobody")).encode()) is None
    assert isinstance(module._parsed(json.dumps(OURS).encode()), SessionDocument)
