"""Tests of the benchmarks: that they measure what they say, on the smallest sizes; no time is asserted."""
