"""Tests of the scenario language and of what runs it."""
