"""Tests of the plain agent, clause by clause."""
