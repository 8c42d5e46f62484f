"""Links that were looked at: for each pair of clause and check, the wording for which somebody found that it judges it.

When the statement of a clause changes, its links are stale until they are confirmed again:
``python -m tests.tools.confirm_links``.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from conformance.catalogue import Catalogue
from conformance.registry import Registry

FILE: Final = Path(__file__).with_name("links.txt")
Confirmed = Mapping[tuple[str, str], str]
"""The fingerprint of a clause's statement, by clause and check."""


def read_links(lines: Iterable[str]) -> dict[tuple[str, str], str]:
    """The links of a file with a clause, a fingerprint and a check in each line; raises ValueError for another line."""
    links = {}
    for number, line in enumerate(lines, 1):
        try:
            clause, fingerprint, check = line.split()
        except ValueError as error:
            raise ValueError(f"line {number}: {line!r} is not `clause fingerprint check`") from error
        links[clause, check] = fingerprint
    return links


def confirmed() -> dict[tuple[str, str], str]:
    """The links that ship."""
    return read_links(FILE.read_text(encoding="utf-8").splitlines())


def as_lines(registry: Registry, catalogue: Catalogue) -> Iterator[str]:
    """The file in which every link is confirmed, in the order of clauses."""
    pairs = sorted((clause, check.id) for check in registry.checks for clause in check.clauses if clause in catalogue)
    for clause, check in pairs:
        yield f"{clause} {catalogue[clause].fingerprint} {check}"
