"""From an approved post to what stands on a platform, and what people do about it."""
