"""The password of Endpoint Agent: how it is kept, when it is right, and what speaks against one."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from emulator.policy.effective import Effective, LocalSettings, Source
from emulator.policy.policies import Governing
from emulator.policy.secrets import Secret
from emulator.policy.sections.security import PasswordProtection

GROUP: Final = "password-protection"
LENGTH_MIN: Final = 8
"""Characters that are recommended at least (KEA-SEC-014)."""
CHARACTER_GROUPS_MIN: Final = 3
"""Groups of characters that are recommended at least (KEA-SEC-017)."""
GUESSES_PER_SECOND: Final = 10**10
"""How fast the lint assumes that passwords are tried: the emulator's figure."""
GUESS_TIME_S: Final = 183 * 86_400
"""Six months (KEA-SEC-018)."""
ACCOUNT_LENGTH_MIN: Final = 3
"""Shorter account names are found in words by accident."""

_SPECIAL: Final = "!$#%"
_OTHER_CHARACTERS: Final = 32


class Answer(Enum):
    """What the prompt for the password comes to."""

    NOT_ASKED = "not-asked"
    RIGHT = "right"
    WRONG = "wrong"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Weakness:
    """Why a password is not recommended; Endpoint Agent takes it all the same (KEA-SEC-012)."""

    clause: str
    cause: str


def checksum(secret: Secret) -> str:
    """What a device keeps of its password: SHA-256 of its characters, in hex; "" of none."""
    if not secret:
        return ""
    return hashlib.sha256(secret.characters.encode("utf-8", "surrogatepass")).hexdigest()


def answer(protection: PasswordProtection, given: Secret | None) -> Answer:
    """What comes of an operation that asks for the password. Wrong tries are not counted: there is no lock-out."""
    if not protection.enabled:
        return Answer.NOT_ASKED
    if given is None:
        return Answer.MISSING
    return Answer.RIGHT if checksum(given) == checksum(protection.password) else Answer.WRONG


def kept_password(before: Effective, after: Governing | None, own: LocalSettings) -> LocalSettings:
    """The device's own settings when another policy comes to govern it, or none: the password stays.

    Where the policy that gave the password lets go of it, its settings become the device's own and can be edited.
    Documented for the removal of a policy; the emulator takes every way of letting go alike.
    """
    came_from_policy = before.origin(GROUP).source is Source.POLICY
    if not came_from_policy or (after is not None and after.lock(GROUP) is not None):
        return own
    return own.having(before.settings.password_protection)


def weaknesses(password: Secret, accounts: Iterable[str], is_device: Callable[[str], bool]) -> Iterator[Weakness]:
    """What of the recommendations a password does not follow (KEA-SEC-014 to KEA-SEC-018), in their order.

    `accounts` are names of user accounts, with or without a domain; `is_device` tells whether a text is the name of a
    device. No cause repeats the password.
    """
    word = password.characters
    folded = word.casefold()
    if len(word) < LENGTH_MIN:
        yield Weakness("KEA-SEC-014", f"the password is shorter than {LENGTH_MIN} characters")
    names = (account.rpartition("\\")[2].casefold() for account in accounts)
    if any(len(name) >= ACCOUNT_LENGTH_MIN and name in folded for name in names):
        yield Weakness("KEA-SEC-015", "the password contains the name of a user account")
    if is_device(word):
        yield Weakness("KEA-SEC-016", "the password is the name of a device")
    if len(_groups(word)) < CHARACTER_GROUPS_MIN:
        cause = f"the password has characters of fewer than {CHARACTER_GROUPS_MIN} groups: A-Z, a-z, 0-9, {_SPECIAL}"
        yield Weakness("KEA-SEC-017", cause)
    if _guesses(word) < GUESSES_PER_SECOND * GUESS_TIME_S:
        yield Weakness("KEA-SEC-018", "the password can be guessed within 6 months, by the emulator's estimate")


def _group(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL
    if not character.isascii() or not character.isalnum():
        return ""
    return "0" if character.isdigit() else "A" if character.isupper() else "a"


def _groups(word: str) -> set[str]:
    return {group for character in word if (group := _group(character))}


def _guesses(word: str) -> int:
    """Words of this length over the groups of characters that it has: what trying all of them takes."""
    sizes = {"0": 10, "A": 26, "a": 26, _SPECIAL: len(_SPECIAL), "": _OTHER_CHARACTERS}
    return int(sum(sizes[group] for group in {_group(character) for character in word}) ** len(word))
