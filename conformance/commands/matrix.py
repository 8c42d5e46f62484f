"""`seatrial matrix`: sessions of conformance side by side."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from emulator.errors import UserError
from scenarios.commands.ioc import OutputFormat


def matrix(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="What `conform` and `prove` wrote with --format json.")
    ],
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one page of HTML.")] = None,
    output: Annotated[OutputFormat, typer.Option("--format", help="Lines, or one JSON document.")] = OutputFormat.TEXT,
) -> None:
    """Lay sessions of conformance side by side: clauses by implementations, with the defects that were noticed.

    Example:  seatrial matrix ours.json theirs.json proof.json --html matrix.html
    """
    from conformance.catalogue import catalogue
    from conformance.matrix import as_html, as_json, read
    from conformance.matrix import matrix as matrix_of
    from conformance.rendering import as_text

    made = matrix_of(*read(files), catalogue())
    if html is not None:
        try:
            html.write_text(as_html(made), encoding="utf-8")
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UserError(
                str(html), f"it cannot be written ({reason})", "give a path that you may write to"
            ) from error
    if output is OutputFormat.JSON:
        sys.stdout.write(as_text(as_json(made)))
        return
    for name, session in zip(made.names, made.sessions, strict=True):
        counts = ", ".join(f"{count} {verdict}" for verdict, count in session.verdicts.items() if count)
        typer.echo(f"{session.conclusion:<8}{name}: {counts}")
    for proof in made.proofs:
        typer.echo(f"{proof.must_killed} of {proof.must_clauses} binding clauses proven")
    differing = [row for row in made.rows if len({cell.verdict for cell in row.cells}) > 1]
    for row in differing:
        verdicts = ", ".join("-" if cell.verdict is None else str(cell.verdict) for cell in row.cells)
        typer.echo(f"{row.clause.id}  {verdicts}")
    if len(made.sessions) > 1 and not differing:
        typer.echo("no clause on which they differ")
