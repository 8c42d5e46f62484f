"""Bounds of what an indicator file may ask for; each has a name, and passing one is a reason, never an error."""

from typing import Final

FILE_SIZE_MAX_BYTES: Final = 3 * 1024 * 1024
"""A larger file fails the task that holds it (KEA-IOF-013, KEA-IOF-014; MB read as 1024 x 1024 bytes)."""

NESTING_DEPTH_MAX: Final = 255
"""Elements inside one another: one below the XML parser's own bound, so that the reason is ours."""

ELEMENT_COUNT_MAX: Final = 200_000
"""Elements of any kind in one file; twice what the items of a full-size file need, since it bounds memory only."""

ITEM_COUNT_MAX: Final = 40_000
"""IndicatorItems in one file; more than usable ones fit into the largest file, since one takes 96 bytes at least."""

TEXT_LENGTH_MAX: Final = 262_144
"""Characters of a term and of a Content."""

PATTERN_LENGTH_MAX: Final = 32_768
"""Characters of a regular expression."""

PATTERN_MEMORY_MAX_BYTES: Final = 8 * 1024 * 1024
"""Memory of one compiled regular expression: RE2's own default. Less makes its automaton thrash on plain patterns."""

PATTERN_PROGRAM_MAX: Final = 50_000
"""Instructions of one compiled regular expression: the time of a search is at most this times the value's length."""

NUMBER_LENGTH_MAX: Final = 4_000
"""Characters of a number, on either side of a comparison; Python refuses to convert decimals beyond 4,300 digits."""

SHOWN_LENGTH_MAX: Final = 60
"""Characters of a foreign text that a reason repeats."""

PARSER_WORDS_MAX: Final = 200
"""Characters of the XML parser's own words that a reason repeats, since they quote the file."""


def shown(text: str) -> str:
    """Quotes a foreign text for a reason: one line, printable, and cut where it is long."""
    cut = text if len(text) <= SHOWN_LENGTH_MAX else text[:SHOWN_LENGTH_MAX] + "…"
    return repr(cut)
