"""The library: scenarios that are shipped, known by name, and indicators for them."""

from pathlib import Path
from typing import Final

from scenarios.errors import UserError
from scenarios.problems import hint

PREFIX: Final = "library:"
FOLDER: Final = Path(__file__).parent / "library"
INDICATORS: Final = FOLDER / "indicators"
"""The shipped indicators of compromise; all names and hashes in them are made up."""


def names() -> tuple[str, ...]:
    """The names of the shipped scenarios, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def path_of(name: str) -> Path:
    """The file of a shipped scenario. Raises UserError for a name that is not in the library."""
    bare = name.removeprefix(PREFIX)
    known = names()
    if bare not in known:
        raise UserError(name, "there is no such scenario in the library", hint(bare, known))
    return FOLDER / f"{bare}.yaml"


def is_name(source: str) -> bool:
    """True for what names a scenario of the library, rather than a path."""
    return source.startswith(PREFIX) or not (source.endswith((".yaml", ".yml")) or "/" in source or "\\" in source)
