"""Benchmarks: every figure with a baseline measured beside it, in the same run on the same machine."""
