"""Benchmarks. `./dev bench NAME` runs one; none of them asserts a time."""
