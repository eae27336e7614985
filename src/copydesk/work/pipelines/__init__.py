"""Putting a text through capabilities that are composed freely."""
