"""Conformance: the requirement catalogue and the checks that judge agents and servers by it."""
