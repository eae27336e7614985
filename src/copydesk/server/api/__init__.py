"""The `/v1` API: the same use cases and lists as the pages, for programs."""
