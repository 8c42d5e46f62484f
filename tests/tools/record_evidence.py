"""Records what the reference and the seeded defects show: ``python -m tests.tools.record_evidence``, some minutes.

Writes the evidence that `seatrial spec coverage` counts, and the matrix in `docs`.
"""

import os
from pathlib import Path
from typing import Final

from conformance.catalogue import catalogue
from conformance.coverage import FILE, Evidence, gathered, matrix, read_evidence
from conformance.planting import planted_defects
from conformance.pool import kills
from conformance.prove import proof_of, references
from conformance.registry import registry
from conformance.session import hold, plan

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "conformance-matrix.md"
HEAD: Final = """# The matrix of clauses, checks and defects

Made from the code and its evidence by `python -m tests.tools.record_evidence`. Clauses `KEA-…` are the documentation's,
`PORT-…` are ours.
"""


def evidence() -> Evidence:
    """What is seen now."""
    known, clauses = registry(), catalogue()
    sessions = [
        hold(plan(known, clauses, judge), clauses, subject, subject.claims) for judge, subject in references().items()
    ]
    names = [one.name for one in planted_defects()]
    return gathered(sessions, proof_of(known, clauses, *kills(names, os.cpu_count() or 1)))


def page() -> str:
    """The matrix, by the evidence that is recorded."""
    lines = matrix(registry(), catalogue(), planted_defects(), read_evidence())
    return "\n".join([HEAD, *lines]).rstrip("\n") + "\n"


def main() -> None:
    """Writes both."""
    FILE.write_text(evidence().as_text(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
