"""Files beside a scenario that its parts name."""

from collections.abc import Callable
from pathlib import Path

from emulator.errors import UserError
from scenarios.problems import Loc, LocatedError, shown
from scenarios.validation import Checker


def looked(checker: Checker, text: str, loc: Loc, folder: Path, look: Callable[[Path], str]) -> str | None:
    """What `look` finds at a path; None where it is not there, cannot be read, or lies outside of the folder.

    A path from the command line is relative to where the user stands. One in a file is relative to the file and cannot
    leave its folder: whoever wrote the file does not choose what is read elsewhere.
    """
    given = loc in checker.document.arguments
    folder = checker.document.folder_of(loc) or folder
    try:
        path = Path(text) if given else folder / text
        if not given and not path.resolve().is_relative_to(folder.resolve()):
            raise LocatedError(
                (), f"{shown(text)} leads out of the scenario's folder", "name a path below it, or give it with --set"
            )
        return look(path)
    except LocatedError as error:
        checker.located(loc, error)
    except UserError as error:
        checker.error(loc, f"{error.place}: {error.cause}", error.remedy)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be a path"
        checker.error(loc, f"{shown(text)} cannot be read ({reason})", "check its permissions")
    return None
