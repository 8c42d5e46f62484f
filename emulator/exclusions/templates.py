"""Templates: texts of an event class with slots `{user}`, `{host}` and `{site}`, filled for one device at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import re2

SLOTS: Final = ("user", "host", "site")
SEPARATORS: Final = "\\/"
"""No value of a slot holds one of these: a slot stays inside one name of a path."""
_SLOT: Final = re2.compile(r"\{(user|host|site)\}")


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a template; its value is a text of one character or more without path separators."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text cut into literal pieces and slots."""

    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of its slots, in their order."""
        return tuple(part.name for part in self.parts if isinstance(part, Slot))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text on a device with these values of its slots."""
        return fill(self.parts, values)


def fill(parts: tuple[str | Slot, ...], values: Mapping[str, str]) -> str:
    """The text of these parts with the values in their slots."""
    return "".join(_value(values, part) if isinstance(part, Slot) else part for part in parts)


@lru_cache(maxsize=16_384)
def template(text: str) -> Template:
    """The template of a text; braces around any other word are literal."""
    parts: list[str | Slot] = []
    end = 0
    for match in _SLOT.finditer(text):
        parts += [text[end : match.start()], Slot(match[1])]
        end = match.end()
    parts.append(text[end:])
    return Template(tuple(part for part in parts if part))


def _value(values: Mapping[str, str], slot: Slot) -> str:
    value = values[slot.name]
    # A rule answers for every value that a slot may take; another one would make its answers wrong.
    assert value, f"the slot {slot.name} is empty"
    assert not any(separator in value for separator in SEPARATORS), f"the slot {slot.name} holds a path separator"
    return value
