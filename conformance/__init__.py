"""Conformance: the room of the requirement catalogue and of the checks that judge agents and servers by it.

Nothing is in it yet; scenarios carry the clauses that their expectations judge.
"""
