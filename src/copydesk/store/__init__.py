"""Rows are the truth: tables, repositories (all SQL lives here), unit of work, migrations."""

from copydesk.store.engine import Store, open_store
from copydesk.store.unit import Hint, Outbox, UnitOfWork

__all__ = ["Hint", "Outbox", "Store", "UnitOfWork", "open_store"]
