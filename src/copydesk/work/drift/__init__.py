"""Observing results over time, and messages with a known answer."""
