"""Connections to PostgreSQL: what an address may ask for, and what is said to a session at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError

if TYPE_CHECKING:
    import asyncpg

#: How long PostgreSQL keeps a transaction whose process says nothing: one that was frozen would
#: else hold its locks until somebody thaws it. No transaction of ours waits for anything that long.
LONGEST_SILENCE: Final = timedelta(seconds=60)

#: How many such silences a transaction may last, where PostgreSQL can say so (from 17 on): one that
#: is frozen between the rows of a statement does not count as silent, it is still being sent to.
#: Only a migration takes that long, and it may (`last_for_long`).
SILENCES: Final = 5
_SINCE: Final = (17,)

#: After how many idle seconds a session is asked whether it is still there.
UNSEEN: Final = 10.0

#: PostgreSQL's documentation of libpq, 2026-11-23.
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def check_ssl_mode(address: sa.URL) -> None:
    """Raise `ConfigError` when `address` asks for an `sslmode` that there is not.

    The driver finds out when it connects, and then in the words of a server that is away.
    """
    for mode in address.normalized_query.get("sslmode", ()):
        if mode not in _SSL_MODES:
            raise ConfigError(
                [f"database: there is no sslmode {mode!r}; there are {', '.join(_SSL_MODES)}"],
                remedy="Correct it in the address of the database.",
            )


async def connect(address: str, longest_silence: timedelta) -> asyncpg.Connection:
    """Connect to `address`, in the driver's own form; raises what the driver does.

    The server ends a session that says nothing within a transaction for `longest_silence`, or is
    within one for `SILENCES` times as long.
    """
    import asyncpg

    connection = await asyncpg.connect(address)
    milliseconds = longest_silence // timedelta(milliseconds=1)
    bounds = f"SET idle_in_transaction_session_timeout = {milliseconds}"
    if connection.get_server_version() >= _SINCE:
        bounds += f"; SET transaction_timeout = {milliseconds * SILENCES}"
    try:
        # not with the address: poolers refuse at the start what they do not know
        # (PgBouncer's ignore_startup_parameters, 2026-11-23)
        await connection.execute(bounds)
    except BaseException:
        connection.terminate()
        raise
    return connection


def only_usable(engine: sa.Engine, clock: Clock) -> None:
    """Let the pool of `engine` hand out no session that has ended.

    Of an end that is said, the event loop knows at once. Who between forgets a session says
    nothing, so one that was idle for `UNSEEN` seconds is asked for an answer. To ask each time
    (`pool_pre_ping`) would take three messages and their answers more for every transaction.
    """
    dialect = engine.dialect

    def returned(_connection: Any, record: Any) -> None:
        record.info[returned] = clock.monotonic()

    def taken(connection: Any, record: Any, _given: Any) -> None:
        idle_since = record.info.get(returned)
        try:
            if has_ended(connection.driver_connection) or (
                idle_since is not None
                and clock.monotonic() - idle_since > UNSEEN
                and not dialect.do_ping(connection)
            ):
                raise sa.exc.DisconnectionError("the session has ended")
        except dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError("the session does not answer") from error

    sa.event.listen(engine.pool, "checkin", returned)
    sa.event.listen(engine.pool, "checkout", taken)


def has_ended(session: asyncpg.Connection) -> bool:
    """Whether the end of `session` has been said."""
    return bool(session.is_closed())


def last_for_long(connection: sa.Connection) -> None:
    """Let the transaction that `connection` is in take its time."""
    if (connection.dialect.server_version_info or ()) >= _SINCE:
        connection.execute(sa.text("SET LOCAL transaction_timeout = 0"))
