"""The common list of quarantined objects: what Network Agents tell of those that lie on their devices (KEA-QUA-006).

It holds data about objects and never an object (KEA-QUA-008, KEA-QUA-009).
"""

from dataclasses import dataclass, replace
from typing import Final

from emulator.reporting import QuarantineEntry, QuarantineReport

FOREVER_MS: Final = 2**62


@dataclass(frozen=True, slots=True)
class _Listed:
    """An entry with the moments from which and until which it is in the list."""

    entry: QuarantineEntry
    from_ms: int
    until_ms: int = FOREVER_MS


class QuarantineList:
    """The entries of all devices (fleet indices). It can be asked for any moment up to the last that was reported."""

    def __init__(self) -> None:
        self._listed: dict[int, dict[str, _Listed]] = {}

    def receive(self, device: int, at_ms: int, report: QuarantineReport) -> None:
        """Takes what a device reports."""
        known = self._listed.setdefault(device, {})
        gone = report.removed
        if report.anew:
            gone = tuple(object_id for object_id, listed in known.items() if listed.until_ms == FOREVER_MS)
        for object_id in gone:
            if object_id in known:
                known[object_id] = replace(known[object_id], until_ms=at_ms)
        for entry in report.added:
            known[entry.id] = _Listed(entry, at_ms)

    def of(self, device: int, at_ms: int) -> tuple[QuarantineEntry, ...]:
        """The objects of a device that are in the list at a moment, in the order in which they came in."""
        return tuple(
            listed.entry
            for listed in self._listed.get(device, {}).values()
            if listed.from_ms <= at_ms < listed.until_ms
        )

    def find(self, device: int, path: str, at_ms: int) -> QuarantineEntry | None:
        """The newest object of a device in the list that was quarantined from a path, as Windows compares paths."""
        wanted = path.casefold()
        return next((one for one in reversed(self.of(device, at_ms)) if one.path.casefold() == wanted), None)
