"""Passwords in a scenario: warnings of those that are not recommended, which Endpoint Agent takes all the same."""

from collections.abc import Iterator, Mapping
from typing import Final

from emulator.policy.secrets import Secret
from emulator.security import weaknesses
from scenarios.fleet import Fleet
from scenarios.problems import Loc
from scenarios.source import Plain
from scenarios.validation import Checker

PLACES: Final = ("policies", "timeline")
"""Sections whose entries have settings."""


def warn_of_weak_passwords(checker: Checker, data: Mapping[str, Plain], fleet: Fleet) -> None:
    """Warns of each password that does not follow the recommendations (KEA-SEC-014 to KEA-SEC-018).

    `data` is the scenario as it stands in the file. The accounts are those that the same settings grant something.
    """
    for loc, settings in _settings(data):
        group = settings.get("password-protection")
        password = group.get("password") if isinstance(group, dict) else None
        if not isinstance(password, str) or not password:
            continue
        for weakness in weaknesses(Secret(password), _accounts(settings), lambda name: _is_device(fleet, name)):
            cause = f"{weakness.cause} ({weakness.clause})"
            remedy = "Endpoint Agent takes it all the same; choose another where that is not the point"
            checker.notice((*loc, "password-protection", "password"), cause, remedy)


def _settings(data: Mapping[str, Plain]) -> Iterator[tuple[Loc, dict[str, Plain]]]:
    for section in PLACES:
        entries = data.get(section)
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            settings = entry.get("settings") if isinstance(entry, dict) else None
            if isinstance(settings, dict):
                yield (section, index, "settings"), settings


def _accounts(settings: Mapping[str, Plain]) -> list[str]:
    group = settings.get("user-permissions")
    granted = group.get("granted") if isinstance(group, dict) else None
    entries = granted if isinstance(granted, list) else ()
    users = (entry.get("user") for entry in entries if isinstance(entry, dict))
    return [user for user in users if isinstance(user, str)]


def _is_device(fleet: Fleet, name: str) -> bool:
    """True for the name of a device; host names do not tell upper from lower case."""
    return any(fleet.index_of(spelled) is not None for spelled in (name, name.lower()))
