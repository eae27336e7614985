"""Asking a local faithfulness model about a text that the gate is uncertain about: stage 6.

One model, one thread, loaded when it is first needed. It never keeps a message from going on: where
it is broken, busy or too slow, the text goes the way it would go without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from copydesk.core.checks import CheckResult
from copydesk.core.clock import Clock
from copydesk.core.errors import ConfigError, ModelReplyInvalid
from copydesk.core.support import Reading
from copydesk.generation.faithfulness import FaithfulnessModel, Halt, Halted
from copydesk.generation.rewrite import Rewrite
from copydesk.quality.checks import faithfulness
from copydesk.quality.doubts import is_uncertain, with_judgement
from copydesk.quality.gate import GateResult
from copydesk.quality.policy import Mode, Policy

if TYPE_CHECKING:
    from copydesk.config import Settings
    from copydesk.work.desk import Desk

_log = structlog.get_logger(__name__)

#: How many texts may wait for the one thread; the next is not read at all.
QUEUE: Final = 8
#: How long a model that cannot be loaded is left alone, in seconds.
REST: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Why a model could not be loaded, and when (seconds of the clock) it may be tried again."""

    error: ConfigError
    until: float


class FaithfulnessReader:
    """Reads texts with the model in `folder`, one after the other, in a thread of its own.

    `timeout` is in seconds and counts from the asking: it includes waiting, and loading the model,
    which goes on for whoever asks next.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Clock,
        timeout: float,
        load: Callable[[Path], FaithfulnessModel] = FaithfulnessModel,
    ) -> None:
        self.folder = folder
        self._clock = clock
        self._timeout = timeout
        self._load = load
        self._model: FaithfulnessModel | None = None
        self._broken: Broken | None = None
        self._halts: set[Halt] = set()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="faithfulness")

    async def read(self, source: str, text: str) -> Reading:
        """Return what the model makes of `text`, held against `source`.

        Raises `ConfigError` when the model cannot be loaded.
        """
        if len(self._halts) > QUEUE:
            return self._unread(f"{QUEUE} others wait for the model")
        halt = Halt()
        self._halts.add(halt)
        done = asyncio.get_running_loop().run_in_executor(
            self._thread, self._read, source, text, halt
        )
        done.add_done_callback(lambda _: self._halts.discard(halt))
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.shield(done)
        except TimeoutError:
            return self._unread(f"it took longer than {self._timeout:g} s")
        finally:
            halt.set()
            # what is raised after nobody waits any longer has been answered for
            done.add_done_callback(_retrieved)

    async def open(self) -> FaithfulnessModel:
        """Return the model, loaded; raises `ConfigError` when it cannot be."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._opened)

    def close(self) -> None:
        """Halt what is being read, and end the thread."""
        for halt in tuple(self._halts):
            halt.set()
        self._thread.shutdown(cancel_futures=True)

    def _read(self, source: str, text: str, halt: Halt) -> Reading:
        model = self._opened()
        try:
            return Reading(model=model.name, statements=model.read(source, text, halt))
        except Halted:
            return self._unread("it was stopped")
        except ModelReplyInvalid as error:
            return self._unread(error.message)

    def _opened(self) -> FaithfulnessModel:
        if self._model is not None:
            return self._model
        now = self._clock.monotonic()
        if self._broken is not None and now < self._broken.until:
            raise self._broken.error
        try:
            self._model = self._load(self.folder)
        except ConfigError as error:
            self._broken = Broken(error=error, until=now + REST)
            _log.warning("faithfulness_model_broken", folder=str(self.folder), why=error.message)
            raise
        self._broken = None
        _log.info("faithfulness_model_loaded", model=self._model.name)
        return self._model

    def _unread(self, because: str) -> Reading:
        name = self._model.name if self._model else self.folder.name
        return Reading(model=name, unread_because=because)


def faithfulness_reader(settings: Settings, clock: Clock) -> FaithfulnessReader:
    """Return who reads with the model that `settings` name; nothing is loaded yet."""
    folder = settings.home / Path(settings.faithfulness_model).expanduser()
    return FaithfulnessReader(folder, clock=clock, timeout=settings.faithfulness_timeout)


def examiner(
    folder: Path, policy: Policy, monotonic: Callable[[], float]
) -> Callable[[str, str], CheckResult]:
    """Return what checks a text against its source with the model in `folder`, here and now.

    For whoever measures texts outside of a project; `monotonic` returns seconds. Raises
    `ConfigError` when the model cannot be loaded.
    """
    model = FaithfulnessModel(folder)

    def examined(source: str, text: str) -> CheckResult:
        began = monotonic()
        try:
            reading = Reading(model=model.name, statements=model.read(source, text))
        except ModelReplyInvalid as error:
            reading = Reading(model=model.name, unread_because=error.message)
        result = faithfulness.check(reading, text=text, bounds=policy.support)
        return replace(result, cost_ms=(monotonic() - began) * 1000)

    return examined


async def read_in_doubt(
    desk: Desk, rewrite: Rewrite, gate: GateResult, *, source: str, subject: str
) -> GateResult:
    """Return what the gate says about a rewrite of `source` after the local model has read it, if
    it is asked; else `gate` as it is. What stands in `subject` bears a statement out as well."""
    mode = desk.policy.mode(faithfulness.NAME)
    if desk.faithfulness is None or mode is Mode.OFF or not is_uncertain(gate):
        return gate
    began = desk.clock.monotonic()
    premise = "\n\n".join(part for part in (subject, source) if part)
    try:
        reading = await desk.faithfulness.read(premise, rewrite.body)
    except ConfigError:
        return gate  # told in the log and by the doctor; the text goes the way it went without
    result = faithfulness.check(reading, text=rewrite.body, bounds=desk.policy.support)
    result = replace(result, cost_ms=(desk.clock.monotonic() - began) * 1000)
    return with_judgement(gate, result, mode)


def _retrieved(done: asyncio.Future[Reading]) -> None:
    if not done.cancelled():
        done.exception()
