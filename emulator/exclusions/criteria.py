"""Criteria: what the fields of exclusion rules have in common, whatever the rule is about."""

from typing import Final

import re2

from emulator.exclusions.environment import VARIABLES, variables_in
from emulator.policy.errors import SettingError
from emulator.policy.kinds import Kind, nearest, shown, text
from emulator.policy.records import Record, declared

_HEX: Final = re2.compile("[0-9a-f]+")
_TEXT: Final = text()


def masked_path() -> Kind[str]:
    """A path with masks; a variable that no device has is refused, since such a rule would silently match nothing."""

    def read(data: object) -> str:
        value = _TEXT.read(data)
        for name in variables_in(value):
            if name.lower() not in VARIABLES:
                raise SettingError((), f"unknown environment variable {shown(name)}", nearest(name.lower(), VARIABLES))
        return value

    return Kind("path", read, minimum=_TEXT.minimum, maximum=_TEXT.maximum, unit=_TEXT.unit)


def digest(length: int) -> Kind[str]:
    """A hash of `length` hexadecimal digits, kept in lower case."""

    def read(data: object) -> str:
        if isinstance(data, str) and len(data) == length and _HEX.fullmatch(data.lower()):
            return data.lower()
        raise SettingError((), f"{shown(data)} is not such a hash", f"write {length} hexadecimal digits, in quotes")

    return Kind("hash", read, minimum=length, maximum=length, unit="hexadecimal digits")


def require_criterion(rule: Record, *, beside: tuple[str, ...]) -> None:
    """Refuses a rule that names nothing; the fields in `beside` do not count.

    An emulator's choice: which criteria the product demands is not known, but a rule without any would hold for all.
    """
    criteria = [field for field in declared(type(rule)) if field.name not in beside]
    if all(getattr(rule, field.name) == field.default for field in criteria):
        names = ", ".join(field.key for field in criteria)
        raise SettingError((), "the rule has no criterion and would hold for everything", f"give one of: {names}")
