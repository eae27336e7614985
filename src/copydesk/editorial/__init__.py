"""People: reviews and their decisions."""
