"""Alembic's entry: run the migrations on the connection handed in by `copydesk.store.engine`.

Raises `ConfigError` for a database that has been to a version we do not know.
"""

from __future__ import annotations

from alembic import context
from alembic.script import ScriptDirectory

from copydesk.core.errors import ConfigError
from copydesk.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
known = {script.revision for script in ScriptDirectory.from_config(context.config).walk_revisions()}
if newer := set(context.get_context().get_current_heads()) - known:
    raise ConfigError(
        [f"database: it was made by a newer copydesk (version {', '.join(sorted(newer))})"],
        remedy="Nothing was changed. Install that copydesk, or put a backup from before it back.",
    )
with context.begin_transaction():
    context.run_migrations()
