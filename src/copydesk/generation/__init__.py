"""Generation: turning a cleaned message into copy, with a model or without.

Owns capabilities, versioned prompts, token budgets, the model port and its adapters. It never
touches rows and never imports a model library by itself; see `address.open_model`.
"""
