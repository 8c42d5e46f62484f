"""Waivers: findings that are accepted for a while, each with a reason, somebody who answers for it, and an end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BeforeValidator, Field

from conformance.session import Session
from conformance.verdicts import Result, Verdict
from scenarios.fields import Many, Model, reader
from scenarios.problems import LocatedError, hint, shown
from scenarios.source import parse, read_file
from scenarios.validation import Checker

WARN_DAYS: Final = 14
"""From so many days before its end on a waiver is told of."""
DRAFT_DAYS: Final = 90
"""How long a draft is to hold."""
EVERY: Final = "*"
WAIVABLE: Final = (Verdict.FAIL, Verdict.BLOCKED, Verdict.UNKNOWN)
"""What a waiver may excuse; a fault of the harness is none of these."""


def _read_date(data: object) -> date:
    remedy = "write a date such as 2026-12-31"
    if not isinstance(data, str):
        raise LocatedError((), f"{shown(data)} is not a date", remedy)
    try:
        return date.fromisoformat(data)
    except ValueError as error:
        raise LocatedError((), f"{shown(data)} is not a date", remedy) from error


def _read_filled(data: object) -> str:
    if not isinstance(data, str) or not data.strip():
        raise LocatedError((), "it is not filled in", "say why this is accepted, and who answers for it")
    return data


_Filled = Annotated[str, BeforeValidator(reader(_read_filled))]


class _Entry(Model):
    """One waiver."""

    id: Annotated[str, Field(min_length=1)]
    backend: Annotated[str, Field(min_length=1)] = EVERY
    versions: Many[str] = ()
    reason: _Filled
    owner: _Filled
    issue: str = ""
    expires: Annotated[date, BeforeValidator(reader(_read_date))]


class _File(Model):
    """A file of waivers."""

    waivers: Many[_Entry] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """One waiver: for which check, of which backend in which versions (none: all), why, who, and until when.

    `place` is where it stands.
    """

    id: str
    backend: str
    versions: tuple[str, ...]
    reason: str
    owner: str
    issue: str
    expires: date
    place: str

    def concerns(self, check: str, backend: str, version: str) -> bool:
        """Whether it is about this check of this backend in this version."""
        return self.id == check and self.backend in (EVERY, backend) and (not self.versions or version in self.versions)


def read_waivers(path: Path, known: Iterable[str]) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises ScenarioErrors for an id that is not `known`, a reason or an owner left empty.

    Ids with a slash of which no check is called, such as `SCENARIO/EXPECTATION`, belong to `seatrial run`, and are
    unknown here only where they begin as a check does.
    """
    ids = tuple(known)
    families = {name.partition("/")[0] for name in ids}
    checker = Checker(parse(read_file(path, str(path)), str(path)))
    file = checker.model(_File, checker.document.data, ())
    found = []
    for index, entry in enumerate(() if file is None else file.waivers):
        loc = "waivers", index
        family, slash, _ = entry.id.partition("/")
        if entry.id not in ids:
            if not slash or family in families:
                checker.error((*loc, "id"), f"there is no check {shown(entry.id)}", hint(entry.id, ids))
            continue
        found.append(
            Waiver(
                entry.id,
                entry.backend,
                entry.versions,
                entry.reason,
                entry.owner,
                entry.issue,
                entry.expires,
                checker.document.place(loc),
            )
        )
    checker.finish()
    return tuple(found)


def waived(session: Session, waivers: Sequence[Waiver], *, version: str = "", today: date) -> Session:
    """The session with waivers applied: what failed is waived, what passes or has expired makes a waiver stale."""
    notices = list(session.notices)
    results = []
    for result in session.results:
        mine = [one for one in waivers if one.concerns(result.check, session.subject, version)]
        results.append(_apply(result, mine[0], today) if mine else result)
        for one in mine[:1]:
            left = (one.expires - today).days
            if 0 <= left <= WARN_DAYS:
                notices.append(f"{one.place}: the waiver of {one.id} ends in {left} days, on {one.expires}")
    return replace(session, results=tuple(results), notices=tuple(notices))


def _apply(result: Result, waiver: Waiver, today: date) -> Result:
    if waiver.expires < today:
        told = f"its waiver has expired on {waiver.expires} ({waiver.place}); {result.verdict}: {result.reason}"
        return replace(result, verdict=Verdict.STALE_WAIVER, reason=told)
    if result.verdict in WAIVABLE:
        return replace(result, verdict=Verdict.WAIVED, reason=f"{waiver.reason} ({waiver.owner}); {result.reason}")
    if result.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        told = f"its waiver excuses nothing any more: take it out ({waiver.place})"
        return replace(result, verdict=Verdict.STALE_WAIVER, reason=told)
    return result


def drafts(session: Session, *, version: str = "", today: date) -> str:
    """Drafts of waivers for what failed, as YAML; reason and owner are left empty, and so they are refused."""
    entries = [
        {
            "id": result.check,
            "backend": session.subject,
            "versions": [version] if version else [],
            "reason": "",
            "owner": "",
            "issue": "",
            "expires": (today + timedelta(days=DRAFT_DAYS)).isoformat(),
        }
        for result in session.results
        if result.verdict in WAIVABLE
    ]
    return yaml.safe_dump({"waivers": entries}, sort_keys=False, allow_unicode=True)
