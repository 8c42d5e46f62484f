"""Certificates of a scenario: made-up ones by their names, files beside it, and what is pasted into it."""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from emulator.policy.certificates import (
    CERTIFICATE_SIZE_MAX,
    PFX_SIZE_MAX,
    Certificate,
    made_up,
    made_up_archive,
    pem,
    pem_of,
)
from emulator.policy.errors import SettingError
from scenarios.actions import SYNTHETIC
from scenarios.files import looked
from scenarios.problems import Loc, LocatedError, shown
from scenarios.source import Plain
from scenarios.validation import Checker

GROUP: Final = "kata-integration"
_PASTED: Final = "-----BEGIN"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,39}")
_REMEDY: Final = "write synthetic/NAME, the path of a file, or paste the certificate"


def read_certificate(checker: Checker, text: str, loc: Loc, folder: Path) -> Certificate | None:
    """The certificate that a text names or holds; None where it does not, which the checker then has."""
    found = _pem_text(checker, text, loc, folder)
    if found is None:
        return None
    try:
        return pem().read(found)
    except SettingError as error:
        checker.error(loc, error.cause, error.remedy)
        return None


def with_certificates(checker: Checker, settings: Mapping[str, Plain], loc: Loc, folder: Path) -> Mapping[str, Plain]:
    """Settings groups with certificates and archives in place of what names them, as `emulator.policy` reads them.

    What cannot be found is left out, and the checker has it.
    """
    group = settings.get(GROUP)
    if not isinstance(group, dict):
        return settings
    group = dict(group)
    text, place = group.get("server-certificate"), (*loc, GROUP, "server-certificate")
    if isinstance(text, str):
        _put(group, "server-certificate", _pem_text(checker, text, place, folder))
    client, place = group.get("client-certificate"), (*loc, GROUP, "client-certificate", "archive")
    if isinstance(client, dict) and isinstance(client.get("archive"), str):
        archive = _archive_text(checker, client["archive"], place, folder)
        _put(group, "client-certificate", None if archive is None else {**client, "archive": archive})
    return {**settings, GROUP: group}


def _put(group: dict[str, Plain], key: str, found: Plain) -> None:
    if found is None:
        del group[key]
    else:
        group[key] = found


def _pem_text(checker: Checker, text: str, loc: Loc, folder: Path) -> str | None:
    if _PASTED in text:
        return text
    name = _made_up_name(checker, text, loc)
    if name is not None:
        return made_up(name).pem if name else None

    def look(path: Path) -> str:
        content = _content(path, text, CERTIFICATE_SIZE_MAX)
        try:
            return pem_of(content)
        except SettingError as error:
            raise LocatedError((), error.cause, error.remedy) from error

    return looked(checker, text, loc, folder, look)


def _archive_text(checker: Checker, text: str, loc: Loc, folder: Path) -> str | None:
    name = _made_up_name(checker, text, loc)
    if name is not None:
        return made_up_archive(name) if name else None
    if "." not in text:  # in Base64 there are no dots, and an archive that is a file has one in its name
        return text
    return looked(
        checker, text, loc, folder, lambda path: base64.b64encode(_content(path, text, PFX_SIZE_MAX)).decode()
    )


def _made_up_name(checker: Checker, text: str, loc: Loc) -> str | None:
    """The name of a made-up one, empty where it cannot be one; None where it is none."""
    if not text.startswith(SYNTHETIC):
        return None
    name = text.removeprefix(SYNTHETIC)
    if _NAME.fullmatch(name):
        return name
    checker.error(loc, f"{shown(text)} is not a made-up certificate", "use up to 40 small letters, digits, `.` and `-`")
    return ""


def _content(path: Path, text: str, size_max: int) -> bytes:
    if not path.is_file():
        raise LocatedError((), f"there is no file {shown(text)}", _REMEDY)
    with path.open("rb") as file:
        return file.read(size_max + 1)
