"""Files that a command writes beside the run folder: whole or not at all, and refused before the work is done."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from scenarios.errors import UserError

REMEDY: Final = "name a file in a folder that can be written, and with room for it"


def reserve(file: Path) -> None:
    """Makes the folder of `file`, so that an hour of work does not end without a place for its result.

    Raises `UserError` where `file` is a folder or its folder cannot be made.
    """
    if file.is_dir():
        raise UserError(str(file), "is a folder", REMEDY)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(str(file), f"its folder cannot be made ({error.strerror})", REMEDY) from error


def write(file: Path, content: bytes) -> None:
    """Writes `file` aside and renames it, so that nobody sees half of it. One that was there before is replaced.

    Raises `UserError` where it cannot be written.
    """
    reserve(file)
    try:
        with TemporaryDirectory(dir=file.parent, prefix=f".{file.stem}-") as aside:
            written = Path(aside, file.name)
            written.write_bytes(content)
            os.replace(written, file)
    except OSError as error:
        raise UserError(str(file), f"cannot be written ({error.strerror})", REMEDY) from error
