"""What an Endpoint Agent is made of beside telemetry: tasks, licence, databases, diagnosis, KSN and MDR."""

from emulator.components.agent import AgentComponents
from emulator.components.sandbox import GROUP_RESPONSE
from emulator.components.surroundings import Surroundings

__all__ = ["GROUP_RESPONSE", "AgentComponents", "Surroundings"]
