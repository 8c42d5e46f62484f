"""`seatrial init`: makes a folder to start from, with a scenario, a backend and a CI job that run as they are."""

import shlex
import shutil
from pathlib import Path
from typing import Annotated, Final

import typer

from emulator.errors import UserError

START: Final = Path(__file__).resolve().parents[1] / "start-folder"
"""The files that a start folder has."""
FILES: Final = {"first.yaml": "first.yaml", "my_server.py": "my_server.txt", "ci.yaml": "ci.yaml"}
"""What they are called there, and here, where the backend is no module of ours."""


def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty, or not there.")]) -> None:
    """Make a folder to start from: a scenario, a backend, a CI job.

    Example:  seatrial init trials
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            cause = "the folder is not empty" if folder.is_dir() else "it is no folder"
            raise UserError(str(folder), cause, "name one that is empty, or not there")
        folder.mkdir(parents=True, exist_ok=True)
        for name, here in FILES.items():
            shutil.copyfile(START / here, folder / name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be a path"
        raise UserError(str(folder), f"it cannot be written ({reason})", "choose another folder") from error
    typer.echo(f"{folder}: {', '.join(FILES)}\n\nNext:")
    typer.echo(f"  cd {shlex.quote(str(folder))}")
    typer.echo("  seatrial run first.yaml")
    typer.echo("  seatrial run first.yaml --backend telemetry=my_server:Server")
