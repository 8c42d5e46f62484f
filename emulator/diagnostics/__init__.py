"""Failure diagnosis on a device: trace files of the processes of Endpoint Agent, and dumps of those that crash."""

from emulator.diagnostics.diagnosis import Diagnosis, Dump, HasFolder
from emulator.diagnostics.processes import PROCESSES, dump_size_bytes, trace_rate_bytes_per_hour
from emulator.diagnostics.traces import Limits, Run, TraceFile, TraceLog

__all__ = [
    "PROCESSES",
    "Diagnosis",
    "Dump",
    "HasFolder",
    "Limits",
    "Run",
    "TraceFile",
    "TraceLog",
    "dump_size_bytes",
    "trace_rate_bytes_per_hour",
]
