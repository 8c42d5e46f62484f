"""Scenarios: the language a user writes, its resolution, the run and its expectations."""
