"""Releases: versions on their way to everybody, what they were seen to do, and what drifts."""

from __future__ import annotations

import sqlalchemy as sa

from copydesk.store.tables.base import Instant, Sequence, Text, id_column, metadata, reference

releases = sa.Table(
    "releases",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("name", sa.String(80), nullable=False),
    # what is tried and by which rules; never written again
    sa.Column("version", sa.JSON, nullable=False),
    sa.Column("digest", sa.String(16), nullable=False),
    sa.Column("policy", sa.JSON, nullable=False),
    sa.Column("note", Text, nullable=False),
    # what it is held against, from its start on
    reference("baseline_id", "releases", nullable=True),
    sa.Column("baseline", sa.JSON(none_as_null=True)),
    sa.Column("slow_over_ms", sa.Float),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("share", sa.Integer, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("counted", sa.JSON, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("created_by", Text, nullable=False),
    sa.Column("started_at", Instant),
    sa.Column("stage_at", Instant),
    sa.Column("ends_at", Instant),
    sa.Column("wake_at", Instant),
    sa.UniqueConstraint("workspace_id", "name"),
)
_on_trial = releases.c.state.in_(["shadowed", "canaried"])
# one trial at a time, and one version in force: two would be told apart by nobody
sa.Index(
    "uq_releases_trial",
    releases.c.workspace_id,
    unique=True,
    sqlite_where=_on_trial,
    postgresql_where=_on_trial,
)
sa.Index(
    "uq_releases_promoted",
    releases.c.workspace_id,
    unique=True,
    sqlite_where=releases.c.state == "promoted",
    postgresql_where=releases.c.state == "promoted",
)
sa.Index(
    "ix_releases_wake",
    releases.c.wake_at,
    sqlite_where=releases.c.wake_at.is_not(None),
    postgresql_where=releases.c.wake_at.is_not(None),
)


# which version a conversation has while a release is on trial; `submission_id` is its first message
# since, the only one that counts: those after it are not independent of it
assignments = sa.Table(
    "assignments",
    metadata,
    sa.Column("release_id", sa.ForeignKey("releases.id"), primary_key=True),
    sa.Column("unit", sa.String(40), primary_key=True),
    sa.Column("arm", sa.String(8), nullable=False),
    reference("submission_id", "submissions"),
    sa.Column("assigned_at", Instant, nullable=False),
)


# a stored input that is written up under both versions without being published; one a conversation
shadows = sa.Table(
    "shadows",
    metadata,
    id_column(),
    reference("release_id", "releases"),
    sa.Column("unit", sa.String(40), nullable=False),
    reference("submission_id", "submissions"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("old", sa.JSON(none_as_null=True)),
    sa.Column("new", sa.JSON(none_as_null=True)),
    sa.Column("problem", Text, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("wake_at", Instant),
    sa.Column("counted", sa.Boolean, nullable=False),
    sa.UniqueConstraint("release_id", "unit"),
)
sa.Index(
    "ix_shadows_wake",
    shadows.c.wake_at,
    sqlite_where=shadows.c.wake_at.is_not(None),
    postgresql_where=shadows.c.wake_at.is_not(None),
)


# one for each item that was composed, decided or probed; what `counted` is false of is still to be
# counted by a job
observations = sa.Table(
    "observations",
    metadata,
    sa.Column("sequence", Sequence, primary_key=True, autoincrement=True),
    reference("workspace_id", "workspaces"),
    reference("submission_id", "submissions", nullable=True, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("checks", sa.String(16), nullable=False),
    reference("release_id", "releases", nullable=True),
    sa.Column("arm", sa.String(8), nullable=False),
    sa.Column("score", sa.Float),
    sa.Column("outcome", sa.JSON, nullable=False),
    sa.Column("observed_at", Instant, nullable=False),
    sa.Column("counted", sa.Boolean, nullable=False),
)
sa.Index(
    "ix_observations_uncounted",
    observations.c.workspace_id,
    observations.c.sequence,
    sqlite_where=observations.c.counted.is_(False),
    postgresql_where=observations.c.counted.is_(False),
)
sa.Index("ix_observations_recent", observations.c.workspace_id, observations.c.observed_at)


# where a detector stands with one stream of results; the key names everything that makes scores
# comparable, the checks' versions among it
streams = sa.Table(
    "streams",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    reference("workspace_id", "workspaces", index=True),
    sa.Column("watched", sa.String(16), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("checks", sa.String(16), nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)


alarms = sa.Table(
    "alarms",
    metadata,
    id_column(),
    reference("workspace_id", "workspaces"),
    sa.Column("watched", sa.String(16), nullable=False),
    sa.Column("stream_id", sa.String(40), nullable=False),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("language", sa.String(16), nullable=False),
    sa.Column("prompt_version", Text, nullable=False),
    sa.Column("model", Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message", Text, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("closed_at", Instant),
    sa.Column("closed_by", Text, nullable=False, server_default=""),
    sa.Column("closed_because", Text, nullable=False, server_default=""),
    sa.Index("ix_alarms_workspace", "workspace_id", "state"),
)
# one open alarm a stream: the next is raised when somebody has dealt with it
sa.Index(
    "uq_alarms_open",
    alarms.c.stream_id,
    unique=True,
    sqlite_where=alarms.c.state == "opened",
    postgresql_where=alarms.c.state == "opened",
)
