"""Runs the `git` program: isolated from the machine's configuration, bounded in time, mute.

It owns how git is started and stopped. What the commands mean is `clone`'s business, what their
failures mean is `errors`'.
"""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

#: Seconds a command may take that stays on this machine.
LOCAL_SECONDS = 30.0
#: Seconds a command may take that talks to the remote.
REMOTE_SECONDS = 40.0
#: Characters of git's complaints that are kept as evidence.
MAX_EVIDENCE = 2000


class GitMissing(Exception):
    """The `git` program is not installed."""


class GitTimedOut(Exception):
    """The command was stopped because it took too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a finished git command left; its complaint is bounded and has no secrets in it."""

    code: int
    out: bytes
    complaint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The git program set up for one remote. `token` never reaches a command line or an output."""

    remote: str
    token: str = field(default="", repr=False)
    token_user: str = "x-access-token"

    async def run(
        self,
        arguments: Sequence[str],
        *,
        folder: Path,
        stdin: bytes = b"",
        seconds: float = LOCAL_SECONDS,
        held: int | None = None,
    ) -> Ran:
        """Run `git ARGUMENTS` in `folder` for at most `seconds`.

        `held` is the descriptor of a lock that the command and its children keep: a git that
        outlives us (our process was killed) still holds it. Raises `GitMissing`, `GitTimedOut`.
        """
        program = shutil.which("git")
        if program is None:
            raise GitMissing("the git program is not installed")
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                *arguments,
                cwd=folder,
                env=self._environment(program, folder),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                pass_fds=() if held is None else (held,),
            )
        except FileNotFoundError as error:
            if error.filename and Path(error.filename) == folder:
                raise
            raise GitMissing("the git program is not installed") from error
        try:
            async with asyncio.timeout(seconds):
                out, err = await process.communicate(stdin)
        except TimeoutError as error:
            raise GitTimedOut(f"git {arguments[0]} took longer than {seconds:g} s") from error
        finally:
            if process.returncode is None:
                await _stop(process)
        complaint = self.redact(err.decode("utf-8", "replace"))[-MAX_EVIDENCE:]
        return Ran(code=process.returncode or 0, out=out, complaint=complaint)

    def redact(self, text: str) -> str:
        """Return `text` without the token in any form it is sent in."""
        if not self.token:
            return text
        return text.replace(self.token, "***").replace(self._credential(), "***")

    def _credential(self) -> str:
        return base64.b64encode(f"{self.token_user}:{self.token}".encode()).decode()

    def _environment(self, program: str, folder: Path) -> Mapping[str, str]:
        """Return the whole environment of the command; nothing of ours is inherited."""
        config = {
            # hooks and helpers of whoever runs us are no part of publishing
            "core.hooksPath": "/dev/null",
            "core.fsync": "committed",
            "credential.helper": "",
            # a detached clean-up would outlive the lock
            "gc.autoDetach": "false",
            "maintenance.auto": "false",
            "http.lowSpeedLimit": "1",
            "http.lowSpeedTime": str(int(REMOTE_SECONDS)),
        }
        parts = urlsplit(self.remote)
        if self.token and parts.scheme in {"http", "https"}:
            header = f"Authorization: Basic {self._credential()}"
            config[f"http.{parts.scheme}://{parts.netloc}/.extraHeader"] = header
            # the header must not follow a redirect to another host
            config["http.followRedirects"] = "false"
        environment = {
            "PATH": os.pathsep.join((str(Path(program).parent), os.defpath)),
            "HOME": str(folder),
            # never a repository that happens to lie around the folder
            "GIT_DIR": str(folder),
            "LC_ALL": "C",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=15",
            "GIT_CONFIG_COUNT": str(len(config)),
        }
        for number, (key, value) in enumerate(config.items()):
            environment[f"GIT_CONFIG_KEY_{number}"] = key
            environment[f"GIT_CONFIG_VALUE_{number}"] = value
        return environment


async def _stop(process: asyncio.subprocess.Process) -> None:
    """Stop the command with everything it started (ssh, remote helpers) and collect it."""
    # it may end by itself in the meantime; then only its exit code is left to collect
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
