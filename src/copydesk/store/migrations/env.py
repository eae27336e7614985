"""Alembic's entry: run the migrations on the connection handed in by `copydesk.store.engine`."""

from __future__ import annotations

from alembic import context

from copydesk.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
