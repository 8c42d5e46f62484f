"""The matrix: several sessions side by side, clause by clause, and the defects that checks have noticed.

Made of what `seatrial conform --format json` and `seatrial prove --format json` wrote, and of nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from conformance.catalogue import Catalogue, Requirement
from conformance.rendering import TEMPLATES
from conformance.verdicts import Verdict
from emulator.errors import UserError

DOCUMENT_MAX_BYTES: Final = 64 * 1024 * 1024
"""The largest document that is read."""
_WORST: Final = {verdict: place for place, verdict in enumerate(Verdict)}


class CheckEntry(BaseModel):
    """One check of a session."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: str
    clauses: tuple[str, ...]
    verdict: Verdict
    reason: str = ""


class SessionDocument(BaseModel):
    """What `seatrial conform --format json` wrote."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    judge: str
    subject: str
    conclusion: str
    verdicts: Mapping[Verdict, int]
    checks: Annotated[tuple[CheckEntry, ...], Field(min_length=1)]


class DefectEntry(BaseModel):
    """One defect, and the check that has noticed it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str
    clause: str
    killed_by: str | None


class ProofDocument(BaseModel):
    """What `seatrial prove --format json` wrote."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    defects: tuple[DefectEntry, ...]
    must_clauses: int
    must_killed: int


class Cell(BaseModel):
    """What one session came to on a clause: the worst verdict of its checks, None where none judged it."""

    model_config = ConfigDict(frozen=True)
    verdict: Verdict | None
    checks: tuple[CheckEntry, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A clause with a cell for each session and the defects that were planted for it."""

    clause: Requirement
    cells: tuple[Cell, ...]
    defects: tuple[DefectEntry, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Sessions and proofs side by side."""

    sessions: tuple[SessionDocument, ...]
    proofs: tuple[ProofDocument, ...]
    rows: tuple[Row, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each session is called."""
        return tuple(f"{one.judge} {one.subject}" for one in self.sessions)


def read(paths: Sequence[Path]) -> tuple[tuple[SessionDocument, ...], tuple[ProofDocument, ...]]:
    """The documents in files, of either kind. Raises UserError with the file for what is neither."""
    sessions, proofs = [], []
    for path in paths:
        try:
            if path.stat().st_size > DOCUMENT_MAX_BYTES:
                raise UserError(str(path), "it is too large", f"{DOCUMENT_MAX_BYTES} bytes are the limit")
            data = path.read_bytes()
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UserError(
                str(path), f"it cannot be read ({reason})", "give a file that `--format json` wrote"
            ) from error
        found = _parsed(data)
        if found is None:
            remedy = "give what `seatrial conform` or `seatrial prove` wrote with --format json"
            raise UserError(str(path), "it is no document of a session or of a proof", remedy)
        if isinstance(found, SessionDocument):
            sessions.append(found)
        else:
            proofs.append(found)
    return tuple(sessions), tuple(proofs)


def _parsed(data: bytes) -> SessionDocument | ProofDocument | None:
    for model in (SessionDocument, ProofDocument):
        try:
            return model.model_validate_json(data)
        except ValidationError:
            continue
    return None


def matrix(sessions: Sequence[SessionDocument], proofs: Sequence[ProofDocument], catalogue: Catalogue) -> Matrix:
    """The rows of all clauses that some session judged or some defect was planted for, in the catalogue's order."""
    defects: dict[str, dict[str, DefectEntry]] = {}
    for proof in proofs:
        for defect in proof.defects:
            known = defects.setdefault(defect.clause, {})
            # A later proof may have noticed what an earlier one had not.
            if defect.name not in known or defect.killed_by is not None:
                known[defect.name] = defect
    rows = []
    for clause in catalogue:
        cells = tuple(_cell(one, clause.id) for one in sessions)
        planted = tuple(defects.get(clause.id, {}).values())
        if planted or any(cell.checks for cell in cells):
            rows.append(Row(clause, cells, planted))
    return Matrix(tuple(sessions), tuple(proofs), tuple(rows))


def _cell(session: SessionDocument, clause: str) -> Cell:
    checks = tuple(check for check in session.checks if clause in check.clauses)
    verdict = min((check.verdict for check in checks), key=_WORST.__getitem__, default=None)
    return Cell(verdict=verdict, checks=checks)


def as_json(made: Matrix) -> dict[str, object]:
    """The document of `--format json`."""
    return {
        "sessions": [
            {
                "name": name,
                "conclusion": one.conclusion,
                "verdicts": {str(verdict): count for verdict, count in one.verdicts.items()},
            }
            for name, one in zip(made.names, made.sessions, strict=True)
        ],
        "proofs": [{"must_clauses": one.must_clauses, "must_killed": one.must_killed} for one in made.proofs],
        "clauses": [
            {
                "id": row.clause.id,
                "verdicts": [None if cell.verdict is None else str(cell.verdict) for cell in row.cells],
                "defects": {one.name: one.killed_by for one in row.defects},
            }
            for row in made.rows
        ],
    }


def as_html(made: Matrix) -> str:
    """One page: clauses by sessions with the defects, to be filtered."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("matrix.html.j2").render(made=made)
