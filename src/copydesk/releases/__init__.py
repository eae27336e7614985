"""Releases: versions of prompt, model and settings; whether a new one is worse, and what drifts.

Pure: it counts, compares and says what should happen next. Rows, jobs and models are put together
with it in `work`. Every test here may be looked at after every item.
"""
