"""Self-defense: whether other programs get at the files, processes and registry entries of Endpoint Agent."""

from collections.abc import Mapping
from typing import Final

from emulator.policy.sections.security import SelfDefense
from emulator.security.operations import Defended

CLAUSES: Final[Mapping[Defended, str]] = {
    Defended.FILES: "KEA-SEC-021",
    Defended.PROCESSES: "KEA-SEC-022",
    Defended.REGISTRY: "KEA-SEC-023",
}
"""What is defended, and the clause that says so."""


def refusal(settings: SelfDefense, defended: Defended, *, running: bool) -> str | None:
    """The clause by which an attempt fails, None where it gets through.

    One setting governs all three kinds (KEA-SEC-024). Nothing is defended while Endpoint Agent does not run: the
    emulator's reading.
    """
    return CLAUSES[defended] if settings.enabled and running else None
