"""OpenIOC: reads indicator files and judges them against the item instances of a device."""

from emulator.ioc.document import EXTENSIONS, Fault, IndicatorFile, parse, parse_file
from emulator.ioc.evaluate import Match, evaluate
from emulator.ioc.limits import FILE_SIZE_MAX_BYTES
from emulator.ioc.snapshot import ITEM_TYPES, Changes, Device, FieldValue, Instance, Scalar, Snapshot
from emulator.ioc.sweep import Sweep

__all__ = [
    "EXTENSIONS",
    "FILE_SIZE_MAX_BYTES",
    "ITEM_TYPES",
    "Changes",
    "Device",
    "Fault",
    "FieldValue",
    "IndicatorFile",
    "Instance",
    "Match",
    "Scalar",
    "Snapshot",
    "Sweep",
    "evaluate",
    "parse",
    "parse_file",
]
