"""What templates are given: one dataclass each, filled by pure functions from core values."""
