"""Confirms every link between a clause and a check: ``python -m tests.tools.confirm_links``.

Look at the difference: each line that changes says that somebody found the check to judge the clause as it is worded.
"""

from conformance.catalogue import catalogue
from conformance.links import FILE, as_lines
from conformance.registry import registry


def main() -> None:
    """Writes the file."""
    FILE.write_text("\n".join(as_lines(registry(), catalogue())) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
