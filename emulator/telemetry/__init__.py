"""The data plane: what happened on a million devices becomes telemetry, a row a device."""
