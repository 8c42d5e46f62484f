"""`seatrial backend`: tries an adapter before anything is run against it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from emulator.errors import UserError

if TYPE_CHECKING:
    from scenarios.backends import Finding

SERVER: Final = "server.seatrial.example:443"
"""The address to which the package of the probe is sent."""
START: Final = "2026-03-02T08:00:00+00:00"

backend_app = typer.Typer(
    no_args_is_help=True,
    help="Try a backend of your own.\n\nExample:  seatrial backend check telemetry=my_module:Server",
)


@backend_app.callback()
def group() -> None:
    """Keeps `check` a command of its own while it is the only one."""


@backend_app.command(no_args_is_help=True)
def check(
    pair: Annotated[str, typer.Argument(metavar="PORT=SPEC", help="A port and the `module:attribute` that answers.")],
    sets: Annotated[
        list[str],
        typer.Option("--set", metavar="NAME=VALUE", help="Set one of its options; ${env:NAME} works. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
) -> None:
    """Smoke check: up, logged in, one write, one read back, what it claims.

    Exits with 0, with 2 where SPEC names no backend, with 3 where a step fails.

    Example:  seatrial backend check telemetry=my_module:Server
    """
    from emulator.ports import RunInfo
    from scenarios import specs
    from scenarios.arguments import parse_set
    from scenarios.backends import check_backend, require_passed, resolve_backend

    options = dict(parse_set(text) for text in sets)
    ((port, spec),) = specs.given([pair]).items()
    chosen = resolve_backend(
        port,
        spec.spec,
        options,
        place=lambda loc: f"--set {'.'.join(map(str, loc[1:]))}" if loc[:1] == ("options",) else f"backend {pair}",
        pace="realtime",
        folder=spec.folder,
    )
    if chosen is None:
        raise UserError(f"backend {pair}", "the fake needs no check", "name a backend of your own")

    def tell(finding: "Finding") -> None:
        typer.echo(f"{'ok' if finding.passed else 'FAILED':<8}{finding.step:<8}{chosen.masked(finding.about)}")

    for name, value in chosen.claims.items():
        typer.echo(f"{'claims':<8}{name}: {value}")
    require_passed(chosen, check_backend(chosen, RunInfo("smoke-check", 1, START, 1), server=SERVER, tell=tell))
