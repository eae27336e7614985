"""How chats begin: by that a chat is known again that is sent once more, longer."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Key, metadata

chats = sa.Table(
    "chats",
    metadata,
    sa.Column("submission_id", sa.ForeignKey("submissions.id"), primary_key=True),
    sa.Column("workspace_id", sa.String(40), nullable=False),
    sa.Column("opening", Key, nullable=False),
    sa.Index("ix_chats_opening", "workspace_id", "opening"),
)
