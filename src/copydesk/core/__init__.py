"""Pure vocabulary of copydesk: nouns, states and legal transitions, outcomes, errors, clock, ids.

Nothing in here does I/O or knows a framework; every other package may import it.
"""
