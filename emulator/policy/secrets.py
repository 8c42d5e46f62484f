"""Secrets among the settings: passwords, which no message, trace or manifest shows."""

from typing import Final

from emulator.policy.errors import SettingError
from emulator.policy.kinds import TEXT_MAX, Kind

MASK: Final = "•••"
"""What stands for a secret wherever something is shown."""


class Secret:
    """A text that is not shown: `str` and `repr` give a mask; `characters` has to be asked for by name."""

    # No dataclass: `asdict` of settings would give its characters away.
    __slots__ = ("_characters",)

    def __init__(self, characters: str) -> None:
        self._characters = characters

    @property
    def characters(self) -> str:
        """The text itself."""
        return self._characters

    def __str__(self) -> str:
        return MASK if self._characters else ""

    def __repr__(self) -> str:
        return f"Secret({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self._characters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._characters == other._characters

    def __hash__(self) -> int:
        return hash(self._characters)


NONE: Final = Secret("")
"""No secret is set."""


def secret() -> Kind[Secret]:
    """A secret of 1 to TEXT_MAX characters of any kind; what is refused is not repeated in the message."""

    def read(data: object) -> Secret:
        if isinstance(data, Secret):
            return data
        if not isinstance(data, str):
            raise SettingError((), "it is not a text", "write a text, in quotes where it looks like a number")
        if not data:
            raise SettingError((), "the text is empty", "write a text, or leave the setting out")
        if len(data) > TEXT_MAX:
            raise SettingError((), f"the text has {len(data)} characters", f"write at most {TEXT_MAX}")
        return Secret(data)

    return Kind("secret", read, minimum=1, maximum=TEXT_MAX, unit="characters")
