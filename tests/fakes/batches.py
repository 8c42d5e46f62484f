"""Requests in columns for the tests of the servers, and a server that is asked row by row."""

from collections.abc import Iterable, Sequence

import numpy as np

from emulator.chance import U64, device_keys
from emulator.ports import I64, Answers, Event, Synchronisations, Transmissions
from fakes.faults import Requests

TIMEOUT_MS = 10_000
EVENT_BYTES = 480
HEADER_BYTES = 256


def keys(count: int) -> U64:
    """Keys of a block of devices."""
    return device_keys(7, "office", count)


def column(values: Iterable[int]) -> I64:
    """A column."""
    return np.array(list(values), np.int64)


def requests(at_ms: Sequence[int], *, largest_bytes: int | None = None, timeout_ms: int = TIMEOUT_MS) -> Requests:
    """Requests of as many devices as there are moments."""
    count = len(at_ms)
    sizes = None if largest_bytes is None else np.full(count, largest_bytes, np.int64)
    return Requests(column(at_ms), np.full(count, timeout_ms, np.int64), keys(count), sizes)


def transmissions(
    rows: Iterable[tuple[int, int, int, int]], *, server: str = "kata:443", package_events: int = 1024
) -> Transmissions:
    """Telemetry: a row is (device, first, upto, moment)."""
    device, first, upto, at_ms = (column(values) for values in zip(*rows, strict=True))
    count = upto - first
    packages = -(-count // package_events)
    return Transmissions(
        server=server,
        device=device,
        first=first,
        upto=upto,
        package_events=np.full(len(device), package_events, np.int64),
        largest_bytes=HEADER_BYTES + EVENT_BYTES * np.minimum(count, package_events),
        bytes=HEADER_BYTES * packages + EVENT_BYTES * count,
        at_ms=at_ms,
        timeout_ms=np.full(len(device), TIMEOUT_MS, np.int64),
        expand=lambda row, begin, end: [event(ordinal) for ordinal in range(begin, end)],
    )


def synchronisations(
    rows: Iterable[tuple[int, int, int]], *, server: str = "kata:443", timeout_ms: int = TIMEOUT_MS
) -> Synchronisations:
    """Synchronisations: a row is (device, revision, moment)."""
    device, revision, at_ms = (column(values) for values in zip(*rows, strict=True))
    return Synchronisations(server, device, revision, at_ms, np.full(len(device), timeout_ms, np.int64))


def event(ordinal: int) -> Event:
    """A synthetic event of EVENT_BYTES."""
    return Event(
        ordinal=ordinal,
        at_ms=0,
        type="system-event",
        code=None,
        process_path="",
        command_line="",
        sha256="",
        subject="",
    )


def by_device(batch: Transmissions | Synchronisations, answers: Answers) -> dict[int, tuple[int, int, int, int]]:
    """The answer to each device: outcome, acked, status, latency."""
    columns = (answers.outcome, answers.acked, answers.status, answers.latency_us)
    told = zip(*(values.tolist() for values in columns), strict=True)
    return dict(zip(batch.device.tolist(), told, strict=True))
