"""`seatrial conform` and `seatrial prove`: judge servers and agents by the catalogue, and the checks by defects."""

import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from emulator.errors import UserError
from scenarios.commands.ioc import OutputFormat

if TYPE_CHECKING:
    from conformance.prove import Kill
    from conformance.registry import Check
    from conformance.session import Session, Subject
    from conformance.verdicts import Result
    from conformance.waivers import Waiver

_Format = Annotated[OutputFormat, typer.Option("--format", help="Lines, or one JSON document.")]


def conform(
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="agent|server", help="Who is judged; without it, the servers.")
    ] = None,
    backend: Annotated[
        list[str],
        typer.Option("--backend", metavar="PORT=SPEC", help="Judge `module:attribute` at a port. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    agent: Annotated[
        str | None,
        typer.Option("--agent", metavar="SPEC", help="Judge this agent: `columns`, `plain`, `module:attribute`."),
    ] = None,
    profile: Annotated[
        Path | None, typer.Option("--profile", metavar="FILE", help="What is claimed, over what it claims itself.")
    ] = None,
    requirements: Annotated[
        list[str], typer.Option("--requirement", metavar="ID", help="Only checks of this clause. Repeatable.")
    ] = [],  # noqa: B006
    waivers: Annotated[
        Path | None, typer.Option("--waivers", metavar="FILE", help="Findings that are accepted.")
    ] = None,
    write_waivers: Annotated[
        bool, typer.Option("--write-waivers", help="Draft waivers of what failed; reason and owner are yours to fill.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one page of HTML.")] = None,
    summary: Annotated[
        Path | None, typer.Option("--summary", metavar="FILE", help="Write a summary in Markdown.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Keep what was tried and seen of each finding.")
    ] = None,
    output: _Format = OutputFormat.TEXT,
) -> None:
    """Judge servers, or an implementation of Endpoint Agent, by the clauses of the documentation and our contract.

    Example:  seatrial conform --backend telemetry=my_module:Server
    """
    from conformance import rendering
    from conformance.catalogue import catalogue
    from conformance.profiles import applied, read_profile
    from conformance.registry import registry
    from conformance.session import judge_of, plan
    from conformance.waivers import drafts, read_waivers, waived

    if write_waivers and waivers is None:
        raise UserError("--write-waivers", "it does not say where to", "name the file with --waivers FILE")
    subject = _subject(judge, backend, agent)
    for clause in requirements:
        catalogue().find(clause, f"--requirement {clause}")
    claims = subject.claims
    if profile is not None:
        claims = applied(claims, read_profile(profile, registry(), claims))
    accepted: tuple[Waiver, ...] = ()
    if waivers is not None and (waivers.exists() or not write_waivers):
        accepted = read_waivers(waivers, [check.id for check in registry().checks])
    checks = plan(registry(), catalogue(), judge_of(subject), requirements or None)
    commands = {check.id: _command(check.clauses[0], subject, backend, agent, profile) for check in checks}
    session = _held(checks, subject, claims, out, commands)
    today, version = datetime.now(UTC).date(), _version(subject)
    session = waived(session, accepted, version=version, today=today)
    reproduce = {result.check: commands[result.check] for result in session.results}
    if write_waivers and waivers is not None:
        target = waivers.with_suffix(".drafts.yaml") if waivers.exists() else waivers
        _write(target, drafts(session, version=version, today=today).encode())
    if junit is not None:
        _write(junit, rendering.as_junit(session, reproduce))
    if summary is not None:
        _write(summary, rendering.as_markdown(session, reproduce).encode())
    if html is not None:
        _write(html, rendering.as_html(session, catalogue(), reproduce).encode())
    if output is OutputFormat.JSON:
        sys.stdout.write(rendering.as_text(rendering.as_json(session)))
    else:
        _tell(session, reproduce)
    raise typer.Exit(session.conclusion.code)


def prove(
    names: Annotated[list[str], typer.Option("--defect", metavar="NAME", help="Only this defect. Repeatable.")] = [],  # noqa: B006
    full: Annotated[
        bool,
        typer.Option("--full", help="Every defect against every check, and the reference with many seeds; hours."),
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, max=256, help="Processes.")] = 1,
    output: _Format = OutputFormat.TEXT,
) -> None:
    """Test the checks, not your server: every seeded defect against the checks of its clause and of its area.

    Null implementations, which do next to nothing, are put to the checks of negative clauses.

    Exits with 1 while a clause that binds has no defect which its own check has noticed.

    Example:  seatrial prove --defect percentage-stays
    """
    from conformance import pool, rendering
    from conformance.catalogue import catalogue
    from conformance.planting import planted_defects
    from conformance.prove import proof_of
    from conformance.prove import prove as put_to_the_proof
    from conformance.registry import registry
    from conformance.verdicts import Code
    from scenarios.problems import hint

    defects = planted_defects()
    for name in names:
        if name not in [defect.name for defect in defects]:
            cause = f"there is no defect {name!r}"
            raise UserError(f"--defect {name}", cause, hint(name, (defect.name for defect in defects)))
    chosen = [defect for defect in defects if not names or defect.name in names]
    quiet = output is OutputFormat.JSON

    def tell(kill: "Kill") -> None:
        if not quiet:
            word = "noticed" if kill.own else "nearby" if kill.killed_by else "SURVIVED"
            by = kill.killed_by or "no check noticed it"
            typer.echo(f"{word:<9}{kill.defect.clause}  {kill.defect.name}: {kill.defect.about}  ({by})")

    if workers == 1 and not full:
        proof = put_to_the_proof(registry(), catalogue(), chosen, tell, with_nulls=not names)
    else:
        kills, emitted = pool.kills([defect.name for defect in chosen], workers, tell, whole=full)
        proof = proof_of(registry(), catalogue(), kills, emitted, with_nulls=not names)
    alarms = [alarm for _, _, found in pool.false_alarms(workers) for alarm in found] if full and not names else []
    if quiet:
        document = {
            "defects": [
                {
                    "name": kill.defect.name,
                    "clause": kill.defect.clause,
                    "killed_by": kill.killed_by or None,
                    **({"noticed_by": list(kill.noticed_by)} if full else {}),
                }
                for kill in proof.kills
            ],
            "false_alarms": [{"check": one.check, "seed": one.seed, "reason": one.reason} for one in alarms],
            "nulls": [
                {"name": null.name, "judge": str(null.judge), "passed": list(null.passed)} for null in proof.nulls
            ],
            "must_clauses": len(proof.must_clauses),
            "must_killed": len(proof.killed),
        }
        sys.stdout.write(rendering.as_text(document))
    else:
        for null in proof.nulls:
            if null.passed:
                typer.echo(f"HOLLOW   the null {null.judge} {null.name!r} passes {', '.join(null.passed)}")
        for alarm in alarms:
            typer.echo(
                f"FALSE    {alarm.check} is {alarm.verdict} on the reference with seed {alarm.seed}: {alarm.reason}"
            )
        typer.echo(f"{proof.conclusion.word}: {proof.conclusion.sentence}")
    raise typer.Exit(proof.conclusion.code or (Code.HARNESS if alarms else Code.OK))


