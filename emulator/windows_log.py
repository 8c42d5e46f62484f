"""The Windows event log of a device: the entries of Endpoint Agent in its own channel."""

from datetime import UTC
from typing import Final

from emulator.chance import name_hash
from emulator.clock import Calendar
from emulator.ioc.snapshot import Instance
from emulator.told import Told

CHANNEL: Final = "Kaspersky-Security-Soyuz/Product"
"""The channel of Endpoint Agent; public help names its file."""
SOURCE: Final = "Kaspersky-Security-Soyuz"
_NUMBERS: Final = 60_000
"""Numbers of events are not documented: the emulator makes them from their names."""


def entry(told: Told, number: int, at_ms: int, calendar: Calendar) -> Instance:
    """The `EventLogItem` of a thing that is told, the `number`-th of its device."""
    written = calendar.moment(at_ms).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = " ".join(f"{name}={value}" for name, value in sorted(told.values.items()))
    return {
        "EID": name_hash(told.kind) % _NUMBERS + 1,
        "index": number,
        "log": CHANNEL,
        "source": SOURCE,
        "message": f"{told.kind} {message}".rstrip(),
        "type": "Information" if told.severity is None else told.severity.name.capitalize(),
        "user": "NT AUTHORITY\\SYSTEM",
        "genTime": written,
        "writeTime": written,
    }
