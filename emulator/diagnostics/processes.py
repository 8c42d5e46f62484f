"""The processes of Endpoint Agent that can be diagnosed, and how much they write.

All of it is the emulator's stand-in: the documentation speaks of "each debugged process" and of no amounts.
"""

from collections.abc import Mapping
from typing import Final

from emulator import chance
from emulator.policy.kinds import UNIT_BYTES

SERVICE: Final = "service"
"""The process that stands for Endpoint Agent's service: the one that crashes."""
PROCESSES: Final[Mapping[str, tuple[str, ...]]] = {"windows": (SERVICE, "sensor"), "linux": ()}
"""The processes by operating system; none where the pages on diagnosis may not hold."""

_RATES_MB: Final[Mapping[str, tuple[int, int]]] = {SERVICE: (2, 6), "sensor": (10, 30)}
"""Debug information an hour: the least, and the span that is drawn over it."""
_DUMP_MB: Final = (60, 120)


def trace_rate_bytes_per_hour(key: int, process: str) -> int:
    """Bytes of debug information that a process of the device with this key writes an hour, evenly."""
    least, span = (mb * UNIT_BYTES["MB"] for mb in _RATES_MB[process])
    return least + chance.below(chance.draw(key, f"diagnostics/traces/{process}"), span)


def dump_size_bytes(key: int, process: str, at_ms: int) -> int:
    """Bytes of the dump of a process that crashes at a moment."""
    least, span = (mb * UNIT_BYTES["MB"] for mb in _DUMP_MB)
    return least + chance.below(chance.draw(key, f"diagnostics/dump/{process}", at_ms), span)