def _subject(judge: str | None, backend: list[str], agent: str | None) -> "Subject":
    """Who is judged. Raises UserError for options that belong to different judges."""
    from conformance.agents import COLUMNS, resolve_agent
    from conformance.registry import Judge

    if judge not in (None, *Judge):
        raise UserError(f"--judge {judge}", "there is no such judge", "write agent or server")
    if agent is not None and (backend or judge == Judge.SERVER):
        raise UserError("--agent", "an agent is not judged together with servers", "leave --backend and --judge out")
    if judge == Judge.AGENT and backend:
        raise UserError("--backend", "agents are judged against the fakes", "leave it out, or write --judge server")
    if agent is not None or judge == Judge.AGENT:
        return resolve_agent(agent or COLUMNS, folder=Path.cwd())
    return _servers(backend)


def _servers(pairs: list[str]) -> "Subject":
    """The servers with users' backends, each of which has passed its smoke check."""
    from conformance.servers import DEVICES, START, ServerUnderTest
    from emulator.ports import RunInfo
    from scenarios import specs
    from scenarios.backends import check_backend, require_passed
    from scenarios.commands.backend import SERVER

    chosen = {}
    for port, spec in specs.given(pairs).items():
        found = spec.resolve(port) if spec.spec != "fake" else None
        if found is not None:
            info = RunInfo("smoke-check", 1, START, DEVICES)
            require_passed(found, check_backend(found, info, server=SERVER))
            chosen[port] = found
    return ServerUnderTest(chosen)


def _version(subject: "Subject") -> str:
    """What the subject says of its version, for waivers that hold for some only."""
    from conformance.servers import ServerUnderTest

    if isinstance(subject, ServerUnderTest):
        return next((str(one.claims["version"]) for one in subject.backends.values() if "version" in one.claims), "")
    return str(getattr(subject.implementation, "version", ""))


def _command(clause: str, subject: "Subject", backend: list[str], agent: str | None, profile: Path | None) -> str:
    """The line that repeats the checks of a clause."""
    from conformance.session import judge_of

    words = ["seatrial", "conform", "--judge", str(judge_of(subject))]
    words += [f"--backend={pair}" for pair in backend] + ([f"--agent={agent}"] if agent else [])
    words += [f"--profile={profile}"] if profile else []
    return shlex.join([*words, "--requirement", clause])


def _held(
    checks: "Sequence[Check]", subject: "Subject", claims: frozenset[str], out: Path | None, commands: dict[str, str]
) -> "Session":
    """The session; with `out` each finding has a folder there with what was tried and seen."""
    from conformance.catalogue import catalogue
    from conformance.keeping import keeping, write
    from conformance.session import hold
    from conformance.verdicts import FINDINGS, Verdict

    if out is None:
        return hold(checks, catalogue(), subject, claims)
    with keeping() as kept:

        def tell(result: "Result") -> None:
            if result.verdict in (*FINDINGS, Verdict.HARNESS_ERROR):
                write(out, result, kept, commands[result.check])
            kept.clear()

        return hold(checks, catalogue(), subject, claims, tell)


def _tell(session: "Session", reproduce: dict[str, str]) -> None:
    from conformance.verdicts import Verdict

    for result in session.results:
        if result.verdict is not Verdict.PASS:
            _tell_one(result, reproduce[result.check])
    for notice in session.notices:
        typer.echo(f"warning: {notice}", err=True)
    typer.echo(f"{session.conclusion.word}: {session.judge} {session.subject}: {session.conclusion.sentence}")


def _tell_one(result: "Result", command: str) -> None:
    from conformance.verdicts import FINDINGS, Verdict

    typer.echo(f"{result.verdict:<15}{result.check}  ({', '.join(result.clauses)})")
    if result.permitted:
        typer.echo(f"    permitted  {result.permitted}")
        typer.echo(f"    seen       {result.seen}")
    elif result.reason:
        typer.echo(f"    {result.reason}")
    if result.verdict is Verdict.HARNESS_ERROR:
        typer.echo(result.detail, err=True)
    if result.verdict in FINDINGS or result.verdict is Verdict.HARNESS_ERROR:
        typer.echo(f"    again      {command}")


def _write(path: Path, content: bytes) -> None:
    """Raises UserError where the file cannot be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(str(path), f"it cannot be written ({reason})", "give a path that you may write to") from error
