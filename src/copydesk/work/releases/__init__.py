"""Versions on trial: which one writes, beside which, and what becomes of it."""
