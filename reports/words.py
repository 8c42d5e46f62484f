"""Numbers, times and untrusted texts as people read them: the same words on the console and in the HTML report."""

import unicodedata
from datetime import datetime, timedelta
from typing import Final

_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that could move the cursor, reorder a line or hide in it."""


def printable(text: str) -> str:
    """`text` on one line, with U+FFFD for each character that is not there to be seen."""
    return "".join(
        " " if letter in "\n\t" else "\N{REPLACEMENT CHARACTER}" if unicodedata.category(letter) in _UNSEEN else letter
        for letter in text
    )


def clipped(text: str, letters_max: int) -> str:
    """`text`, or its beginning and an ellipsis where it is longer than `letters_max`."""
    return text if len(text) <= letters_max else f"{text[: letters_max - 1]}…"


def scalar(value: str | int | float | bool | None) -> str:
    """A value that an expectation compared."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else printable(value)


def count(value: int, one: str = "", many: str = "") -> str:
    """`12,345`, or with its noun: `1 event`, `12,345 events`. `many` is `one` with an s where it is not given."""
    if not one:
        return f"{value:,}"
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """`part` of `whole` in per cent with one decimal; never 0 where there is some, never 100 where some is missing."""
    if whole == 0:
        return "–"
    permille = (part * 1000 + whole // 2) // whole
    if permille == 0 and part > 0:
        return "<0.1 %"
    if permille >= 1000 and part < whole:
        return ">99.9 %"
    return f"{permille // 10}.{permille % 10} %"


def span(ms: int) -> str:
    """A simulated time since the start, or a length of time, as `h:mm:ss`; milliseconds only where there are some."""
    seconds, rest = divmod(ms, 1000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:03}" if rest else text


def moment(start: datetime, ms: int) -> str:
    """The clock's time `ms` after `start`, in the scenario's zone."""
    return f"{start + timedelta(milliseconds=ms):%Y-%m-%d %H:%M:%S}"


def zone(start: datetime) -> str:
    """The scenario's offset from UTC, as `UTC+01:00`."""
    return f"UTC{start.isoformat()[-6:]}"


def interval(ms: int) -> str:
    """A short length of time with its unit: `30 s`, `5 min`, `1 h`."""
    for unit_ms, unit in ((3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if ms % unit_ms == 0:
            return f"{ms // unit_ms} {unit}"
    return f"{ms} ms"


def seconds(value: float) -> str:
    """Wall time or CPU time."""
    return f"{value:,.1f} s"


def size(size_bytes: int) -> str:
    """Bytes with a decimal unit and three significant digits."""
    return f"{size_bytes} B" if size_bytes < 1000 else _three_digits(size_bytes, ("B", "kB", "MB", "GB", "TB", "PB"))


def latency(us: int) -> str:
    """Microseconds with the unit that suits, three significant digits: `850 µs`, `12.3 ms`, `1.20 s`."""
    return f"{us} µs" if us < 1000 else _three_digits(us, ("µs", "ms", "s"))


def _three_digits(value: int, units: tuple[str, ...]) -> str:
    scaled, power = float(value), 0
    # 999.5 would print as 1,000 with three digits.
    while scaled >= 999.5 and power < len(units) - 1:
        scaled, power = scaled / 1000, power + 1
    decimals = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:,.{decimals}f} {units[power]}"


def term(name: str) -> str:
    """A term of the books or a column, as words."""
    return name.replace("_", " ")
