"""Folders on Windows devices that settings name: with environment variables, resolved for each device."""

import ntpath
from collections.abc import Mapping
from typing import Final

import re2

from emulator.exclusions.environment import VARIABLES, variables_in
from emulator.exclusions.templates import template

DATA_VERSION: Final = "4.0"
"""The version in the path of the data folder, which is not that of the application (KEA-QUA-023)."""
DATA_VARIABLE: Final = "soyuzappdata"
"""The variable that stands for the data folder of Endpoint Agent."""
DATA_FOLDER: Final = f"%ALLUSERSPROFILE%\\Kaspersky Lab\\Endpoint Agent\\{DATA_VERSION}"
"""What that variable stands for (KEA-QUA-004, KEA-QUA-023)."""

_ABSOLUTE: Final = re2.compile(r'[A-Za-z]:\\[^\x00-\x1f<>"|?*:/]+')


def resolved(folder: str, slots: Mapping[str, str], variables: Mapping[str, str] = VARIABLES) -> str:
    """The path of a folder on a device, without a separator at its end (KEA-QUA-024).

    `variables` are those of its system, names in lower case; `slots` fill what depends on the device. Raises ValueError
    where that is no absolute path.
    """
    text = _expanded(_expanded(folder, {**variables, DATA_VARIABLE: DATA_FOLDER}), variables)
    path = template(text).fill(slots).rstrip("\\")
    if not _ABSOLUTE.fullmatch(path) or any(part in (".", "..") for part in path.split("\\")):
        raise ValueError(f"{folder!r} is no absolute path")
    return ntpath.normpath(path)


def cause_against(folder: str) -> str | None:
    """Why a text cannot be a folder of a Windows device; None where it can."""
    unknown = [name for name in variables_in(folder) if name.lower() not in (*VARIABLES, DATA_VARIABLE)]
    if unknown:
        return f"there is no variable %{unknown[0]}%"
    try:
        resolved(folder, {"user": "user", "host": "host", "site": "site"})
    except ValueError:
        return f"{folder!r} is no absolute path"
    return None


def _expanded(text: str, variables: Mapping[str, str]) -> str:
    for name in variables_in(text):
        value = variables.get(name.lower())
        if value is not None:
            text = text.replace(f"%{name}%", value)
    return text
