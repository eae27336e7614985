"""Accounts: connected, kept good, tried, limited, removed."""
