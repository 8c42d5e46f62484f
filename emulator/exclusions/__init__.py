"""Exclusions and optimisation of EDR telemetry: which events never leave a device, by rule and by target."""
