"""`seatrial spec`: the catalogue of what the documentation asks, and how much of it is judged."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from emulator.errors import UserError
from scenarios.commands.ioc import OutputFormat

if TYPE_CHECKING:
    from conformance.catalogue import Requirement
    from conformance.coverage import Row
    from conformance.registry import Registry

_Format = Annotated[OutputFormat, typer.Option("--format", help="A table, or one JSON document.")]

spec_app = typer.Typer(
    no_args_is_help=True,
    help="Look at the clauses that conformance is judged by.\n\nExample:  seatrial spec show KEA-TEL-008",
)


@spec_app.command("list")
def list_clauses(
    area: Annotated[str | None, typer.Option("--area", metavar="AREA", help="Only those of one area.")] = None,
    output: _Format = OutputFormat.TEXT,
) -> None:
    """List the clauses: what each states, its kind, and how it is judged.

    Example:  seatrial spec list --area telemetry
    """
    from conformance.catalogue import as_plain, catalogue
    from conformance.registry import registry
    from scenarios.problems import hint

    known = catalogue()
    areas = [one for one in known.areas if area in (None, one.name)]
    if not areas:
        cause = f"there is no area {area!r}"
        raise UserError("--area", cause, hint(area or "", (one.name for one in known.areas)))
    items = [item for one in areas for item in one.requirements]
    if output is OutputFormat.JSON:
        clauses = [{**as_plain(item), "judged": _judged(item, registry())} for item in items]
        typer.echo(json.dumps({"clauses": clauses}, indent=2))
        return
    for one in areas:
        typer.echo(f"{one.name}: {one.title}")
        for item in one.requirements:
            derived = "" if item.stated else ", derived"
            typer.echo(f"  {item.id}  {item.kind}{derived}, {_judged(item, registry())}")
            typer.echo(f"      {item.statement}")


@spec_app.command(no_args_is_help=True)
def show(
    clause: Annotated[str, typer.Argument(metavar="ID", help="The clause, such as KEA-TEL-008.")],
    output: _Format = OutputFormat.TEXT,
) -> None:
    """Tell all about one clause, with the checks that judge it and the defects that they have noticed.

    Example:  seatrial spec show KEA-TEL-014
    """
    from conformance.catalogue import as_plain, catalogue
    from conformance.coverage import read_evidence
    from conformance.planting import planted_defects
    from conformance.registry import registry

    item = catalogue().find(clause, clause)
    checks = registry().of(item.id)
    killed_by = read_evidence().killed_by
    defects = [one for one in planted_defects() if one.clause == item.id]
    if output is OutputFormat.JSON:
        document = {
            **as_plain(item),
            "judged": _judged(item, registry()),
            "checks": [{"id": one.id, "judge": str(one.judge), "about": one.about} for one in checks],
            "defects": [
                {"name": one.name, "about": one.about, "killed_by": killed_by.get(one.name)} for one in defects
            ],
        }
        typer.echo(json.dumps(document, indent=2))
        return
    source = "our own contract" if item.ours else f"the documentation, {item.section!r}"
    typer.echo(f"{item.id}  {item.kind}, {item.basis} ({source})")
    typer.echo(f"  {item.statement}")
    typer.echo(f"  observed as   {item.observable}")
    systems = ", ".join(item.os) + (" (Linux unknown)" if item.linux_unknown else "")
    typer.echo(f"  concerns      {item.party}, {systems}")
    if item.depends_on:
        typer.echo(f"  depends on    {', '.join(item.depends_on)}")
    if item.note:
        typer.echo(f"  note          {item.note}")
    typer.echo(f"  classified    {_judged(item, registry())}")
    for check in checks:
        typer.echo(f"    {check.id} ({check.judge}): {check.about}")
    for defect in defects:
        typer.echo(f"    defect {defect.name}: {defect.about}; noticed by {killed_by.get(defect.name, 'nobody yet')}")


@spec_app.command()
def coverage(output: _Format = OutputFormat.TEXT) -> None:
    """Count how far the clauses of each area have come: linked, emitted, discriminating, proven.

    Clauses of our own contract stand apart, and are never counted with the documentation's.

    Example:  seatrial spec coverage --format json
    """
    from conformance.catalogue import catalogue
    from conformance.coverage import coverage as count
    from conformance.coverage import read_evidence
    from conformance.planting import planted_defects
    from conformance.registry import registry

    counted = count(registry(), catalogue(), planted_defects(), read_evidence())
    if output is OutputFormat.JSON:
        typer.echo(json.dumps(counted.as_plain(), indent=2))
        return
    for title, rows in (("The documentation", counted.areas), ("Our own contract", counted.contract)):
        _tell(title, rows)


HEADS: Final = {
    "clauses": "clauses",
    "stated": "stated",
    "linked": "linked",
    "emitted": "emitted",
    "discriminating": "discrim.",
    "proven": "proven",
    "untestable": "untest.",
    "operator_only": "operator",
    "unclassified": "open",
}
"""The columns, with how they are headed where there is little room."""


def _tell(title: str, rows: "Mapping[str, Row]") -> None:
    """A table of so many columns fits into 100 letters."""
    typer.echo(f"{title:<24}{''.join(f'{head:>9}' for head in HEADS.values())}")
    for area, row in rows.items():
        typer.echo(f"  {area:<22}{''.join(f'{getattr(row, name):>9}' for name in HEADS)}")
    totals = [sum(getattr(row, name) for row in rows.values()) for name in HEADS]
    typer.echo(f"  {'all':<22}{''.join(f'{total:>9}' for total in totals)}\n")


def _judged(item: "Requirement", registry: "Registry") -> str:
    """How a clause is classified, in a few words."""
    if item.id in registry.untestable:
        return f"untestable: {registry.untestable[item.id]}"
    if item.id in registry.operator_only:
        return f"by the operator: {registry.operator_only[item.id]}"
    count = len(registry.of(item.id))
    if not count:
        return "not classified yet"
    word = "judged" if item.id in registry.judged else "observed"
    return f"{word} by {count} check{'s' if count > 1 else ''}"
