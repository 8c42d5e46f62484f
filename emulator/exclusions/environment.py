"""Environment variables of a device, as paths of rules name them."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, Literal

import re2

from emulator.exclusions.templates import Slot, template

Os = Literal["windows", "linux"]
"""The operating system that decides over letter case and environment variables."""

# A variable of a user has the value of the device's user: an emulator's choice, the documentation names no account.
VARIABLES: Final = MappingProxyType(
    {
        "systemdrive": r"C:",
        "systemroot": r"C:\Windows",
        "windir": r"C:\Windows",
        "programfiles": r"C:\Program Files",
        "programfiles(x86)": r"C:\Program Files (x86)",
        "programdata": r"C:\ProgramData",
        "allusersprofile": r"C:\ProgramData",
        "userprofile": r"C:\Users\{user}",
        "appdata": r"C:\Users\{user}\AppData\Roaming",
        "localappdata": r"C:\Users\{user}\AppData\Local",
        "temp": r"C:\Users\{user}\AppData\Local\Temp",
        "tmp": r"C:\Users\{user}\AppData\Local\Temp",
    }
)
"""Variables of a Windows device, names in lower case; values are templates. Linux devices have none."""

_VARIABLE: Final = re2.compile(r"%([A-Za-z][A-Za-z0-9_()]*)%")


def variables_in(text: str) -> tuple[str, ...]:
    """The names of variables that a path uses, as written."""
    return tuple(match[1] for match in _VARIABLE.finditer(text))


def expand(text: str, os: Os) -> Iterator[tuple[str, bool] | Slot]:
    """The pieces of a path of a rule: (text, whether its mask characters count), and the slots that variables bring."""
    end = 0
    for match in _VARIABLE.finditer(text) if os == "windows" else ():
        yield text[end : match.start()], True
        for part in template(VARIABLES[match[1].lower()]).parts:
            yield part if isinstance(part, Slot) else (part, False)
        end = match.end()
    yield text[end:], True
