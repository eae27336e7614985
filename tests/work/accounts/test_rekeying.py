"""Replacing the key that seals credentials: in batches, through crashes, and never losing any."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from copydesk.core.errors import ConfigError, Conflict
from copydesk.core.states import AccountState
from copydesk.distribution.vault import (
    KEY_FILE,
    Vault,
    new_key,
    open_vault,
    read_keys,
    write_keys,
)
from copydesk.store.sealed import PLACES, SealedRows
from copydesk.store.tables import metadata
from copydesk.work.accounts import rekeying
from copydesk.work.accounts.connecting import add_account, change_account
from copydesk.work.accounts.rekeying import prune_vault, rotate_vault, vault_status
from copydesk.work.desk import Desk
from copydesk.work.examining import examine
from copydesk.work.worker import working


async def add(desk: Desk, *names: str) -> None:
    for name in names:
        await add_account(
            desk,
            "webhook",
            name,
            settings={"url": "https://crm.example/hook"},
            secrets={"secret": f"whsec_{name}0123456789abcdef0123456789"},
            inbox=False,
            actor="test",
        )


async def opened(desk: Desk, vault: Vault) -> list[str]:
    async with desk.store.read() as unit:
        return [
            vault.open(await unit.accounts.secrets(a.id))["secret"]
            for a in await unit.accounts.all(desk.workspace_id)
        ]


def newest_only(desk: Desk) -> Vault:
    return Vault(read_keys(desk.settings.home / KEY_FILE)[0])


async def test_everything_is_sealed_anew_and_still_opens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 2)
    await add(desk, *"abcde")
    before = await opened(desk, desk.vault)
    running = open_vault("", desk.settings.home)  # another process, with the old ring
    done = await rotate_vault(desk)
    assert (done.resealed, done.added) == (5, True)
    assert await opened(desk, newest_only(desk)) == before
    assert await opened(desk, running) == before, "it reads the key file again"
    assert [rows for _, rows in (await vault_status(desk)).keys] == [5, 0]
    assert len(await prune_vault(desk)) == 1
    assert await opened(desk, open_vault("", desk.settings.home)) == before
    assert (desk.settings.home / KEY_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("dies_after", range(6))
async def test_killed_anywhere_the_next_run_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 1)
    await add(desk, *"abcde")
    before = await opened(desk, desk.vault)
    left = dies_after
    real = SealedRows.replace

    class Killed(BaseException):
        pass

    async def replace_or_die(self: SealedRows, *given: Any) -> bool:
        nonlocal left
        if not left:
            raise Killed
        left -= 1
        return await real(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(SealedRows, "replace", replace_or_die)
        if dies_after < 5:
            with pytest.raises(Killed):
                await rotate_vault(desk)
        else:
            await rotate_vault(desk)
    again = replace(desk, vault=open_vault("", desk.settings.home))
    assert await opened(again, again.vault) == before
    if dies_after < 5:
        with pytest.raises(Conflict):
            await prune_vault(again)
        done = await rotate_vault(again)
        assert not done.added, "the interrupted rotation is brought to its end first"
    assert await opened(again, newest_only(again)) == before


async def test_a_wrong_key_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    await add(desk, "a")
    before = await opened(desk, desk.vault)
    wrong = replace(
        desk,
        vault=Vault(new_key()),
        settings=replace(desk.settings, home=tmp_path / "elsewhere"),
    )
    with pytest.raises(ConfigError, match="does not open accounts acc_") as caught:
        await rotate_vault(wrong)
    assert "Nothing was changed" in caught.value.remedy
    assert caught.value.exit_code == 3
    assert (await vault_status(wrong)).unreadable
    assert await opened(desk, desk.vault) == before


async def test_keys_of_the_environment_are_put_in_front_there(desk: Desk) -> None:
    old, new = new_key().decode(), new_key().decode()
    desk = replace(
        desk, settings=replace(desk.settings, key=old), vault=open_vault(old, desk.settings.home)
    )
    await add(desk, "a")
    with pytest.raises(ConfigError, match="no new key") as caught:
        await rotate_vault(desk)
    assert "new,old" in caught.value.remedy
    both = f"{new},{old}"
    desk = replace(
        desk, settings=replace(desk.settings, key=both), vault=open_vault(both, desk.settings.home)
    )
    assert (await rotate_vault(desk)).resealed == 1
    assert await opened(desk, Vault(new.encode()))


async def test_a_credential_stored_meanwhile_is_not_overwritten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(desk, "a")
    real = SealedRows.replace
    fresh = "whsec_fresher0123456789abcdef0123456789"

    async def overtaken(self: SealedRows, row: Any, sealed: bytes) -> bool:
        await self._unit.connection.execute(
            sa.update(metadata.tables[row.table])
            .where(metadata.tables[row.table].c.id == row.id)
            .values(secrets=desk.vault.seal({"secret": fresh}))
        )
        monkeypatch.undo()
        return await real(self, row, sealed)

    monkeypatch.setattr(SealedRows, "replace", overtaken)
    await rotate_vault(desk)
    assert await opened(desk, newest_only(desk)) == [fresh]


async def test_sealing_uses_the_newest_key_at_once(desk: Desk) -> None:
    await add(desk, "a")
    running = replace(desk, vault=open_vault("", desk.settings.home))
    await rotate_vault(desk)
    secret = "whsec_abcdefgh0123456789abcdef01234567"
    await change_account(running, "a", settings={}, secrets={"secret": secret}, actor="test")
    assert await opened(desk, newest_only(desk)) == [secret]


def test_keys_show_nowhere() -> None:
    key = new_key()
    vault = Vault(key)
    assert key.decode() not in repr(vault) + str(vars(Vault)) + "".join(vault.fingerprints)
    with pytest.raises(ConfigError) as caught:
        Vault(b"not a key at all")
    assert "not a key at all" not in str(caught.value)


async def test_what_a_killed_rotation_has_written_does_not_stay(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(desk, "a")

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    home = desk.settings.home
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(Killed):
            await rotate_vault(desk)
    assert len(list(home.glob("secret.*"))) > 2, "it died with the new keys written"
    await rotate_vault(desk)
    await prune_vault(desk)
    holding = [path.name for path in home.glob("secret*") if path.is_file() and path.read_bytes()]
    assert holding == [KEY_FILE], "keys that were dropped are nowhere any more"


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def start() -> tuple[str, ...]:
        together.wait()
        return open_vault("", tmp_path / "home").fingerprints

    with ThreadPoolExecutor(8) as pool:
        found = {one.result() for one in [pool.submit(start) for _ in range(8)]}
    assert len(found) == 1


@pytest.mark.parametrize("key", ["\n", ",", "not a key", "ü" * 44])
def test_what_is_no_key_is_said_in_words(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a usable key"):
        open_vault(key, tmp_path)
    (tmp_path / KEY_FILE).write_text(key, encoding="utf-8")
    with pytest.raises(ConfigError, match="not a usable key"):
        open_vault("", tmp_path)


def test_a_key_that_cannot_be_read_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(ConfigError, match=r"secret\.key cannot be used"):
        open_vault("", tmp_path)


@pytest.mark.parametrize(
    ("folder", "mode", "readers", "healthy"),
    [
        (0o755, 0o600, "", True),
        (0o755, 0o640, "the group", True),
        (0o755, 0o644, "everybody", False),
        (0o750, 0o644, "the group", True),
        (0o700, 0o644, "", True),
        (0o777, 0o600, "everybody", False),
    ],
)
async def test_a_key_file_that_others_can_read_or_replace_is_named(
    desk: Desk, folder: int, mode: int, readers: str, healthy: bool
) -> None:
    (desk.settings.home / KEY_FILE).chmod(mode)
    desk.settings.home.chmod(folder)
    told = [one for one in await examine(desk) if one.check == "key file"]
    assert [one.message.startswith(readers) for one in told] == [True] * bool(readers)
    assert all(one.ok is healthy and "chmod 600" in one.remedy for one in told)
    desk.settings.home.chmod(0o755)
    await rotate_vault(desk)
    assert not [one for one in await examine(desk) if one.check == "key file"]


def test_a_key_from_the_environment_may_end_a_line(tmp_path: Path) -> None:
    key = new_key().decode()
    sealed = open_vault(key, tmp_path).seal({"a": "b"})
    for spelt in (f"{key}\n", f"\r\n{key}\r\n", f"{new_key().decode()},\n{key}"):
        assert open_vault(spelt, tmp_path).open(sealed) == {"a": "b"}


def test_every_sealed_column_is_in_the_list() -> None:
    sealed = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, sa.LargeBinary) and column.name == "secrets"
    }
    assert sealed == set(PLACES)


async def test_a_worker_with_a_wrong_key_does_not_begin(desk: Desk) -> None:
    await add(desk, "a", "b")
    wrong = replace(desk, vault=Vault(new_key()))
    with pytest.raises(ConfigError, match="opens none of the 2 credentials"):
        async with working(wrong, "worker"):
            pass
    async with desk.store.read() as unit:
        states = {a.state for a in await unit.accounts.all(desk.workspace_id)}
        assert await unit.workers.all() == []
    assert states == {AccountState.CONNECTED}


async def test_a_worker_whose_key_opens_something_begins(desk: Desk) -> None:
    async with working(desk, "worker"):
        pass  # nothing is stored, so there is nothing to open
    await add(desk, "a")
    other = replace(desk, vault=Vault(new_key()))
    await add(other, "b")
    async with working(desk, "worker"):
        pass


@pytest.mark.parametrize("change", [prune_vault, rotate_vault], ids=["prune", "rotate"])
async def test_keys_that_somebody_else_changes_meanwhile_are_left_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: Callable[[Desk], Awaitable[object]]
) -> None:
    await add(desk, "a", "b")
    await rotate_vault(desk)
    path = desk.settings.home / KEY_FILE
    real = rekeying.vault_status

    async def judged_before(desk: Desk) -> rekeying.VaultStatus:
        status = await real(desk)
        write_keys(path, [new_key(), *read_keys(path)])  # another rotation begins
        return status

    monkeypatch.setattr(rekeying, "vault_status", judged_before)
    before = read_keys(path)
    with pytest.raises(Conflict, match="changed by somebody else"):
        await change(desk)
    assert set(read_keys(path)) > set(before), "no key was dropped"
