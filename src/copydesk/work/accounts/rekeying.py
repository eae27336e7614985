"""Replacing the key that seals credentials, while everything runs and through any crash.

A new key is put in front of the ring, then row after row is sealed anew in small transactions. At
each moment every row opens with some key of the ring, so an interrupted run loses nothing; the next
one goes on. Old keys are only dropped on request, once no row needs them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from copydesk.core.errors import ConfigError, Conflict
from copydesk.distribution.vault import (
    KEY_FILE,
    fingerprint_of,
    key_file_kept,
    new_key,
    write_keys,
)
from copydesk.store.sealed import PLACES, SealedRow
from copydesk.work.desk import Desk

#: How many rows share a transaction.
BATCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultStatus:
    """The keys by fingerprint, newest first, with how many rows each seals.

    `unreadable` names rows that no key opens; `source` says where the keys come from.
    """

    source: str
    keys: tuple[tuple[str, int], ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """What a rotation did: the fingerprint that seals now, and how many rows it sealed anew."""

    key: str
    resealed: int
    added: bool


async def vault_status(desk: Desk) -> VaultStatus:
    """Count which key seals how much. Changes nothing."""
    desk.vault.refresh()
    count: Counter[str] = Counter()
    unreadable: list[str] = []
    async for rows in _batches(desk):
        for row in rows:
            key = desk.vault.sealed_by(row.sealed)
            if key is None:
                unreadable.append(f"{row.table} {row.id}")
            else:
                count[key] += 1
    fingerprints = desk.vault.fingerprints
    return VaultStatus(
        source="COPYDESK_KEY" if desk.settings.key else KEY_FILE,
        keys=tuple((key, count[key]) for key in fingerprints),
        unreadable=tuple(unreadable),
    )


async def rotate_vault(desk: Desk) -> Rotated:
    """Seal everything with a new key; run it again after an interruption and it goes on.

    A new key is only made when the newest one seals everything there is; otherwise the run before
    was interrupted, and is brought to its end. Keys from the environment cannot be added to from
    here: put the new one first there. Raises `ConfigError` when a row opens with no key: then
    nothing has been changed.
    """
    before = await vault_status(desk)
    if before.unreadable:
        raise ConfigError(
            [f"key: it does not open {', '.join(before.unreadable[:5])}"],
            remedy="Nothing was changed. Add the key these were sealed with, or give those accounts"
            " their credentials anew (copydesk accounts set, copydesk accounts connect).",
        )
    interrupted = any(rows for _, rows in before.keys[1:])
    if not interrupted:
        if desk.settings.key:
            raise ConfigError(
                ["key: COPYDESK_KEY holds no new key"],
                remedy="Put a new key first: COPYDESK_KEY=new,old (`copydesk vault new-key` makes"
                " one). Restart everything with it, then rotate again.",
            )
        await asyncio.to_thread(_replace_keys, desk, before, _with_a_new_one)
    desk.vault.refresh()
    resealed = 0
    # twice: a process that still had the old ring may have sealed something behind our back
    for _ in range(2):
        resealed += await _reseal(desk)
    return Rotated(key=desk.vault.fingerprints[0], resealed=resealed, added=not interrupted)


async def prune_vault(desk: Desk) -> tuple[str, ...]:
    """Drop keys that seal nothing any more from the key file; return their fingerprints.

    Raises `Conflict` while a row still needs one of them.
    """
    status = await vault_status(desk)
    needed = [key for key, rows in status.keys[1:] if rows]
    if needed or status.unreadable:
        raise Conflict(
            "Some credentials are not sealed with the newest key.",
            remedy="`copydesk vault rotate` first; `copydesk vault status` shows which.",
        )
    if desk.settings.key:
        raise ConfigError(
            ["key: the keys are in COPYDESK_KEY"],
            remedy="Leave all but the first out of it.",
        )
    await asyncio.to_thread(_replace_keys, desk, status, _newest_alone)
    return tuple(key for key, _ in status.keys[1:])


async def refuse_a_wrong_key(desk: Desk) -> None:
    """Raise `ConfigError` when credentials are stored and our keys open none of them.

    To be asked before any work is done: every account would be stopped, one by one, and would have
    to be tried again by hand once the right key is back.
    """
    shut = 0
    async for rows in _batches(desk):
        if any(desk.vault.sealed_by(row.sealed) is not None for row in rows):
            return
        shut += len(rows)
    if shut:
        raise ConfigError(
            [f"key: it opens none of the {shut} credentials that are stored"],
            remedy="Nothing was changed. Give the key they were sealed with (COPYDESK_KEY, or put "
            f"{KEY_FILE} back from a backup); `copydesk vault status` shows which key is in use.",
        )


def _with_a_new_one(keys: Sequence[bytes]) -> Sequence[bytes]:
    return [new_key(), *keys]


def _newest_alone(keys: Sequence[bytes]) -> Sequence[bytes]:
    return keys[:1]


def _replace_keys(
    desk: Desk, judged: VaultStatus, change: Callable[[Sequence[bytes]], Sequence[bytes]]
) -> None:
    """Change the key file, if it still holds the keys that were `judged`."""
    path = desk.settings.home / KEY_FILE
    with key_file_kept(path) as keys:
        if tuple(map(fingerprint_of, keys)) != tuple(key for key, _ in judged.keys):
            raise Conflict(
                "The keys were changed by somebody else just now. Nothing was done.",
                remedy="Look at `copydesk vault status`, then run this again.",
            )
        write_keys(path, change(keys))


async def _reseal(desk: Desk) -> int:
    done = 0
    async for rows in _batches(desk):
        newest = desk.vault.fingerprints[0]
        fresh = [
            (row, desk.vault.reseal(row.sealed))
            for row in rows
            if desk.vault.sealed_by(row.sealed) != newest
        ]
        if fresh:
            async with desk.store.begin("vault") as unit:
                for row, sealed in fresh:
                    done += await unit.sealed.replace(row, sealed)
    return done


async def _batches(desk: Desk) -> AsyncIterator[list[SealedRow]]:
    for table, column in PLACES:
        last = ""
        while True:
            async with desk.store.read() as unit:
                rows = list(await unit.sealed.after(table, column, last, BATCH))
            if not rows:
                break
            yield rows
            last = rows[-1].id
