r"""Masks: texts with `*` and `?`, put to texts of one device and to templates of all.

In a path `*` stands for any characters but separators, `**` for any characters, `?` for one character that is not a
separator, as the documentation of sibling products has it; elsewhere `*` and `?` stand for any. The whole text has to
match. Letter case counts on Linux only. Matching takes linear time.
"""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Final

import re2

from emulator.exclusions.answers import Answer
from emulator.exclusions.environment import Os, expand
from emulator.exclusions.templates import SEPARATORS, Slot, Template, fill


class Wild(Enum):
    """What a mask holds beside letters and slots."""

    ONE = auto()
    MANY = auto()
    ONE_IN_NAME = auto()
    MANY_IN_NAME = auto()


Token = str | Slot | Wild
_SEPARATOR: Final = re2.escape(SEPARATORS)
_PATTERNS: Final = {
    Wild.ONE: "(?s:.)",
    Wild.MANY: "(?s:.*)",
    Wild.ONE_IN_NAME: f"[^{_SEPARATOR}]",
    Wild.MANY_IN_NAME: f"[^{_SEPARATOR}]*",
}
_PIECE: Final = re2.compile(r"(?s:\*+|.)")


class Mask:
    """A compiled mask. Ask `path_mask` and `text_mask` for one.

    It answers for a text in two ways that agree: `covers` for the text of one device, `answer` for a template, where
    YES and NO hold for all values of its slots. The second runs the mask as an automaton over the template; its states
    (places in the mask) are the bits of one integer.
    """

    def __init__(self, tokens: tuple[Token, ...], *, folds: bool) -> None:
        self._tokens = tokens
        self._folds = folds
        self._end = 1 << len(tokens)
        self._letters: dict[str, int] = {}
        self._slots: dict[str, int] = {}
        self._one = self._one_in_name = self._many = self._many_in_name = 0
        for place, token in enumerate(tokens):
            bit = 1 << place
            if isinstance(token, str):
                self._letters[token] = self._letters.get(token, 0) | bit
            elif isinstance(token, Slot):
                self._slots[token.name] = self._slots.get(token.name, 0) | bit
            elif token in (Wild.ONE, Wild.ONE_IN_NAME):
                self._one |= bit if token is Wild.ONE else 0
                self._one_in_name |= bit
            else:
                self._many |= bit if token is Wild.MANY else 0
                self._many_in_name |= bit
        self._in_name = sum(bits for letter, bits in self._letters.items() if letter not in SEPARATORS)
        self._any_slot = sum(self._slots.values())
        self._pattern = None if self._slots else _compiled("".join(self._pieces({})))

    def covers(self, text: str, values: Mapping[str, str]) -> bool:
        """True where the mask stands for `text` on a device with these values of the slots."""
        pattern = self._pattern or _compiled("".join(self._pieces(values)))
        return pattern.fullmatch(self._folded(text)) is not None

    def answer(self, template: Template) -> Answer:
        """YES if the mask stands for every filling of the template, NO if for none, DEPENDS where neither is certain.

        Slots of one name are taken for independent of each other but where mask and template name the same slot at
        the same place, so that DEPENDS may stand for a yes or a no that only a device shows.
        """
        always = sometimes = self._closed(1)
        for part in template.parts:
            if isinstance(part, Slot):
                always = self._closed((always & self._many_in_name) | (always & self._slots.get(part.name, 0)) << 1)
                sometimes = self._through_any(sometimes)
                continue
            for letter in self._folded(part):
                always = self._through(always, letter, sure=True)
                sometimes = self._through(sometimes, letter, sure=False)
        if always & self._end:
            return Answer.YES
        return Answer.DEPENDS if sometimes & self._end else Answer.NO

    def _folded(self, text: str) -> str:
        return fold(text) if self._folds else text

    def _pieces(self, values: Mapping[str, str]) -> Iterator[str]:
        """The mask as a regular expression; every letter is escaped."""
        for token in self._tokens:
            if isinstance(token, Wild):
                yield _PATTERNS[token]
            else:
                yield re2.escape(token if isinstance(token, str) else self._folded(fill((token,), values)))

    def _closed(self, states: int) -> int:
        """With the places behind a `*`, which may stand for nothing."""
        while (wider := states | (states & self._many_in_name) << 1) != states:
            states = wider
        return states

    def _through(self, states: int, letter: str, *, sure: bool) -> int:
        separator = letter in SEPARATORS
        one = self._one if separator else self._one_in_name
        stays = self._many if separator else self._many_in_name
        moves = self._letters.get(letter, 0) | one
        if not (sure or separator):
            moves |= self._any_slot
            stays |= self._any_slot
        return self._closed((states & moves) << 1 | (states & stays))

    def _through_any(self, states: int) -> int:
        """The places that some text of one character or more without separators can lead to."""
        moves = self._in_name | self._one_in_name | self._any_slot
        stays = self._many_in_name | self._any_slot
        reached, new = 0, states
        while new:
            new = self._closed((new & moves) << 1 | (new & stays)) & ~reached
            reached |= new
        return reached


@lru_cache(maxsize=8_192)
def path_mask(text: str, os: Os) -> Mask:
    """The mask of a path: environment variables are expanded on Windows, `*` and `?` stop at separators."""
    folds = os == "windows"
    tokens: list[Token] = []
    for piece in expand(text, os):
        if isinstance(piece, Slot):
            tokens.append(piece)
        else:
            letters, masked = piece
            tokens += _tokens(letters, masked=masked, in_name=True, folds=folds)
    return Mask(tuple(tokens), folds=folds)


@lru_cache(maxsize=8_192)
def text_mask(text: str, os: Os) -> Mask:
    """The mask of any other text, such as a command line: the whole of it, `*` and `?` stand for any characters."""
    folds = os == "windows"
    return Mask(tuple(_tokens(text, masked=True, in_name=False, folds=folds)), folds=folds)


def fold(text: str) -> str:
    """The text without letter case, character by character: a text and its pieces fold alike."""
    if text.isascii():
        return text.lower()
    return "".join(folded if len(folded := letter.casefold()) == 1 else letter for letter in text)


def _tokens(text: str, *, masked: bool, in_name: bool, folds: bool) -> Iterator[Token]:
    for match in _PIECE.finditer(text):
        piece = match[0]
        if masked and piece[0] == "*":
            yield Wild.MANY_IN_NAME if in_name and len(piece) == 1 else Wild.MANY
        elif masked and piece == "?":
            yield Wild.ONE_IN_NAME if in_name else Wild.ONE
        else:
            yield from fold(piece) if folds else piece


# A mask with the slot of a user has one pattern a device; the cache then only bounds memory.
@lru_cache(maxsize=8_192)
def _compiled(pattern: str) -> "re2._Regexp[str]":
    return re2.compile(pattern)
