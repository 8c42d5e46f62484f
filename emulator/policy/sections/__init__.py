"""The settings groups of Endpoint Agent, a module for each section of the console, one dataclass a group."""
