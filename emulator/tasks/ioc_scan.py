"""Settings of an IOC Scan task (KEA-IOC-024 to KEA-IOC-027)."""

from dataclasses import dataclass
from enum import StrEnum

from emulator.ioc.document import IndicatorFile


class Response(StrEnum):
    """What a device does upon a detection (public help of sibling products)."""

    ISOLATE = "isolate-device"
    QUARANTINE = "quarantine-and-delete"
    SCAN_CRITICAL_AREAS = "scan-critical-areas"


@dataclass(frozen=True, slots=True)
class IocScan:
    """A collection of indicator files, and what is done with it.

    `documents` are the kinds of IOC documents that are analysed, None for every kind that a file mentions.
    `retrospective_ms` is the span of stored events that is searched besides, as (from, until); None for none.
    """

    collection: tuple[IndicatorFile, ...] = ()
    documents: frozenset[str] | None = None
    retrospective_ms: tuple[int, int] | None = None
    responses: tuple[Response, ...] = ()
