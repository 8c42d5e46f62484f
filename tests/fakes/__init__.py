"""Tests of the in-process servers and their faults."""
