"""Writes the vocabulary of family names for accounts: ``python -m tests.tools.make_vocabulary``.

The file is checked in and is the truth: another release of Faker must not rename the accounts of a recorded run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from faker import Faker

VOCABULARY: Final = Path(__file__).resolve().parents[2] / "emulator" / "vocabulary.txt"
WORDS: Final = 512
DRAWS_MAX: Final = 50_000
LETTERS_MIN, LETTERS_MAX = 3, 10
_SEED: Final = 1


def words(draw: Callable[[], str], count: int) -> list[str]:
    """The first `count` different words of plain ASCII letters that `draw` gives, in lower case, sorted."""
    found: set[str] = set()
    for _ in range(DRAWS_MAX):
        word = draw().lower()
        if word.isascii() and word.isalpha() and LETTERS_MIN <= len(word) <= LETTERS_MAX:
            found.add(word)
        if len(found) == count:
            return sorted(found)
    raise ValueError(f"only {len(found)} different words of {count} in {DRAWS_MAX} draws")


def text() -> str:
    """The content of the file: a word a line."""
    faker = Faker(["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL"])
    faker.seed_instance(_SEED)
    # The proxy chooses a locale each time the method is looked up.
    return "\n".join(words(lambda: faker.last_name(), WORDS)) + "\n"


if __name__ == "__main__":
    VOCABULARY.write_text(text(), encoding="ascii")
