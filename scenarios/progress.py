"""Progress: who is told how far a run has come."""

from typing import Protocol


class Progress(Protocol):
    """What a runner tells while it works. Calls come in this order: `begin`, `advance` as often as it likes, `end`."""

    def begin(self, total_ms: int, label: str) -> None:
        """A run of `total_ms` simulated milliseconds starts; `label` is its name."""

    def advance(self, simulated_ms: int) -> None:
        """The run has come to `simulated_ms` since its start."""

    def end(self) -> None:
        """The run is over, at its end or before."""
