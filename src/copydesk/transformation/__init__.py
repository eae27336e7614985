"""Canonical documents and what can be made of them: HTML, plain text, counts, excerpts, slugs.

Everything here is pure and knows no platform; spokes and commands build on it.
"""
