"""What operations and lists at the Administration Server tell: facts of the run, and facts of devices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ToldOfRun:
    """A fact without a device that an operation came to."""

    kind: str
    at_ms: int
    values: Mapping[str, Any]  # JSON scalars


@dataclass(frozen=True, slots=True)
class ToldOfDevice:
    """A fact of one device that a list shows."""

    kind: str
    device: int
    values: Mapping[str, Any]  # JSON scalars
