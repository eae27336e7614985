"""The job runtime: PgQueuer on PostgreSQL or in memory. Nothing else imports the queue library."""

from copydesk.work.runtime.queue import Runtime, open_runtime

__all__ = ["Runtime", "open_runtime"]
