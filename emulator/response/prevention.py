"""Execution prevention: rules about files, and what is met by the start of a program (facts: public help)."""

import ntpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from emulator.exclusions.criteria import digest, masked_path, require_criterion
from emulator.exclusions.environment import Os
from emulator.exclusions.masks import path_mask
from emulator.policy.kinds import choice, text
from emulator.policy.records import Basis, Record, Setting

RULES_MAX: Final = 5_000
"""Rules of one device; a sibling product becomes unstable beyond."""
INTERPRETERS: Final = frozenset(
    {
        *("autohotkey.exe", "autohotkeya32.exe", "autohotkeya64.exe", "autohotkeyu32.exe", "autohotkeyu64.exe"),
        *("autoit.exe", "cmd.exe", "control.exe", "cscript.exe", "hh.exe", "installutil.exe", "java.exe", "javaw.exe"),
        *("mmc.exe", "msbuild.exe", "mshta.exe", "msiexec.exe", "perl.exe", "powershell.exe", "python.exe"),
        *("reg.exe", "regasm.exe", "regedit.exe", "regedt32.exe", "regsvcs.exe", "regsvr32.exe", "ruby.exe"),
        *("rubyw.exe", "rundll32.exe", "runlegacycplelevated.exe", "wscript.exe", "wwahost.exe"),
    }
)
"""Programs whose file is a script to execution prevention (public help), in lower case."""
OFFICE_EXTENSIONS: Final = frozenset(
    {
        *(".doc", ".docm", ".docx", ".dot", ".dotm", ".dotx", ".rtf"),
        *(".xls", ".xlsb", ".xlsm", ".xlsx", ".xlt", ".xltm", ".xltx"),
        *(".pps", ".ppsx", ".ppt", ".pptm", ".pptx"),
    }
)
"""Office files by the extension: recalled, the list is not in the public help."""


class ObjectKind(StrEnum):
    """What a rule is about; a file of another kind is not met."""

    EXECUTABLE = "executable"
    SCRIPT = "script"
    OFFICE_FILE = "office-file"


class PreventionMode(StrEnum):
    """What becomes of a file that a rule meets."""

    STATISTICS = "statistics-only"
    """It is told, and starts."""
    ACTIVE = "active"
    """It does not start."""


@dataclass(frozen=True, slots=True)
class PreventionRule(Record):
    """One rule: a file of this kind that meets all criteria given. A rule without a criterion is refused."""

    name: Annotated[str, Setting(text(), "name of the rule", basis=Basis.RECALLED)]
    kind: Annotated[ObjectKind, Setting(choice(ObjectKind), "what the file is", basis=Basis.PUBLIC_HELP)] = (
        ObjectKind.EXECUTABLE
    )
    path: Annotated[
        str | None, Setting(masked_path(), "full path of the file, masks and environment", basis=Basis.PUBLIC_HELP)
    ] = None
    md5: Annotated[str | None, Setting(digest(32), "MD5 of the file", basis=Basis.PUBLIC_HELP)] = None
    sha256: Annotated[str | None, Setting(digest(64), "SHA-256 of the file", basis=Basis.PUBLIC_HELP)] = None

    def __post_init__(self) -> None:
        Record.__post_init__(self)
        require_criterion(self, beside=("name", "kind"))


@dataclass(frozen=True, slots=True)
class Prevention:
    """What the Central Node has a device prevent; it comes as a whole and replaces what was there."""

    mode: PreventionMode = PreventionMode.STATISTICS
    rules: tuple[PreventionRule, ...] = ()
    notify_user: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file on a device, with its hashes in lower-case hex."""

    path: str
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule, and the file that meets it."""

    rule: PreventionRule
    file: File


def objects(program: File, opened: File | None) -> Iterator[tuple[ObjectKind, File]]:
    """What a start is to execution prevention: the program, and the file that it is started with (None: with none).

    That file is a script where the program is an interpreter, an office file by its extension, else nothing.
    """
    yield ObjectKind.EXECUTABLE, program
    if opened is None:
        return
    if ntpath.basename(program.path).lower() in INTERPRETERS:
        yield ObjectKind.SCRIPT, opened
    elif ntpath.splitext(opened.path)[1].lower() in OFFICE_EXTENSIONS:
        yield ObjectKind.OFFICE_FILE, opened


def hit(prevention: Prevention, program: File, opened: File | None, *, os: Os, slots: Mapping[str, str]) -> Hit | None:
    """The first rule that a start meets, on the device with these values of user, host and site; None where none is."""
    for kind, file in objects(program, opened):
        for rule in prevention.rules:
            if rule.kind is kind and _meets(rule, file, os, slots):
                return Hit(rule, file)
    return None


def _meets(rule: PreventionRule, file: File, os: Os, slots: Mapping[str, str]) -> bool:
    return (
        rule.md5 in (None, file.md5)
        and rule.sha256 in (None, file.sha256)
        and (rule.path is None or path_mask(rule.path, os).covers(file.path, slots))
    )
