"""The plain agent: one device, one event, one `if` at a time, to be read next to the documentation.

It answers a world with the same figures as the columns, slowly: it is their oracle, and a second agent under the
conformance suite. Every module follows a heading of `docs/window.md`; none of it is shared with the columns but the
tables of life and the rules of exclusion.
"""

from emulator.plain.observation import Observation, Stage
from emulator.plain.simulation import TERMS, PlainSimulation

__all__ = ["TERMS", "Observation", "PlainSimulation", "Stage"]
