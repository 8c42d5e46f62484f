"""Conformance: the requirement catalogue, checks that judge agents and servers by it, and proof that they can fail."""
