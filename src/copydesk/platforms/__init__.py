"""Spokes: one folder per platform, plus `kit` (contract, manifest reader, transport, registry)."""
