"""Tasks: what an Endpoint Agent is told to do, when it does it, and what came of it."""
