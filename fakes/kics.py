"""KICS for Networks: the second receiver of telemetry. It has no tasks and no settings for a device."""

from fakes.telemetry import TelemetryNodes


class KicsForNetworks(TelemetryNodes):
    """A cluster of KICS for Networks servers; an answered synchronisation never has news."""
