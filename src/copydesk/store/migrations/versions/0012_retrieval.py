"""What a model is shown of our own texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITS = sa.text("cite_at IS NOT NULL")


def upgrade() -> None:
    """Bring the schema to this version."""
    op.create_table(
        "style_guides",
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_style_guides_workspace_id")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "number", name=op.f("pk_style_guides")),
    )
    op.create_table(
        "passages",
        sa.Column("number", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("workspace_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("source_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("embedder", sa.String(length=60), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_passages_workspace_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_passages")),
        sa.UniqueConstraint(
            "workspace_id",
            "source_id",
            "position",
            name=op.f("uq_passages_workspace_id_source_id_position"),
        ),
    )
    op.create_index(
        "ix_passages_workspace_id_embedder", "passages", ["workspace_id", "embedder", "number"]
    )
    if op.get_bind().dialect.name == "sqlite":
        # marks belong to words: in many scripts they are the vowels
        op.execute(
            "CREATE VIRTUAL TABLE passage_words USING fts5("
            "words, tokenize = \"unicode61 remove_diacritics 0 categories 'L* M* N* Co'\")"
        )
    else:
        op.execute(
            "CREATE TABLE passage_words (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_passage_words ON passage_words USING gin (words)")
    with op.batch_alter_table("posts") as table:
        table.add_column(sa.Column("cite_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_posts_cite", "posts", ["cite_at"], sqlite_where=_WAITS, postgresql_where=_WAITS
    )
    op.execute("UPDATE posts SET cite_at = published_at WHERE state = 'distributed'")
    with op.batch_alter_table("model_calls") as table:
        table.add_column(sa.Column("passages", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("model_calls") as table:
        table.drop_column("passages")
    op.drop_index("ix_posts_cite", "posts", sqlite_where=_WAITS, postgresql_where=_WAITS)
    with op.batch_alter_table("posts") as table:
        table.drop_column("cite_at")
    op.execute("DROP TABLE passage_words")
    op.drop_index("ix_passages_workspace_id_embedder", "passages")
    op.drop_table("passages")
    op.drop_table("style_guides")
