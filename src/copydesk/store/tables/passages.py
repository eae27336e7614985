"""Our own texts as a model is shown them: style guides, and passages that can be searched.

What passages are found by stands in `passage_words`, which each database has in its own kind: FTS5
on SQLite, a tsvector with a GIN index on PostgreSQL. The migration makes it, and no table here
stands for it.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Sequence, Text, metadata, reference

#: The name of the search index, and on SQLite of the tables that it keeps its own things in.
SEARCH_INDEX: Final = "passage_words"

passages = sa.Table(
    "passages",
    metadata,
    sa.Column("number", Sequence, primary_key=True, autoincrement=True),
    reference("workspace_id", "workspaces"),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("source_id", sa.String(40), nullable=False),
    sa.Column("version", sa.String(40), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("title", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("embedder", sa.String(60), nullable=False),
    # little-endian 32-bit floats
    sa.Column("vector", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("workspace_id", "source_id", "position"),
    sa.Index("ix_passages_workspace_id_embedder", "workspace_id", "embedder", "number"),
)

style_guides = sa.Table(
    "style_guides",
    metadata,
    reference("workspace_id", "workspaces"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("text", Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "number"),
)
